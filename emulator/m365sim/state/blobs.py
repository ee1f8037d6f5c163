"""The bytes of files: small ones in rows, large ones in files beside the state file."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from m365sim.files.blob import Blob, FileBlob, MemoryBlob
from m365sim.files.content import Content
from m365sim.files.mirror import MirrorBlob
from m365sim.state.codec import Reference, Unreadable


class Blobs:
    """Gives every blob a reference, and finds it again."""

    def __init__(self, database: sqlite3.Connection, folder: Path) -> None:
        self._database = database
        self.folder = folder
        # The blobs are held, so that an address in memory stands for one blob only.
        self._numbers: dict[int, tuple[Blob, int]] = {}
        self._next = 1
        self._memory: dict[int, Blob] = {}
        self.contents: dict[str, Content] = {}  # of every tenant

    def reference(self, blob: Any) -> Reference:
        """Return what stands for a blob; the bytes of a small one are written at the first call."""
        if isinstance(blob, MirrorBlob):
            return ("mirrored", *blob.origin)
        if isinstance(blob, FileBlob):
            path, size, known_hash = blob.kept
            if path.parent == self.folder:
                return ("spooled", path.name, size, known_hash)
            return ("on disk", str(path), size, known_hash)
        known = self._numbers.get(id(blob))
        if known is None:
            known = self._hold(blob, self._next)
            content = b"".join(blob.chunks(0, blob.size))
            self._database.execute("INSERT INTO blobs VALUES (?, ?)", (known[1], content))
        return ("blob", known[1])

    def resolve(self, reference: Reference) -> Blob:
        """Return the blob that a reference stands for."""
        match reference:
            case ("blob", int(number)):
                return self._memory[number]
            case ("spooled", str(name), int(size), known_hash):
                return FileBlob(self.folder / Path(name).name, size, known_hash)
            case ("on disk", str(path), int(size), known_hash):
                return FileBlob(Path(path), size, known_hash)
            case ("mirrored", str(root), str(rel), bytes(uid), int(size)):
                return self._mirrored(Path(root), rel, uid, size)
        raise Unreadable(f"{reference[0]} is no kind of content")

    def read(self) -> None:
        """Read the bytes of all small files."""
        for number, content in self._database.execute("SELECT number, content FROM blobs"):
            blob = self._memory[number] = MemoryBlob(content)
            self._hold(blob, number)

    def _hold(self, blob: Blob, number: int) -> tuple[Blob, int]:
        self._next = max(self._next, number + 1)
        held = self._numbers[id(blob)] = (blob, number)
        return held

    def _mirrored(self, root: Path, rel: str, uid: bytes, size: int) -> Blob:
        for content in self.contents.values():
            for mirror in content.mirrors:
                # One that is being read itself has no folder yet.
                is_it = vars(mirror).get("folder") == root
                if is_it and (entry := mirror.entry_of(uid)) is not None:
                    return MirrorBlob(root, entry)
        return FileBlob(root / rel, size)
