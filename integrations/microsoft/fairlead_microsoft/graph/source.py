"""Source: the bytes of an upload, a piece at a time, however they come.

Bytes that stream in come once: the piece that is under way is kept until the next one is asked for,
so that it can be sent again.
"""

from collections.abc import AsyncIterator

from fairlead.errors import Unavailable
from fairlead.sdk import Incoming
from fairlead_microsoft.graph.hashing import QuickXor, quick_xor_hash


class Source:
    """What is uploaded, from its first byte to its last."""

    def __init__(self, content: bytes | Incoming, piece_bytes: int) -> None:
        self._whole = content if isinstance(content, bytes) else None
        self._size = piece_bytes
        #: bytes
        self.total = len(content) if isinstance(content, bytes) else content.size
        self.is_whole = self._whole is not None
        self._chunks: AsyncIterator[bytes] | None = None
        if not isinstance(content, bytes):
            self._chunks = content.stream()
        self._kept = b""
        self._begin = 0  # of what is kept
        self._more = bytearray()
        self._hash = QuickXor()

    async def piece(self, start: int) -> bytes:
        """Return what comes at a place, a piece at most; Unavailable if that is gone by."""
        if self._whole is not None:
            return self._whole[start : start + self._size]
        if start == self._begin + len(self._kept):
            self._kept, self._begin = await self._next(), start
        if not self._begin <= start <= self._begin + len(self._kept):
            raise Unavailable(
                "Microsoft asks for bytes of the upload that are gone by; upload the file again.",
                code="upload_uncertain",
            )
        return self._kept[start - self._begin :]

    async def end(self) -> None:
        """Make sure that nothing more comes; whoever sends it is told if it does."""
        if self._chunks is not None:
            async for _ in self._chunks:
                pass

    async def _next(self) -> bytes:
        assert self._chunks is not None
        while len(self._more) < self._size:
            chunk = await anext(self._chunks, None)
            if chunk is None:
                break
            self._more += chunk
        piece = bytes(memoryview(self._more)[: self._size])
        del self._more[: self._size]
        self._hash.update(piece)
        return piece

    def digest(self) -> str:
        """Return the quickXorHash of all bytes that were asked for."""
        return quick_xor_hash(self._whole) if self._whole is not None else self._hash.digest()
