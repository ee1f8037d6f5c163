"""A document library that shows a folder of the host's disk, without ever writing to it.

What clients change in the library lies on top: an edited file keeps the tenant's bytes, and a
deleted one stays deleted, until the file on disk changes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from pathlib import Path

from watchfiles import awatch

from m365sim.files.blob import FileBlob
from m365sim.files.drive import Drive
from m365sim.files.ids import ROOT_UID
from m365sim.files.item import Actor, Item
from m365sim.files.mirror_scan import Entry, Scanner, Seen
from m365sim.files.problems import Refused
from m365sim.files.quickxor import quick_xor_hash
from m365sim.history import acting

POLL = 10_000  # milliseconds
DISK = Actor(user_name="Disk Mirror")


class MirrorBlob(FileBlob):
    """The bytes of a mirrored file, found where the file lies now."""

    __slots__ = ("_entry", "_root")

    def __init__(self, root: Path, entry: Entry) -> None:
        super().__init__(root / entry.rel, entry.size)
        self._root = root
        self._entry = entry

    @property
    def origin(self) -> tuple[str, str, bytes, int]:
        """The mirrored folder, the place in it, and the uid and size of the file."""
        return str(self._root), self._entry.rel, self._entry.uid, self.size

    def quick_xor_hash(self) -> str:
        """Return the QuickXorHash; of a file that just vanished that of nothing."""
        try:
            return super().quick_xor_hash()
        except FileNotFoundError:
            return quick_xor_hash(b"")

    def chunks(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield the bytes from `start` up to `stop`."""
        self._path = self._root / self._entry.rel  # a folder above may have been renamed
        return super().chunks(start, stop)


