"""The page that ends a trip to a vendor: it tells the person, and the window that waits.

The message to the opener is the contract's (5.3); the page says the same in words, so that it
serves as well where no script runs and nobody waits. What a trip came to is told in full to windows
of our own, and in the contract's few words to the product's; to nobody else.
"""

from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote, urlencode

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse

from fairlead.connect.branding import Branding
from fairlead.connect.embedders import Embedders
from fairlead.dashboard.drawing import html
from fairlead.dashboard.look import Look, look_of
from fairlead.store.database import Database

#: set by the connect page: what the way back to it is
COOKIE = "fairlead_connect"
_BETWEEN = "~"


class Ending(Protocol):
    """How a trip ended."""

    @property
    def succeeded(self) -> bool: ...
    @property
    def error_type(self) -> str: ...
    @property
    def sentence(self) -> str: ...
    @property
    def provider_name(self) -> str: ...
    @property
    def integration_key(self) -> str: ...
    @property
    def connection_id(self) -> str: ...
    @property
    def environment_id(self) -> int | None: ...
    @property
    def retry_url(self) -> str: ...
    @property
    def vendor_words(self) -> str: ...
    @property
    def admin_url(self) -> str: ...
    @property
    def is_approval(self) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """What a form with credentials came to."""

    provider_name: str
    integration_key: str
    connection_id: str
    environment_id: int | None
    succeeded: bool = True
    error_type: str = ""
    sentence: str = ""
    retry_url: str = ""
    vendor_words: str = ""
    admin_url: str = ""
    is_approval: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits(Connected):
    """What a form with credentials came to whose app nobody has approved yet."""

    succeeded: bool = False
    error_type: str = "pending_admin"


class ResultPage:
    """Draws the page."""

    def __init__(self, branding: Branding, embedders: Embedders, db: Database) -> None:
        self._branding = branding
        self._embedders = embedders
        self._db = db

    async def __call__(self, request: Request, outcome: Ending) -> HTMLResponse:
        """Return the page as an answer; its status is 200, 202 (waits) or 400."""
        ui = await self._branding.of(self._db, outcome.environment_id)
        token, asked = _recalled(request.cookies.get(COOKIE, ""))
        look = look_of(ui, asked, self._embedders)
        query = urlencode({"session_token": token} | look.query)
        return self.draw(outcome, look, f"/connect/?{query}" if token else "")

    def draw(self, outcome: Ending, look: Look, way_back: str = "") -> HTMLResponse:
        """Return the page of a look; `way_back` is where a failure may be tried again."""
        return html(
            "result.html",
            200 if outcome.succeeded else 202 if outcome.admin_url else 400,
            look=look,
            has_script=True,
            outcome=outcome,
            retry_url=outcome.retry_url or way_back,
            vendor_words=orjson.loads(outcome.vendor_words or "{}"),
            mail=mail(outcome.admin_url),
            message=orjson.dumps(message(outcome)).decode(),
            details=orjson.dumps(details(outcome)).decode(),
            targets=orjson.dumps(self._embedders.message_targets).decode(),
        )


def mail(admin_url: str) -> str:
    """Return the address that opens an e-mail with the administrator's link in it."""
    body = f"Please approve this app for our organisation: {admin_url}"
    return f"mailto:?{urlencode({'subject': 'Approve an app', 'body': body}, quote_via=quote)}"


def remembered(token: str, look: Look) -> str:
    """Return what the cookie keeps: whose session it is, and how the pages look."""
    return _BETWEEN.join((token, look.asked_theme))


def _recalled(cookie: str) -> tuple[str, dict[str, str]]:
    token, _, theme = cookie.partition(_BETWEEN)
    return token, {"theme": theme}


def message(ending: Ending) -> dict[str, object]:
    """Return what the window that opened this one is told."""
    if ending.succeeded:
        return {"type": "nango_oauth_callback_success"}
    return {
        "type": "nango_oauth_callback_error",
        "payload": {
            "message": ending.vendor_words or ending.sentence,
            "errorType": ending.error_type or "connection_validation_failed",
        },
    }


def details(ending: Ending) -> dict[str, object]:
    """Return what a window of our own is told besides, in the form of the websocket's messages."""
    named = {
        "provider_config_key": ending.integration_key,
        "connection_id": ending.connection_id,
    }
    if ending.succeeded or ending.admin_url:
        return {"message_type": "success", **named, "is_pending": not ending.succeeded}
    kind, words = ending.error_type, ending.sentence
    return {"message_type": "error", **named, "error_type": kind, "error_desc": words}
