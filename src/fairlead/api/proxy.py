"""`ALL /proxy/...`: a caller's request, sent as one of its connections, streamed both ways (10).

Raw ASGI (https://asgi.readthedocs.io/en/latest/specs/www.html): nothing is buffered but small
request bodies, which can then be sent again after a refresh or a throttle. The vendor's status and
headers come back as they are, only those of one hop are dropped
([RFC 9110, 7.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1)).
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from functools import lru_cache
from time import perf_counter

from starlette.types import Receive, Scope, Send

from fairlead.api.auth import Caller
from fairlead.api.connections import unknown_integration
from fairlead.api.known import KnownConnections
from fairlead.api.leaving import CallerGone, disconnected, unless_left
from fairlead.api.openapi import Documentation
from fairlead.api.proxy_headers import Asked, ProxyHeaders, read_headers
from fairlead.api.services import Services
from fairlead.errors import CallerError, FairleadError
from fairlead.gateway.send import LONGEST_WAIT
from fairlead.http.response import HttpResponse
from fairlead.model.connection import Connection
from fairlead.model.exchange import Request, Response
from fairlead.store import integrations

PREFIX = "/proxy"
METHODS = ("get", "post", "put", "patch", "delete", "head", "options")

#: request bodies up to this are kept, so that they can be sent again
_KEPT_BYTES = 1_048_576
#: a vendor that answers these shows the credentials it was sent, or opens a tunnel
_REFUSED = frozenset({"TRACE", "CONNECT"})
#: describe one hop, or belong to our own answer
_DROPPED = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"set-cookie",
        b"alt-svc",
    }
)
#: as some servers log it: the caller closed the connection before the answer began
_CALLER_GONE = 499
_USUAL_CONNECTION = frozenset({b"keep-alive", b"close"})


DOCUMENTATION = tuple(
    Documentation(
        path="/proxy/{path}",
        method=method,
        tag="proxy",
        summary=f"Send a {method.upper()} request as a connection.",
        headers=ProxyHeaders,
        has_body=method in {"post", "put", "patch", "delete"},
        path_parameters=("path",),
    )
    for method in METHODS
)


class _Effort:
    """What an answer took, for a caller who allowed retries."""

    def __init__(self) -> None:
        self._requests = 0
        self._waited_seconds = 0.0

    def count(self) -> None:
        self._requests += 1

    def wait(self, seconds: float, _why: str) -> None:
        self._waited_seconds += seconds

    def told(self) -> tuple[tuple[bytes, bytes], ...]:
        """Return headers of ours that say so."""
        return (
            (b"fairlead-requests", str(self._requests).encode()),
            (b"fairlead-waited", f"{self._waited_seconds:.3f}".encode()),
        )


class Proxy:
    """Sends callers' requests to vendors."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.known = KnownConnections(services.db, services.clock)

    async def forward(self, caller: Caller, scope: Scope, receive: Receive, send: Send) -> None:
        """Send one request to the vendor and stream the answer back."""
        caller.demand("environment:proxy")
        if scope["method"] in _REFUSED:
            raise CallerError(
                f"The proxy does not pass {scope['method']} on; use another method.",
                code="method_not_allowed",
                status=405,
            )
        asked = read_headers(tuple(scope["headers"]))
        url = _target(scope, asked.base)
        wanted = (caller.environment.id, asked.key, asked.connection_id)
        connection = self.known.at_hand(wanted) or await self.known.find(*wanted)
        if connection is None:
            raise await self._unknown(caller, asked.key, asked.connection_id)
        status, error, began = 0, None, perf_counter()
        try:
            status = await self._pass_on(connection, asked, url, scope, receive, send)
        except FairleadError as raised:
            error = raised
            raise
        finally:
            self._services.watch.proxied(connection, scope["method"], url, status, began, error)

    async def _pass_on(  # noqa: PLR0917  # one call on the busiest path
        self,
        connection: Connection,
        asked: Asked,
        url: str,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> int:
        """Send it, and return the status that the caller got; 499: they went away before."""
        effort = _Effort() if asked.retries else None
        body = await _body(receive) if asked.has_body else None
        sending = self._services.gateway.send(
            connection,
            Request(method=scope["method"], url=url, headers=asked.outgoing, body=body),
            retries=asked.retries,
            retry_on=asked.retry_on,
            decompress=asked.decompress,
            on_request=effort.count if effort else None,
            on_wait=effort.wait if effort else None,
            patience=LONGEST_WAIT,
        )
        if isinstance(body, bytes | None):
            try:
                answer = await unless_left(receive, sending)
            except CallerGone:
                return _CALLER_GONE
        else:
            # who still sends is missed when the next piece is asked for
            answer = await sending
        await stream_back(answer, receive, send, effort.told() if effort else ())
        return answer.status

    async def _unknown(self, caller: Caller, key: str, connection_id: str) -> CallerError:
        async with self._services.db.read() as tx:
            integration = await integrations.find(
                tx, self._services.vault, caller.environment.id, key
            )
        if integration is None:
            return unknown_integration(key, status=404)
        return CallerError(
            f"There is no connection '{connection_id}' of '{key}'; connect it first.",
            code="unknown_connection",
        )


def _target(scope: Scope, base: str) -> str:
    """Return the URL to call: relative to the provider's base unless the caller names another.

    Path and query stay as the caller wrote them, byte for byte.
    """
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    path = raw[len(PREFIX) :].decode("latin-1")
    if scope["query_string"]:
        path = f"{path}?{scope['query_string'].decode('latin-1')}"
    endpoint = path.removeprefix("/")
    if endpoint.lower().startswith(("https://", "http://")):
        return endpoint
    return f"{base}/{endpoint}" if base else path or "/"


async def _body(receive: Receive) -> bytes | AsyncIterator[bytes]:
    """Return the request's body: whole if it is small, else as it arrives."""
    kept = bytearray()
    chunks = chunks_of(receive)
    async for chunk in chunks:
        kept += chunk
        if len(kept) > _KEPT_BYTES:
            return _rest(bytes(kept), chunks)
    return bytes(kept)


async def chunks_of(receive: Receive) -> AsyncIterator[bytes]:
    """Yield a request's body as it arrives; CallerError if its sender goes away."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise CallerError("The caller went away while sending.", code="aborted", status=400)
        if message.get("body"):
            yield message["body"]
        if not message.get("more_body"):
            return


async def _rest(kept: bytes, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield kept
    async for chunk in chunks:
        yield chunk


async def stream_back(
    answer: Response, receive: Receive, send: Send, ours: Sequence[tuple[bytes, bytes]] = ()
) -> None:
    """Pass the vendor's answer to the caller as it arrives; stop if the caller goes away.

    `ours` are headers that are added.
    """
    headers, left = _passed_back(answer.raw_headers)
    headers += ours
    if answer.status == 304:
        # the length is that of a body which does not come, and the server would wait for it
        headers = [header for header in headers if header[0] != b"content-length"]
    start = {"type": "http.response.start", "status": answer.status, "headers": headers}
    body = answer.at_hand() if isinstance(answer, HttpResponse) else None
    if body is not None:
        await send(start)
        await send({"type": "http.response.body", "body": body})
        return
    async with answer:
        await send(start)
        # most answers are one chunk: only a longer one is worth a watcher
        gone: asyncio.Task[None] | None = None
        is_first = True
        try:
            async for chunk in answer.stream():
                if gone is not None and gone.done():
                    return
                if gone is None and not is_first:
                    gone = asyncio.ensure_future(disconnected(receive))
                is_first = False
                left -= len(chunk)
                await send({"type": "http.response.body", "body": chunk, "more_body": left != 0})
        finally:
            if gone is not None and not gone.done():
                gone.cancel()
                with suppress(asyncio.CancelledError):
                    await gone
        if left or is_first:
            await send({"type": "http.response.body", "body": b""})


def _passed_back(raw: Sequence[tuple[bytes, bytes]]) -> tuple[list[tuple[bytes, bytes]], int]:
    """Return the headers of an answer that are the caller's too, and the length of its body.

    -1: it was not announced, or not plainly.
    """
    headers = []
    dropped = _DROPPED
    length = -1
    for name, value in raw:
        lower = _name_passed_back(name)
        if lower:
            headers.append((lower, value))
            if lower == b"content-length":
                length = int(value) if length == -1 and value.isdigit() else -2
        elif name.lower() == b"connection" and value.lower() not in _USUAL_CONNECTION:
            # it may name further headers of this hop
            dropped |= {part.strip() for part in value.lower().split(b",")}
    if dropped is not _DROPPED:
        headers = [header for header in headers if header[0] not in dropped]
    return headers, max(length, -1)


@lru_cache(maxsize=1024)
def _name_passed_back(name: bytes) -> bytes:
    """Return the name in lower case, empty if such a header is not passed back."""
    lower = name.lower()
    return b"" if lower in _DROPPED or lower.startswith(b"access-control-") else lower
