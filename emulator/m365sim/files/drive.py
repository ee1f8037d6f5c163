"""A document library: who it belongs to, and what may be done to its items.

Behaviour follows https://learn.microsoft.com/graph/api/resources/drive and
https://learn.microsoft.com/graph/api/resources/driveitem
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from m365sim.clock import Clock
from m365sim.files import checkout, ids
from m365sim.files.blob import Blob
from m365sim.files.checkout import check_lock, minor_label
from m365sim.files.item import SYSTEM, Actor, Item
from m365sim.files.names import MAX_PATH, check_name, numbered
from m365sim.files.problems import Missing, NameTaken, NotAllowed, PathTooLong
from m365sim.files.site import Site
from m365sim.files.synthetic import SyntheticTree
from m365sim.files.tree import Tree

Conflict = Literal["fail", "replace", "rename"]
DriveType = Literal["documentLibrary", "business", "personal"]


class Drive(Tree):
    """A document library of a site, or a user's OneDrive."""

    def __init__(
        self,
        site: Site,
        library: bytes,
        name: str,
        url_name: str,
        clock: Clock,
        *,
        drive_type: DriveType = "documentLibrary",
        owner: Actor = SYSTEM,
        base: SyntheticTree | None = None,
        is_system: bool = False,
    ) -> None:
        self._clock = clock
        self.created_at = self._now()
        super().__init__(self.created_at, base)
        self.site = site
        self.library = library
        self.name = name
        self.url_name = url_name
        self.description = ""
        self.drive_type = drive_type
        self.owner = owner
        self.is_system = is_system
        self.id = ids.drive_id(site.collection, site.web, library)
        self.prefix = ids.mint_uid("prefix", site.collection, library)[:4]
        self.forgotten: set[tuple[bytes, int]] = set()  # (uid, eTag's n) that are no versions
        self.minor_versions = False  # whether what is saved is a draft until it is published
        self.is_moderated = False  # whether what is published waits for approval
        self.deleted_by: dict[bytes, Actor] = {}
        self._minted = 0

    @property
    def modified_at(self) -> int:
        """When anything in it last changed (seconds since 1970)."""
        return max(self.created_at, self.log.last_at)

    def item_id(self, uid: bytes) -> str:
        """Return the public id of an item of this drive."""
        return ids.item_id(self.prefix, uid)

    def by_id(self, item_id: str) -> Item:
        """Return the live item of a public id; Missing when there is none."""
        parsed = ids.parse_item_id(item_id)
        if parsed is None or parsed[0] != self.prefix:
            raise Missing("The resource could not be found.")
        return self.live(parsed[1])

    def place(self, item: Item) -> str:
        """Return the server-relative path of an item."""
        return f"{self.site.path}/{self.url_name}{self.path(item)}"

    def now(self) -> int:
        """Return the present (seconds since 1970)."""
        return self._now()

    def new_uid(self) -> bytes:
        """Mint the uid of a new item."""
        self._minted += 1
        return ids.mint_uid("item", self.site.collection, self.library, self._minted)

    def create_folder(
        self,
        parent: Item,
        name: str,
        by: Actor,
        conflict: Conflict = "fail",
        *,
        at: int | None = None,
    ) -> Item:
        """Make a folder; under `replace` an existing folder is returned as it is."""
        self.check_place(parent, name)
        if taken := self.child(parent.uid, name):
            if conflict == "replace" and taken.is_folder:
                return taken
            if conflict != "rename":
                raise NameTaken("An item with the same name already exists under the parent")
            name = self.free_name(parent, name, is_folder=True)
        now = self._now() if at is None else at
        made = Item(self.new_uid(), parent.uid, name, True, now, now, by, by, content_version=0)
        return self._commit(None, made)

    def put_file(
        self,
        parent: Item,
        name: str,
        blob: Blob,
        by: Actor,
        conflict: Conflict = "replace",
        *,
        uid: bytes | None = None,
        file_times: tuple[int, int] | None = None,
        at: int | None = None,
    ) -> tuple[Item, bool]:
        """Store a file by its name; the second value tells whether it is a new item.

        `at` stands for the present in the item's own times (seconds since 1970).
        """
        self.check_place(parent, name)
        if taken := self.child(parent.uid, name):
            if conflict == "replace" and not taken.is_folder:
                return self.replace_content(taken, blob, by, file_times=file_times, at=at), False
            if conflict != "rename":
                raise NameTaken("An item with the same name already exists under the parent")
            name = self.free_name(parent, name, is_folder=False)
        now = self._now() if at is None else at
        made = Item(uid or self.new_uid(), parent.uid, name, False, now, now, by, by, blob)
        if self.minor_versions:
            made.fields = minor_label(None)
        if file_times:
            made.file_created_at, made.file_modified_at = file_times
        return self._commit(None, made), True

    def replace_content(
        self,
        item: Item,
        blob: Blob,
        by: Actor,
        *,
        file_times: tuple[int, int] | None = None,
        at: int | None = None,
    ) -> Item:
        """Give a file other bytes."""
        if item.is_folder:
            raise NotAllowed("A folder has no content.")
        check_lock(self, item, by)
        created, modified = file_times or (item.file_created_at, None)
        changed = replace(
            item,
            blob=blob,
            version=item.version + 1,
            content_version=item.content_version + 1,
            modified_at=self._now() if at is None else at,
            modified_by=by,
            file_created_at=created,
            file_modified_at=modified,
        )
        if self.minor_versions:
            changed.fields = {**(item.fields or {}), **minor_label(item)}
        return self._commit(item, changed)

    def update(
        self,
        item: Item,
        by: Actor,
        *,
        name: str | None = None,
        parent: Item | None = None,
        conflict: Conflict = "fail",
        file_times: tuple[int | None, int | None] | None = None,
    ) -> Item:
        """Rename an item, move it within the drive, or set the times a client claims."""
        if item.parent is None and (name is not None or parent is not None):
            raise NotAllowed("The root cannot be renamed or moved.")
        check_lock(self, item, by)
        above = parent or self.live(item.parent or item.uid)
        wanted = name or item.name
        if parent is not None or name is not None:
            self.check_place(above, wanted)
            self._check_not_inside(item, above)
            taken = self.child(above.uid, wanted)
            if taken is not None and taken.uid != item.uid:
                if conflict == "rename":
                    wanted = self.free_name(above, wanted, is_folder=item.is_folder)
                elif conflict == "replace" and not taken.is_folder:
                    self.delete(taken)
                else:
                    raise NameTaken("An item with the same name already exists under the parent")
        changed = replace(item, name=wanted, version=item.version + 1, modified_by=by)
        if item.parent is not None:
            changed.parent = above.uid
        if wanted != item.name:
            changed.modified_at = self._now()  # a move alone leaves it, as in the real service
        if file_times:
            changed.file_created_at = file_times[0] or item.file_created_at
            changed.file_modified_at = file_times[1] or item.file_modified_at
        return self._commit(item, changed)

    def touch(self, item: Item) -> Item:
        """Move an item's eTag on and nothing else."""
        return self._commit(item, replace(item, version=item.version + 1))

    def note(self, item: Item) -> int:
        """Let an item show as changed though it is as before; return the change's number."""
        return self.log.record(item.uid, item, self._now())

    def check_out(self, item: Item, by: Actor) -> None:
        """Give a file to somebody alone; who has it already keeps it."""
        checkout.check_out(self, item, by)

    def check_in(self, item: Item, comment: str = "") -> None:
        """Give a file back."""
        checkout.check_in(self, item, self.checked_out[item.uid].by, comment, is_major=True)

    def discard_checkout(self, item: Item, by: Actor) -> Item:
        """Give a file back as it was when it was checked out."""
        return checkout.undo_check_out(self, item, by, is_owner=True)

    def is_held_from(self, item: Item, by: Actor) -> bool:
        """Tell whether somebody else has checked a file out."""
        return checkout.is_held_from(self, item, by)

    def delete(self, item: Item, *, report_children: bool = False, by: Actor | None = None) -> None:
        """Put an item, and with it everything below, into the recycle bin."""
        if item.parent is None:
            raise NotAllowed("The root cannot be deleted.")
        if by is not None:
            check_lock(self, item, by)
            self.deleted_by[item.uid] = by
        self.checked_out.pop(item.uid, None)
        below = list(self.walk(item)) if report_children else []
        self._commit(item, replace(item, deleted=True))
        for child in below:
            self.log.record(child.uid, child, self._now())

    def binned(self, item_id: str) -> Item:
        """Return the item of the recycle bin with a public id; Missing when there is none."""
        parsed = ids.parse_item_id(item_id)
        item = self.find(parsed[1]) if parsed is not None and parsed[0] == self.prefix else None
        if item is None or not item.deleted or item.uid in self._purged:
            raise Missing("There is no such item in the recycle bin.")
        return item

    def restore(self, uid: bytes, *, parent: Item | None = None, name: str | None = None) -> Item:
        """Take an item out of the recycle bin, under its old id; what lies below comes along.

        It goes back to where it was, or to another folder, or takes another name.
        """
        item = self.binned(self.item_id(uid))
        if item.parent is None:
            raise Missing("There is no such item in the recycle bin.")
        above = parent or self.live(item.parent)
        wanted = name or item.name
        self.check_place(above, wanted)
        if self.child(above.uid, wanted):
            raise NameTaken("An item with the same name already exists under the parent")
        back = self._commit(
            item,
            replace(item, parent=above.uid, name=wanted, deleted=False, version=item.version + 1),
        )
        for child in list(self.walk(back)):
            self.log.record(child.uid, child, self._now())
        return back

    def _now(self) -> int:
        return int(self._clock.now().timestamp())

    def _commit(self, before: Item | None, after: Item) -> Item:
        return self.commit(before, after, self._now())

    def check_place(self, parent: Item, name: str) -> None:
        """Refuse a name or a path that nothing may have there."""
        if not parent.is_folder:
            raise NotAllowed("A file has no children.")
        check_name(name, at_root=parent.parent is None)
        whole = f"{self.place(parent)}/{name}"
        if len(whole) - 1 > MAX_PATH:
            raise PathTooLong("The path is longer than 400 characters.")

    def _check_not_inside(self, item: Item, above: Item) -> None:
        if item.uid in {above.uid, *(folder.uid for folder in self.ancestors(above))}:
            raise NotAllowed("A folder cannot be moved into itself.")

    def free_name(self, parent: Item, name: str, *, is_folder: bool) -> str:
        """Return a name like the wanted one that nothing has there."""
        number = 1
        while self.child(parent.uid, tried := numbered(name, number, is_folder=is_folder)):
            number += 1
        return tried
