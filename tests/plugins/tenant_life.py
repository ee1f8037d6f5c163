"""What people do in a tenant while nobody of ours looks: one step of a random history at a time.

A step is a kind and two numbers, which choose among what there is at that moment; a step that makes
no sense then does nothing. So every list of steps is a history, and a shorter list is one, too.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from m365sim.files import Drive, Item, Site
from m365sim.files.blob import MemoryBlob
from m365sim.files.item import SYSTEM
from m365sim.files.problems import Refused
from m365sim.sharing.acl import Acl
from m365sim.transfer.copies import CopyOrder, copy_now, move_now
from m365sim.world import World

#: few, so that they meet; two differ by case alone, and some need quoting
NAMES = ("a", "A", "b é#%", "c d.txt", "Q1+2 & 'x'.docx", "é", "z.tmp")

Step = tuple[str, int, int]


@dataclass
class TenantLife:
    """The libraries where things happen, and what was taken away for a while."""

    world: World
    drives: list[Drive]
    _lost: dict[str, Callable[[], None]] = field(default_factory=dict)
    _gone: dict[str, Drive] = field(default_factory=dict)
    _saved: int = 0

    def do(self, step: Step) -> None:
        """Let one thing happen."""
        kind, a, b = step
        try:
            getattr(self, f"_{kind}")(a, b)
        except Refused:
            # A name that is taken, a folder into itself: the people gave up, too.
            return

    def calm_down(self) -> None:
        """Give back all access that was taken away, and all libraries."""
        for give_back in list(self._lost.values()):
            give_back()
        self._lost.clear()
        for drive in self._gone.values():
            self.world.content.put_back_drive(drive)
        self._gone.clear()

    # -- files and folders

    def _drive(self, number: int) -> Drive:
        return self.drives[number % len(self.drives)]

    def _item(self, drive: Drive, number: int) -> Item | None:
        found = list(drive.walk(drive.root))
        return found[number // len(self.drives) % len(found)] if found else None

    def _folder(self, drive: Drive, number: int) -> Item:
        found = [drive.root, *(one for one in drive.walk(drive.root) if one.is_folder)]
        return found[number % len(found)]

    def _blob(self) -> MemoryBlob:
        self._saved += 1
        return MemoryBlob(b"%d" % self._saved)

    def _file(self, a: int, b: int) -> None:
        drive = self._drive(a)
        name = NAMES[b % len(NAMES)]
        drive.put_file(self._folder(drive, b), name, self._blob(), SYSTEM, "rename")

    def _new_folder(self, a: int, b: int) -> None:
        drive = self._drive(a)
        drive.create_folder(self._folder(drive, b), NAMES[a % len(NAMES)], SYSTEM, "rename")

    def _edit(self, a: int, b: int) -> None:
        drive = self._drive(a)
        item = self._item(drive, a)
        if item is not None and not item.is_folder:
            drive.replace_content(item, self._blob(), SYSTEM)

    def _rename(self, a: int, b: int) -> None:
        drive = self._drive(a)
        item = self._item(drive, a)
        if item is not None:
            drive.update(item, SYSTEM, name=NAMES[b % len(NAMES)])

    def _rename_folder(self, a: int, b: int) -> None:
        drive = self._drive(a)
        folder = self._folder(drive, a)
        if folder.parent is not None:
            drive.update(folder, SYSTEM, name=NAMES[b % len(NAMES)])

    def _move(self, a: int, b: int) -> None:
        drive = self._drive(a)
        item = self._item(drive, a)
        if item is not None:
            drive.update(item, SYSTEM, parent=self._folder(drive, b), conflict="rename")

    def _move_folder(self, a: int, b: int) -> None:
        drive = self._drive(a)
        folder = self._folder(drive, a)
        if folder.parent is not None:
            drive.update(folder, SYSTEM, parent=self._folder(drive, b), conflict="rename")

    def _delete(self, a: int, b: int) -> None:
        drive = self._drive(a)
        item = self._item(drive, a)
        if item is not None:
            drive.delete(item, report_children=self.world.quirks.deleted_children)

    def _delete_folder(self, a: int, b: int) -> None:
        drive = self._drive(a)
        folder = self._folder(drive, a)
        if folder.parent is not None:
            drive.delete(folder, report_children=self.world.quirks.deleted_children)

    def _restore(self, a: int, b: int) -> None:
        drive = self._drive(a)
        binned = drive.bin()
        if binned:
            elsewhere = self._folder(drive, b) if b % 3 == 0 else None
            drive.restore(binned[a % len(binned)].uid, parent=elsewhere)

    def _purge(self, a: int, b: int) -> None:
        drive = self._drive(a)
        binned = drive.bin()
        if binned:
            drive.purge(binned[a % len(binned)].uid)

    def _across(self, a: int, b: int) -> None:
        """Move to another library, where everything has new ids."""
        source, target = self._drive(a), self._drive(a + 1 + b % max(1, len(self.drives) - 1))
        item = self._item(source, a)
        if item is not None and target is not source:
            order = CopyOrder(source, item, target, self._folder(target, b), item.name, "rename")
            move_now(order, SYSTEM)

    def _copy(self, a: int, b: int) -> None:
        source, target = self._drive(a), self._drive(b)
        item = self._item(source, a)
        if item is not None:
            order = CopyOrder(source, item, target, self._folder(target, b), item.name, "rename")
            copy_now(order, SYSTEM)

    # -- access

    def _lose_drive(self, a: int, b: int) -> None:
        """Close a library to everybody but apps."""
        drive = self._drive(a)
        acl = self.world.sharing.drive_acl(drive)
        self._close(f"drive {drive.id}", acl)

    def _lose_site(self, a: int, b: int) -> None:
        """Close a whole site to everybody but apps."""
        site: Site = self._drive(a).site
        self._close(f"site {site.id}", self.world.sharing.site_acl(site))

    def _close(self, what: str, acl: Acl) -> None:
        if what in self._lost:
            return
        inherits, permissions = acl.inherits, acl.permissions
        acl.inherits, acl.permissions = False, {}

        def give_back() -> None:
            acl.inherits, acl.permissions = inherits, permissions

        self._lost[what] = give_back

    def _regain(self, a: int, b: int) -> None:
        if self._lost:
            what = list(self._lost)[a % len(self._lost)]
            self._lost.pop(what)()

    def _drive_gone(self, a: int, b: int) -> None:
        drive = self._drive(a)
        if drive.id not in self._gone:
            self.world.content.remove_drive(drive)
            self._gone[drive.id] = drive

    def _drive_back(self, a: int, b: int) -> None:
        if self._gone:
            drive = self._gone.pop(list(self._gone)[a % len(self._gone)])
            self.world.content.put_back_drive(drive)

    def _expire(self, a: int, b: int) -> None:
        """Let every position given out so far be too old: 410."""
        self.world.content.expire_delta_tokens()


def truth_of(drive: Drive) -> dict[str, tuple[Any, ...]]:
    """Return record id -> name, parent, path, size, hash of all that lies in a library now."""
    found: dict[str, tuple[Any, ...]] = {}
    for item in drive.walk(drive.root):
        size = None if item.is_folder else item.size
        digest = item.blob.quick_xor_hash() if item.blob is not None else None
        parent = drive.item_id(item.parent) if item.parent else None
        key = f"{drive.id}/{drive.item_id(item.uid)}"
        found[key] = (item.name, parent, drive.path(item), size, digest)
    return found
