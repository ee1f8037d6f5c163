"""What a connection is sent in one turn of the event loop leaves in one piece.

The server writes the head of an answer and each part of its body by itself, and every write costs a
call of the system and wakes whoever reads. Here they are gathered until the turn is over, and then
written together. Protocols and transports as in
[asyncio](https://docs.python.org/3/library/asyncio-protocol.html).
"""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

#: beyond this, what was gathered is written at once: it must not pile up
MOST_BYTES = 65_536


class GatheredTransport:
    """A transport that writes at the end of the loop's turn; in all else it is the one below."""

    def __init__(self, below: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._below = below
        self._call_soon = loop.call_soon
        self._held: list[bytes | bytearray | memoryview] = []
        self._held_bytes = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send, at the end of this turn at the latest."""
        if not data:
            return
        if not self._held:
            self._call_soon(self._flush)
        self._held.append(data)
        self._held_bytes += len(data)
        if self._held_bytes > MOST_BYTES:
            self._flush()

    def _flush(self) -> None:
        held, self._held, self._held_bytes = self._held, [], 0
        if len(held) == 1:
            self._below.write(held[0])
        elif held:
            self._below.writelines(held)

    def close(self) -> None:
        """Close once all that was written is sent."""
        self._flush()
        self._below.close()

    def abort(self) -> None:
        """Close at once; what was not sent is lost."""
        self._held, self._held_bytes = [], 0
        self._below.abort()

    def is_closing(self) -> bool:
        """Is it closed, or about to be?"""
        return self._below.is_closing()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._below, name)


class GatheringProtocol(HttpToolsProtocol):
    """The server's HTTP, on such transports."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        gathered = GatheredTransport(transport, self.loop)
        super().connection_made(cast("asyncio.Transport", gathered))