class Mirror:
    """Keeps a drive in step with a folder."""

    def __init__(self, drive: Drive, folder: Path) -> None:
        self.drive = drive
        self.folder = folder.resolve(strict=True)
        self._known: dict[str, Entry] = {}
        self._by_uid: dict[bytes, Entry] = {}  # what `remember` was told
        self._scanner = Scanner(self.folder)
        self._looks = 0

    @property
    def looks(self) -> int:
        """How often the folder was looked at."""
        return self._looks

    def seen(self) -> list[Entry]:
        """List what the folder held at the last look."""
        return list(self._known.values())

    def remember(self, entries: Iterable[Entry]) -> None:
        """Go on from a look that was taken by an earlier process."""
        self._known = {entry.rel: entry for entry in entries}
        self._by_uid = {entry.uid: entry for entry in entries}
        self._scanner = Scanner(self.folder)
        self._looks = 0

    def entry_of(self, uid: bytes) -> Entry | None:
        """Return what a file is on disk, if it is there and was remembered."""
        return self._by_uid.get(uid)

    def rescan(self) -> int:
        """Look at the folder and put what changed into the drive; return how many changes."""
        return self._apply(self._scanner.scan())

    async def watch(self, stop: asyncio.Event) -> None:
        """Rescan whenever the folder changes, until told to stop."""
        # Some file systems report nothing, so it is looked at now and then in any case.
        changes = awatch(
            self.folder,
            stop_event=stop,
            debounce=200,
            step=50,
            rust_timeout=POLL,
            yield_on_timeout=True,
        )
        async for _ in changes:
            looks = self._looks
            seen = await asyncio.to_thread(self._scanner.scan)
            if looks == self._looks:  # else someone looked meanwhile, and saw something newer
                self._apply(seen)

    # -- bringing the drive up to date

    def _apply(self, look: Seen) -> int:
        with acting("disk"):
            return self._put_into_drive(look)

    def _put_into_drive(self, look: Seen) -> int:
        self._looks += 1
        before = self.drive.log.head
        seen = look.entries
        # A folder that cannot be read, such as an unmounted one, is not an empty one.
        for folder in look.unreadable:
            for rel, entry in self._known.items():
                if not folder or rel.startswith(folder + "/"):
                    seen.setdefault(rel, entry)
        self._follow_moves(seen)
        for rel in sorted(self._known.keys() - seen.keys(), key=_depth, reverse=True):
            self._remove(self._known.pop(rel))
        for rel in sorted(seen, key=_depth):
            try:
                self._bring(seen[rel])
            except Refused as refused:
                self._scanner.warn(rel, str(refused))
        return self.drive.log.head - before

    def _follow_moves(self, seen: dict[str, Entry]) -> None:
        """Recognise a rename by its inode, so that the item keeps its id."""
        gone = {
            (entry.is_folder, entry.node): entry
            for rel, entry in self._known.items()
            if rel not in seen
        }
        for rel in sorted(seen.keys() - self._known.keys(), key=_depth):
            found = seen[rel]
            old = gone.get((found.is_folder, found.node))
            if old is None or old.rel in seen or rel in self._known:
                continue
            # An inode may be given out again at once, so there must be more to tell it by.
            if not (old.same_as(found) or self._share_content(old, found, seen)):
                continue
            item = self._live(old.uid)
            if item is None:
                continue
            try:
                parent = self._folder(_above(rel))
                self.drive.update(item, DISK, name=_name(rel), parent=parent)
            except Refused as refused:
                self._scanner.warn(rel, str(refused))
                continue
            self._rename(old.rel, rel)

    def _share_content(self, old: Entry, found: Entry, seen: dict[str, Entry]) -> bool:
        """Tell whether a folder holds something now that it held under its old name."""
        if not found.is_folder:
            return False
        for rel, entry in self._known.items():
            if _above(rel) == old.rel:
                now = seen.get(f"{found.rel}/{_name(rel)}")
                if now is not None and now.node == entry.node:
                    return True
        return False

    def _rename(self, old: str, new: str) -> None:
        for rel in [r for r in self._known if r == old or r.startswith(old + "/")]:
            entry = self._known.pop(rel)
            entry.rel = new + rel[len(old) :]
            self._known[entry.rel] = entry

    def _remove(self, entry: Entry) -> None:
        item = self._live(entry.uid)
        if item is None:
            return
        if item.is_folder and any(True for _ in self.drive.walk(item)):
            return  # what is left in it was put there by clients, and is theirs
        self.drive.delete(item)

    def _bring(self, found: Entry) -> None:
        known = self._known.get(found.rel)
        if known is not None and known.is_folder != found.is_folder:
            self._remove(self._known.pop(found.rel))
            known = None
        if known is None:
            self._add(found)
        elif not found.is_folder and not found.same_as(known):
            self._renew(known, found)

    def _add(self, found: Entry) -> None:
        parent = self._folder(_above(found.rel))
        at = found.changed_ns // 1_000_000_000
        if found.is_folder:
            item = self.drive.create_folder(parent, _name(found.rel), DISK, "replace", at=at)
        else:
            blob = MirrorBlob(self.folder, found)
            item, _ = self.drive.put_file(
                parent, _name(found.rel), blob, DISK, file_times=(at, at), at=at
            )
        found.uid = item.uid
        self._known[found.rel] = found

    def _renew(self, known: Entry, found: Entry) -> None:
        item = self._live(known.uid)
        if item is None:
            self._add(found)
            return
        found.uid = known.uid
        at = found.changed_ns // 1_000_000_000
        blob = MirrorBlob(self.folder, found)
        self.drive.replace_content(item, blob, DISK, file_times=(at, at), at=at)
        self._known[found.rel] = found

    def _folder(self, rel: str) -> Item:
        """Return the item of a folder, making anew what clients deleted."""
        if not rel:
            return self.drive.live(ROOT_UID)
        known = self._known.get(rel)
        item = self._live(known.uid) if known is not None else None
        if item is None:
            above = self._folder(_above(rel))
            item = self.drive.create_folder(above, _name(rel), DISK, "replace")
            if known is not None:
                known.uid = item.uid
        return item

    def _live(self, uid: bytes) -> Item | None:
        item = self.drive.find(uid)
        return item if item is not None and self.drive.is_live(item) else None


def _depth(rel: str) -> tuple[int, str]:
    return rel.count("/"), rel


def _above(rel: str) -> str:
    return rel.rpartition("/")[0]


def _name(rel: str) -> str:
    return rel.rpartition("/")[2]
