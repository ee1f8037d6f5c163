"""The items of a list that is no library, and every state they were in.

Each state is appended to one log and never changed, so the log is the history of the items, their
versions, and what delta is made of.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from m365sim.clock import Clock
from m365sim.files import Site
from m365sim.files.changes import FROM_THE_START, DeltaToken
from m365sim.files.enumeration import Rounds
from m365sim.files.problems import Missing, TokenExpired
from m365sim.history.lists import note_row
from m365sim.lists.column import Column
from m365sim.lists.content_type import ContentType
from m365sim.lists.row import Row
from m365sim.lists.schema import Schema
from m365sim.lists.sharepoint_list import RowsPage, SharePointList

_KEPT_ROUNDS = 8


class RowLog(SharePointList):
    """A list whose items are kept as the states that they were in."""

    def __init__(
        self, site: Site, uid: bytes, schema: Schema, clock: Clock, rounds: Rounds
    ) -> None:
        super().__init__(site, uid, schema)
        self._clock = clock
        self._shared = rounds  # which know how old a token may be
        self._born_at = self._now()  # tokens from before are another emulator's
        self._changed_at = self._born_at
        self._log: list[Row | None] = []
        self._times: list[int] = []  # when each change was made (seconds since 1970)
        self._numbers: dict[int, list[int]] = {}  # item → numbers of its states in the log
        self._floor = 0
        self.notes: dict[int, str] = {}  # number of a change → how permissions changed at it
        self._forgotten: set[tuple[int, int]] = set()  # number and version: deleted versions
        self._rounds: OrderedDict[tuple[int, int], list[int]] = OrderedDict()

    # -- its items

    @property
    def head(self) -> int:
        """The number of the latest change of its items."""
        return len(self._log)

    @property
    def floor(self) -> int:
        """The number before which tokens are expired."""
        return self._floor

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

    def changed_at(self, number: int) -> int:
        """Return when the change of a number was made (seconds since 1970)."""
        return self._times[number - 1]

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
            return RowsPage(entries, replace(token, since=None, position=0, turn=0), True)
        return RowsPage(entries, replace(token, position=stop, turn=token.turn + 1), False)

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
