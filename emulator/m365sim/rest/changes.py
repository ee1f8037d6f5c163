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
from m365sim.files.ids import guid_of
from m365sim.lists import SharePointList
from m365sim.rest.access import READ
from m365sim.rest.address import Segment
from m365sim.rest.call import Call
from m365sim.rest.errors import bad_query
from m365sim.rest.history import Event, Happened, Type, events, happened
from m365sim.rest.lists import TEMPLATES
from m365sim.rest.tables import Action, Node
from m365sim.rest.tokens import (
    LIST,
    SITE,
    WEB,
    ChangeToken,
    guid_at,
    heads_token,
    is_expired,
    lists_of,
    read_token,
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
    Type.ASSIGNMENT_DELETE: "RoleAssignmentDelete",
    Type.SCOPE_ADD: "RoleAssignmentAdd",
    Type.SCOPE_DELETE: "RoleAssignmentDelete",
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
    return await _of_many(call, node.of, WEB)


async def _of_site(call: Call, node: Node, _: Segment) -> Result:
    return await _of_many(call, node.of, SITE)


async def _of_many(call: Call, site: Site, scope: int) -> Result:
    """Answer for all lists of a web, or of a site collection, and for themselves."""
    call.check(READ)
    query = await _query(call)
    guid = guid_at(site, scope)
    start = _token(query, "ChangeTokenStart", scope, guid)
    end = _token(query, "ChangeTokenEnd", scope, guid)
    lists = lists_of(call, site, scope)
    heads = {found.id: found.floor for found in lists} | {"": 0}
    positions = call.world.rest.positions
    if start is not None:
        oldest = call.world.clock.now() - call.world.quirks.delta_retention
        is_known = 0 <= start.number < len(positions)
        if is_known and datetime.fromtimestamp(start.at, UTC) >= oldest:
            heads |= positions[start.number]
        elif not query.get("IgnoreStartTokenNotFoundError"):
            raise too_old()
    if any(heads[found.id] < found.floor for found in lists):
        raise too_old()
    limits: dict[str, int] = {}
    if end is not None and 0 <= end.number < len(positions):
        limits = positions[end.number]
    return _result(query, _merged(call, (site, scope), lists, heads, limits))


def _merged(
    call: Call,
    where: tuple[Site, int],
    lists: list[SharePointList],
    heads: dict[str, int],
    limits: dict[str, int],
) -> Iterator[tuple[Event | Happened, str]]:
    """Yield the changes of all lists by time; each token holds the place in every list."""
    heads = dict(heads)
    whole: list[Event | Happened] = []
    for found in lists:
        until = min(limits.get(found.id, found.head), found.head)
        whole += events(call, found, heads[found.id], until)
    until = limits.get("", len(call.world.lists.history))
    whole += happened(call, *where, heads[""], until)
    for event in sorted(whole, key=lambda event: event.at):
        heads["" if isinstance(event, Happened) else event.found.id] = event.number
        yield event, heads_token(call, *where, heads)


async def _query(call: Call) -> dict[str, Any]:
    query = (await call.json()).get("query")
    if not isinstance(query, dict):
        raise bad_query("The parameter 'query' is missing.")
    return query


def _token(query: dict[str, Any], name: str, scope: int, guid: str) -> ChangeToken | None:
    given = query.get(name)
    text = given.get("StringValue") if isinstance(given, dict) else None
    return read_token(str(text), scope, guid) if text else None


def _result(query: dict[str, Any], found: Iterator[tuple[Event | Happened, str]]) -> Result:
    limit = query.get("FetchLimit")
    limit = limit if isinstance(limit, int) and limit > 0 else _LIMIT
    shown: list[Entity] = []
    for event, token in found:
        if len(shown) >= min(limit, _LIMIT):
            break
        if not query.get(_FLAGS[event.type]):
            continue
        if isinstance(event, Happened):
            if query.get(event.what):
                shown.append(_structural(event, token))
        else:
            shown.extend(_shapes(query, event, token))
    return Result(Feed(shown), "GetChanges")


def _structural(event: Happened, token: str) -> Entity:
    """Show a change of a web, a list or a column."""
    values: dict[str, Any] = {
        "ChangeToken": Complex("SP.ChangeToken", {"StringValue": token}),
        "ChangeType": int(event.type),
        "SiteId": Guid(guid_of(event.site.collection)),
        "Time": Moment.of(event.at),
    }
    found = event.target
    if event.what == "List" and found is not None:
        values |= {
            "BaseTemplate": TEMPLATES.get(found.template, 100),
            "Hidden": found.hidden,
            "ListId": Guid(found.id),
            "Title": found.display_name,
        }
    elif event.what == "Field":
        values["FieldId"] = Guid(event.key)
    values["WebId"] = Guid(guid_of(event.site.web))
    return Entity(f"SP.Change{event.what}", f"SP.Change{event.what}{event.number}", values)


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


_WHAT = "items, files, folders and their permissions; FetchLimit up to 1000; a log of 60 days"
_MORE = f"of its lists: {_WHAT}; also webs, lists, columns"
ACTIONS = (
    Action("list", "GetChanges", "POST", _of_list, _WHAT, _SOURCE),
    Action("web", "GetChanges", "POST", _of_web, _MORE, _SOURCE),
    Action("site", "GetChanges", "POST", _of_site, f"of its webs: {_MORE}", _SOURCE),
)
