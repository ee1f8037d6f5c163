"""One answer of a vendor, its body unread; and why there was none, in our words."""

from collections.abc import AsyncIterator, Container, Iterator, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self, TypeVar, overload

import aiohttp
import orjson

from fairlead.errors import FairleadError, ProviderError, Unavailable
from fairlead.http.origins import Origin

T = TypeVar("T")

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_DECODED = frozenset({"gzip", "deflate", "br", "zstd"})
_OF_ENCODED = frozenset({b"content-encoding", b"content-length"})
#: the first kind that fits says what happened
_NETWORK_ERRORS: tuple[tuple[type[BaseException], str], ...] = (
    (aiohttp.ClientConnectorDNSError, "its name cannot be resolved"),
    (aiohttp.ClientSSLError, "its certificate or encryption is not acceptable"),
    (aiohttp.ConnectionTimeoutError, "it did not accept a connection in time"),
    (aiohttp.ClientConnectorError, "it refused the connection"),
    (TimeoutError, "it did not answer in time"),
    (aiohttp.ClientPayloadError, "its answer broke off"),
    (aiohttp.ClientResponseError, "what it sent is not HTTP"),
    (aiohttp.ClientConnectionError, "it closed the connection"),
    (ConnectionError, "it closed the connection"),
)


class HttpResponse:
    """One answer of a vendor; its body is read when it is asked for."""

    def __init__(
        self,
        answer: aiohttp.ClientResponse,
        origin: Origin,
        method: str,
        url: str,
        *,
        is_decoded: bool,
        received_at: datetime,
    ) -> None:
        self._answer = answer
        self._origin = origin
        self._body: bytes | None = None
        self.status = answer.status
        self.method = method
        self.url = url
        self.received_at = received_at
        self.raw_headers: Sequence[tuple[bytes, bytes]] = answer.raw_headers
        if is_decoded:
            encoding = answer.headers.get("Content-Encoding", "").strip().lower()
            if encoding in _DECODED:
                self.raw_headers = [
                    (name, value)
                    for name, value in answer.raw_headers
                    if name.lower() not in _OF_ENCODED
                ]
        self.headers: Mapping[str, str] = _Headers(self.raw_headers, answer.headers)

    @property
    def location(self) -> str | None:
        """Where a redirect leads, None if this is none."""
        if self.status not in _REDIRECTS:
            return None
        raw = self.headers.get("location", "")
        # some servers send UTF-8 here, against the specification
        return raw.encode("latin-1").decode("utf-8", "replace").strip() or None

    def at_hand(self) -> bytes | None:
        """Return the whole body if it has come already, as a small one mostly has; else None.

        Nothing is left to be read, or closed, then.
        """
        if self._body is not None:
            return self._body
        content = self._answer.content
        if not content.is_eof() or content.exception() is not None:
            return None
        self._body = content.read_nowait()
        self._answer.release()
        return self._body

    async def stream(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives; Unavailable if it breaks off."""
        if self._body is not None:
            yield self._body
            return
        try:
            async for chunk in self._answer.content.iter_any():
                yield chunk
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self._answer.close()
            raise network_error(self._origin, error) from error
        self._answer.release()

    async def read(self) -> bytes:
        if self._body is None:
            self._body = b"".join([chunk async for chunk in self.stream()])
        return self._body

    async def json(self) -> Any:
        try:
            return orjson.loads(await self.read())
        except orjson.JSONDecodeError as error:
            raise ProviderError(
                f"{self._origin} answered with something that is not JSON; try again later, or see "
                "that the address is right",
                provider_status=self.status,
            ) from error

    async def close(self) -> None:
        if self._answer.content.at_eof():
            self._answer.release()
        else:
            self._answer.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


class _Headers(Mapping[str, str]):
    """Headers by lower-case name, read when they are asked for: most answers are passed on."""

    def __init__(self, raw: Sequence[tuple[bytes, bytes]], all_names: Container[str]) -> None:
        self._raw = raw
        #: those of `raw` and more; quick to ask, whatever the case
        self._all_names = all_names

    @overload
    def get(self, name: str, default: None = None) -> str | None: ...
    @overload
    def get(self, name: str, default: str) -> str: ...
    @overload
    def get(self, name: str, default: T) -> str | T: ...
    def get(self, name: str, default: object = None) -> object:
        if name not in self._all_names:
            return default
        # few are asked for, so each is looked for rather than all read
        wanted = name.encode("latin-1", "replace")
        for given, value in reversed(self._raw):
            if given.lower() == wanted:
                # header bytes are Latin-1 on the way in and out
                return value.decode("latin-1")
        return default

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter({name.decode("latin-1").lower(): None for name, _ in self._raw})

    def __len__(self) -> int:
        return len({name.lower() for name, _ in self._raw})


def without(headers: list[tuple[str, str]], names: frozenset[str]) -> list[tuple[str, str]]:
    """Return the headers but those of `names` (lower case)."""
    return [(name, value) for name, value in headers if name.lower() not in names]


def network_error(origin: Origin, error: BaseException) -> FairleadError:
    """Say what went wrong, without the library's words: they may quote the URL."""
    cause: BaseException | None = error
    while cause is not None:
        # raised by the resolver, or by the iterator of the request's body
        if isinstance(cause, FairleadError):
            return cause
        cause = cause.__cause__
    what = next(
        (text for kind, text in _NETWORK_ERRORS if isinstance(error, kind)), "the connection failed"
    )
    return Unavailable(
        f"{origin} cannot be reached: {what}; try again later", detail=type(error).__name__
    )
