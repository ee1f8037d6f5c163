"""`GET /metrics`: for Prometheus, by a token of its own, or for callers on this machine."""

from ipaddress import ip_address

from fastapi import APIRouter, Depends, Request, Response

from fairlead.api.auth import bearer
from fairlead.api.routing import NoQuery, query_of
from fairlead.api.services import Given
from fairlead.errors import Forbidden, Unauthorized
from fairlead.observe.prometheus import exposition
from fairlead.settings import Settings
from fairlead.store.gauges import Gauge, gauges
from fairlead.vault.tokens import same_token

router = APIRouter(
    tags=["health"], dependencies=[Depends(query_of(NoQuery))], include_in_schema=False
)


@router.get("/metrics")
async def metrics(services: Given, request: Request) -> Response:
    """Write what this process counts, and how things stand in the database."""
    _check(services.settings, request)
    async with services.db.read() as tx:
        stand = await gauges(tx, services.clock.now())
    journal, watch = services.journal, services.watch
    stand += [
        Gauge(
            "fairlead_log_notes_dropped",
            "Notes for the log of this process that were dropped",
            (),
            {(): float(journal.dropped)},
        ),
        Gauge(
            "fairlead_log_calls_passed",
            "Proxied calls of this process that went well and are not in the log",
            (),
            {(): float(watch.calls_passed)},
        ),
    ]
    kind, text = exposition(watch.meters, stand)
    return Response(text, headers={"Content-Type": kind})


def _check(settings: Settings, request: Request) -> None:
    if settings.metrics_token is not None:
        given = bearer(request.headers.get("authorization"))
        if not same_token(given, settings.metrics_token.get_secret_value()):
            raise Unauthorized("This is not FAIRLEAD_METRICS_TOKEN; correct the scraper's.")
    elif not _is_here(request):
        raise Forbidden(
            "Metrics are given to this machine only; whoever runs the server sets "
            "FAIRLEAD_METRICS_TOKEN for others."
        )


def _is_here(request: Request) -> bool:
    if request.client is None:
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False
