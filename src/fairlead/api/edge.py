"""The edge: the one ASGI application that faces the network.

It answers preflights, sets the CORS headers of the contract (0.11), spells paths as the routes do,
refuses bodies that are not JSON, sends hot routes past the framework, and turns whatever nobody
caught into a 500 with an id that the log explains.
"""

import re
from collections.abc import Awaitable
from email.utils import formatdate
from functools import lru_cache
from itertools import count
from time import perf_counter

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fairlead.api.action_calls import ActionCalls, is_call, read_call
from fairlead.api.action_upload import is_upload, upload_to_action
from fairlead.api.audit_trail import Trail
from fairlead.api.auth import CALLER, Caller, KeyRing
from fairlead.api.connection_read import ConnectionReads
from fairlead.api.errors import crash_response, error_response, json_response
from fairlead.api.proxy import Proxy
from fairlead.api.records import list_records
from fairlead.api.routing import PathTolerance
from fairlead.api.services import Services
from fairlead.api.sockets import Sockets
from fairlead.errors import FairleadError, InternalError, UnsupportedMedia
from fairlead.store.database import DatabaseDown

log = structlog.get_logger(__name__)

_CORS = [(b"access-control-allow-origin", b"*"), (b"access-control-expose-headers", b"*")]
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
    "Access-Control-Max-Age": "86400",
}
_LARGEST_BODY = 75 * 1024 * 1024  # bytes, of the contract
#: of the headers that browsers may always send
_ALLOWED = "authorization, content-type, connection-id, provider-config-key"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}", re.ASCII)
#: bodies below these may be anything
_ANY_BODY = ("/webhook", "/oauth/", "/dashboard/")
#: what the connect page's form is sent to
_FORMS = frozenset({"/connect", "/connect/"})


