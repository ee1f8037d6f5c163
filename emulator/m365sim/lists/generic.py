"""A list that is no library: its items and every state they were in.

Each state is appended to one log and never changed, so the log is the history of the items, their
versions, and what delta is made of.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from m365sim.clock import Clock
from m365sim.files import Actor, Site
from m365sim.files.blob import Blob
from m365sim.files.changes import FROM_THE_START, DeltaToken
from m365sim.files.enumeration import Rounds
from m365sim.files.ids import mint_uid
from m365sim.files.problems import Missing, TokenExpired
from m365sim.history.lists import note_list, note_purged, note_row
from m365sim.lists.column import Column
from m365sim.lists.content_type import ContentType
from m365sim.lists.row import Attachment, Row
from m365sim.lists.schema import Schema
from m365sim.lists.sharepoint_list import VIEW_THRESHOLD, RowsPage, SharePointList

_KEPT_ROUNDS = 8


class GenericList(SharePointList):
    """A list whose items are rows of values and nothing else."""

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
        super().__init__(site, uid, schema)
        self.name = name
        self.template = template
        self.hidden = hidden
        self.is_system = is_system
        self._clock = clock
        self._shared = rounds  # which know how old a token may be
        self._folder = f"_catalogs/{name}" if in_catalogs else f"Lists/{name}"
        self._display_name = display_name
        self._description = description
        self._created_by = created_by
        self._born_at = self._now()  # tokens from before are another emulator's
        self._created_at = self._changed_at = self._born_at
        self._log: list[Row | None] = []
        self._times: list[int] = []  # when each change was made (seconds since 1970)
        self._numbers: dict[int, list[int]] = {}  # item → numbers of its states in the log
        self._live = 0
        self._next = 1
        self._floor = 0
        self.notes: dict[int, str] = {}  # number of a change → how permissions changed at it
        self._purged: set[int] = set()  # numbers of items deleted for good
        self._forgotten: set[tuple[int, int]] = set()  # number and version: deleted versions
        self._rounds: OrderedDict[tuple[int, int], list[int]] = OrderedDict()

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
    def head(self) -> int:
        """The number of the latest change of its items."""
        return len(self._log)

    @property
    def floor(self) -> int:
        """The number before which tokens are expired."""
        return self._floor

    @property
    def last(self) -> int:
        """The highest number that an item has, or had."""
        return self._next - 1

    def row(self, number: int) -> Row:
        """Return a live item; Missing when there is none of that number."""
        row = self._at(number, self.head)
        if row is None or row.deleted:
            raise Missing("There is no such item.")
        return row

    def rows_after(self, number: int) -> Iterator[Row]:
        """Yield the live items with a higher number, in order."""
        for key in sorted(self._numbers):
            if key > number:
                row = self._at(key, self.head)
                if row is not None and not row.deleted:
                    yield row

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
    ) -> Row:
        """Make an item; `at` stands for the present in its own times."""
        now = self._now() if at is None else at
        number = number or self._next
        self._next = max(self._next, number + 1)
        given = {name: value for name, value in values.items() if value is not None}
        uid = mint_uid("list item", self.site.collection, self.uid, number)
        kind = content_type or self.default_type().id
        self._live += 1
        return self._append(Row(number, uid, given, kind, now, now, by, by))

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
        """Take a file off an item; Missing when there is none of that name."""
        wanted = name.lower()
        kept = tuple(one for one in row.attachments if one.name.lower() != wanted)
        if len(kept) == len(row.attachments):
            raise Missing("There is no such attachment.")
        return self._with(row, kept, by)

    def delete(self, row: Row) -> None:
        """Put an item into the recycle bin."""
        self._live -= 1
        self._append(replace(row, deleted=True))

    def bin(self) -> list[tuple[Row, int]]:
        """List the items in the recycle bin, and the number of the change that put each there."""
        found = []
        for number, states in self._numbers.items():
            row = self._log[states[-1] - 1]
            if row is not None and row.deleted and number not in self._purged:
                found.append((row, states[-1]))
        return found

    def changed_at(self, number: int) -> int:
        """Return when the change of a number was made (seconds since 1970)."""
        return self._times[number - 1]

    def restore(self, row: Row) -> Row:
        """Take an item out of the recycle bin."""
        self._live += 1
        return self._append(replace(row, deleted=False, version=row.version + 1))

    def purge(self, row: Row) -> None:
        """Take a deleted item out of the recycle bin, for good."""
        self._purged.add(row.id)
        if self.scribe is not None:
            note_purged(self.scribe, self, row)

    def forget_version(self, row: Row, number: int) -> None:
        """Delete a version other than the current one, for good; Missing when there is none."""
        if number == row.version or all(s.version != number for s in self.versions(row)):
            raise Missing("There is no such version.")
        self._forgotten.add((row.id, number))

    def note(self, row: Row, kind: str) -> None:
        """Let an item show as changed though it is as before, and say in what way."""
        self._append(row)
        self.notes[self.head] = kind

    def versions(self, row: Row) -> list[Row]:
        """List the states an item was in, the latest first."""
        states = [self._log[number - 1] for number in reversed(self._numbers[row.id])]
        found: dict[int, Row] = {}
        for state in states:
            if state is None or state.deleted:
                continue
            if (row.id, state.version) not in self._forgotten:
                found.setdefault(state.version, state)
        return list(found.values())

    # -- its changes

    def open_delta(self, text: str | None, now: datetime) -> DeltaToken:
        """Return the page of a round that a token of a request stands for."""
        if text is None:
            return DeltaToken(self.uid, now, self.head, FROM_THE_START, 0, False)
        if text == "latest":
            return DeltaToken(self.uid, now, self.head, self.head, 0, False)
        token = DeltaToken.read(text, self.uid)
        foreign = token.at.timestamp() < self._born_at or token.until > self.head
        if foreign or token.at < now - self._shared.retention() or token.until < self._floor:
            raise TokenExpired("Resync required. The change log does not reach back so far.")
        if token.since is None:
            return DeltaToken(self.uid, now, self.head, token.until, 0, False)
        return token

    def delta_page(self, token: DeltaToken, limit: int) -> RowsPage:
        """Return the entries at a token, and the token that goes on from there."""
        order = self._round(token)
        stop = token.position + limit
        entries = []
        for number in order[token.position : stop]:
            row = self._at(number, token.until)
            if row is not None:
                entries.append((row, row.deleted))
        if stop >= len(order):
            return RowsPage(entries, replace(token, since=None, position=0), True)
        return RowsPage(entries, replace(token, position=stop), False)

    def expire_delta_tokens(self) -> None:
        """Let every delta token given out so far answer 410."""
        self._times.append(self._now())
        self._log.append(None)  # so that new tokens differ from old ones
        self._floor = self.head

    def forget_column(self, column: Column) -> None:
        """Take a column's values from all items, in all their versions."""
        for at, row in enumerate(self._log):
            if row is not None and column.name in row.values:
                kept = {name: v for name, v in row.values.items() if name != column.name}
                self._log[at] = replace(row, values=kept)

    def uses(self, content_type: ContentType) -> bool:
        """Tell whether an item is of a content type."""
        return any(row.content_type == content_type.id for row in self.rows_after(0))

    def states(self) -> list[Row | None]:
        """List every state of every item, oldest first; None where tokens were expired."""
        return self._log

    def times(self) -> list[int]:
        """List when each of these states came to be (seconds since 1970)."""
        return self._times

    def __iter__(self) -> Iterator[tuple[int, Row]]:
        """Yield every state of every item with its number, oldest first."""
        return ((n, row) for n, row in enumerate(self._log, start=1) if row is not None)

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

    def _append(self, row: Row) -> Row:
        before = self._at(row.id, self.head)
        self._log.append(row)
        self._times.append(self._now())
        self._numbers.setdefault(row.id, []).append(self.head)
        if self.scribe is not None:
            note_row(self.scribe, self, before, row)
        self._changed_at = self._now()
        return row

    def _at(self, number: int, until: int) -> Row | None:
        """Return an item's state after the change of a number."""
        numbers = self._numbers.get(number, [])
        at = bisect_right(numbers, until)
        return self._log[numbers[at - 1] - 1] if at else None

    def _round(self, token: DeltaToken) -> list[int]:
        since = token.until if token.since is None else token.since
        known = self._rounds.get((since, token.until))
        if known is None:
            if since == FROM_THE_START:
                states = ((key, self._at(key, token.until)) for key in self._numbers)
                known = [key for key, row in states if row is not None and not row.deleted]
            else:
                order: dict[int, None] = {}
                for row in self._log[since : token.until]:
                    if row is not None:
                        order.pop(row.id, None)
                        order[row.id] = None
                known = list(order)
            self._rounds[since, token.until] = known
            if len(self._rounds) > _KEPT_ROUNDS:
                self._rounds.popitem(last=False)
        return known

    def _now(self) -> int:
        return int(self._clock.now().timestamp())
