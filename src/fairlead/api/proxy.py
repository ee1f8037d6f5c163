"""`ALL /proxy/...`: a caller's request, sent as one of its connections, streamed both ways (10).

Raw ASGI (https://asgi.readthedocs.io/en/latest/specs/www.html): nothing is buffered but small
request bodies, which can then be sent again after a refresh or a throttle. The vendor's status and
headers come back as they are, only those of one hop are dropped
([RFC 9110, 7.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1)).
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress

from pydantic import BaseModel, Field
from starlette.types import Receive, Scope, Send

from fairlead.api.auth import Caller
from fairlead.api.connections import unknown_integration
from fairlead.api.errors import invalid
from fairlead.api.identifiers import web_address
from fairlead.api.known import KnownConnections
from fairlead.api.openapi import Documentation
from fairlead.api.routing import headers_of, required_headers
from fairlead.api.services import Services
from fairlead.errors import CallerError, InvalidInput
from fairlead.model.exchange import Request, Response
from fairlead.store import integrations

PREFIX = "/proxy"
METHODS = ("get", "post", "put", "patch", "delete", "head", "options")

#: request bodies up to this are kept, so that they can be sent again
_KEPT_BYTES = 1_048_576
#: longest wait list of retries a caller may ask for
_MOST_RETRIES = 10
#: headers of the caller that reach the vendor as they are
_FORWARDED = frozenset(
    {
        "accept",
        "accept-language",
        "content-encoding",
        "content-range",
        "content-type",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
        "prefer",
        "range",
    }
)
_PREFIXED = "nango-proxy-"
#: how long the body is, nobody says but the body: what follows it would be another request
_NEVER_PREFIXED = frozenset({"", "content-length"})
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


class ProxyHeaders(BaseModel):
    """As whom, and how."""

    connection_id: str = Field(alias="Connection-Id")
    provider_config_key: str = Field(alias="Provider-Config-Key")
    base_url_override: str | None = Field(default=None, alias="Base-Url-Override")
    """Another base URL; credentials go along only to the provider's own hosts."""
    retries: int = Field(default=0, ge=0, le=_MOST_RETRIES, alias="Retries")
    retry_on: str | None = Field(default=None, alias="Retry-On")
    """Further statuses to retry, comma-separated."""
    decompress: bool = Field(default=False, alias="Decompress")


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
        headers = headers_of(scope)
        connection_id, key = required_headers(headers, "connection-id", "provider-config-key")
        retries, retry_on = _retries(headers)
        url = _target(scope, headers)
        connection = await self.known.find(caller.environment.id, key, connection_id)
        if connection is None:
            raise await self._unknown(caller, key, connection_id)
        body = await _body(headers, receive)
        request = Request(
            method=scope["method"],
            url=url,
            headers=_outgoing(headers, has_body=body is not None),
            body=body,
        )
        answer = await self._services.gateway.send(
            connection,
            request,
            retries=retries,
            retry_on=retry_on,
            decompress=headers.get("decompress", "").lower() == "true",
        )
        await stream_back(answer, receive, send)

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


def _target(scope: Scope, headers: Mapping[str, str]) -> str:
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
    base = headers.get("base-url-override", "").strip()
    if not base:
        return path or "/"
    try:
        web_address(base)
    except ValueError as error:
        issue = {"code": "invalid_format", "message": str(error), "path": ["base-url-override"]}
        raise invalid([issue], "invalid_headers") from None
    return f"{base.rstrip('/')}/{endpoint}"


def _retries(headers: Mapping[str, str]) -> tuple[int, frozenset[int]]:
    try:
        retries = int(headers.get("retries", "0"))
        retry_on = frozenset(
            int(part) for part in headers.get("retry-on", "").split(",") if part.strip()
        )
    except ValueError:
        raise InvalidInput(
            "Retries must be a number and Retry-On a list of statuses with commas between",
            code="invalid_headers",
        ) from None
    return min(max(retries, 0), _MOST_RETRIES), retry_on


def _outgoing(headers: Mapping[str, str], *, has_body: bool) -> dict[str, str]:
    """Return the headers that go to the vendor; a prefixed one wins over its plain form."""
    outgoing = {name: value for name, value in headers.items() if name in _FORWARDED}
    if not has_body:
        outgoing.pop("content-type", None)
    # asked of the vendor only if the body comes back as it is, still compressed
    if "accept-encoding" in headers:
        outgoing["accept-encoding"] = headers["accept-encoding"]
    for name, value in headers.items():
        plain = name.removeprefix(_PREFIXED)
        if plain != name and plain not in _NEVER_PREFIXED:
            outgoing[plain] = value
    if has_body and "content-length" in headers:
        outgoing["content-length"] = headers["content-length"]
    return outgoing


async def _body(
    headers: Mapping[str, str], receive: Receive
) -> bytes | AsyncIterator[bytes] | None:
    """Return the request's body: whole if it is small, else as it arrives."""
    if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
        return None
    kept = bytearray()
    chunks = _chunks(receive)
    async for chunk in chunks:
        kept += chunk
        if len(kept) > _KEPT_BYTES:
            return _rest(bytes(kept), chunks)
    return bytes(kept)


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
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


async def stream_back(answer: Response, receive: Receive, send: Send) -> None:
    """Pass the vendor's answer to the caller as it arrives; stop if the caller goes away."""
    async with answer:
        named = answer.headers.get("connection", "").lower().split(",")
        dropped = _DROPPED | {name.strip().encode("latin-1") for name in named}
        await send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": [
                    (lower, value.encode("latin-1"))
                    for name, value in answer.raw_headers
                    if (lower := name.lower().encode("latin-1")) not in dropped
                    and not lower.startswith(b"access-control-")
                ],
            }
        )
        # most answers are one chunk: only a longer one is worth a watcher
        gone: asyncio.Task[None] | None = None
        is_first = True
        try:
            async for chunk in answer.stream():
                if gone is not None and gone.done():
                    return
                if gone is None and not is_first:
                    gone = asyncio.ensure_future(_disconnected(receive))
                is_first = False
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        finally:
            if gone is not None and not gone.done():
                gone.cancel()
                with suppress(asyncio.CancelledError):
                    await gone
        await send({"type": "http.response.body", "body": b""})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
