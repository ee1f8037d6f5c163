"""The histories of drives and lists, kept as rows that are appended.

What a drive holds follows from its changes, so they are replayed when it is read: only what was
ever touched of a computed library is in memory, and only that is in the file.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from m365sim.files import Drive, Item
from m365sim.files.changes import ChangeLog
from m365sim.files.ids import ROOT_UID
from m365sim.lists.generic import GenericList
from m365sim.lists.row import Row

COMMIT, NOTE, EXPIRY = "commit", "note", "expiry"

#: Number, kind, moment (seconds since 1970), and the state after it if there is one.
Entry = tuple[int, str, int, Any]


@dataclass(slots=True)
class Kept:
    """How much of a history is in the file."""

    head: int = 0
    rewrites: int = 0
    states: list[Row | None] = field(default_factory=list)  # of a list, which may rewrite them


def news_of_drive(drive: Drive, kept: Kept) -> tuple[int, Iterator[Entry]]:
    """Return the number from which on rows are to be replaced, and the rows."""
    if drive.rewrites != kept.rewrites:
        kept.head, kept.rewrites = 0, drive.rewrites
    first, kept.head = kept.head, drive.log.head
    return first, _drive_entries(drive, first)


def _drive_entries(drive: Drive, first: int) -> Iterator[Entry]:
    changes = drive.log.since(first)
    for number, change in enumerate(changes, start=first + 1):
        if not change.uid:
            yield number, EXPIRY, change.at, None
            continue
        following = drive.log.changed_after(change.uid, number)
        after = drive.find(change.uid) if following is None else following.before
        is_note = after is change.before or not drive.is_in_memory(change.uid)
        yield number, NOTE if is_note else COMMIT, change.at, change.uid if is_note else after


def replay_drive(drive: Drive, entries: Iterator[Entry]) -> Kept:
    """Bring a drive that has nothing but its root to the state after its changes."""
    drive.log = ChangeLog()
    blank: dict[str, Any] = {
        "_items": {ROOT_UID: drive.root},
        "_children": {},
        "_bytes": Counter(),
        "_moved_on": Counter(),
        "_first": {},
        "_holes": set(),
    }
    told, drive.told = drive.told, None
    vars(drive).update(blank)
    for _, kind, at, state in entries:
        if kind == EXPIRY:
            drive.log.expire()
        elif kind == NOTE:
            drive.log.record(state, drive.find(state), at)
        else:
            item: Item = state
            drive.commit(drive.find(item.uid), item, at)
    drive.root = drive.find(ROOT_UID) or drive.root
    drive.told = told
    return Kept(drive.log.head, drive.rewrites)


def news_of_list(target: GenericList, kept: Kept) -> tuple[int, Iterator[Entry]]:
    """Return the number from which on rows are to be replaced, and the rows."""
    states = target.states()
    first = len(kept.states)
    if any(map(_differ, kept.states, states)) or len(states) < first:
        first = 0
    entries = (
        (number, EXPIRY if state is None else COMMIT, at, state)
        for number, (state, at) in enumerate(
            zip(states[first:], target.times()[first:], strict=True), start=first + 1
        )
    )
    kept.states = list(states)
    return first, entries


def _differ(one: object, other: object) -> bool:
    return one is not other


def replay_list(target: GenericList, entries: Iterator[Entry]) -> Kept:
    """Give a list its history."""
    log: list[Row | None] = []
    times: list[int] = []
    numbers: dict[int, list[int]] = {}
    for _, _, at, state in entries:
        log.append(state)
        times.append(at)
        if state is not None:
            numbers.setdefault(state.id, []).append(len(log))
    vars(target).update(_log=log, _times=times, _numbers=numbers, _rounds=OrderedDict())
    return Kept(states=list(log))


def is_behind(drive: Drive, kept: Kept) -> bool:
    """Tell whether a drive has changes that are not in the file."""
    return drive.log.head != kept.head or drive.rewrites != kept.rewrites
