"""The blocking client's transport: sends requests with urllib3 and waits.

urllib3 (https://urllib3.readthedocs.io) keeps connections open, streams both ways, and is safe to
share between threads; its own retries and redirects are off, for the rules here are ours.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, Unpack
from urllib.parse import urlsplit

from fairlead.client.call import Call, Reply
from fairlead.client.errors import FairleadApiError, TimedOut, Unreachable, proxied_error
from fairlead.client.forward import CHUNK, BlockingAsked, Forward, forward
from fairlead.client.retry import Retries
from fairlead.client.sending import USER_AGENT, result_of

if TYPE_CHECKING:
    from urllib3 import HTTPConnectionPool, Timeout
    from urllib3.response import BaseHTTPResponse

T = TypeVar("T")


class Transport:
    """Sends calls to one server and waits for their answers."""

    def __init__(
        self,
        host: str,
        key: str,
        *,
        timeout_seconds: float,
        retries: Retries,
        connections: int,
        sleep: Callable[[float], None],
    ) -> None:
        # urllib3 takes longer to import than all of this package, so it is left until here
        import urllib3  # noqa: PLC0415

        self._errors = urllib3.exceptions
        self._host = host
        self._prefix = urlsplit(host).path
        self._key = key
        self._retries = retries
        self._sleep = sleep
        self._connect_seconds = timeout_seconds
        self._new_timeout = urllib3.Timeout
        self._pool: HTTPConnectionPool = urllib3.connection_from_url(host, maxsize=connections)

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()

    def send(self, call: Call[T]) -> T:
        """Send a call, again if that is safe and useful; return what the answer says."""
        return self._persistently(lambda: self._once(call), is_idempotent=call.is_idempotent)

    def forward(self, request: Forward) -> "ProxyReply":
        """Send a proxied request and return its answer, whose body is yet to be read."""
        return self._persistently(
            lambda: self._forward_once(request), is_idempotent=request.is_repeatable
        )

    def _persistently(self, attempt: Callable[[], T], *, is_idempotent: bool) -> T:
        number = 0
        while True:
            try:
                return attempt()
            except FairleadApiError as error:
                wait = self._retries.wait_seconds(error, number, is_idempotent=is_idempotent)
                if wait is None:
                    raise
            self._sleep(wait)
            number += 1

    def _once(self, call: Call[T]) -> T:
        raw = self._ask(
            call.method,
            call.target,
            call.headers_with(self._key),
            _pieces(call.body),
            call.timeout_seconds,
        )
        reply = ProxyReply(raw, self.failure)
        return result_of(call, Reply(reply.status, reply.headers, reply.read()))

    def _forward_once(self, request: Forward) -> "ProxyReply":
        headers = {"Authorization": f"Bearer {self._key}"} | dict(request.headers)
        raw = self._ask(
            request.method, request.target, headers, _pieces(request.body), request.timeout_seconds
        )
        reply = ProxyReply(raw, self.failure)
        if request.check and reply.status >= 400:
            raise proxied_error(reply.status, reply.headers, reply.read())
        return reply

    def _ask(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: Any,
        timeout_seconds: float | None,
    ) -> "BaseHTTPResponse":
        sent = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"} | dict(headers)
        is_stream = body is not None and not isinstance(body, bytes)
        try:
            return self._pool.urlopen(
                method,
                self._prefix + target,
                body=body,
                headers=sent,
                timeout=self._timeout(timeout_seconds),
                retries=False,
                redirect=False,
                assert_same_host=False,
                preload_content=False,
                chunked=is_stream and "Content-Length" not in sent,
            )
        except self._errors.HTTPError as error:
            raise self.failure(error) from error

    def _timeout(self, seconds: float | None) -> "Timeout":
        usual = self._connect_seconds
        return self._new_timeout(connect=usual, read=usual if seconds is None else seconds)

    def failure(self, error: Exception) -> FairleadApiError:
        """Return the error for what urllib3 raised."""
        # a connection that is refused is a kind of timeout there
        refused = isinstance(error, self._errors.NewConnectionError)
        if isinstance(error, self._errors.TimeoutError) and not refused:
            return TimedOut(f"The server at {self._host} did not answer in time.", code="timeout")
        return Unreachable(
            f"The server at {self._host} could not be reached, or broke off ({error}).",
            code="unreachable",
        )


def _pieces(body: Any) -> Any:
    """Return a file as an iterable of its pieces; anything else as it is."""
    if hasattr(body, "read"):
        return iter(lambda: body.read(CHUNK), b"")
    return body


class ProxyReply:
    """The vendor's answer to a proxied request; its body is read when you ask for it.

    Close it, use it in a `with`, or read it to its end: then its connection is free again.
    """

    def __init__(
        self, raw: "BaseHTTPResponse", failure: Callable[[Exception], FairleadApiError]
    ) -> None:
        self._raw = raw
        self._failure = failure
        self._body: bytes | None = None
        self.status: int = raw.status
        #: names in lower case
        self.headers: dict[str, str] = {name.lower(): text for name, text in raw.headers.items()}

    def iter_bytes(self, size_bytes: int = CHUNK) -> Iterator[bytes]:
        """Go through the body as it arrives, in pieces of at most `size_bytes`."""
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 - as in Transport

        try:
            yield from self._raw.stream(size_bytes, decode_content=True)
        except HTTPError as error:
            raise self._failure(error) from error
        finally:
            self.close()

    def read(self) -> bytes:
        """Read the body whole."""
        if self._body is None:
            self._body = b"".join(self.iter_bytes())
        return self._body

    def json(self) -> Any:
        """Read the body whole, as JSON; an empty one is None."""
        return Reply(self.status, self.headers, self.read()).json()

    def text(self) -> str:
        """Read the body whole, as UTF-8."""
        return self.read().decode("utf-8", "replace")

    def close(self) -> None:
        """Leave the rest of the body unread."""
        if not self._raw.closed:
            # what was not read would be taken for the next answer on this connection
            self._raw.close()
        self._raw.release_conn()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Proxy:
    """Requests to the vendor's own API, sent as one of its connections; bodies are streamed."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def request(self, method: str, path: str, **asked: Unpack[BlockingAsked]) -> ProxyReply:
        """Send a request to the vendor.

        `path` is below the provider's base URL, or a whole address on one of its hosts. `data` is
        bytes, text, a file or an iterable of bytes. A status of 400 or more is raised.
        """
        return self._transport.forward(forward(method, path, asked, asked.get("data")))

    def get(self, path: str, **asked: Unpack[BlockingAsked]) -> ProxyReply:
        """Send a GET; see `request`."""
        return self.request("GET", path, **asked)

    def post(self, path: str, **asked: Unpack[BlockingAsked]) -> ProxyReply:
        """Send a POST; see `request`."""
        return self.request("POST", path, **asked)

    def put(self, path: str, **asked: Unpack[BlockingAsked]) -> ProxyReply:
        """Send a PUT; see `request`."""
        return self.request("PUT", path, **asked)

    def patch(self, path: str, **asked: Unpack[BlockingAsked]) -> ProxyReply:
        """Send a PATCH; see `request`."""
        return self.request("PATCH", path, **asked)

    def delete(self, path: str, **asked: Unpack[BlockingAsked]) -> ProxyReply:
        """Send a DELETE; see `request`."""
        return self.request("DELETE", path, **asked)
