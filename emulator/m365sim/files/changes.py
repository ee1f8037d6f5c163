"""The change log of a drive, and the delta tokens that point into it.

SharePoint's own change token is `1;3;{list};{.NET ticks};{number}`; the token of a drive's delta is
that in a wrapper, in base64 (decoded from recordings). A list's log reaches back 60 days by
default.
https://learn.microsoft.com/previous-versions/office/developer/sharepoint-2010/bb417456(v=office.14)
"""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from m365sim.files.ids import guid_of
from m365sim.files.item import Item
from m365sim.files.problems import BadToken

RETENTION = timedelta(days=60)
FROM_THE_START = -1  # the `since` of a full enumeration

_TICKS_1970 = 621_355_968_000_000_000
_TICKS_PER_SECOND = 10_000_000


@dataclass(slots=True, eq=False)
class Change:
    """One step of a drive's history: what an item was before it; None = it did not exist."""

    uid: bytes
    before: Item | None
    at: int  # seconds since 1970


class ChangeLog:
    """Every change of a drive, numbered from 1 on."""

    def __init__(self) -> None:
        self._changes: list[Change] = []
        self._numbers: dict[bytes, list[int]] = {}  # uid → numbers of its changes
        self.floor = 0  # tokens of a smaller number are expired

    @property
    def head(self) -> int:
        """The number of the latest change."""
        return len(self._changes)

    @property
    def last_at(self) -> int:
        """When the latest change was made (seconds since 1970); 0 before the first."""
        return self._changes[-1].at if self._changes else 0

    def record(self, uid: bytes, before: Item | None, at: int) -> int:
        """Append a change and return its number."""
        self._changes.append(Change(uid, before, at))
        self._numbers.setdefault(uid, []).append(self.head)
        return self.head

    def changed_after(self, uid: bytes, number: int) -> Change | None:
        """Return an item's first change after a number: it holds the state at that number."""
        numbers = self._numbers.get(uid)
        if numbers is None or numbers[-1] <= number:
            return None
        return self._changes[numbers[bisect_right(numbers, number)] - 1]

    def of(self, uid: bytes) -> Iterator[Change]:
        """Yield the changes of one item, oldest first."""
        for number in self._numbers.get(uid, ()):
            yield self._changes[number - 1]

    def latest(self, since: int, until: int) -> list[bytes]:
        """List the items changed in (since, until], each once, by its last change there."""
        order: dict[bytes, None] = {}
        for change in self._changes[since:until]:
            order.pop(change.uid, None)
            order[change.uid] = None
        return list(order)

    def since(self, number: int) -> list[Change]:
        """List the changes after a number, oldest first."""
        return self._changes[number:]

    def number_at(self, moment: int) -> int:
        """Return the number of the last change at or before a moment."""
        return bisect_right(self._changes, moment, key=lambda change: change.at)

    def expire(self) -> None:
        """Let every token given out so far be too old."""
        # An entry about nothing pushes the number on, so that new tokens differ from old ones.
        self._changes.append(Change(b"", None, self.last_at))
        self.floor = self.head

    def __iter__(self) -> Iterator[Change]:
        """Yield the changes, oldest first."""
        return iter(self._changes)


@dataclass(frozen=True, slots=True)
class DeltaToken:
    """A place in a drive's history: the end of a round, or a page in the midst of one."""

    library: bytes
    at: datetime  # when the round began
    until: int  # changes up to this number belong to the round
    since: int | None = None  # None at the end of a round; FROM_THE_START for a full enumeration
    position: int = 0
    echo: bool = True
    turn: int = 0  # pages of the round that were given before this one

    def write(self) -> str:
        """Encode in the form Graph hands out."""
        ticks = int(self.at.timestamp()) * _TICKS_PER_SECOND + _TICKS_1970
        if self.since is None:
            paging = "%23;%23;%230;%23"
        else:
            paging = f"%23{self.since};%23{self.position};%23{int(self.echo)};%23{self.turn}"
        text = f"4;%234;%231;3;{guid_of(self.library)};{ticks};{self.until};{paging}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str, library: bytes) -> DeltaToken:
        """Decode; a token that is broken or another drive's is a BadToken."""
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            parts = raw.decode().split(";")
            first, _, _, _, guid, ticks, until, since, position, echo, turn = parts
            at = datetime.fromtimestamp((int(ticks) - _TICKS_1970) / _TICKS_PER_SECOND, UTC)
            paging = since != "%23"
            token = cls(
                library,
                at,
                int(until),
                int(since[3:]) if paging else None,
                int(position[3:]) if paging else 0,
                echo != "%230" if paging else True,
                int(turn[3:]) if paging else 0,
            )
        except (ValueError, binascii.Error, OverflowError, OSError) as broken:
            raise BadToken("The delta token is not valid.") from broken
        if first != "4" or guid != guid_of(library):
            raise BadToken("The delta token belongs to another drive.")
        return token
