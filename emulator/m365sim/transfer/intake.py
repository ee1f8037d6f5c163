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

    @property
    def file_name(self) -> str | None:
        """The name of the spool file, if there is one."""
        return self._path.name if self._path is not None else None

    def flush(self) -> None:
        """See to it that all that arrived is where another process would find it."""
        if self._file is not None and not self._file.closed:
            self._file.flush()

    def suspend(self) -> None:
        """Close the file, but keep what arrived for another process."""
        if self._file is not None:
            self._file.close()

    def resume(self) -> None:
        """Go on with what an earlier process took in, as much of it as is there."""
        self._file = None
        self._hash = QuickXor()
        if self._path is None:
            self._hash.update(bytes(self._memory))
            return
        self._path.touch()
        file: BinaryIO = self._path.open("r+b", buffering=IN_MEMORY)
        left = self.size
        while left > 0 and (piece := file.read(min(left, IN_MEMORY))):
            self._hash.update(piece)
            left -= len(piece)
        self.size -= left
        file.truncate(self.size)
        file.seek(self.size)
        self._file = file

    def discard(self) -> None:
        """Throw away what arrived."""
        if self._file is not None and self._path is not None:
            self._file.close()
            self._path.unlink(missing_ok=True)
        self._memory.clear()
