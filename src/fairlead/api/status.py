"""`GET /integrations/{key}/status`, `GET /status`: healthy, degraded or failing, and why; ours."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from fairlead.api.auth import Caller, needs
from fairlead.api.routing import NoQuery, query_of
from fairlead.api.services import Given
from fairlead.api.wire import zulu
from fairlead.errors import NotFound
from fairlead.observe.status import Health, Standing, standings

router = APIRouter(tags=["status"], dependencies=[Depends(query_of(NoQuery))])

Level = Literal["healthy", "degraded", "failing"]


class ConnectionCounts(BaseModel):
    """How many connections there are, and of how many something is wrong."""

    total: int
    failing: int
    auth: int
    sync: int


class LastErrorOut(BaseModel):
    """What went wrong last and still is."""

    type: str
    code: str
    message: str
    at: str
    connection_id: str
    sync: str | None
    log_id: str


class FreshnessOut(BaseModel):
    """How fresh a sync is, over its connections."""

    name: str
    variant: str
    connections: int
    failing: int
    paused: int
    stale: int
    """Without a success for more than three intervals."""
    never_succeeded: int
    newest_success_at: str | None
    oldest_success_at: str | None
    """Of the connection that waits longest."""


class Outcomes(BaseModel):
    """How operations ended."""

    succeeded: int
    failed: int


class StatusOut(BaseModel):
    """How an integration stands."""

    integration: str
    status: Level
    reasons: list[str]
    connections: ConnectionCounts
    last_hour: dict[str, Outcomes]
    """Type of operation -> how they ended; of proxied calls those that are in the log."""
    last_error: LastErrorOut | None
    syncs: list[FreshnessOut]


class StatusReply(BaseModel):
    """How an integration stands."""

    data: StatusOut


class OverallOut(BaseModel):
    """How all integrations stand."""

    status: Level
    """The worst."""
    integrations: list[StatusOut]


@router.get("/integrations/{unique_key}/status", response_model=StatusReply)
async def integration_status(
    services: Given,
    unique_key: str,
    caller: Annotated[Caller, needs("environment:integrations:read")],
) -> dict[str, Any]:
    """Say how an integration stands: its connections, syncs, and what failed of late."""
    async with services.db.read() as tx:
        found = await standings(tx, caller.environment.id, services.clock.now(), only=unique_key)
    if not found:
        raise NotFound(f'Integration "{unique_key}" does not exist')
    return {"data": status_out(found[0])}


@router.get("/status", response_model=OverallOut)
async def overall_status(
    services: Given, caller: Annotated[Caller, needs("environment:integrations:list")]
) -> dict[str, Any]:
    """Say how all integrations of the environment stand; `status` is the worst."""
    async with services.db.read() as tx:
        found = await standings(tx, caller.environment.id, services.clock.now())
    worst = max((each.health for each in found), default=Health.HEALTHY)
    return {"status": worst.name.lower(), "integrations": [status_out(each) for each in found]}


def status_out(found: Standing) -> dict[str, Any]:
    """Write how an integration stands."""
    error = found.last_error
    return {
        "integration": found.integration,
        "status": found.health.name.lower(),
        "reasons": found.reasons,
        "connections": {
            "total": found.connections,
            "failing": found.faulty.get("any", 0),
            "auth": found.faulty.get("auth", 0),
            "sync": found.faulty.get("sync", 0),
        },
        "last_hour": {
            each.type.value: {"succeeded": each.succeeded, "failed": each.failed}
            for each in found.recent
        },
        "last_error": error
        and {
            "type": error.type,
            "code": error.code,
            "message": error.message,
            "at": zulu(error.at),
            "connection_id": error.connection_id,
            "sync": error.sync,
            "log_id": error.log_id,
        },
        "syncs": [
            {
                "name": each.sync,
                "variant": each.variant,
                "connections": each.connections,
                "failing": each.failing,
                "paused": each.paused,
                "stale": each.stale,
                "never_succeeded": each.never,
                "newest_success_at": _zulu(each.newest_success),
                "oldest_success_at": _zulu(each.oldest_success),
            }
            for each in found.syncs
        ],
    }


def _zulu(instant: datetime | None) -> str | None:
    return None if instant is None else zulu(instant)
