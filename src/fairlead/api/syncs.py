"""`/sync/...`: run, start, pause and watch syncs (contract 2.6)."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field, model_validator

from fairlead.api.auth import Caller, needs
from fairlead.api.errors import placed
from fairlead.api.identifiers import ConnectionId, FunctionName, UniqueKey
from fairlead.api.routing import NoQuery, Strict, headers_of, parameters, query_of
from fairlead.api.services import Given
from fairlead.api.sync_status import SyncStatusOut, status_out
from fairlead.api.wire import Success
from fairlead.errors import CallerError, InvalidInput

router = APIRouter(tags=["syncs"])

#: syncs one call may name
_MOST = 256
#: (name, variant)
Named = list[tuple[str, str]]


class SyncName(Strict):
    """A sync and its variant."""

    name: FunctionName
    variant: FunctionName = "base"


Syncs = Annotated[list[str | SyncName], Field(max_length=_MOST)]


class Reset(Strict):
    """Whether to begin again from nothing."""

    reset: bool = False
    """Forget the position and read everything again."""
    empty_cache: bool = Field(default=False, alias="emptyCache")
    """With `reset`: delete the records first, so that they come back as added."""


class SyncTrigger(Strict):
    """Which syncs to run now."""

    syncs: Syncs
    """`name`, `name::variant` or an object; empty = all."""
    provider_config_key: UniqueKey | None = None
    connection_id: ConnectionId | None = None
    """Left out: every connection of the integration."""
    opts: Reset | None = None
    sync_mode: Literal["incremental", "full_refresh", "full_refresh_and_clear_cache"] | None = None
    full_resync: bool | None = None

    @model_validator(mode="after")
    def _one_style(self) -> "SyncTrigger":
        if self.opts is not None and (self.sync_mode or self.full_resync is not None):
            raise ValueError("Give either opts, or sync_mode; not both")
        return self

    @property
    def is_reset(self) -> bool:
        if self.opts is not None:
            return self.opts.reset or self.opts.empty_cache
        return bool(self.full_resync) or self.sync_mode not in (None, "incremental")

    @property
    def is_cache_emptied(self) -> bool:
        if self.opts is not None:
            return self.opts.empty_cache
        return self.sync_mode == "full_refresh_and_clear_cache"


class SyncCommand(Strict):
    """Which syncs to start or pause."""

    syncs: Syncs
    """`name`, `name::variant` or an object; empty = all."""
    provider_config_key: UniqueKey
    connection_id: ConnectionId | None = None
    """Left out: every connection of the integration."""


def _named(syncs: list[str | SyncName]) -> Named:
    return [_split(each) if isinstance(each, str) else (each.name, each.variant) for each in syncs]


def _split(text: str) -> tuple[str, str]:
    name, _, variant = text.partition("::")
    return name, variant or "base"


@router.post("/sync/trigger", response_model=Success, dependencies=[Depends(query_of(NoQuery))])
async def trigger(
    request: Request,
    services: Given,
    body: SyncTrigger,
    caller: Annotated[Caller, needs("environment:syncs:execute")],
) -> dict[str, Any]:
    """Run syncs now, besides their schedule."""
    headers = headers_of(request.scope["headers"])
    key = body.provider_config_key or headers.get("provider-config-key")
    if key is None:
        raise InvalidInput(
            "Name the integration in provider_config_key.", code="missing_provider_config_key"
        )
    await services.engine.trigger(
        caller.environment,
        key,
        body.connection_id or headers.get("connection-id"),
        _named(body.syncs),
        reset=body.is_reset,
        empty_cache=body.is_cache_emptied,
    )
    return {"success": True}


@router.post("/sync/start", response_model=Success, dependencies=[Depends(query_of(NoQuery))])
async def start(
    services: Given,
    body: SyncCommand,
    caller: Annotated[Caller, needs("environment:syncs:update")],
) -> dict[str, Any]:
    """Start the schedules of syncs."""
    await services.engine.start_syncs(
        caller.environment, body.provider_config_key, body.connection_id, _named(body.syncs)
    )
    return {"success": True}


@router.post("/sync/pause", response_model=Success, dependencies=[Depends(query_of(NoQuery))])
async def pause(
    services: Given,
    body: SyncCommand,
    caller: Annotated[Caller, needs("environment:syncs:update")],
) -> dict[str, Any]:
    """Pause the schedules of syncs; a run under way finishes."""
    await services.engine.pause(
        caller.environment, body.provider_config_key, body.connection_id, _named(body.syncs)
    )
    return {"success": True}


class CancelReply(BaseModel):
    """What was stopped."""

    success: Literal[True]
    cancelled: int
    """Runs that were queued or under way; these notice within a second."""


@router.post("/sync/cancel", response_model=CancelReply, dependencies=[Depends(query_of(NoQuery))])
async def cancel(
    services: Given,
    body: SyncCommand,
    caller: Annotated[Caller, needs("environment:syncs:execute")],
) -> dict[str, Any]:
    """Stop runs that are queued or under way; what they stored stays, schedules go on."""
    asked = await services.engine.cancel_syncs(
        caller.environment, body.provider_config_key, body.connection_id, _named(body.syncs)
    )
    return {"success": True, "cancelled": len(asked)}


class ApprovalReply(BaseModel):
    """What was deleted."""

    success: Literal[True]
    deleted: dict[str, int]
    """Model -> records."""


@router.post(
    "/sync/deletions/approve",
    response_model=ApprovalReply,
    dependencies=[Depends(query_of(NoQuery))],
)
async def approve_deletions(
    services: Given,
    body: SyncCommand,
    caller: Annotated[Caller, needs("environment:syncs:update")],
) -> dict[str, Any]:
    """Delete what runs held back because it was too much at once."""
    deleted = await services.engine.approve_deletions(
        caller.environment, body.provider_config_key, body.connection_id, _named(body.syncs)
    )
    return {"success": True, "deleted": deleted}


class FrequencyChange(Strict):
    """How often a sync of one connection shall run."""

    sync_name: FunctionName
    sync_variant: FunctionName = "base"
    provider_config_key: UniqueKey
    connection_id: ConnectionId
    frequency: str | None
    """As in `every hour`; null: back to the function's own."""


