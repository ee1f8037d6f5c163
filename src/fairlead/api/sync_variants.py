"""`/sync/{name}/variant/{variant}`: more copies of a sync of one connection (contract 2.6)."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from fairlead.api.auth import Caller, needs
from fairlead.api.identifiers import ConnectionId, FunctionName, UniqueKey
from fairlead.api.routing import NoQuery, Strict, query_of
from fairlead.api.services import Given
from fairlead.api.wire import Success
from fairlead.errors import CallerError

router = APIRouter(tags=["syncs"])


class VariantOwner(Strict):
    """Whose sync."""

    provider_config_key: UniqueKey
    connection_id: ConnectionId


class VariantReply(BaseModel):
    """The variant that was made."""

    id: str
    name: str
    variant: str


@router.post(
    "/sync/{name}/variant/{variant}",
    response_model=VariantReply,
    dependencies=[Depends(query_of(NoQuery))],
)
async def create_variant(
    services: Given,
    name: FunctionName,
    variant: FunctionName,
    body: VariantOwner,
    caller: Annotated[Caller, needs("environment:syncs:update")],
) -> dict[str, Any]:
    """Make another copy of a sync: its own records, position and schedule."""
    try:
        schedule = await services.engine.create_variant(
            caller.environment, body.provider_config_key, body.connection_id, name, variant
        )
    except CallerError as error:
        # here, and only here, the contract has other words for the same
        if error.code == "no_syncs_found":
            raise CallerError(error.message, code="unknown_sync") from error
        if error.code == "unknown_connection":
            raise CallerError(error.message, code=error.code) from error
        raise
    return {"id": schedule.id, "name": name, "variant": variant}


@router.delete(
    "/sync/{name}/variant/{variant}",
    response_model=Success,
    dependencies=[Depends(query_of(NoQuery))],
)
async def delete_variant(
    services: Given,
    name: FunctionName,
    variant: FunctionName,
    body: VariantOwner,
    caller: Annotated[Caller, needs("environment:syncs:update")],
) -> dict[str, Any]:
    """Delete a variant with its records and its position; a run under way is cancelled."""
    await services.engine.delete_variant(
        caller.environment, body.provider_config_key, body.connection_id, name, variant
    )
    return {"success": True}
