"""`/connections/metadata`: the product's own notes on connections; syncs read them (2.3)."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from fairlead.api.auth import Caller, needs
from fairlead.api.identifiers import ConnectionId, UniqueKey
from fairlead.api.routing import NoQuery, Strict, query_of
from fairlead.api.services import Given
from fairlead.errors import NotFound
from fairlead.store import connections
from fairlead.store.database import Tx

router = APIRouter(tags=["connections"], dependencies=[Depends(query_of(NoQuery))])


class MetadataIn(Strict):
    """Metadata for one connection or several."""

    connection_id: ConnectionId | list[ConnectionId]
    provider_config_key: UniqueKey
    metadata: dict[str, Any]


class MetadataOut(BaseModel):
    """What was sent, once it is stored."""

    connection_id: str | list[str]
    provider_config_key: str
    metadata: dict[str, Any]


async def _ids(tx: Tx, environment_id: int, body: MetadataIn) -> list[int]:
    names = body.connection_id if isinstance(body.connection_id, list) else [body.connection_id]
    found = []
    for name in names:
        connection = await connections.find(tx, environment_id, body.provider_config_key, name)
        if connection is None:
            raise NotFound(
                f"There is no connection '{name}' of '{body.provider_config_key}'; "
                "nothing was changed.",
                code="unknown_connection",
            )
        found.append(connection.id)
    return found


@router.post("/connections/metadata", status_code=201, response_model=MetadataOut)
@router.post("/connection/metadata", status_code=201, include_in_schema=False)
async def set_metadata(
    services: Given,
    body: MetadataIn,
    caller: Annotated[Caller, needs("environment:connections:update")],
) -> dict[str, Any]:
    """Replace the metadata of connections: of all that are named, or of none."""
    async with services.db.write() as tx:
        for pk in await _ids(tx, caller.environment.id, body):
            await connections.set_metadata(tx, pk, body.metadata, services.clock.now())
    return body.model_dump()


@router.patch("/connections/metadata", response_model=MetadataOut)
@router.patch("/connection/metadata", include_in_schema=False)
async def merge_metadata(
    services: Given,
    body: MetadataIn,
    caller: Annotated[Caller, needs("environment:connections:update")],
) -> dict[str, Any]:
    """Merge top-level keys into the metadata of connections: of all that are named, or of none."""
    async with services.db.write() as tx:
        for pk in await _ids(tx, caller.environment.id, body):
            await connections.merge_metadata(tx, pk, body.metadata, services.clock.now())
    return body.model_dump()