class FrequencyReply(BaseModel):
    """How often it runs from now on."""

    frequency: str


@router.put(
    "/sync/update-connection-frequency",
    response_model=FrequencyReply,
    dependencies=[Depends(query_of(NoQuery))],
)
async def change_frequency(
    services: Given,
    body: FrequencyChange,
    caller: Annotated[Caller, needs("environment:syncs:update")],
) -> dict[str, Any]:
    """Change how often a sync of one connection runs."""
    try:
        frequency = await services.engine.set_frequency(
            caller.environment,
            body.provider_config_key,
            body.connection_id,
            (body.sync_name, body.sync_variant),
            body.frequency,
        )
    except CallerError as error:
        if isinstance(error, InvalidInput) and error.code == "invalid_body":
            raise placed(error, "frequency") from error
        # here, and only here, the contract has other words for the same
        if error.code == "no_syncs_found":
            raise CallerError(error.message, code="unknown_sync") from error
        if error.code == "unknown_connection":
            raise CallerError(error.message, code=error.code) from error
        raise
    return {"frequency": frequency}


class StatusQuery(Strict):
    """Which syncs."""

    syncs: str
    """`*`, or names with commas between, `name::variant` for a variant."""
    provider_config_key: str
    connection_id: str | None = None


class StatusReply(BaseModel):
    """How syncs stand."""

    syncs: list[SyncStatusOut]


@router.get(
    "/sync/status",
    response_model=StatusReply,
    openapi_extra={"parameters": parameters(StatusQuery)},
)
async def status(
    services: Given,
    query: Annotated[StatusQuery, Depends(query_of(StatusQuery))],
    caller: Annotated[Caller, needs("environment:syncs:read")],
) -> dict[str, Any]:
    """Say how syncs stand."""
    if not query.syncs.strip():
        raise CallerError("Name syncs, or `*` for all of them.", code="no_syncs_found")
    wanted = [] if query.syncs == "*" else [_split(each) for each in query.syncs.split(",")]
    found = await services.engine.status(
        caller.environment, query.provider_config_key, query.connection_id, wanted
    )
    return {"syncs": [status_out(each) for each in found]}
