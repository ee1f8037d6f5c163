"""The asynchronous client's transport: sends requests with aiohttp.

aiohttp (https://docs.aiohttp.org/en/stable/client_reference.html) is what the server itself sends
with. Its session is opened with the first request, inside the event loop that is then running.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, Unpack

from fairlead.client.call import Call, Reply
from fairlead.client.errors import FairleadApiError, TimedOut, Unreachable, proxied_error
from fairlead.client.forward import CHUNK, AsyncAsked, Forward, forward
from fairlead.client.retry import Retries
from fairlead.client.sending import USER_AGENT, result_of

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

T = TypeVar("T")


class AsyncTransport:
    """Sends calls to one server without keeping others waiting."""

    def __init__(
        self,
        host: str,
        key: str,
        *,
        timeout_seconds: float,
        retries: Retries,
        connections: int,
        sleep: Callable[[float], Awaitable[None]] | None,
    ) -> None:
        self._host = host
        self._key = key
        self._timeout_seconds = timeout_seconds
        self._retries = retries
        self._connections = connections
        self._sleep = sleep
        self._opened: ClientSession | None = None

    async def close(self) -> None:
        """Close all connections."""
        if self._opened is not None:
            await self._opened.close()
            self._opened = None

    async def send(self, call: Call[T]) -> T:
        """Send a call, again if that is safe and useful; return what the answer says."""
        return await self._persistently(lambda: self._once(call), is_idempotent=call.is_idempotent)

    async def forward(self, request: Forward) -> "AsyncProxyReply":
        """Send a proxied request and return its answer, whose body is yet to be read."""
        return await self._persistently(
            lambda: self._forward_once(request), is_idempotent=request.is_repeatable
        )

    async def _persistently(self, attempt: Callable[[], Awaitable[T]], *, is_idempotent: bool) -> T:
        number = 0
        while True:
            try:
                return await attempt()
            except FairleadApiError as error:
                wait = self._retries.wait_seconds(error, number, is_idempotent=is_idempotent)
                if wait is None:
                    raise
            await self._wait(wait)
            number += 1

    async def _wait(self, seconds: float) -> None:
        if self._sleep is not None:
            await self._sleep(seconds)
            return
        import asyncio  # noqa: PLC0415 - slow to import for those who only use the other client

        await asyncio.sleep(seconds)

    async def _once(self, call: Call[T]) -> T:
        raw = await self._ask(
            call.method,
            call.target,
            call.headers_with(self._key),
            _pieces(call.body),
            call.timeout_seconds,
        )
        reply = AsyncProxyReply(raw, self.failure)
        return result_of(call, Reply(reply.status, reply.headers, await reply.read()))

    async def _forward_once(self, request: Forward) -> "AsyncProxyReply":
        headers = {"Authorization": f"Bearer {self._key}"} | dict(request.headers)
        raw = await self._ask(
            request.method, request.target, headers, _pieces(request.body), request.timeout_seconds
        )
        reply = AsyncProxyReply(raw, self.failure)
        if request.check and reply.status >= 400:
            raise proxied_error(reply.status, reply.headers, await reply.read())
        return reply

    async def _ask(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: Any,
        timeout_seconds: float | None,
    ) -> "ClientResponse":
        # aiohttp takes several times longer to import than all of this package
        from aiohttp import ClientError, ClientTimeout  # noqa: PLC0415
        from yarl import URL  # noqa: PLC0415

        sent = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"} | dict(headers)
        usual = self._timeout_seconds
        timeout = ClientTimeout(
            total=None,
            sock_connect=usual,
            sock_read=usual if timeout_seconds is None else timeout_seconds,
        )
        try:
            return await self._session().request(
                method,
                URL(self._host + target, encoded=True),
                data=body,
                headers=sent,
                allow_redirects=False,
                timeout=timeout,
                skip_auto_headers={"Content-Type"},
            )
        except (ClientError, TimeoutError) as error:
            raise self.failure(error) from error

    def _session(self) -> "ClientSession":
        if self._opened is None:
            import aiohttp  # noqa: PLC0415 - as above

            self._opened = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._opened

    def failure(self, error: Exception) -> FairleadApiError:
        """Return the error for what aiohttp raised."""
        if isinstance(error, TimeoutError):
            return TimedOut(f"The server at {self._host} did not answer in time.", code="timeout")
        return Unreachable(
            f"The server at {self._host} could not be reached, or broke off ({error}).",
            code="unreachable",
        )


def _pieces(body: Any) -> Any:
    """Return an iterable of bytes as an asynchronous one; what aiohttp takes as it is, so."""
    if body is None or isinstance(body, bytes) or hasattr(body, "__aiter__"):
        return body
    return _asynchronous(body)


async def _asynchronous(body: Any) -> AsyncIterator[bytes]:
    for piece in iter(lambda: body.read(CHUNK), b"") if hasattr(body, "read") else body:
        yield piece


class AsyncProxyReply:
    """The vendor's answer to a proxied request; its body is read when you ask for it.

    Close it, use it in an `async with`, or read it to its end: then its connection is free again.
    """

    def __init__(
        self, raw: "ClientResponse", failure: Callable[[Exception], FairleadApiError]
    ) -> None:
        self._raw = raw
        self._failure = failure
        self._body: bytes | None = None
        self.status: int = raw.status
        #: names in lower case
        self.headers: dict[str, str] = {name.lower(): text for name, text in raw.headers.items()}

    async def iter_bytes(self, size_bytes: int = CHUNK) -> AsyncIterator[bytes]:
        """Go through the body as it arrives, in pieces of at most `size_bytes`."""
        from aiohttp import ClientError  # noqa: PLC0415 - as in AsyncTransport

        try:
            async for piece in self._raw.content.iter_chunked(size_bytes):
                yield piece
        except (ClientError, TimeoutError) as error:
            raise self._failure(error) from error
        finally:
            self.close()

    async def read(self) -> bytes:
        """Read the body whole."""
        if self._body is None:
            self._body = b"".join([piece async for piece in self.iter_bytes()])
        return self._body

    async def json(self) -> Any:
        """Read the body whole, as JSON; an empty one is None."""
        return Reply(self.status, self.headers, await self.read()).json()

    async def text(self) -> str:
        """Read the body whole, as UTF-8."""
        return (await self.read()).decode("utf-8", "replace")

    def close(self) -> None:
        """Leave the rest of the body unread."""
        # one that was read to its end has given its connection back already
        self._raw.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()


class Pending:
    """A proxied request under way: `await` it, or use it in an `async with`."""

    def __init__(self, transport: AsyncTransport, request: Forward) -> None:
        self._transport = transport
        self._request = request
        self._reply: AsyncProxyReply | None = None

    def __await__(self) -> Generator[Any, None, AsyncProxyReply]:
        return self._transport.forward(self._request).__await__()

    async def __aenter__(self) -> AsyncProxyReply:
        self._reply = await self
        return self._reply

    async def __aexit__(self, *_: object) -> None:
        if self._reply is not None:
            self._reply.close()


class AsyncProxy:
    """Requests to the vendor's own API, sent as one of its connections; bodies are streamed."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    def request(self, method: str, path: str, **asked: Unpack[AsyncAsked]) -> Pending:
        """Send a request to the vendor: `await` it, or use it in an `async with`.

        `path` is below the provider's base URL, or a whole address on one of its hosts. `data` is
        bytes, text, a file, or a plain or asynchronous iterable of bytes. A status of 400 or more
        is raised.
        """
        return Pending(self._transport, forward(method, path, asked, asked.get("data")))

    def get(self, path: str, **asked: Unpack[AsyncAsked]) -> Pending:
        """Send a GET; see `request`."""
        return self.request("GET", path, **asked)

    def post(self, path: str, **asked: Unpack[AsyncAsked]) -> Pending:
        """Send a POST; see `request`."""
        return self.request("POST", path, **asked)

    def put(self, path: str, **asked: Unpack[AsyncAsked]) -> Pending:
        """Send a PUT; see `request`."""
        return self.request("PUT", path, **asked)

    def patch(self, path: str, **asked: Unpack[AsyncAsked]) -> Pending:
        """Send a PATCH; see `request`."""
        return self.request("PATCH", path, **asked)

    def delete(self, path: str, **asked: Unpack[AsyncAsked]) -> Pending:
        """Send a DELETE; see `request`."""
        return self.request("DELETE", path, **asked)
