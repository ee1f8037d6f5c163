"""What a folder of the host's disk holds, as far as a library can show it."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path

from m365sim.files.names import name_fault

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Entry:
    """What the disk had at a relative path when it was last looked at."""

    rel: str  # "A/b.txt"
    is_folder: bool
    node: tuple[int, int]  # device and inode
    size: int
    changed_ns: int
    uid: bytes = b""

    def same_as(self, other: Entry) -> bool:
        """Tell whether a file is the same version as another look at it."""
        return (self.size, self.changed_ns) == (other.size, other.changed_ns)


@dataclass(frozen=True, slots=True)
class Seen:
    """A look at the disk: what was there, and the folders that could not be read."""

    entries: dict[str, Entry]
    unreadable: list[str]


class Scanner:
    """Looks at a folder, and warns once of each thing that no library can hold."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._warned: set[str] = set()

    def scan(self) -> Seen:
        """Look at everything that is in the folder."""
        seen = Seen({}, [])
        names: set[str] = set()  # in lower case: SharePoint does not tell A from a
        pending = [""]
        while pending:
            above = pending.pop()
            for found in self._listed(above, seen):
                rel = f"{above}/{found.name}" if above else found.name
                entry = self._entry(found, rel)
                if entry is None:
                    continue
                if rel.lower() in names:
                    self.warn(rel, "another name differs from it in case only")
                    continue
                names.add(rel.lower())
                seen.entries[rel] = entry
                if entry.is_folder:
                    pending.append(rel)
        return seen

    def _listed(self, rel: str, seen: Seen) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self._folder / rel) as found:
                return sorted(found, key=lambda entry: entry.name)
        except OSError as unreadable:
            self.warn(rel or ".", str(unreadable))
            seen.unreadable.append(rel)
            return []

    def _entry(self, found: os.DirEntry[str], rel: str) -> Entry | None:
        if found.name.startswith("."):
            return None
        if fault := name_fault(found.name, at_root="/" not in rel):
            self.warn(rel, fault)
            return None
        try:
            if found.is_symlink():
                target = Path(found.path).resolve(strict=True)
                if not target.is_relative_to(self._folder) or target.is_dir():
                    self.warn(rel, "it is a link out of the folder or to a folder")
                    return None
            status = found.stat()
            is_folder = found.is_dir()
            if not is_folder and not found.is_file():
                return None
        except OSError as unreadable:  # gone between the listing and the look at it, or no access
            self.warn(rel, str(unreadable))
            return None
        size = 0 if is_folder else status.st_size
        return Entry(rel, is_folder, (status.st_dev, status.st_ino), size, status.st_mtime_ns)

    def warn(self, rel: str, why: str) -> None:
        """Say, once, why something is left out."""
        if rel not in self._warned:
            self._warned.add(rel)
            log.warning("left out of the mirrored library: %s: %s", rel, why)
