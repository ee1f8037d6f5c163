"""The page that ends a trip to a vendor: it tells the person, and the window that waits.

The message to the opener is the contract's (5.3); the page says the same in words, so that it
serves as well where no script runs and nobody waits.
"""

from dataclasses import dataclass
from typing import Protocol

import orjson
from starlette.responses import HTMLResponse

from fairlead.dashboard.drawing import draw, html


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
    def retry_url(self) -> str | None: ...
    @property
    def vendor_words(self) -> str: ...
    @property
    def admin_url(self) -> str: ...
    @property
    def is_approval(self) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a form with credentials ended."""

    succeeded: bool
    provider_name: str
    error_type: str = ""
    sentence: str = ""
    retry_url: str | None = None
    vendor_words: str = ""
    admin_url: str = ""
    is_approval: bool = False


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


def draw_result(outcome: Ending) -> str:
    """Return the page."""
    return draw("result.html", outcome=outcome, message=orjson.dumps(message(outcome)).decode())


def result(outcome: Ending) -> HTMLResponse:
    """Return the page as an answer."""
    return html(
        "result.html",
        has_script=True,
        outcome=outcome,
        message=orjson.dumps(message(outcome)).decode(),
    )
