"""Connections that wait for an administrator: the way back of both, and the page between.

`GET /oauth/pending` is where the end user's browser waits; it looks again by itself, and goes on as
soon as an administrator has approved, or when the person asks for it.
"""

from typing import Any
from urllib.parse import quote

import structlog
from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict
from starlette.background import BackgroundTask
from starlette.responses import HTMLResponse, Response

from fairlead.api.oauth_pages import failed, on_a_trip, page, sockets_of
from fairlead.api.routing import nested_query, parameters, validated
from fairlead.api.services import Given, Outcome, Services
from fairlead.connect.approvals import APPROVED, CODE, needed
from fairlead.errors import AdminConsentRequired, FairleadError, ReconnectRequired, Rejected
from fairlead.model.connect_session import ConnectSession, OAuthState
from fairlead.model.pending_approval import PendingApproval
from fairlead.model.provider import Provider
from fairlead.store import integrations

log = structlog.get_logger(__name__)
router = APIRouter(tags=["oauth"])

_VENDOR_KEYS: tuple[str, ...] = ("error", "error_description")
#: between two looks of a browser that waits
_LOOK_EVERY_SECONDS = 5


class PendingQuery(BaseModel):
    """Who waits."""

    model_config = ConfigDict(extra="ignore", use_attribute_docstrings=True)

    token: str
    """What the end user's browser was given when the wait began."""
    again: bool = False
    """Try now, whether or not an administrator's approval was seen here."""


async def _waiting(
    request: Request, token: str, pending: PendingApproval, provider_name: str
) -> HTMLResponse:
    """Draw the page of somebody who waits; it comes back by itself."""
    here = f"/oauth/pending?token={quote(token, safe='')}"
    answer = await page(
        request,
        Outcome(
            succeeded=False,
            error_type=CODE,
            sentence="An administrator must approve the app before you can connect."
            + (f" {pending.problem.message}" if pending.problem else ""),
            provider_name=provider_name,
            integration_key=pending.integration_key,
            connection_id=pending.connection_id,
            environment_id=pending.environment_id,
            retry_url=f"{here}&again=true",
            admin_url=pending.admin_url,
        ),
    )
    answer.headers["Refresh"] = f"{_LOOK_EVERY_SECONDS}; url={here}"
    return answer


async def wait(
    request: Request,
    services: Services,
    state: OAuthState,
    session: ConnectSession,
    provider: Provider,
) -> HTMLResponse:
    """Let a trip wait that an administrator must approve; announce it and draw the page."""
    pending, token = await services.approvals.wait(state, session, provider)
    await services.establisher.abandon(state, session, needed(pending))
    answer = await _waiting(request, token, pending, provider.display_name)
    # The contract's browser library closes the popup as soon as it is told; this takes the popup
    # out of its hands, for the person must still see the link.
    # https://html.spec.whatwg.org/multipage/browsers.html#cross-origin-opener-policies
    answer.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    answer.background = BackgroundTask(
        sockets_of(request).succeeded,
        state.ws_client_id,
        state.integration_key,
        state.connection_id,
        is_pending=True,
    )
    return answer


def is_wait(error: FairleadError, session: ConnectSession | None, provider: Provider) -> bool:
    """Can this failure of a trip be waited out, until an administrator has approved?"""
    return (
        isinstance(error, AdminConsentRequired)
        and session is not None
        and bool(provider.admin_consent_url)
    )


async def _announce(services: Services, pending: PendingApproval) -> None:
    """Tell the product, once, that its end user can come back: their browser may be closed."""
    if pending.approved_at is not None:
        return
    async with services.db.read() as tx:
        integration = await integrations.find(
            tx, services.vault, pending.environment_id, pending.integration_key
        )
    if integration is None:
        return
    news = ReconnectRequired(
        "An administrator has approved the app; the end user must open the connect page once more, "
        "and will not be asked anything.",
        code=APPROVED,
    )
    await services.establisher.report_failure(
        integration, pending.connection_id, pending.session, news
    )


async def administrator_returns(
    request: Request, services: Services, query: dict[str, Any]
) -> HTMLResponse:
    """Take an administrator's answer; what is said of an error comes before all else."""
    try:
        if isinstance(query.get("error"), str):
            raise Rejected(
                "The app was not approved. Open the link again and accept; only an administrator "
                "can.",
                code="admin_consent_refused",
                status=400,
            )
        pending = await services.approvals.approve(str(query.get("state", "")))
        if pending.is_app:
            await services.apps.resume(pending)
        else:
            await _announce(services, pending)
    except FairleadError as error:
        words = {name: str(query[name])[:2000] for name in _VENDOR_KEYS if name in query}
        return await failed(request, error, vendor_query=words)
    log.info("administrator came back", integration=pending.integration_key)
    approved = Outcome(succeeded=True, is_approval=True, environment_id=pending.environment_id)
    return await page(request, approved)


async def _app(
    request: Request, services: Services, query: PendingQuery, pending: PendingApproval
) -> Response:
    """Show whoever filled in an app's credentials how it goes on."""
    if query.again and pending.done_at is None:
        await services.apps.resume(pending)
        pending = await services.approvals.find(query.token)
    if pending.done_at is None:
        return await _waiting(request, query.token, pending, "")
    return await page(
        request,
        Outcome(
            succeeded=True,
            integration_key=pending.integration_key,
            connection_id=pending.connection_id,
            environment_id=pending.environment_id,
        ),
    )


@router.get(
    "/oauth/pending",
    status_code=202,
    response_class=HTMLResponse,
    responses={
        302: {"description": "On to the vendor: the wait is over."},
        400: {"description": "A page that says why not.", "content": {"text/html": {}}},
    },
    openapi_extra={"parameters": parameters(PendingQuery)},
)
async def look(request: Request, services: Given) -> Response:
    """Look whether an administrator has approved; go on to the vendor if so."""
    try:
        query = validated(
            PendingQuery, nested_query(request.scope["query_string"]), "invalid_query_params"
        )
        pending = await services.approvals.find(query.token)
        if pending.is_app:
            return await _app(request, services, query, pending)
        if pending.approved_at is None and not query.again:
            return await _waiting(request, query.token, pending, "")
        url = await services.approvals.resume(pending)
    except FairleadError as error:
        return await failed(request, error)
    return on_a_trip(services, url)
