"""What the handlers of the login host share: forms read, JSON written, refusals in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from m365sim.entra.errors import Refusal, Trace, error_body
from m365sim.entra.pages import page

if TYPE_CHECKING:
    from m365sim.world import World

NO_STORE = {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"}
PREFLIGHT = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST, OPTIONS",
    "Access-Control-Allow-Headers": "*",
}


#: Documents that any page may read, and keep for a day.
PUBLIC = {
    "Cache-Control": "max-age=86400, private",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, OPTIONS",
}


async def read_form(request: Request) -> dict[str, str]:
    """Read a form, whatever type it says it is of."""
    body = (await request.body()).decode("utf-8", "replace")
    return dict(parse_qsl(body, keep_blank_values=True))


def json_response(
    document: Any, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Write JSON."""
    return Response(
        orjson.dumps(document), status, headers, media_type="application/json; charset=utf-8"
    )


class Answering:
    """The headers of one token request, and the JSON of its refusal."""

    def __init__(self, world: World, request: Request, *, is_v1: bool) -> None:
        self.world = world
        self.is_v1 = is_v1
        correlation_id = request.headers.get("client-request-id")
        self.trace = Trace.new(world, correlation_id)
        self.headers = {**NO_STORE, "x-ms-request-id": self.trace.trace_id}
        if correlation_id:
            self.headers["client-request-id"] = correlation_id
        if request.headers.get("origin"):
            self.headers["Access-Control-Allow-Origin"] = "*"

    def success(self, document: Any) -> Response:
        """Answer with JSON that is not to be stored."""
        return json_response(document, 200, self.headers)

    def refusal(self, refusal: Refusal) -> Response:
        """Answer with the JSON of a refusal."""
        body = error_body(self.world, refusal, self.trace, is_v1=self.is_v1)
        return json_response(body, refusal.status, self.headers)


def only_post(method: str) -> Refusal:
    """Return the refusal of a token request that is none."""
    return Refusal(900561, f"The endpoint only accepts POST requests. Received a {method} request.")


def lost() -> Response:
    """Say that an interaction is over, or belongs to another browser."""
    return page("lost.html", 400)


def in_words(refusal: Refusal) -> str:
    """Say a refusal to a person."""
    return f"{refusal.message} (AADSTS{refusal.number})"


async def http_error(request: Request, error: Exception) -> Response:
    """Answer for an address that is not modelled, and count it."""
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        request.scope["m365sim.unmodelled"] = True
    return page("not_found.html", error.status_code, path=request.url.path)
