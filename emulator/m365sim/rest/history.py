"""What happened to the items of lists, step by step, read off the logs that lists keep.

Kinds of changes: https://learn.microsoft.com/previous-versions/office/sharepoint-csom/ee543793(v=office.15)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from m365sim.files import Item, Site
from m365sim.lists import Library, Row, SharePointList
from m365sim.lists.generic import GenericList
from m365sim.rest.call import Call
from m365sim.rest.tokens import WEB


class Type(IntEnum):
    """What a change is."""

    ADD = 1
    UPDATE = 2
    DELETE = 3
    RENAME = 4
    MOVE_INTO = 6
    RESTORE = 7
    ASSIGNMENT_ADD = 11
    ASSIGNMENT_DELETE = 12
    SYSTEM_UPDATE = 15
    SCOPE_ADD = 17
    SCOPE_DELETE = 18


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


@dataclass(frozen=True, slots=True)
class Happened:
    """One change of a web, a list or a column."""

    number: int  # in the history of what is no item
    at: int  # seconds since 1970
    type: Type
    site: Site
    what: str
    target: SharePointList | None
    key: str


_HOW = {"add": Type.ADD, "update": Type.UPDATE, "delete": Type.DELETE, "restore": Type.RESTORE}


def happened(call: Call, site: Site, scope: int, since: int, until: int) -> Iterator[Happened]:
    """Yield what happened to a web (or to all of a site collection) that is no item, in order."""
    for number, step in enumerate(call.world.lists.history[:until], start=1):
        if number <= since or step.site.collection != site.collection:
            continue
        if scope == WEB and step.site.web != site.web:
            continue
        kind = _HOW[step.how]
        yield Happened(number, step.at, kind, step.site, step.what, step.target, step.key)


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
            kind = _OF_PERMISSIONS[sharing.kind_of_change(drive, number) or "add"]
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


#: How permissions changed → what a change is.
_OF_PERMISSIONS = {
    "add": Type.ASSIGNMENT_ADD,
    "delete": Type.ASSIGNMENT_DELETE,
    "break": Type.SCOPE_ADD,
    "reset": Type.SCOPE_DELETE,
}


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
        if number in found.notes:
            kind = _OF_PERMISSIONS[found.notes[number]]
        elif row.deleted:
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
