"""How a browser's trip to a vendor ends: the page, the message to its opener, the cookies."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from fairlead.api.services import Outcome, ResultPage, Services
from fairlead.api.sockets import Sockets
from fairlead.errors import FairleadError
from fairlead.model.connect_session import OAuthState

#: seconds a trip to the vendor may take
_TRIP_SECONDS = 3600
#: the contract's names for what went wrong, where they differ from ours
_ERROR_TYPES = {
    "unknown_provider_config": "unknown_config_key",
    "not_found": "unknown_config_key",
    "unknown_provider": "provider_config_err",
    "invalid_connection_config": "url_param_err",
    "bad_client_secret": "token_err",
    "provider_unavailable": "token_err",
    "provider_rejected": "token_err",
}


def error_type(error: FairleadError) -> str:
    """Return the contract's type of an error of an OAuth trip."""
    return _ERROR_TYPES.get(error.code, error.code)


def sockets_of(request: Request) -> Sockets:
    """Return the process's open websockets."""
    sockets = request.app.state.sockets
    assert isinstance(sockets, Sockets)
    return sockets


async def page(request: Request, outcome: Outcome) -> HTMLResponse:
    """Draw the page that ends a trip."""
    draw: ResultPage = request.app.state.result_page
    return await draw(request, outcome)


async def failed(
    request: Request,
    error: FairleadError,
    *,
    key: str = "",
    state: OAuthState | None = None,
    ws_client_id: str | None = None,
    provider_name: str = "",
    vendor_query: Mapping[str, Any] | None = None,
) -> HTMLResponse:
    """End a trip that failed: tell the page that waits, and the person, what happened."""
    await sockets_of(request).failed(
        state.ws_client_id if state else ws_client_id,
        state.integration_key if state else key,
        state.connection_id if state else "",
        error_type(error),
        error.message,
    )
    return await page(
        request,
        Outcome(
            succeeded=False,
            error_type=error_type(error),
            sentence=error.message,
            provider_name=provider_name,
            integration_key=state.integration_key if state else key,
            connection_id=state.connection_id if state else "",
            environment_id=state.environment_id if state else None,
            vendor_words=orjson.dumps(vendor_query).decode() if vendor_query else "",
        ),
    )


def is_secure(services: Services) -> bool:
    """Say whether browsers reach this server by https."""
    return services.settings.server_url.startswith("https://")


def state_cookie(state_id: str) -> str:
    """Return the name of the cookie that ties a trip to the browser that began it."""
    return f"oauth2-{state_id}"


def on_a_trip(services: Services, url: str) -> Response:
    """Send the browser to the vendor, with the cookie that ties the trip to it."""
    answer = RedirectResponse(url, 302, {"Cache-Control": "no-store"})
    answer.set_cookie(
        state_cookie(parse_qs(urlsplit(url).query)["state"][0]),
        "1",
        max_age=_TRIP_SECONDS,
        path="/oauth/callback",
        httponly=True,
        secure=is_secure(services),
        samesite="lax",
    )
    return answer
