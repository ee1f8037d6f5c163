"""The emulated cloud without sockets, and a clock that both sides live by: thousands of runs.

`DirectTransport` stands where `fairlead.http.Transport` does, so the real gateway retries, waits and
renews; what it waits passes on the clock only.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urljoin, urlsplit

import orjson
from pydantic import SecretStr

from fairlead.errors import ProviderError, Unavailable
from fairlead.gateway.send import Gateway
from fairlead.model.connection import Connection
from fairlead.model.credentials import ClientCredentials, Credentials, OAuth2Credentials
from fairlead.model.exchange import Request
from fairlead.sdk.registry import Registry
from m365sim.app import by_host
from m365sim.faults import CutConnection
from m365sim.world import World

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class TickingClock:
    """Time that moves on a little whenever somebody looks, for the platform and the cloud."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        self._now += timedelta(microseconds=500)
        return self._now

    def advance(self, by: timedelta) -> None:
        self._now += by

    async def sleep(self, seconds: float) -> None:
        """Let the time pass at once."""
        self.advance(timedelta(seconds=seconds))
        await asyncio.sleep(0)


@dataclass
class DirectResponse:
    """An answer whose body is there already, or broke off."""

    status: int
    raw_headers: list[tuple[bytes, bytes]]
    body: bytes
    is_whole: bool
    url: str
    method: str
    received_at: datetime

    @property
    def headers(self) -> Mapping[str, str]:
        return {name.decode().lower(): value.decode("latin-1") for name, value in self.raw_headers}

    async def stream(self) -> AsyncIterator[bytes]:
        yield await self.read()

    async def read(self) -> bytes:
        if not self.is_whole:
            raise Unavailable("The vendor's answer broke off; try again later")
        return self.body

    async def json(self) -> Any:
        try:
            return orjson.loads(await self.read())
        except orjson.JSONDecodeError as error:
            raise ProviderError("The vendor answered with something that is not JSON") from error

    async def close(self) -> None:
        """Nothing is open."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


@dataclass
class DirectTransport:
    """Sends requests to a world in this process; `before` is called with each."""

    world: World
    before: Callable[[Request], Any]
    after: Callable[[Request], Any]
    sent: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._app = by_host(self.world)

    async def send(self, request: Request, *, redirects: int = 0, **_: Any) -> DirectResponse:
        await self.before(request)
        self.sent.append(request)
        answer = await self._once(request)
        followed = 0
        while answer.status in _REDIRECTS and followed < redirects:
            followed += 1
            place = urljoin(answer.url, answer.headers["location"])
            answer = await self._once(Request(url=place))
        await self.after(request)
        return answer

    async def _once(self, request: Request) -> DirectResponse:
        parts = urlsplit(request.url)
        body = request.body if isinstance(request.body, bytes) else b""
        named = {"host": parts.netloc, **{k.lower(): v for k, v in request.headers.items()}}
        scope = {
            "type": "http",
            "method": request.method.upper(),
            "scheme": parts.scheme,
            "path": unquote(parts.path),
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "headers": [(k.encode(), v.encode("latin-1")) for k, v in named.items()],
        }
        now = self.world.clock.now()
        answer = DirectResponse(0, [], b"", True, request.url, request.method, now)

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.raw_headers = list(message.get("headers", ()))
            else:
                answer.body += message.get("body", b"")

        try:
            await self._app(scope, receive, send)
        except CutConnection:
            answer.is_whole = False
        return answer


@dataclass
class Tokens:
    """Stands where the freshener does: one token, or another one for whoever acts alone."""

    token: str = ""
    is_app: bool = False

    def remembered(self, connection: Connection, audience: str = "") -> Credentials:
        return self._credentials()

    async def fresh_credentials(self, connection: Connection, **_: Any) -> Credentials:
        return self._credentials()

    def _credentials(self) -> Credentials:
        if self.is_app:
            return ClientCredentials(token=SecretStr(self.token), client_id="daemon")
        return OAuth2Credentials(access_token=SecretStr(self.token))


def direct_gateway(
    registry: Registry, transport: DirectTransport, tokens: Tokens, clock: TickingClock
) -> Gateway:
    """Return the real gateway over a world in this process."""
    return Gateway(registry, tokens, transport, clock, sleep=clock.sleep)  # type: ignore[arg-type]
