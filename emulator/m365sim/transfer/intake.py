"""Takes in bytes of unknown length: small ones stay in memory, larger ones go to a spool file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from m365sim.files.blob import Blob, FileBlob, MemoryBlob
from m365sim.files.quickxor import QuickXor

IN_MEMORY = 1024 * 1024  # bytes


class Intake:
    """Bytes as they arrive; `finish` makes them a Blob."""

    def __init__(self, spool_path: Callable[[], Path]) -> None:
        self.size = 0
        self._spool_path = spool_path
        self._memory = bytearray()
        self._file: BinaryIO | None = None
        self._path: Path | None = None
        self._hash = QuickXor()

    def write(self, chunk: bytes) -> None:
        """Append bytes."""
        self.size += len(chunk)
        self._hash.update(chunk)
        if self._file is None:
            self._memory += chunk
            if len(self._memory) <= IN_MEMORY:
                return
            self._path = self._spool_path()
            self._file = self._path.open("wb")
            chunk, self._memory = bytes(self._memory), bytearray()
        self._file.write(chunk)

    def finish(self) -> Blob:
        """Return what arrived."""
        if self._file is None or self._path is None:
            return MemoryBlob(bytes(self._memory))
        self._file.close()
        return FileBlob(self._path, self.size, self._hash.digest())

    def discard(self) -> None:
        """Throw away what arrived."""
        if self._file is not None and self._path is not None:
            self._file.close()
            self._path.unlink(missing_ok=True)
        self._memory.clear()
