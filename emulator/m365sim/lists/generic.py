"""A list that is no library: it has a name, and items that are made, changed, deleted, restored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from m365sim.clock import Clock
from m365sim.files import Actor, Site
from m365sim.files.blob import Blob
from m365sim.files.enumeration import Rounds
from m365sim.files.ids import mint_uid
from m365sim.files.names import check_name
from m365sim.files.problems import Missing, NameTaken
from m365sim.history.lists import note_list, note_purged
from m365sim.lists.content_type import FOLDER
from m365sim.lists.row import Attachment, Row
from m365sim.lists.row_folders import RowFolders
from m365sim.lists.schema import Schema
from m365sim.lists.sharepoint_list import VIEW_THRESHOLD


@dataclass(frozen=True, slots=True)
class Detached:
    """An attachment in the recycle bin."""

    row: int
    attachment: Attachment
    by: Actor
    at: int  # seconds since 1970
    number: int  # of the change that put it there


class GenericList(RowFolders):
    """A list whose items are rows of values, and folders that hold them."""

    def __init__(
        self,
        site: Site,
        uid: bytes,
        schema: Schema,
        clock: Clock,
        rounds: Rounds,
        *,
        name: str,
        display_name: str,
        description: str,
        created_by: Actor,
        template: str = "genericList",
        hidden: bool = False,
        is_system: bool = False,
        in_catalogs: bool = False,
    ) -> None:
        super().__init__(site, uid, schema, clock, rounds)
        self.name = name
        self.template = template
        self.hidden = hidden
        self.is_system = is_system
        self._folder = f"_catalogs/{name}" if in_catalogs else f"Lists/{name}"
        self._display_name = display_name
        self._description = description
        self._created_by = created_by
        self._created_at = self._born_at
        self._live = 0
        self._next = 1
        self._purged: set[int] = set()  # numbers of items deleted for good
        self._swept: dict[int, tuple[int, ...]] = {}  # deleted folder → what went with it
        self.detached: list[Detached] = []

    # -- the list itself

    @property
    def folder(self) -> str:
        """Its place below the site."""
        return self._folder

    @property
    def display_name(self) -> str:
        """Its title."""
        return self._display_name

    @property
    def description(self) -> str:
        """What it is for."""
        return self._description

    @property
    def created_at(self) -> int:
        """When it was made (seconds since 1970)."""
        return self._created_at

    @property
    def modified_at(self) -> int:
        """When it or anything in it last changed (seconds since 1970)."""
        return self._changed_at

    @property
    def created_by(self) -> Actor:
        """Who made it."""
        return self._created_by

    def describe(self, *, display_name: str | None, description: str | None) -> None:
        """Give it another title or description."""
        self._display_name = display_name or self._display_name
        self._description = self._description if description is None else description
        self._changed_at = self._now()
        if self.scribe is not None:
            note_list(self.scribe, "updated", self)

    # -- its items

    @property
    def last(self) -> int:
        """The highest number that an item has, or had."""
        return self._next - 1

    def is_large(self) -> bool:
        """Tell whether there are more items than the list view threshold."""
        return self._live > VIEW_THRESHOLD

    def add(
        self,
        values: Mapping[str, Any],
        by: Actor,
        content_type: str | None = None,
        *,
        at: int | None = None,
        number: int | None = None,
        parent: int = 0,
    ) -> Row:
        """Make an item; `at` stands for the present in its own times, `parent` for its folder."""
        kind = content_type or self.default_type().id
        return self._make(values, by, kind, at=at, number=number, parent=parent)

    def add_folder(
        self, name: str, by: Actor, *, parent: int = 0, values: Mapping[str, Any] | None = None
    ) -> Row:
        """Make a folder, which is an item too; NameTaken when there is one of that name."""
        check_name(name, at_root=parent == 0)
        if self.folder_named(parent, name) is not None:
            raise NameTaken("A file or folder with the same name already exists.")
        known = self.schema.content_types.values()
        kind = next((one.id for one in known if one.id.startswith(FOLDER)), FOLDER)
        made = self._make({"Title": name, **(values or {})}, by, kind, parent=parent, leaf=name)
        self._folders.add(made.id)
        return made

    def _make(
        self,
        values: Mapping[str, Any],
        by: Actor,
        kind: str,
        *,
        at: int | None = None,
        number: int | None = None,
        parent: int = 0,
        leaf: str = "",
    ) -> Row:
        now = self._now() if at is None else at
        number = number or self._next
        self._next = max(self._next, number + 1)
        given = {name: value for name, value in values.items() if value is not None}
        uid = mint_uid("list item", self.site.collection, self.uid, number)
        self._live += 1
        return self._append(
            Row(number, uid, given, kind, now, now, by, by, parent=parent, leaf=leaf)
        )

    # -- its folders

    def rename_folder(self, row: Row, name: str, by: Actor) -> Row:
        """Give a folder another name."""
        check_name(name, at_root=row.parent == 0)
        taken = self.folder_named(row.parent, name)
        if taken is not None and taken.id != row.id:
            raise NameTaken("A file or folder with the same name already exists.")
        return self._append(
            replace(
                row, leaf=name, modified_at=self._now(), modified_by=by, version=row.version + 1
            )
        )

    def update(
        self, row: Row, values: Mapping[str, Any], by: Actor, content_type: str | None = None
    ) -> Row:
        """Set some values of an item; None takes one away."""
        merged = {**row.values, **values}
        return self._append(
            replace(
                row,
                values={name: value for name, value in merged.items() if value is not None},
                content_type=content_type or row.content_type,
                modified_at=self._now(),
                modified_by=by,
                version=row.version + 1,
            )
        )

    def attach(self, row: Row, name: str, blob: Blob, by: Actor) -> Row:
        """Hang a file on an item, in place of the one of that name."""
        wanted = name.lower()
        kept = tuple(one for one in row.attachments if one.name.lower() != wanted)
        return self._with(row, (*kept, Attachment(name, blob)), by)

    def detach(self, row: Row, name: str, by: Actor) -> Row:
        """Put a file of an item into the recycle bin; Missing when there is none of that name."""
        wanted = name.lower()
        kept = tuple(one for one in row.attachments if one.name.lower() != wanted)
        if len(kept) == len(row.attachments):
            raise Missing("There is no such attachment.")
        gone = next(one for one in row.attachments if one.name.lower() == wanted)
        after = self._with(row, kept, by)
        self.detached.append(Detached(row.id, gone, by, self._now(), self.head))
        return after

    def reattach(self, one: Detached) -> Row:
        """Hang a file on its item again; Missing without it, NameTaken if there is another."""
        row = self.row(one.row)
        if any(known.name.lower() == one.attachment.name.lower() for known in row.attachments):
            raise NameTaken("The item has another attachment of that name.")
        self.detached.remove(one)
        return self._with(row, (*row.attachments, one.attachment), one.by)

    def delete(self, row: Row) -> None:
        """Put an item into the recycle bin; a folder takes along what lies in it."""
        if row.is_folder:
            below = list(self.below(row.id))
            self._swept[row.id] = tuple(one.id for one in below)
            for one in below:
                self._live -= 1
                self._append(replace(one, deleted=True))
        self._live -= 1
        self._append(replace(row, deleted=True))

    def bin(self) -> list[tuple[Row, int]]:
        """List the items in the recycle bin, and the number of the change that put each there.

        What went with a folder is there under the folder alone.
        """
        swept = {number for numbers in self._swept.values() for number in numbers}
        found = []
        for number, states in self._numbers.items():
            row = self._log[states[-1] - 1]
            if row is None or not row.deleted or number in self._purged or number in swept:
                continue
            found.append((row, states[-1]))
        return found

    def restore(self, row: Row) -> Row:
        """Take an item out of the recycle bin, a folder with what went with it."""
        if row.parent:
            self.row(row.parent)  # Missing when its folder is gone
        if row.is_folder and self.folder_named(row.parent, row.leaf) is not None:
            raise NameTaken("A file or folder with the same name already exists.")
        self._live += 1
        back = self._append(replace(row, deleted=False, version=row.version + 1))
        for number in self._swept.pop(row.id, ()):
            state = self._log[self._numbers[number][-1] - 1]
            if state is not None:
                self._live += 1
                self._append(replace(state, deleted=False, version=state.version + 1))
        return back

    def purge(self, row: Row) -> None:
        """Take a deleted item out of the recycle bin, for good."""
        self._purged |= {row.id, *self._swept.pop(row.id, ())}
        if self.scribe is not None:
            note_purged(self.scribe, self, row)

    def backdate(self, created_at: int) -> None:
        """Let the list look as old as it is told to be."""
        self._created_at = created_at

    def _with(self, row: Row, attachments: tuple[Attachment, ...], by: Actor) -> Row:
        return self._append(
            replace(
                row,
                attachments=attachments,
                modified_at=self._now(),
                modified_by=by,
                version=row.version + 1,
            )
        )
