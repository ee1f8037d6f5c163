"""Answers of Graph: JSON, errors in the documented envelope, and the headers around them.

https://learn.microsoft.com/graph/errors
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from m365sim.faults import Send
from m365sim.files import problems
from m365sim.lists.problems import Forbidden, Locked, Throttled

Headers = list[tuple[bytes, bytes]]

JSON_TYPE = (
    b"application/json;odata.metadata=minimal;odata.streaming=true;"
    b"IEEE754Compatible=false;charset=utf-8"
)
# Lists and delta come from another backend, which writes spaces.
SPACED_JSON_TYPE = JSON_TYPE.replace(b";", b"; ")

_DIAGNOSTIC = (
    b'{"ServerInfo":{"DataCenter":"North Europe","Slice":"E","Ring":"4","ScaleUnit":"001",'
    b'"RoleInstance":"DB1PEPF00000001"}}'
)


@dataclass(slots=True)
class Reply:
    """A status, headers and a body, or the pieces of one that is too large to be at hand."""

    status: int
    body: bytes = b""
    headers: Headers = field(default_factory=list)
    pieces: Iterator[bytes] | None = None  # instead of the body; the headers tell its length

    def whole(self) -> bytes:
        """Return the body, put together if it comes in pieces."""
        return self.body if self.pieces is None else b"".join(self.pieces)


class GraphError(Exception):
    """An answer that is an error."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        inner_code: str | None = None,
        headers: Headers | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.inner_code = inner_code
        self.headers = headers or []


def json_reply(value: Any, status: int = 200, headers: Headers | None = None) -> Reply:
    """Answer with JSON, as most of Graph does."""
    return Reply(
        status,
        orjson.dumps(value),
        [(b"content-type", JSON_TYPE), (b"odata-version", b"4.0"), *(headers or [])],
    )


def page_reply(value: Any) -> Reply:
    """Answer with a page of children or delta."""
    return Reply(200, orjson.dumps(value), [(b"content-type", SPACED_JSON_TYPE)])


def error_reply(error: GraphError, date: str, request_id: str, client_request_id: str) -> Reply:
    """Answer with an error in the envelope."""
    inner: dict[str, str] = {}
    if error.inner_code:
        inner["code"] = error.inner_code
    inner |= {"date": date, "request-id": request_id, "client-request-id": client_request_id}
    body = {"error": {"code": error.code, "message": error.message, "innerError": inner}}
    return Reply(
        error.status, orjson.dumps(body), [(b"content-type", b"application/json"), *error.headers]
    )


def common_headers(request_id: str, client_request_id: str) -> Headers:
    """Return the headers that every answer of Graph carries."""
    return [
        (b"cache-control", b"no-store, no-cache"),
        (b"strict-transport-security", b"max-age=31536000"),
        (b"request-id", request_id.encode()),
        (b"client-request-id", client_request_id.encode("latin-1", "replace")),
        (b"x-ms-ags-diagnostic", _DIAGNOSTIC),
    ]


def not_found(message: str = "The resource could not be found.") -> GraphError:
    """Make the error for what is not there, or not visible."""
    return GraphError(404, "itemNotFound", message)


def invalid(message: str, inner_code: str | None = None) -> GraphError:
    """Make the error for a request that cannot be meant."""
    return GraphError(400, "invalidRequest", message, inner_code=inner_code)


def denied(message: str = "Access denied") -> GraphError:
    """Make the error for what the token does not allow."""
    return GraphError(403, "accessDenied", message)


def locked() -> GraphError:
    """Make the error for a file that somebody else has checked out.

    The words: https://github.com/OneDrive/onedrive-api-docs/pull/1199
    """
    message = "The file is currently checked out or locked for editing by another user."
    return GraphError(423, "resourceLocked", message)


async def respond(send: Send, reply: Reply, headers: list[tuple[bytes, bytes]]) -> None:
    """Send a reply; its pieces, if it has such, as the client takes them."""
    sent = [*reply.headers, *headers]
    if reply.body:
        sent.append((b"content-length", str(len(reply.body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": sent})
    for piece in reply.pieces or ():
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": reply.body})


#: Refusal → status and code; what is none of these cannot be meant.
_WORDS: tuple[tuple[type[problems.Refused], int, str], ...] = (
    (problems.TooLarge, 413, "invalidRequest"),
    (Throttled, 429, "activityLimitReached"),
    (Forbidden, 403, "accessDenied"),
    (Locked, 423, "resourceLocked"),
    (problems.CheckedOut, 423, "resourceLocked"),
)


def worded(refused: problems.Refused) -> GraphError:
    """Word a refusal of the content store or of a list as Graph does."""
    match refused:
        case problems.Missing():
            return not_found()
        case problems.NameTaken():
            return GraphError(409, "nameAlreadyExists", "Name already exists")
        case problems.OutOfRange():
            return GraphError(416, "invalidRange", str(refused), inner_code=refused.code)
        case problems.PathTooLong():
            return invalid(str(refused), "pathIsTooLong")
    for kind, status, code in _WORDS:
        if isinstance(refused, kind):
            return GraphError(status, code, str(refused))
    return invalid(str(refused))
