"""The server side of an HTTPS proxy that is itself every host it connects to.

A client asks for a tunnel with CONNECT (RFC 9110 section 9.3.6) and gets one that ends right here:
TLS with a certificate for the host it named, then plain HTTP for the app. No connection ever leaves
the process.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    from uvicorn.config import Config
    from uvicorn.server import ServerState

ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
HEAD_LIMIT = 16 * 1024  # bytes
HEAD_SECONDS = 30
HANDSHAKE_SECONDS = 30
CLOSING_SECONDS = 1  # what a client gets to say goodbye

#: Returns the TLS of a host and port, or the sentence that says why there is none.
Answering = Callable[[str, int], ssl.SSLContext | str]


class Tunnel(asyncio.Protocol):
    """A connection to the proxy: it begins with CONNECT and goes on as HTTP over TLS."""

    answering: Answering  # set by `tunnel_to`

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._config = config
        self._state = server_state
        self._connections = cast("set[Any]", server_state.connections)  # it calls shutdown() only
        self._app_state = app_state
        self._loop = _loop or asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._head = bytearray()
        self._timer: asyncio.TimerHandle | None = None
        self._opening: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the request; the server must know the connection, to close it when it ends."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass
        self._connections.add(self)
        self._timer = self._loop.call_later(HEAD_SECONDS, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Forget the connection."""
        self._done()

    def shutdown(self) -> None:
        """Close a connection that is not yet a tunnel: called by the server when it ends."""
        if self._opening is not None:
            self._opening.cancel()
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Collect the head of the request, then open the tunnel or refuse it."""
        self._head += data
        head, end, early = bytes(self._head).partition(b"\r\n\r\n")
        if not end:
            if len(self._head) > HEAD_LIMIT:
                self._refuse(400, "The head of the request is too long.")
            return
        asked = _asked(head)
        if isinstance(asked, _Wrong):
            self._refuse(asked.status, asked.sentence)
            return
        if early:
            self._refuse(400, "Wait for the answer to CONNECT before you send anything.")
            return
        context = type(self).answering(*asked)
        if isinstance(context, str):
            self._refuse(502, context)
            return
        assert self._transport is not None
        self._transport.pause_reading()  # what comes next belongs to TLS
        self._opening = self._loop.create_task(self._open(self._transport, context, asked[0]))

    async def _open(self, transport: asyncio.Transport, context: ssl.SSLContext, host: str) -> None:
        transport.write(ESTABLISHED)
        waiting = _Waiting()
        try:
            secure = await self._loop.start_tls(
                transport,
                waiting,
                context,
                server_side=True,
                ssl_handshake_timeout=HANDSHAKE_SECONDS,
                ssl_shutdown_timeout=CLOSING_SECONDS,
            )
        except (OSError, ssl.SSLError):
            # A client that does not trust the authority ends here; it is the one to complain.
            transport.abort()
            return
        finally:
            self._done()
        if secure is None or waiting.is_lost:
            return
        http = HttpToolsProtocol(
            self._config, self._state, {**self._app_state, "tunnel": host}, self._loop
        )
        secure.set_protocol(http)
        http.connection_made(secure)
        if waiting.received:
            http.data_received(bytes(waiting.received))

    def _refuse(self, status: int, sentence: str) -> None:
        assert self._transport is not None
        # Clients show their users the status line of a refused tunnel and throw its body away.
        said = f"m365sim: {sentence}".encode("ascii", "backslashreplace")
        head = (
            b"HTTP/1.1 %d %s\r\ncontent-type: text/plain; charset=utf-8\r\n"
            b"content-length: %d\r\nconnection: close\r\n\r\n"
        )
        self._transport.write(head % (status, said, len(said) + 1) + said + b"\n")
        self._transport.close()

    def _done(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._connections.discard(self)


class _Waiting(asyncio.Protocol):
    """Keeps what a client sends between the end of the handshake and the start of HTTP."""

    def __init__(self) -> None:
        self.received = bytearray()
        self.is_lost = False

    def data_received(self, data: bytes) -> None:
        self.received += data

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self.is_lost = True


class _Wrong:
    """A request that is no CONNECT to a host and port."""

    def __init__(self, status: int, sentence: str) -> None:
        self.status = status
        self.sentence = sentence


def tunnel_to(answering: Answering) -> type[Tunnel]:
    """Return the protocol of a proxy that asks `answering` for the TLS of each host."""
    return type("TunnelTo", (Tunnel,), {"answering": staticmethod(answering)})


def _asked(head: bytes) -> tuple[str, int] | _Wrong:
    """Read host and port from the head of a CONNECT request."""
    words = head.partition(b"\r\n")[0].decode("latin-1").split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        return _Wrong(400, "This is not HTTP/1.1; I am an HTTPS proxy.")
    method, target, _ = words
    if target.lower().startswith("http://"):
        return _Wrong(502, f"I answer for https addresses only, not for {target}.")
    if method != "CONNECT":
        return _Wrong(
            405, "I am an HTTPS proxy: name me in HTTPS_PROXY (`m365sim env` prints how)."
        )
    host, colon, port = target.rpartition(":")
    if not colon or not port.isdigit() or not host:
        return _Wrong(400, "CONNECT needs a host and a port.")
    return host.lower().rstrip("."), int(port)
