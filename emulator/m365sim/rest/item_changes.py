"""`GetListItemChangesSinceToken`: the items that changed, in XML.

https://learn.microsoft.com/previous-versions/office/developer/sharepoint-2010/ms429636(v=office.14)
"""

from __future__ import annotations

from itertools import islice
from typing import Any
from xml.sax.saxutils import quoteattr

from m365sim.files.ids import upper_guid_of
from m365sim.files.problems import Missing
from m365sim.graph.reply import Reply
from m365sim.lists import Row, SharePointList
from m365sim.rest.access import READ
from m365sim.rest.address import Segment
from m365sim.rest.call import Call
from m365sim.rest.errors import RestError, bad_query
from m365sim.rest.history import Type, events
from m365sim.rest.items import shapes
from m365sim.rest.tables import Action, Node
from m365sim.rest.tokens import LIST, ChangeToken, is_expired, list_token, read_token

_SOURCE = "https://learn.microsoft.com/previous-versions/office/developer/sharepoint-2010/ms429636(v=office.14)"
_LIMIT = 100
_NAMES = (
    "xmlns:s='uuid:BDC6E3F0-6DA3-11d1-A2A3-00AA00C14882' "
    "xmlns:dt='uuid:C2F41010-65B3-11d1-A29F-00AA00C14882' "
    "xmlns:rs='urn:schemas-microsoft-com:rowset' xmlns:z='#RowsetSchema'"
)
_COUNTED = ("UniqueId", "FSObjType", "FileRef", "FileDirRef", "File_x0020_Size")


async def _changes(call: Call, node: Node, _: Segment) -> Reply:
    found: SharePointList = node.of
    call.check_list(found, READ)
    query = (await call.json()).get("query")
    if not isinstance(query, dict):
        raise bad_query("The parameter 'query' is missing.")
    limit = int(query.get("RowLimit") or _LIMIT)
    text = query.get("ChangeToken")
    if not text:
        after = _position(str(query.get("QueryOptions") or ""))
        rows = list(islice(found.rows_after(after), limit + 1))
        position = f"Paged=TRUE&p_ID={rows[limit - 1].id}" if len(rows) > limit else ""
        return _reply(call, found, list_token(call, found), [], rows[:limit], position=position)
    try:
        token = read_token(str(text), LIST, found.id)
    except RestError:
        token = None
    if token is None or is_expired(call, found, token):
        invalid = '<Id ChangeType="InvalidToken"></Id>'
        return _reply(call, found, list_token(call, found), [invalid], [])
    last: dict[int, tuple[Type, bytes]] = {}
    reached, is_more = token, False
    for event in events(call, found, token.number, found.head):
        if event.item_id not in last and len(last) >= limit:
            is_more = True
            break
        last.pop(event.item_id, None)
        last[event.item_id] = (event.type, event.uid)
        reached = ChangeToken(LIST, found.id, event.at, event.number)
    changed, rows = [], []
    for number, (kind, uid) in last.items():
        name = "Restore" if kind is Type.RESTORE else ""
        try:
            rows.append(found.row(number))
        except Missing:
            name = "Delete"
        if name:
            written = f'UniqueId="{{{upper_guid_of(uid)}}}"'
            changed.append(f'<Id ChangeType="{name}" {written}>{number}</Id>')
    new = reached.write() if is_more else list_token(call, found)
    return _reply(call, found, new, changed, rows, is_more=is_more)


def _position(options: str) -> int:
    """Read where a page begins from `<Paging ListItemCollectionPositionNext="...p_ID=5"/>`."""
    digits = ""
    for letter in options.partition("p_ID=")[2]:
        if not letter.isdigit():
            break
        digits += letter
    return int(digits or 0)


def _reply(
    call: Call,
    found: SharePointList,
    token: str,
    changed: list[str],
    rows: list[Row],
    *,
    is_more: bool = False,
    position: str = "",
) -> Reply:
    more = ' MoreChanges="TRUE"' if is_more else ""
    following = f" ListItemCollectionPositionNext={quoteattr(position)}" if position else ""
    body = [
        "<?xml version='1.0' encoding='utf-8'?>",
        "<listitems MinTimeBetweenSyncs='0' RecommendedTimeBetweenSyncs='180' ",
        f"MaxBulkDocumentSyncSize='500' EffectivePermMask='FullMask' {_NAMES}>",
        f"<Changes LastChangeToken={quoteattr(token)}{more}>{''.join(changed)}</Changes>",
        f'<rs:data ItemCount="{len(rows)}"{following}>',
        *(_row(call, found, row) for row in rows),
        "</rs:data></listitems>",
    ]
    headers = [(b"content-type", b"application/xml;charset=utf-8")]
    return Reply(200, "".join(body).encode(), headers)


def _row(call: Call, found: SharePointList, row: Row) -> str:
    read = shapes(call, found)
    values: dict[str, Any] = {
        "ContentTypeId": row.content_type,
        **row.values,
        "ID": row.id,
        "Modified": _moment(read.value(row, "fields/Modified")),
        "Created": _moment(read.value(row, "fields/Created")),
        "owshiddenversion": row.version,
        "_UIVersionString": read.value(row, "fields/_UIVersionString"),
    }
    for actor, name in ((row.created_by, "Author"), (row.modified_by, "Editor")):
        values[name] = f"{read.person(actor)};#{read.value(row, f'fields/{name}') or ''}"
    for name in _COUNTED:
        value = read.value(row, f"fields/{name}")
        if value is not None:
            value = f"{{{str(value).upper()}}}" if name == "UniqueId" else str(value).lstrip("/")
            values[name] = f"{row.id};#{value}"
    if row.item is not None:
        values["FileLeafRef"] = f"{row.id};#{row.item.name}"
    written = (f"ows_{name}={quoteattr(_text(value))}" for name, value in values.items())
    return f"<z:row {' '.join(written)} />"


def _moment(text: Any) -> str:
    return str(text).replace("T", " ").removesuffix("Z")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, dict):
        return f"{value.get('Url', '')}, {value.get('Description', '')}"
    if isinstance(value, list):
        return ";#" + ";#".join(str(one) for one in value) + ";#"
    return str(value)


_WHAT = "all items without token; Delete, Restore, InvalidToken, MoreChanges; no views, no CAML"
ACTIONS = (Action("list", "GetListItemChangesSinceToken", "POST", _changes, _WHAT, _SOURCE),)