class Edge:
    """Everything that comes in passes here first."""

    def __init__(
        self,
        services: Services,
        keys: KeyRing,
        sockets: Sockets,
        inner: ASGIApp,
        paths: PathTolerance,
    ) -> None:
        self._services = services
        self._keys = keys
        self._sockets = sockets
        self._proxy = Proxy(services)
        self._reads = ConnectionReads(services)
        self._calls = ActionCalls(services, self._proxy.known)
        self._inner = inner
        self._paths = paths
        self._trail = Trail(services.accounts)
        self._first_id = services.new_id()[:24]
        self._count = count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        answer = _Answer(send, self, _request_id(scope))
        began = perf_counter()
        try:
            await self._http(scope, receive, answer)
        except FairleadError as error:
            if answer.is_begun:
                # left unfinished, so that the server cuts it and nobody takes it for whole
                log.warning("answer broke off", code=error.code, reason=error.message)
                return
            await error_response(error)(scope, receive, answer)
        except DatabaseDown as error:
            log.error("database down", path=scope["path"], reason=str(error))  # noqa: TRY400
            if not answer.is_begun:
                await error_response(_database_down())(scope, receive, answer)
        except Exception:
            error_id = self._services.new_id()
            log.exception("request crashed", path=scope["path"], error_id=error_id)
            if not answer.is_begun:
                await crash_response(error_id)(scope, receive, answer)
        finally:
            self._services.watch.answered(scope, answer.status, began)

    def fresh_id(self) -> str:
        """Return an id for a request that came with none."""
        # counted on from a random one: they must differ, and chance costs a call of the system
        return f"{self._first_id}{next(self._count):012x}"

    def date(self) -> bytes:
        """Return the time as an answer's date (RFC 9110, 5.6.7)."""
        return _date(int(self._services.clock.now().timestamp()))

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/":
            origin = _header(scope, b"origin")
            # who is no browser sends none, and could send any
            if origin is None or self._services.embedders.allows(origin):
                await self._sockets.serve(scope, receive, send)
            else:
                await self._sockets.refuse(receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if scope["method"] == "OPTIONS" and _is_preflight(scope):
            asked = Request(scope).headers.get("access-control-request-headers", _ALLOWED)
            headers = _PREFLIGHT | {"Access-Control-Allow-Headers": asked}
            await json_response({}, 200, headers)(scope, receive, send)
            return
        if _is_proxied(scope):
            caller = await self._caller(scope)
            await self._proxy.forward(caller, scope, receive, send)
            return
        whole = scope
        path = self._paths.canonical(path)
        if path != scope["path"]:
            scope = dict(scope) | {"path": path, "raw_path": path.encode()}
        response, receive = await self._hot(scope, path, receive)
        if response is not None:
            await response(scope, receive, send)
            return
        try:
            await self._trail.walk(self._inner, scope, _limited(receive), send)
        finally:
            # the framework notes it where it looked
            whole["route"] = scope.get("route")
            # a connection may have been made, changed or deleted
            if scope["method"] not in {"GET", "HEAD"} or path.startswith("/oauth/"):
                self._proxy.known.forget()

    async def _hot(
        self, scope: Scope, path: str, receive: Receive
    ) -> tuple[Response | None, Receive]:
        """Answer what is asked for most without the framework; None, and what it receives."""
        if is_upload(scope, path):
            caller = await self._caller(scope)
            return await upload_to_action(self._services, caller, scope, receive), receive
        _check_content_type(scope, path)
        if is_call(scope, path):
            call, receive = await read_call(scope, receive)
            if call is not None:
                return await self._calls.answer(await self._caller(scope), call), receive
        elif scope["method"] == "GET":
            if path == "/records":
                caller = await self._caller(scope)
                return await list_records(self._services, caller, scope), receive
            for prefix in ("/connections/", "/connection/"):
                if path.startswith(prefix):
                    caller = await self._caller(scope)
                    name = path.removeprefix(prefix)
                    return await self._reads.read(caller, scope, name), receive
        return None, receive

    async def _caller(self, scope: Scope) -> Caller:
        inside: Caller | None = scope.get(CALLER)
        if inside is not None:
            return inside
        authorization = _header(scope, b"authorization")
        return self._keys.at_hand(authorization) or await self._keys.identify(authorization)


def _request_id(scope: Scope) -> str | None:
    """Return the id that the caller, or something before us, gave the request."""
    given = _header(scope, b"x-request-id")
    return given if given and _REQUEST_ID.fullmatch(given) else None


def _database_down() -> FairleadError:
    return InternalError(
        "The database does not answer now; whoever runs this server must bring it back.",
        code="database_unavailable",
        status=503,
        who="operator",
    )


def _limited(receive: Receive) -> Receive:
    """Return a `receive` that gives up on a body beyond the limit."""
    size_bytes = 0

    async def limited() -> Message:
        nonlocal size_bytes
        message = await receive()
        size_bytes += len(message.get("body", b""))
        if size_bytes > _LARGEST_BODY:
            raise HTTPException(413)
        return message

    return limited


def _is_proxied(scope: Scope) -> bool:
    # as it was sent: the proxy passes on what follows, byte for byte
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return raw[:7].lower() == b"/proxy/"


def _header(scope: Scope, wanted: bytes) -> str | None:
    for name, value in scope["headers"]:
        if name == wanted:
            return str(value.decode("latin-1"))
    return None


def _is_preflight(scope: Scope) -> bool:
    return _header(scope, b"access-control-request-method") is not None


def _check_content_type(scope: Scope, path: str) -> None:
    kind = _header(scope, b"content-type")
    if (
        kind
        and not kind.strip().lower().startswith("application/json")
        and path not in _FORMS
        and not path.startswith(_ANY_BODY)
    ):
        raise UnsupportedMedia


@lru_cache(maxsize=8)
def _date(epoch_seconds: int) -> bytes:
    return formatdate(epoch_seconds, usegmt=True).encode("ascii")


class _Answer:
    """Passes an answer on, adds the headers that all have, and knows whether it has begun."""

    def __init__(self, send: Send, edge: Edge, request_id: str | None) -> None:
        self._send = send
        self._edge = edge
        self._request_id = request_id
        self.is_begun = False
        #: 0 until it has begun
        self.status = 0

    def __call__(self, message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            self.is_begun = True
            self.status = message["status"]
            headers = [*message.get("headers", ()), *_CORS]
            there = {name for name, _ in headers}
            if b"x-request-id" not in there:
                # a proxied answer may have the vendor's, which its support asks for
                request_id = self._request_id or self._edge.fresh_id()
                headers.append((b"x-request-id", request_id.encode("ascii")))
            if b"date" not in there:
                headers.append((b"date", self._edge.date()))
            message["headers"] = headers
        return self._send(message)
