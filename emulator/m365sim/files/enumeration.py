"""Rounds of a drive's delta: everything there is, or what changed since the last round.

A round is fixed when it begins: it shows the drive as it was after a certain change, however long
the client takes to page through it, and what changes meanwhile belongs to the next round.
https://learn.microsoft.com/graph/api/driveitem-delta
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from weakref import WeakKeyDictionary

from m365sim.files.changes import FROM_THE_START, RETENTION, DeltaToken
from m365sim.files.drive import Drive
from m365sim.files.ids import ROOT_UID
from m365sim.files.item import Item
from m365sim.files.problems import TokenExpired

LATEST = "latest"
_KEPT_ROUNDS = (
    8  # per drive; a round that fell out is laid out again when its next page is asked for
)


@dataclass(slots=True)
class Round:
    """The order of a round's entries: uids, a stretch of the computed tree, uids again."""

    first: list[bytes]
    computed: int  # indexes 1..computed of the synthetic tree follow, except `skipped`
    skipped: set[int]
    last: list[bytes]

    def __len__(self) -> int:
        return len(self.first) + self.computed + len(self.last)


@dataclass(frozen=True, slots=True)
class DeltaPage:
    """Some entries of a round. The second value of each tells whether the item is gone."""

    entries: list[tuple[Item, bool]]
    token: DeltaToken
    is_last: bool


class Rounds:
    """The delta rounds of all drives."""

    def __init__(self) -> None:
        #: Tells how old a token may be.
        self.retention: Callable[[], timedelta] = lambda: RETENTION
        self._rounds: WeakKeyDictionary[Drive, OrderedDict[tuple[int, int, bool], Round]] = (
            WeakKeyDictionary()
        )

    def begin(self, drive: Drive, now: datetime, since: int, *, echo: bool) -> DeltaToken:
        """Return the token of the first page of a round that begins now."""
        return DeltaToken(drive.library, now, drive.log.head, since, 0, echo)

    def open(self, drive: Drive, text: str | None, now: datetime, *, echo: bool) -> DeltaToken:
        """Return the page that a token of a request stands for.

        Without one a full enumeration begins. Raises BadToken or TokenExpired.
        """
        if text is None:
            return self.begin(drive, now, FROM_THE_START, echo=echo)
        if text == LATEST:
            return self.begin(drive, now, drive.log.head, echo=echo)
        if (moment := _moment(text)) is not None:
            return self.begin(drive, now, self._since(drive, moment, now), echo=echo)
        token = DeltaToken.read(text, drive.library)
        # A token of another log, from before the emulator was started anew, is as good as expired.
        foreign = token.at.timestamp() < drive.created_at or token.until > drive.log.head
        if foreign or token.at < now - self.retention() or token.until < drive.log.floor:
            raise TokenExpired(
                "Resync required. Replace any local items with the server's version."
            )
        if token.since is None:
            return self.begin(drive, now, token.until, echo=echo)
        return token

    def page(self, drive: Drive, token: DeltaToken, limit: int) -> DeltaPage:
        """Return the entries at a token, at most `limit`, and the token that goes on from there."""
        order = self._round(drive, token)
        if order.computed:
            entries, position = _mixed(drive, order, token, limit)
        else:
            entries, position = _stored(drive, order.first, token, limit)
        if position >= len(order):
            return DeltaPage(entries, replace(token, since=None, position=0, turn=0), True)
        return DeltaPage(entries, replace(token, position=position, turn=token.turn + 1), False)

    def _since(self, drive: Drive, moment: datetime, now: datetime) -> int:
        if moment < now - self.retention():
            raise TokenExpired("Resync required. The change log does not reach back so far.")
        if moment.timestamp() < drive.created_at:
            return FROM_THE_START
        return max(drive.log.floor, drive.log.number_at(int(moment.timestamp())))

    def _round(self, drive: Drive, token: DeltaToken) -> Round:
        kept = self._rounds.setdefault(drive, OrderedDict())
        since = FROM_THE_START if token.since is None else token.since
        key = (since, token.until, token.echo)
        known = kept.get(key)
        if known is None:
            if since == FROM_THE_START:
                known = _everything(drive, token.until)
            else:
                known = Round(_changes(drive, since, token.until, echo=token.echo), 0, set(), [])
            kept[key] = known
            if len(kept) > _KEPT_ROUNDS:
                kept.popitem(last=False)
        kept.move_to_end(key)
        return known


def _everything(drive: Drive, until: int) -> Round:
    """Lay out a full enumeration: parents always before children.

    Folders in memory come first, each after the folders above it; then the computed items that were
    never touched, whose parents have smaller indexes or came first; then the files in memory.
    """
    folders: dict[bytes, None] = {ROOT_UID: None}
    files: list[bytes] = []
    touched = drive.in_memory(until)
    for uid in touched:
        item = drive.at(uid, until)
        if item is None or not drive.is_live(item, until):
            continue
        if item.is_folder:
            for above in drive.ancestors(item, until):
                folders[above.uid] = None
            folders[uid] = None
        else:
            files.append(uid)
    if drive.base is None:
        return Round([*folders, *files], 0, set(), [])
    skipped = {drive.base.index(uid) or 0 for uid in (*touched, *folders)}
    return Round(list(folders), drive.base.last, skipped, files)


def _changes(drive: Drive, since: int, until: int, *, echo: bool) -> list[bytes]:
    """Lay out an incremental round: each item once, after the folders above it if listed."""
    changed = drive.log.latest(since, until)
    wanted = set(changed)
    order: dict[bytes, None] = {}
    for uid in changed:
        item = drive.at(uid, until)
        if item is None:
            continue
        if drive.is_live(item, until):
            for above in drive.ancestors(item, until):
                if echo or above.uid in wanted:
                    order[above.uid] = None
        order[uid] = None
    return list(order)


def _stored(
    drive: Drive, uids: list[bytes], token: DeltaToken, limit: int
) -> tuple[list[tuple[Item, bool]], int]:
    stop = token.position + limit
    return list(_entries(drive, uids[token.position : stop], token.until)), stop


def _entries(drive: Drive, uids: Iterable[bytes], until: int) -> Iterable[tuple[Item, bool]]:
    for uid in uids:
        item = drive.at(uid, until)
        if item is not None:
            yield item, not drive.is_live(item, until)


def _mixed(
    drive: Drive, order: Round, token: DeltaToken, limit: int
) -> tuple[list[tuple[Item, bool]], int]:
    base, until = drive.base, token.until
    assert base is not None
    position, ahead = token.position, len(order.first)
    taken = order.first[position : position + limit]
    entries = list(_entries(drive, taken, until))
    position += len(taken)
    if position < ahead:
        return entries, position
    index, last = position - ahead + 1, order.computed
    skipped, may_be_gone = order.skipped, drive.has_deleted_folders
    while len(entries) < limit and index <= last:
        if index not in skipped:
            item = base.item(index)
            if not may_be_gone or drive.is_live(item, until):
                entries.append((item, False))
        index += 1
    position = max(position, index - 1 + ahead)
    if index > last and len(entries) < limit:
        begin = position - ahead - last
        taken = order.last[begin : begin + limit - len(entries)]
        entries.extend(_entries(drive, taken, until))
        position += len(taken)
    return entries, position


def _moment(text: str) -> datetime | None:
    if len(text) < 10 or text[4:5] != "-" or text[7:8] != "-":
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
