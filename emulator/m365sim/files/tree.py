"""The items of a document library: as they are, as they were, and the one way to change them.

Items that never changed since a synthetic tree was laid out are computed; all others are in memory.
Each change goes through `commit`, so the change log cannot miss one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from m365sim.files.changes import ChangeLog
from m365sim.files.checkout import Checkout, as_seen, is_draft, is_hidden
from m365sim.files.ids import ROOT_UID
from m365sim.files.item import Item
from m365sim.files.problems import Missing
from m365sim.files.synthetic import SyntheticTree


class Tree:
    """A root and what is below it, with its history."""

    def __init__(self, created_at: int, base: SyntheticTree | None = None) -> None:
        self.base = base
        self.log = ChangeLog()
        self.root = Item(ROOT_UID, None, "root", True, created_at, created_at, content_version=0)
        self.checked_out: dict[bytes, Checkout] = {}  # uid → who has the file
        self._items: dict[bytes, Item] = {ROOT_UID: self.root}
        self._children: dict[bytes, dict[str, bytes]] = {}
        self._bytes: Counter[bytes] = (
            Counter()
        )  # of the files right in a folder, computed ones aside
        self._moved_on: Counter[bytes] = (
            Counter()
        )  # folder → computed children that left or changed
        self._first: dict[bytes, int] = {}  # uid → number of the change that put it in memory
        self._holes: set[bytes] = set()  # folders that were ever deleted
        self._purged: set[bytes] = set()  # deleted for good
        #: Called after each change with the state before it (None: it is new) and the one after.
        self.told: Callable[[Item | None, Item], None] | None = None
        #: Called with what else happened to an item: `purged`, `checkedOut`, `checkedIn`.
        self.noted: Callable[[str, Item], None] | None = None
        self.rewrites = 0  # how often states were changed that are in the log already

    def live(self, uid: bytes) -> Item:
        """Return the live item of a uid; Missing when there is none."""
        item = self.find(uid)
        if item is None or not self.is_live(item):
            raise Missing("The resource could not be found.")
        return item

    def find(self, uid: bytes) -> Item | None:
        """Return the present state of a uid, which may be a deleted one."""
        item = self._items.get(uid)
        if item is None and self.base is not None:
            index = self.base.index(uid)
            if index:
                return self.base.item(index)
        if item is not None and self.checked_out:
            return as_seen(self, item)
        return item

    def stored(self, uid: bytes) -> Item:
        """Return the present state of a uid that was ever changed, whoever may see it."""
        return self._items[uid]

    def at(self, uid: bytes, number: int) -> Item | None:
        """Return an item's state after the change of a number."""
        change = self.log.changed_after(uid, number)
        item = self.find(uid) if change is None else change.before
        return as_seen(self, item) if item is not None and self.checked_out else item

    def states(self, uid: bytes) -> list[Item]:
        """List the states that an item was in before the present one, oldest first."""
        states = [change.before for change in self.log.of(uid) if change.before is not None]
        held = self.checked_out.get(uid)
        if held is not None and is_hidden(held):
            return [state for state in states if not is_draft(self, state)]
        return states

    def is_live(self, item: Item, number: int | None = None) -> bool:
        """Tell whether neither the item nor a folder above it is deleted (at a number)."""
        current: Item | None = item
        while current is not None and not current.deleted:
            if current.parent is None:
                return True
            if not self._holes:
                return True
            current = self._state(current.parent, number)
        return False

    def ancestors(self, item: Item, number: int | None = None) -> list[Item]:
        """List the folders above an item, the root first."""
        chain = []
        while item.parent is not None:
            above = self._state(item.parent, number)
            if above is None:
                break
            item = above
            chain.append(item)
        return chain[::-1]

    def path(self, item: Item) -> str:
        """Return the decoded path below the root: `/A/b.txt`; "" for the root."""
        if item.parent is None:
            return ""
        names = [above.name for above in self.ancestors(item)[1:]]
        return "/" + "/".join([*names, item.name])

    def child(self, parent: bytes, name: str) -> Item | None:
        """Return the child of that name, in any case."""
        uid = self._children.get(parent, {}).get(name.lower())
        if uid is not None:
            return self.find(uid)
        if self.base is not None and (index := self.base.index(parent)) is not None:
            found = self.base.find(index, name)
            if found and self.base.uid(found) not in self._items:
                return self.base.item(found)
        return None

    def resolve(self, start: Item, names: Iterable[str]) -> Item:
        """Follow names downwards; Missing when one is not there."""
        for name in names:
            below = self.child(start.uid, name)
            if below is None:
                raise Missing("The resource could not be found.")
            start = below
        return start

    def children(self, parent: bytes) -> list[Item]:
        """List what lies right in a folder."""
        listed: list[Item] = []
        if self.base is not None and (index := self.base.index(parent)) is not None:
            indexes = self.base.children(index)
            listed = [self.base.item(i) for i in indexes if self.base.uid(i) not in self._items]
        stored = (self._items[uid] for uid in self._children.get(parent, {}).values())
        if self.checked_out:
            stored = (as_seen(self, item) for item in stored)
        listed.extend(stored)
        return listed

    def child_count(self, parent: bytes) -> int:
        """Count what lies right in a folder."""
        count = len(self._children.get(parent, ())) - self._moved_on[parent]
        if self.base is not None and (index := self.base.index(parent)) is not None:
            count += self.base.child_count(index)
        return count

    def folder_bytes(self, parent: bytes) -> int:
        """Sum the sizes of files right in a folder; computed ones count as they were laid out."""
        total = self._bytes[parent]
        if self.base is not None and (index := self.base.index(parent)) is not None:
            total += self.base.folder_bytes(index)
        return total

    def walk(self, folder: Item) -> Iterator[Item]:
        """Yield everything below a folder, parents before children."""
        for child in self.children(folder.uid):
            yield child
            if child.is_folder:
                yield from self.walk(child)

    @property
    def has_deleted_folders(self) -> bool:
        """Whether any folder was ever deleted, so that what lies below may be gone."""
        return bool(self._holes)

    def is_in_memory(self, uid: bytes) -> bool:
        """Tell whether an item is no computed one, or no longer."""
        return uid in self._items

    def in_memory(self, number: int) -> list[bytes]:
        """List the uids that were in memory at a change number, the root aside."""
        return [uid for uid, first in self._first.items() if first <= number]

    def bin(self) -> list[Item]:
        """List the items in the recycle bin."""
        kept = (uid for uid in self._items if uid not in self._purged)
        return [self._items[uid] for uid in kept if self._items[uid].deleted]

    def purge(self, uid: bytes) -> None:
        """Take a deleted item out of the recycle bin, for good."""
        self._purged.add(uid)
        self.tell("purged", self._items[uid])

    def commit(self, before: Item | None, after: Item, at: int) -> Item:
        """Let `after` take the place of `before` (None = a new item) at a moment."""
        uid = after.uid
        if before is not None and before.parent is not None:
            if uid not in self._items:  # a computed item changes for the first time
                self._moved_on[before.parent] += 1
            elif not before.deleted:
                del self._children[before.parent][before.name.lower()]
                self._bytes[before.parent] -= before.size
        self._items[uid] = after
        if after.parent is not None and not after.deleted:
            self._children.setdefault(after.parent, {})[after.name.lower()] = uid
            self._bytes[after.parent] += after.size
        if after.deleted and after.is_folder:
            self._holes.add(uid)
        number = self.log.record(uid, before, at)
        self._first.setdefault(uid, number)
        if self.told is not None:
            self.told(before, after)
        return after

    def tell(self, action: str, item: Item) -> None:
        """Let it be written down what happened to an item without another state of it."""
        if self.noted is not None:
            self.noted(action, item)

    def _state(self, uid: bytes, number: int | None) -> Item | None:
        return self.find(uid) if number is None else self.at(uid, number)
