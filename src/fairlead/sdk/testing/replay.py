"""Replay: a Send that answers from recorded exchanges and refuses everything else."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import orjson

from fairlead.model.exchange import Request, Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One recorded exchange; `url` with its query, absolute or from the path on."""

    url: str
    method: str = "GET"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    #: bytes as they are, anything else as JSON
    body: Any = b""

    def matches(self, request: Request) -> bool:
        """Say whether this is the answer to a request."""
        asked = request.url
        if self.url.startswith("/"):
            parts = urlsplit(asked)
            asked = f"{parts.path}?{parts.query}" if parts.query else parts.path
        return request.method == self.method and asked == self.url


class ReplayedResponse:
    """A response held in memory."""

    def __init__(self, exchange: Exchange, request: Request) -> None:
        self.status = exchange.status
        self.raw_headers: Sequence[tuple[bytes, bytes]] = [
            (name.encode("latin-1"), value.encode("latin-1"))
            for name, value in exchange.headers.items()
        ]
        self._headers = {name.lower(): value for name, value in exchange.headers.items()}
        self.url = request.url
        self.method = request.method
        body = exchange.body
        self._body: bytes = body if isinstance(body, bytes) else orjson.dumps(body)
        self.is_closed = False

    @property
    def headers(self) -> Mapping[str, str]:
        return self._headers

    async def stream(self) -> AsyncIterator[bytes]:
        # in two pieces, so that a reader who stops after the first is found out
        middle = len(self._body) // 2
        for piece in (self._body[:middle], self._body[middle:]):
            if piece:
                yield piece

    async def read(self) -> bytes:
        return self._body

    async def json(self) -> Any:
        return orjson.loads(self._body)

    async def close(self) -> None:
        self.is_closed = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


class Replay:
    """A Send that gives each recorded answer once, to the request it belongs to.

    Answers to the same request come in the order given. A request without an answer left is an
    AssertionError that lists what was expected.
    """

    def __init__(self, exchanges: Iterable[Exchange]) -> None:
        self.left = list(exchanges)
        self.requests: list[Request] = []
        self.responses: list[ReplayedResponse] = []

    async def __call__(self, request: Request) -> Response:
        self.requests.append(request)
        for exchange in self.left:
            if exchange.matches(request):
                self.left.remove(exchange)
                response = ReplayedResponse(exchange, request)
                self.responses.append(response)
                return response
        expected = "\n  ".join(f"{one.method} {one.url}" for one in self.left) or "nothing"
        raise AssertionError(
            f"unexpected request: {request.method} {request.url}\nexpected one of:\n  {expected}"
        )

    def assert_all_used(self) -> None:
        """Check that every answer was asked for, and every response closed."""
        left = [f"{one.method} {one.url}" for one in self.left]
        if left:
            raise AssertionError(f"never asked for: {left}")
        still_open = [one.url for one in self.responses if not one.is_closed]
        if still_open:
            raise AssertionError(f"responses left open: {still_open}")
