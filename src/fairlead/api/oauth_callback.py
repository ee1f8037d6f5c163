"""`GET /oauth/callback`: a browser comes back from the vendor (contract 4.2, 5.3; RFC 6749, 4.1.2).

The state is claimed first, whatever the vendor says: it serves once. Every failure is a page with
one sentence that says who must do what, and a message to whoever waits for the popup.
"""

from typing import Any

import orjson
import structlog
from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import HTMLResponse

from fairlead.api.oauth_pages import failed, is_secure, page, sockets_of, state_cookie
from fairlead.api.pending import administrator_returns, is_wait, wait
from fairlead.api.routing import nested_query, parameters
from fairlead.api.services import Given, Outcome, Services
from fairlead.errors import (
    FairleadError,
    InvalidInput,
    OperatorError,
    ReconnectRequired,
    Rejected,
)
from fairlead.model.connect_session import ConnectSession, OAuthState
from fairlead.model.connection import Connection
from fairlead.model.provider import Provider, Reply
from fairlead.store import connect_sessions, integrations

log = structlog.get_logger(__name__)
router = APIRouter(tags=["oauth"])

#: what a vendor may say instead of giving a code; of the vendor's words no more than this is kept
_VENDOR_KEYS = (
    "error",
    "error_description",
    "error_subcode",
    "error_reason",
    "error_uri",
    "error_message",
    "status_code",
)
_LONGEST_WORDS = 2000


class CallbackQuery(BaseModel):
    """What the vendor sends the browser back with."""

    state: str
    code: str | None = None
    error: str | None = None
    error_description: str | None = None


@router.get(
    "/oauth/callback",
    response_class=HTMLResponse,
    responses={400: {"description": "A page that says why not.", "content": {"text/html": {}}}},
    openapi_extra={"parameters": parameters(CallbackQuery)},
)
async def receive(request: Request, services: Given) -> HTMLResponse:
    """Finish a trip: exchange the code, keep the connection, show how it ended."""
    state: OAuthState | None = None
    provider: Provider | None = None
    vendor_query: dict[str, str] = {}
    query = nested_query(request.scope["query_string"])
    if "admin_consent" in query and "code" not in query:
        return await administrator_returns(request, services, query)
    try:
        vendor_query = _vendor_words(query)
        state = await _claimed(services, query.get("state"))
        provider = await _provider(services, state)
        _check_browser(request, services, state)
        session = await _session(services, state)
        refused = _refused(provider, query, vendor_query)
        if refused is not None and session is not None and is_wait(refused, session, provider):
            return await wait(request, services, state, session, provider)
        connection = await _established(services, state, session, query, refused)
    except FairleadError as error:
        log.info(
            "oauth trip failed",
            integration=state.integration_key if state else None,
            code=error.code,
            detail=error.detail,
        )
        return await failed(
            request,
            error,
            state=state,
            provider_name=provider.display_name if provider else "",
            vendor_query=vendor_query,
        )
    await sockets_of(request).succeeded(
        state.ws_client_id, state.integration_key, connection.connection_id
    )
    return await page(
        request,
        Outcome(
            succeeded=True,
            provider_name=provider.display_name,
            integration_key=state.integration_key,
            connection_id=connection.connection_id,
            environment_id=state.environment_id,
        ),
    )


def _vendor_words(query: dict[str, Any]) -> dict[str, str]:
    return {
        key: value[:_LONGEST_WORDS]
        for key in _VENDOR_KEYS
        if isinstance(value := query.get(key), str)
    }


async def _claimed(services: Services, state_id: object) -> OAuthState:
    if not isinstance(state_id, str) or not state_id:
        raise InvalidInput(
            "The address has no state, so nobody here began this sign-in; start again in the app.",
            code="invalid_state",
        )
    return await services.sessions.claim_state(state_id)


async def _provider(services: Services, state: OAuthState) -> Provider:
    async with services.db.read() as tx:
        integration = await integrations.find(
            tx, services.vault, state.environment_id, state.integration_key
        )
    if integration is None:
        raise OperatorError(
            f"The integration '{state.integration_key}' was deleted meanwhile; whoever runs the "
            "app must create it again.",
            code="unknown_provider_config",
        )
    return services.registry.provider(integration.provider)


def _check_browser(request: Request, services: Services, state: OAuthState) -> None:
    """Refuse a trip that another browser began: somebody may have been sent its link.

    Only where browsers come by https: cookies that are not Secure prove nothing.
    """
    if is_secure(services) and state_cookie(state.id) not in request.cookies:
        raise InvalidInput(
            "This sign-in was begun in another browser, or cookies are blocked; start again in "
            "the app, in this browser.",
            code="state_cookie_err",
        )


async def _session(services: Services, state: OAuthState) -> ConnectSession | None:
    if state.connect_session_id is None:
        return None
    async with services.db.read() as tx:
        return await connect_sessions.find(tx, state.connect_session_id)


def _refused(
    provider: Provider, query: dict[str, Any], vendor_query: dict[str, str]
) -> FairleadError | None:
    code = query.get("code")
    return None if isinstance(code, str) and code else refusal(provider, vendor_query)


async def _established(
    services: Services,
    state: OAuthState,
    session: ConnectSession | None,
    query: dict[str, Any],
    refused: FairleadError | None,
) -> Connection:
    if refused is not None:
        await services.establisher.abandon(state, session, refused)
        raise refused
    connection, _ = await services.establisher.establish(state, session, query["code"])
    services.freshener.forget(connection.id)
    return connection


def refusal(provider: Provider, vendor_query: dict[str, str]) -> FairleadError:
    """Return what it means that the vendor sent no code.

    The provider reads the vendor's words as it reads those of the token endpoint: they have the
    same form (RFC 6749, 4.1.2.1 and 5.2).
    """
    error = vendor_query.get("error", "")
    meaning: FairleadError | None = None
    if provider.classify is not None and error:
        body = orjson.dumps(vendor_query)
        headers = {"content-type": "application/json"}
        meaning = provider.classify(Reply(400, headers, body, provider.token_url, "POST"))
    if isinstance(meaning, OperatorError):
        return meaning
    if error == "access_denied":
        return ReconnectRequired(
            f"Access to {provider.display_name} was not granted: the request was cancelled or "
            "refused. Try again and accept.",
            code="access_denied",
            status=400,
        )
    if meaning is not None:
        return meaning
    said = f" ({error})" if error else ""
    return Rejected(
        f"{provider.display_name} sent no authorization code{said}; try again, and if it happens "
        "again tell whoever runs the app.",
        code="callback_err",
    )
