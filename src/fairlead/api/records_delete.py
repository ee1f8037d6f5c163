"""`DELETE /records`: the records of a model that no sync keeps any more, for good."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from fairlead.api.auth import Caller, needs
from fairlead.api.identifiers import FunctionName, ModelName
from fairlead.api.named_connection import named_connection
from fairlead.api.openapi import header_parameters
from fairlead.api.routing import Strict, headers_of, parameters, query_of, required_headers
from fairlead.api.services import Given
from fairlead.store import streams

router = APIRouter(tags=["records"])


class StaleQuery(Strict):
    """Which model; every variant of it, if none is named."""

    model: ModelName
    variant: FunctionName | None = None


class DeletedReply(BaseModel):
    """What was deleted for good."""

    deleted: dict[str, int] = Field(
        description="`model` or `model::variant` -> live records; nothing that was not there"
    )


@router.delete(
    "/records",
    response_model=DeletedReply,
    openapi_extra={
        "parameters": [
            *header_parameters("Connection-Id", "Provider-Config-Key"),
            *parameters(StaleQuery),
        ]
    },
)
async def delete_stale(
    request: Request,
    services: Given,
    query: Annotated[StaleQuery, Depends(query_of(StaleQuery))],
    caller: Annotated[Caller, needs("environment:records:write")],
) -> dict[str, Any]:
    """Delete the records of a model that no sync keeps any more; nobody is told of them.

    What a sync keeps is emptied by `POST /sync/trigger` with `emptyCache`.
    """
    headers = headers_of(request.scope["headers"])
    connection_id, key = required_headers(headers, "connection-id", "provider-config-key")
    async with services.db.write() as tx:
        connection = await named_connection(tx, caller, key, connection_id)
        syncs = services.registry.syncs(connection.provider)
        streams.check_stale(query.model, syncs)
        deleted = await streams.remove(tx, connection.id, query.model, query.variant)
    return {"deleted": deleted}
