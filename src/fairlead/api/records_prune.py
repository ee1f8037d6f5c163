"""`PATCH /records/prune`: empty the content of records that the product has read (contract 2.5)."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field, StringConstraints

from fairlead.api.auth import Caller, needs
from fairlead.api.errors import placed
from fairlead.api.identifiers import FunctionName, ModelName
from fairlead.api.named_connection import named_connection
from fairlead.api.openapi import header_parameters
from fairlead.api.routing import NoQuery, Strict, headers_of, query_of, required_headers
from fairlead.api.services import Given
from fairlead.errors import InvalidInput
from fairlead.store import pruning
from fairlead.store.cursor import decode_cursor

router = APIRouter(tags=["records"])


class Prune(Strict):
    """Which records to empty."""

    model: ModelName
    variant: FunctionName = "base"
    until_cursor: Annotated[str, StringConstraints(min_length=1, max_length=1000)]
    """The `cursor` of the last record that may be emptied."""
    limit: int = Field(default=1000, ge=1, le=10_000)


class PruneReply(BaseModel):
    """How many were emptied."""

    count: int
    has_more: bool


@router.patch(
    "/records/prune",
    response_model=PruneReply,
    openapi_extra={"parameters": header_parameters("Connection-Id", "Provider-Config-Key")},
    dependencies=[Depends(query_of(NoQuery))],
)
async def prune(
    request: Request,
    services: Given,
    body: Prune,
    caller: Annotated[Caller, needs("environment:records:write")],
) -> dict[str, Any]:
    """Empty records up to a cursor; what is known of them stays, and so does their order."""
    headers = headers_of(request.scope["headers"])
    connection_id, key = required_headers(headers, "connection-id", "provider-config-key")
    try:
        until = decode_cursor(body.until_cursor)
    except InvalidInput as error:
        raise placed(InvalidInput(error.message), "until_cursor") from error
    async with services.db.write() as tx:
        connection = await named_connection(tx, caller, key, connection_id)
        pruned = await pruning.prune(
            tx,
            connection.id,
            body.model,
            body.variant,
            until=until,
            limit=body.limit,
            now=services.clock.now(),
        )
    return {"count": pruned.count, "has_more": pruned.count > 0 and pruned.last != until}
