"""`GetChanges`: what happened to the items of a list, or of all lists of a site.

https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn531433(v=office.15),
change log of 60 days:
https://learn.microsoft.com/previous-versions/office/developer/sharepoint-2010/bb417456(v=office.14)
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from m365sim.files import Site
from m365sim.files.changes import RETENTION
from m365sim.files.ids import guid_of
from m365sim.lists import SharePointList
from m365sim.rest.access import READ
from m365sim.rest.address import Segment
from m365sim.rest.call import Call
from m365sim.rest.errors import bad_query
from m365sim.rest.history import Event, Type, events
from m365sim.rest.tables import Action, Node
from m365sim.rest.tokens import (
    LIST,
    WEB,
    ChangeToken,
    is_expired,
    read_token,
    site_token,
    too_old,
)
from m365sim.rest.values import Complex, Entity, Feed, Guid, Moment, Result

_LIMIT = 1000
_SOURCE = "https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn531433(v=office.15)"
#: Kind of change → the flag of a query that asks for it.
_FLAGS = {
    Type.ADD: "Add",
    Type.UPDATE: "Update",
    Type.DELETE: "DeleteObject",
    Type.RENAME: "Rename",
    Type.MOVE_INTO: "Move",
    Type.RESTORE: "Restore",
    Type.ASSIGNMENT_ADD: "RoleAssignmentAdd",
    Type.SYSTEM_UPDATE: "SystemUpdate",
}


async def _of_list(call: Call, node: Node, _: Segment) -> Result:
    found: SharePointList = node.of
    call.check_list(found, READ)
    query = await _query(call)
    start = _token(query, "ChangeTokenStart", LIST, found.id)
    end = _token(query, "ChangeTokenEnd", LIST, found.id)
    since = found.floor if start is None else start.number
    if start is not None and is_expired(call, found, start):
        if not query.get("IgnoreStartTokenNotFoundError"):
            raise too_old()
        since = found.floor
    until = found.head if end is None else min(end.number, found.head)

    def token(event: Event) -> str:
        return ChangeToken(LIST, found.id, event.at, event.number).write()

    shown = ((event, token(event)) for event in events(call, found, since, until))
    return _result(query, shown)


async def _of_web(call: Call, node: Node, _: Segment) -> Result:
    site: Site = node.of
    call.check(READ)
    query = await _query(call)
    start = _token(query, "ChangeTokenStart", WEB, guid_of(site.web))
    lists = call.lists()
    heads = {found.id: found.floor for found in lists}
    positions = call.world.rest.positions
    if start is not None:
        oldest = call.world.clock.now() - RETENTION
        is_known = start.number < len(positions)
        if is_known and datetime.fromtimestamp(start.at, UTC) >= oldest:
            heads |= positions[start.number]
        elif not query.get("IgnoreStartTokenNotFoundError"):
            raise too_old()
    if any(heads[found.id] < found.floor for found in lists):
        raise too_old()
    return _result(query, _merged(call, site, lists, heads))


def _merged(
    call: Call, site: Site, lists: list[SharePointList], heads: dict[str, int]
) -> Iterator[tuple[Event, str]]:
    """Yield the changes of all lists by time; each token holds the place in every list."""
    heads = dict(heads)
    whole = [event for found in lists for event in events(call, found, heads[found.id], found.head)]
    for event in sorted(whole, key=lambda event: event.at):
        heads[event.found.id] = event.number
        yield event, site_token(call, site, heads)


async def _query(call: Call) -> dict[str, Any]:
    query = (await call.json()).get("query")
    if not isinstance(query, dict):
        raise bad_query("The parameter 'query' is missing.")
    return query


def _token(query: dict[str, Any], name: str, scope: int, guid: str) -> ChangeToken | None:
    given = query.get(name)
    text = given.get("StringValue") if isinstance(given, dict) else None
    return read_token(str(text), scope, guid) if text else None


def _result(query: dict[str, Any], found: Iterator[tuple[Event, str]]) -> Result:
    limit = query.get("FetchLimit")
    limit = limit if isinstance(limit, int) and limit > 0 else _LIMIT
    shown: list[Entity] = []
    for event, token in found:
        if len(shown) >= min(limit, _LIMIT):
            break
        if query.get(_FLAGS[event.type]):
            shown.extend(_shapes(query, event, token))
    return Result(Feed(shown), "GetChanges")


def _shapes(query: dict[str, Any], event: Event, token: str) -> Iterator[Entity]:
    """Show a change as one of the item, and as one of the file or folder, as is asked for."""
    site = event.found.site
    common: dict[str, Any] = {
        "ChangeToken": Complex("SP.ChangeToken", {"StringValue": token}),
        "ChangeType": int(event.type),
        "SiteId": Guid(guid_of(site.collection)),
        "Time": Moment.of(event.at),
    }
    uid, web = Guid(guid_of(event.uid)), Guid(guid_of(site.web))
    if query.get("Item"):
        yield Entity(
            "SP.ChangeItem",
            f"SP.ChangeItem{event.number}",
            common
            | {
                "Editor": event.editor,
                "EditorEmailHint": None,
                "ItemId": event.item_id,
                "ListId": Guid(event.found.id),
                "ServerRelativeUrl": event.place,
                "SharedByUser": None,
                "SharedWithUsers": None,
                "UniqueId": uid,
                "WebId": web,
            },
        )
    kind = "Folder" if event.is_folder else "File"
    is_file = event.found.folder.partition("/")[0] not in ("Lists", "_catalogs")
    if query.get(kind) and is_file:
        values = {"UniqueId": uid, "WebId": web}
        yield Entity(f"SP.Change{kind}", f"SP.Change{kind}{event.number}", common | values)


_WHAT = "items, files, folders; FetchLimit up to 1000; a log of 60 days"
ACTIONS = (
    Action("list", "GetChanges", "POST", _of_list, _WHAT, _SOURCE),
    Action("web", "GetChanges", "POST", _of_web, f"of its lists: {_WHAT}", _SOURCE),
)
