"""Replay: a Send that answers from recorded exchanges and refuses everything else."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import orjson

from fairlead.errors import FairleadError
from fairlead.http.redact import redact_url
from fairlead.model.exchange import Request, Response
from fairlead.sdk.recording import Recording


class NotRecorded(AssertionError):
    """A function asked for what no recorded exchange answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One recorded exchange; `url` with its query, absolute or from the path on."""

    url: str
    method: str = "GET"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    #: bytes as they are, anything else as JSON
    body: Any = b""
    #: raised instead of an answer
    error: FairleadError | None = None

    def matches(self, request: Request) -> bool:
        """Say whether this is the answer to a request."""
        asked = request.url
        if self.url.startswith("/"):
            parts = urlsplit(asked)
            asked = f"{parts.path}?{parts.query}" if parts.query else parts.path
        # a recording has lost the secrets of its addresses
        return request.method.upper() == self.method and self.url in (asked, redact_url(asked))


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

    Answers to the same request come in the order given. A request without an answer left is a
    NotRecorded (an AssertionError) that lists what was expected.
    """

    def __init__(self, exchanges: Iterable[Exchange]) -> None:
        self.left = list(exchanges)
        self.requests: list[Request] = []
        self.responses: list[ReplayedResponse] = []

    @classmethod
    def of(cls, recording: Recording) -> Self:
        """Answer as a recording was answered."""
        return cls(
            Exchange(
                url=one.url,
                method=one.method,
                status=one.status,
                headers=one.headers,
                body=one.body,
                error=None if one.error is None else one.error.again(),
            )
            for one in recording.exchanges
        )

    async def __call__(self, request: Request) -> Response:
        self.requests.append(request)
        for exchange in self.left:
            if exchange.matches(request):
                self.left.remove(exchange)
                if exchange.error is not None:
                    raise exchange.error
                response = ReplayedResponse(exchange, request)
                self.responses.append(response)
                return response
        expected = "\n  ".join(f"{one.method} {one.url}" for one in self.left) or "nothing"
        raise NotRecorded(
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
