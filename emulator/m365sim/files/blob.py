"""Where the bytes of a file come from: memory, a spool file, or a file of the host's disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from m365sim.files.quickxor import QuickXor, quick_xor_hash

CHUNK = 256 * 1024  # bytes read from a file at a time


class Blob(Protocol):
    """The bytes of one version of a file; they never change."""

    @property
    def size(self) -> int:
        """Length in bytes."""
        ...

    def quick_xor_hash(self) -> str:
        """Return the QuickXorHash in base64."""
        ...

    def chunks(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield the bytes from `start` up to `stop`, in pieces."""
        ...


class MemoryBlob:
    """Bytes held in memory."""

    __slots__ = ("_content", "_hash")

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._hash: str | None = None

    @property
    def size(self) -> int:
        """Length in bytes."""
        return len(self._content)

    def quick_xor_hash(self) -> str:
        """Return the QuickXorHash in base64."""
        if self._hash is None:
            self._hash = quick_xor_hash(self._content)
        return self._hash

    def chunks(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield the bytes from `start` up to `stop`, in one piece."""
        yield self._content[start:stop]


class FileBlob:
    """Bytes in a file on the host's disk, read when asked for and never loaded whole."""

    __slots__ = ("_hash", "_path", "_size")

    def __init__(self, path: Path, size: int, known_hash: str | None = None) -> None:
        self._path = path
        self._size = size
        self._hash = known_hash

    @property
    def size(self) -> int:
        """Length in bytes when the file was looked at."""
        return self._size

    @property
    def kept(self) -> tuple[Path, int, str | None]:
        """Where the file is, its size, and its hash if that was ever asked for."""
        return self._path, self._size, self._hash

    def quick_xor_hash(self) -> str:
        """Return the QuickXorHash in base64, reading the file the first time."""
        if self._hash is None:
            running = QuickXor()
            for piece in self.chunks(0, self._size):
                running.update(piece)
            self._hash = running.digest()
        return self._hash

    def chunks(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield the bytes from `start` up to `stop`; a file cut short meanwhile ends early."""
        with self._path.open("rb") as file:
            file.seek(start)
            left = stop - start
            while left > 0 and (piece := file.read(min(CHUNK, left))):
                left -= len(piece)
                yield piece


class FillerBlob:
    """Made-up bytes of any length, which are written nowhere: a line over and over again."""

    __slots__ = ("_hash", "size")

    def __init__(self, size: int) -> None:
        self.size = size
        self._hash: str | None = None

    def quick_xor_hash(self) -> str:
        """Return the QuickXorHash in base64."""
        if self._hash is None:
            running = QuickXor()
            for piece in self.chunks(0, self.size):
                running.update(piece)
            self._hash = running.digest()
        return self._hash

    def chunks(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield the bytes from `start` up to `stop`, in pieces."""
        line = b"The quick brown fox jumps over the lazy dog, again and again.\n"
        piece = line * (CHUNK // len(line) + 2)
        while start < stop:
            first = start % len(line)
            length = min(CHUNK, stop - start)
            yield piece[first : first + length]
            start += length
