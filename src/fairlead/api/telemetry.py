"""`POST /connect/telemetry`: what the contract's connect page tells of itself (contract 3.3)."""

from datetime import timedelta
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, Response
from pydantic import StringConstraints

from fairlead.api.auth import session_of
from fairlead.api.errors import invalid_field
from fairlead.api.identifiers import Moment
from fairlead.api.routing import NoQuery, Strict, query_of
from fairlead.api.services import Given

log = structlog.get_logger(__name__)
router = APIRouter(tags=["connect sessions"])

#: how much a browser's clock may differ from ours
_CLOCKS_DIFFER = timedelta(days=1)


class TelemetryIn(Strict):
    """What a connect page of the contract tells of itself."""

    token: str
    event: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    timestamp: Moment
    dimensions: dict[str, Any] | None = None


@router.post(
    "/connect/telemetry",
    status_code=204,
    response_class=Response,
    dependencies=[Depends(query_of(NoQuery))],
)
async def note(services: Given, body: TelemetryIn) -> Response:
    """Note what a connect page tells of itself; it shows in the log and nowhere else."""
    session = await session_of(services, body.token)
    if abs(services.clock.now() - body.timestamp) > _CLOCKS_DIFFER:
        raise invalid_field("Too far from this server's time", "timestamp")
    log.info("connect page event", event_name=body.event, session_id=session.id)
    return Response(status_code=204)
