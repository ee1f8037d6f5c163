"""Request and Response: one HTTP exchange with a vendor, bodies streamed both ways."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol, Self


class FixedHeaders(dict[str, str]):
    """Headers that nobody changes once they are made, so what is made of them is kept with them.

    For callers who send the same again and again.
    """

    __slots__ = ("kept",)

    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__(headers)
        #: by who made it, and of what else
        self.kept: dict[object, Any] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as it shall leave; `url` is absolute and holds the query."""

    method: str = "GET"
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    #: an iterator is sent as it comes, once: such a request is never retried
    body: bytes | AsyncIterator[bytes] | None = None
    #: the address itself says who may: no credentials go along, wherever it leads
    is_bare: bool = False
    #: carried out twice it would do something else: it is not sent again unless the vendor says
    #: that it was not carried out, whatever its method
    is_once: bool = False


class Response(Protocol):
    """One response whose body has not been read yet; use it as an async context manager."""

    status: int
    #: in order, as they came; a name may repeat
    raw_headers: Sequence[tuple[bytes, bytes]]
    #: where the answer came from, after redirects
    url: str
    method: str

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers with lower-case names; of a repeated one, the last."""
        ...

    def stream(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives, decompressed only if that was asked for."""
        ...

    async def read(self) -> bytes:
        """Return the whole body; later calls return the same bytes."""
        ...

    async def json(self) -> Any:
        """Return the body parsed as JSON."""
        ...

    async def close(self) -> None:
        """Give the connection back; an unread body is dropped."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Send(Protocol):
    """Send one request as one connection: authenticated, retried, counted.

    Raises nothing for a status; `ProviderError` (Throttled, Unavailable) when nothing usable came
    back, `ReconnectRequired` and friends when no valid credentials can be had.
    """

    async def __call__(self, request: Request) -> Response: ...


#: (seconds, why) of a wait before a request: no answer, the status that asked for it, a pause
OnWait = Callable[[float, str], None]
