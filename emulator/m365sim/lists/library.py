"""A document library seen as a list: its items are the files and folders of the drive, no copies.

An item's number is its place in the order in which the library came to know its files and folders:
files of a computed tree count by their index, all others by their first change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from m365sim.clock import Clock
from m365sim.files import Actor, Drive, Item
from m365sim.files.changes import DeltaToken
from m365sim.files.checkout import check_lock
from m365sim.files.enumeration import Rounds
from m365sim.files.ids import ROOT_UID
from m365sim.files.problems import Missing, NotAllowed
from m365sim.files.versions import versions
from m365sim.history.lists import note_list
from m365sim.lists.column import Column
from m365sim.lists.content_type import FOLDER, ContentType
from m365sim.lists.row import Row
from m365sim.lists.schema import Schema
from m365sim.lists.sharepoint_list import VIEW_THRESHOLD, RowsPage, SharePointList

#: Where an item's fields keep its content type, when it is not the default one.
CONTENT_TYPE = "ContentTypeId"


class Library(SharePointList):
    """The list behind a drive."""

    template = "documentLibrary"

    def __init__(self, drive: Drive, schema: Schema, clock: Clock, rounds: Rounds) -> None:
        super().__init__(drive.site, drive.library, schema)
        self.drive = drive
        self.is_system = drive.is_system
        self.name = drive.url_name
        self._clock = clock
        self._rounds = rounds
        self._changed_at = 0
        self._uids: list[bytes] = []  # of the items that are no computed ones, by number
        self._numbers: dict[bytes, int] = {}
        self._known = 0  # changes of the drive that were looked at

    # -- the list itself

    @property
    def folder(self) -> str:
        """Its place below the site."""
        return self.drive.url_name

    @property
    def display_name(self) -> str:
        """Its title."""
        return self.drive.name

    @property
    def description(self) -> str:
        """What it is for."""
        return self.drive.description

    @property
    def created_at(self) -> int:
        """When it was made (seconds since 1970)."""
        return self.drive.created_at

    @property
    def modified_at(self) -> int:
        """When it or anything in it last changed (seconds since 1970)."""
        return max(self._changed_at, self.drive.modified_at)

    @property
    def created_by(self) -> Actor:
        """Who made it."""
        return self.drive.owner

    def describe(self, *, display_name: str | None, description: str | None) -> None:
        """Give it another title or description; the drive has the same."""
        self.drive.name = display_name or self.drive.name
        self.drive.description = self.drive.description if description is None else description
        self._changed_at = int(self._clock.now().timestamp())
        if self.scribe is not None:
            note_list(self.scribe, "updated", self)

    def now(self) -> datetime:
        """Return the present."""
        return self._clock.now()

    # -- its items

    @property
    def head(self) -> int:
        """The number of the latest change of its items."""
        return self.drive.log.head

    @property
    def floor(self) -> int:
        """The number before which tokens are expired."""
        return self.drive.log.floor

    @property
    def last(self) -> int:
        """The highest number that an item has, or had."""
        self._catch_up()
        return self._computed + len(self._uids)

    def number_of(self, uid: bytes) -> int:
        """Return the number of a file or folder, dead or alive; 0 for the root."""
        if uid == ROOT_UID:
            return 0
        if self.drive.base is not None and (index := self.drive.base.index(uid)):
            return index
        self._catch_up()
        return self._numbers[uid]

    def row(self, number: int) -> Row:
        """Return a live item; Missing when there is none of that number."""
        uid = self._uid_of(number)
        if uid is None:
            raise Missing("There is no such item.")
        return self.row_of(self.drive.live(uid))

    def row_of(self, item: Item) -> Row:
        """Show a file or folder as an item of the list."""
        values = dict(item.fields or {})
        kind = values.pop(CONTENT_TYPE, None) or self._type_of(item).id
        return Row(
            self.number_of(item.uid),
            item.uid,
            values,
            kind,
            item.created_at,
            item.modified_at,
            item.created_by,
            item.modified_by,
            item.version,
            item.deleted,
            item,
            self.number_of(item.parent or ROOT_UID),
        )

    def rows_after(self, number: int) -> Iterator[Row]:
        """Yield the live items with a higher number, in order."""
        drive, base = self.drive, self.drive.base
        if base is not None:
            for index in range(number + 1, base.last + 1):
                item = drive.find(base.uid(index))
                if item is not None and drive.is_live(item):
                    yield self.row_of(item)
        self._catch_up()
        for uid in self._uids[max(0, number - self._computed) :]:
            item = drive.find(uid)
            if item is not None and drive.is_live(item):
                yield self.row_of(item)

    def is_large(self) -> bool:
        """Tell whether there are more items than the list view threshold."""
        self._catch_up()
        gone = sum(1 for item in self.drive.bin())
        return self._computed + len(self._uids) - gone > VIEW_THRESHOLD

    def add(
        self,
        values: Mapping[str, Any],  # noqa: ARG002 - as every list takes them
        by: Actor,  # noqa: ARG002
        content_type: str | None = None,  # noqa: ARG002
    ) -> Row:
        """Refuse: an item of a library is a file or a folder, which only the drive makes."""
        raise NotAllowed("Items of a document library are made by uploading files.")

    def update(
        self, row: Row, values: Mapping[str, Any], by: Actor, content_type: str | None = None
    ) -> Row:
        """Set some values of a file or folder; its name is one of them."""
        item = self.drive.live(row.uid)
        given = dict(values)
        name = given.pop("FileLeafRef", None)
        if name is not None and name != item.name:
            item = self.drive.update(item, by, name=name)
        merged: dict[str, Any] = {**(item.fields or {}), **given}
        if content_type is not None:
            merged[CONTENT_TYPE] = content_type
        kept = {key: value for key, value in merged.items() if value is not None}
        if kept != dict(item.fields or {}):
            item = self.change(item, by, kept)
        return self.row_of(item)

    def change(self, item: Item, by: Actor, fields: Mapping[str, Any]) -> Item:
        """Give a file or folder other column values: a change like any other of the drive."""
        check_lock(self.drive, item, by)
        now = int(self._clock.now().timestamp())
        after = replace(
            item, fields=fields, version=item.version + 1, modified_at=now, modified_by=by
        )
        return self.drive.commit(item, after, now)

    def delete(self, row: Row) -> None:
        """Put a file or folder into the recycle bin."""
        self.drive.delete(self.drive.live(row.uid))

    def versions(self, row: Row) -> list[Row]:
        """List the versions of a file, the latest first; they are those of its contents."""
        states = versions(self.drive, self.drive.live(row.uid))
        return [
            replace(self.row_of(state), version=max(1, state.content_version)) for state in states
        ]

    # -- its changes

    def open_delta(self, text: str | None, now: datetime) -> DeltaToken:
        """Return the page of a round that a token of a request stands for."""
        return self._rounds.open(self.drive, text, now, echo=False)

    def delta_page(self, token: DeltaToken, limit: int) -> RowsPage:
        """Return the entries at a token, and the token that goes on from there."""
        page = self._rounds.page(self.drive, token, limit)
        entries = [(self.row_of(item), gone) for item, gone in page.entries if item.parent]
        return RowsPage(entries, page.token, page.is_last)

    def forget_column(self, column: Column) -> None:
        """Take a column's values from all files."""
        self.drive.rewrites += 1
        for uid in self.drive.in_memory(self.head):
            item = self.drive.find(uid)
            if item is not None and item.fields and column.name in item.fields:
                # Not a change of the file: neither eTag nor log moves.
                item.fields = {k: v for k, v in item.fields.items() if k != column.name}

    def uses(self, content_type: ContentType) -> bool:
        """Tell whether an item is of a content type."""
        if content_type in (self.default_type(), self._folder_type()):
            return True
        uids = self.drive.in_memory(self.head)
        fields = ((self.drive.find(uid) or self.drive.root).fields or {} for uid in uids)
        return any(known.get(CONTENT_TYPE) == content_type.id for known in fields)

    @property
    def _computed(self) -> int:
        return self.drive.base.last if self.drive.base is not None else 0

    def _uid_of(self, number: int) -> bytes | None:
        if 0 < number <= self._computed and self.drive.base is not None:
            return self.drive.base.uid(number)
        self._catch_up()
        at = number - self._computed - 1
        return self._uids[at] if 0 <= at < len(self._uids) else None

    def _catch_up(self) -> None:
        """Give numbers to what came since the last look, in the order it came."""
        head = self.drive.log.head
        if head == self._known:
            return
        base = self.drive.base
        for uid in self.drive.in_memory(head):
            if uid == ROOT_UID or uid in self._numbers or (base is not None and base.index(uid)):
                continue
            self._uids.append(uid)
            self._numbers[uid] = self._computed + len(self._uids)
        self._known = head

    def _type_of(self, item: Item) -> ContentType:
        return self._folder_type() if item.is_folder else self.default_type()

    def _folder_type(self) -> ContentType:
        known = self.schema.content_types.values()
        return next((t for t in known if t.id.startswith(FOLDER)), self.default_type())
