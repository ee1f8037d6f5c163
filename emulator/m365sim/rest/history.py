"""What happened to the items of lists, step by step, read off the logs that lists keep.

Kinds of changes: https://learn.microsoft.com/previous-versions/office/sharepoint-csom/ee543793(v=office.15)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from m365sim.files import Item
from m365sim.lists import Library, Row, SharePointList
from m365sim.lists.generic import GenericList
from m365sim.rest.call import Call


class Type(IntEnum):
    """What a change is."""

    ADD = 1
    UPDATE = 2
    DELETE = 3
    RENAME = 4
    MOVE_INTO = 6
    RESTORE = 7
    ASSIGNMENT_ADD = 11
    SYSTEM_UPDATE = 15


@dataclass(frozen=True, slots=True)
class Event:
    """One change of one item."""

    found: SharePointList
    number: int  # in the list's log
    at: int  # seconds since 1970
    type: Type
    item_id: int
    uid: bytes
    is_folder: bool
    place: str  # server-relative path
    editor: str


def events(call: Call, found: SharePointList, since: int, until: int) -> Iterator[Event]:
    """Yield the changes in (since, until] of a list's log, oldest first."""
    if isinstance(found, Library):
        yield from _of_library(call, found, since, until)
    elif isinstance(found, GenericList):
        yield from _of_list(found, since, until)


def _of_library(call: Call, found: Library, since: int, until: int) -> Iterator[Event]:
    drive, sharing = found.drive, call.world.sharing
    top = f"{drive.site.path}/{drive.url_name}"
    for number, change in enumerate(drive.log, start=1):
        if number > until:
            return
        if number <= since or not change.uid:
            continue
        after = drive.at(change.uid, number)
        if after is None or after.parent is None:
            continue
        kind = _type(change.before, after)
        if change.before is after and sharing.changed(drive, change.uid, number - 1, number):
            kind = Type.ASSIGNMENT_ADD
        above = [one.name for one in drive.ancestors(after, number)[1:]]
        yield Event(
            found,
            number,
            change.at,
            kind,
            found.number_of(change.uid),
            change.uid,
            after.is_folder,
            "/".join([top, *above, after.name]),
            after.modified_by.user_name or "",
        )


def _type(before: Item | None, after: Item) -> Type:
    if before is None:
        return Type.ADD
    if after.deleted:
        return Type.DELETE
    if before.deleted:
        return Type.RESTORE
    if before is after:
        return Type.SYSTEM_UPDATE
    if before.parent != after.parent:
        return Type.MOVE_INTO
    return Type.RENAME if before.name != after.name else Type.UPDATE


def _of_list(found: GenericList, since: int, until: int) -> Iterator[Event]:
    before: dict[int, Row] = {}
    for number, row in found:
        if number > until:
            return
        known = before.get(row.id)
        before[row.id] = row
        if number <= since:
            continue
        kind = Type.UPDATE if known is not None else Type.ADD
        if row.deleted:
            kind = Type.DELETE
        elif known is not None and known.deleted:
            kind = Type.RESTORE
        yield Event(
            found,
            number,
            row.modified_at,
            kind,
            row.id,
            row.uid,
            False,
            f"{found.site.path}/{found.folder}/{row.id}_.000",
            row.modified_by.user_name or "",
        )
