"""Follow a list: all of its rows first, then what happened since, from any position.

The change token is taken before the rows are read, and what happened meanwhile is caught up with
before anything is swept; so nothing that happens while it is read is missed. Of the log only what
it is about counts: each row that it names is read as it is now, and one that is not there is gone.

- A token that is too old or none: everything is read afresh, and what is not seen again is swept.
- A folder that comes back (restored, or moved in from elsewhere) may bring along what the log does
  not name: so one that is not known makes everything be read afresh, too.
- Nothing is asked of a list whose log stands where it stood.

A position is a token; while everything is being read it ends in `#after={number}`, and until that
is caught up with in `#afresh`, which tell a resumed run so.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from fairlead.errors import Unavailable
from fairlead_microsoft.rest.changes import RETURNS, ChangeType, is_same_place, later
from fairlead_microsoft.sharepoint_v1.list_log import Happened, ListLog, LogPage, StaleToken
from fairlead_microsoft.sharepoint_v1.shapes.row import Row, is_folder, number_of

#: full reads that one run begins before it gives up
MOST_FULL_READS = 5
_AFTER = "#after="
_AFRESH = "#afresh"

#: rows -> the numbers of those whose records are known
Knows = Callable[[Sequence[Row]], Awaitable[set[int]]]


@dataclass(frozen=True, slots=True)
class Position:
    """How far a list was read."""

    token: str
    #: everything is being read: rows up to this number are known
    after: int | None = None
    #: everything was read, and what happened meanwhile is still being caught up with
    is_afresh: bool = False

    @classmethod
    def read(cls, text: str | None) -> "Position | None":
        """Read a position as it was kept; None = from the start."""
        if not text:
            return None
        token, is_counted, number = text.partition(_AFTER)
        if is_counted:
            return cls(token, int(number)) if number.isdigit() else None
        return cls(text.removesuffix(_AFRESH), None, text.endswith(_AFRESH))

    @property
    def text(self) -> str:
        """What is kept of it."""
        if self.after is not None:
            return f"{self.token}{_AFTER}{self.after}"
        return f"{self.token}{_AFRESH}" if self.is_afresh else self.token


@dataclass(frozen=True, slots=True)
class ListPage:
    """One step of following a list."""

    rows: list[Row] = field(default_factory=list)
    gone: list[Happened] = field(default_factory=list)
    #: where a killed run goes on after this page
    link: str | None = None
    #: first page of a full read
    restarted: bool = False
    #: last page: everything up to now was seen
    settled: bool = False
    #: its rows are those of a full read, not those that something happened to
    is_enumeration: bool = False


async def follow(
    log: ListLog,
    since: str | None,
    present: str | None,
    *,
    knows: Knows,
    returns: AbstractSet[ChangeType] = RETURNS,
) -> AsyncGenerator[ListPage, None]:
    """Yield what is in a list, or what happened to it, up to its present.

    `present`: the token of its end, if that was told a moment ago. `returns`: what brings back a
    folder with things in it that are not known.
    """
    at = Position.read(since)
    if at is not None and at.text == at.token and is_same_place(at.token, present):
        yield ListPage(link=present, settled=True)
        return
    full_reads = 0
    while True:
        is_first = at is None
        if at is None:
            full_reads += 1
            if full_reads > MOST_FULL_READS:
                raise Unavailable(
                    "SharePoint does not keep its change log long enough to read this list; try "
                    "again later.",
                    code="resync_required",
                )
            at = Position(present or await log.present(), after=0)
            present = None  # of a later full read, it would be too old
        if at.after is not None:
            async for rows in log.rows(at.after):
                at = Position(at.token, number_of(rows[-1]))
                yield ListPage(rows, link=at.text, restarted=is_first, is_enumeration=True)
                is_first = False
            at = Position(at.token, is_afresh=True)
        caught_up = _caught_up(log, at, present, _Back(knows, returns), is_first=is_first)
        try:
            async for page in caught_up:
                yield page
        except StaleToken:
            at = None
        else:
            return


async def _caught_up(
    log: ListLog, at: Position, present: str | None, back: "_Back", *, is_first: bool
) -> AsyncGenerator[ListPage, None]:
    """Yield what happened since a position; StaleToken if everything must be read afresh."""
    while True:
        found = await log.log(at.token)
        there = await log.named(list(found.happened)) if found.happened else {}
        if await back.brings_others(found, there, is_afresh=at.is_afresh):
            raise StaleToken
        at = Position(found.token, is_afresh=at.is_afresh)
        link = later(at.token, present) if found.is_end and present else at.token
        yield ListPage(
            list(there.values()),
            [one for number, one in found.happened.items() if number not in there],
            link if found.is_end else at.text,
            restarted=is_first,
            settled=found.is_end,
        )
        is_first = False
        if found.is_end:
            return


@dataclass(frozen=True, slots=True)
class _Back:
    """What to do about folders that came back."""

    knows: Knows
    returns: AbstractSet[ChangeType]

    async def brings_others(
        self, found: LogPage, there: dict[int, Row], *, is_afresh: bool
    ) -> bool:
        """Say whether a folder came back with things in it that are not known."""
        folders = {
            number: found.happened[number].types
            for number, row in there.items()
            if is_folder(row) and found.happened[number].types & self.returns
        }
        # what was made in between is new, and so is all that is in it
        folders = {n: types for n, types in folders.items() if ChangeType.ADD not in types}
        if not folders:
            return False
        if is_afresh and any(ChangeType.RESTORE in types for types in folders.values()):
            # it is known from this very read, which may have passed by what is in it
            return True
        return bool(folders.keys() - await self.knows([there[number] for number in folders]))
