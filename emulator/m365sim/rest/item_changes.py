"""`GetListItemChangesSinceToken`: the items that changed, in XML.

https://learn.microsoft.com/previous-versions/office/developer/sharepoint-2010/ms429636(v=office.14);
kinds of changes and attributes:
https://learn.microsoft.com/openspecs/sharepoint_protocols/ms-listsws/0f1ff2bd-0a93-4d3b-9df0-5ac73cb3b6e8
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree as ET
from xml.sax.saxutils import quoteattr

from m365sim.files.ids import upper_guid_of
from m365sim.files.problems import Missing
from m365sim.graph.field_shapes import FieldShapes
from m365sim.graph.reply import Reply
from m365sim.lists import Library, Row, SharePointList
from m365sim.rest.access import READ
from m365sim.rest.address import Segment
from m365sim.rest.call import Call
from m365sim.rest.caml import View, read_view, read_xml
from m365sim.rest.caml_search import Search
from m365sim.rest.errors import RestError, bad_query
from m365sim.rest.fields import field_type, schema_xml
from m365sim.rest.history import Event, Type, events
from m365sim.rest.items import shapes
from m365sim.rest.tables import Action, Node
from m365sim.rest.tokens import LIST, ChangeToken, is_expired, list_token, read_token
from m365sim.rest.view_shapes import xml_of
from m365sim.rest.views import find_view

_SOURCE = "https://learn.microsoft.com/previous-versions/office/developer/sharepoint-2010/ms429636(v=office.14)"
_LIMIT = 100
_NAMES = (
    "xmlns:s='uuid:BDC6E3F0-6DA3-11d1-A2A3-00AA00C14882' "
    "xmlns:dt='uuid:C2F41010-65B3-11d1-A29F-00AA00C14882' "
    "xmlns:rs='urn:schemas-microsoft-com:rowset' xmlns:z='#RowsetSchema'"
)
_ALWAYS = ("UniqueId", "FSObjType", "FileRef", "FileDirRef", "File_x0020_Size")
#: What a folder or an item that is still there went through, as far as it has a name of its own.
_KINDS = {Type.RESTORE: "Restore", Type.RENAME: "Rename", Type.MOVE_INTO: "Rename"}


@dataclass(frozen=True, slots=True)
class _Answer:
    """What is to be written."""

    token: str
    changed: list[str]
    rows: list[Row]
    is_more: bool = False
    position: str = ""
    with_schema: bool = False


async def _changes(call: Call, node: Node, _: Segment) -> Reply:
    found: SharePointList = node.of
    call.check_list(found, READ)
    body = await call.json()
    query = (body["d"] if isinstance(body.get("d"), dict) else body).get("query")
    if not isinstance(query, dict):
        raise bad_query("The parameter 'query' is missing.")
    limit = _limit(query)
    view = _view(found, query)
    text = query.get("ChangeToken")
    if text:
        answer = _since(call, found, str(text), view, limit)
    else:
        options = str(query.get("QueryOptions") or "")
        place = dict(parse_qsl(_position(options), keep_blank_values=True))
        rows, following = Search(call, found, view, _folder(options)).page(place, limit)
        position = "&".join(f"{key}={value}" for key, value in (following or {}).items())
        answer = _Answer(
            list_token(call, found), [], rows, position=position, with_schema=not place
        )
    return _reply(call, found, answer, view.fields)


def _since(call: Call, found: SharePointList, text: str, view: View, limit: int) -> _Answer:
    """Return what changed after a token; one that is too old or none asks for a new beginning."""
    try:
        token = read_token(text, LIST, found.id)
    except RestError:
        token = None
    if token is None or is_expired(call, found, token):
        invalid = '<Id ChangeType="InvalidToken"></Id>'
        return _Answer(list_token(call, found), [invalid], [])
    last, reached, is_more = _latest(call, found, token, limit)
    changed, rows = [], []
    search = Search(call, found, view)
    for number, event in last.items():
        try:
            row = found.row(number)
        except Missing:
            changed.append(_id("Delete", event))
            continue
        if (name := _KINDS.get(event.type)) and (event.is_folder or name == "Restore"):
            changed.append(_id(name, event))
        if not call.sees_row(found, row):
            continue
        if search.fits(row):
            rows.append(row)
    new = reached.write() if is_more else list_token(call, found)
    return _Answer(new, changed, rows, is_more=is_more)


def _latest(
    call: Call, found: SharePointList, token: ChangeToken, limit: int
) -> tuple[dict[int, Event], ChangeToken, bool]:
    """Return the telling change of each of some items, where they end, and whether more follow."""
    last: dict[int, Event] = {}
    reached = token
    for event in events(call, found, token.number, found.head):
        if event.item_id not in last and len(last) >= limit:
            return last, reached, True
        known = last.pop(event.item_id, None)
        if known is not None and known.type in _KINDS and event.type not in _KINDS:
            last[event.item_id] = known if event.type is not Type.DELETE else event
        else:
            last[event.item_id] = event
        reached = ChangeToken(LIST, found.id, event.at, event.number)
    return last, reached, False


def _id(kind: str, event: Event) -> str:
    written = f'ChangeType="{kind}" UniqueId="{{{upper_guid_of(event.uid)}}}"'
    if kind == "Rename":
        written += f" DisplayName={quoteattr(event.place.rpartition('/')[2])}"
    return f"<Id {written}>{event.item_id}</Id>"


# -- what is asked for


def _limit(query: dict[str, Any]) -> int:
    text = str(query.get("RowLimit") or _LIMIT)
    if not text.isdigit() or not int(text):
        raise bad_query("The RowLimit is no number.")
    return int(text)


def _view(found: SharePointList, query: dict[str, Any]) -> View:
    """Put the parts of a query together: a kept view, its own columns, its own conditions."""
    name = query.get("ViewName")
    base = read_xml(xml_of(found, find_view(found, str(name)))) if name else ET.Element("View")
    for key, tag in (("ViewFields", "ViewFields"), ("Query", "Query")):
        if text := query.get(key):
            part = read_xml(str(text))
            if part.tag == "Where" and tag == "Query":  # as the example of the documents has it
                whole = ET.Element("Query")
                whole.append(part)
                part = whole
            if part.tag != tag:
                raise bad_query(f"The {key} must be a {tag} element.")
            known = base.find(tag)
            if known is not None:
                base.remove(known)
            base.append(part)
    if text := query.get("Contains"):
        part = read_xml(str(text))
        where = ET.SubElement(ET.SubElement(base, "Query"), "Where")
        is_test = part.find("Value") is not None  # the operator itself, not what stands around one
        where.extend([part] if is_test else list(part))
    if not base.get("Scope"):
        base.set("Scope", "RecursiveAll")
    return read_view(ET.tostring(base, "unicode"))


def _position(options: str) -> str:
    """Read where a page begins from `<Paging ListItemCollectionPositionNext="...p_ID=5"/>`."""
    if "<" not in options:
        return ""
    found = read_xml(options).find("Paging")
    return found.get("ListItemCollectionPositionNext", "") if found is not None else ""


def _folder(options: str) -> str | None:
    return (read_xml(options).findtext("Folder") or None) if "<" in options else None


# -- what is answered


def _reply(call: Call, found: SharePointList, answer: _Answer, wanted: tuple[str, ...]) -> Reply:
    more = ' MoreChanges="TRUE"' if answer.is_more else ""
    following = ""
    if answer.position:
        following = f" ListItemCollectionPositionNext={quoteattr(answer.position)}"
    inner = _schema(found) if answer.with_schema else ""
    inner += "".join(answer.changed)
    body = [
        "<?xml version='1.0' encoding='utf-8'?>",
        "<listitems MinTimeBetweenSyncs='0' RecommendedTimeBetweenSyncs='180' ",
        f"MaxBulkDocumentSyncSize='500' EffectivePermMask='FullMask' {_NAMES}>",
        f"<Changes LastChangeToken={quoteattr(answer.token)}{more}>{inner}</Changes>",
        f'<rs:data ItemCount="{len(answer.rows)}"{following}>',
        *(_row(call, found, row, wanted) for row in answer.rows),
        "</rs:data></listitems>",
    ]
    headers = [(b"content-type", b"application/xml;charset=utf-8")]
    return Reply(200, "".join(body).encode(), headers)


def _schema(found: SharePointList) -> str:
    """Write the list as the first answer has it, with its columns."""
    fields = "".join(schema_xml(column) for column in found.schema.columns.values())
    is_library = isinstance(found, Library)
    return (
        f"<List ID={quoteattr('{' + found.id.upper() + '}')} "
        f'Title={quoteattr(found.display_name)} BaseType="{int(is_library)}" '
        f'Version="{found.version}"><Fields>{fields}</Fields></List>'
    )


def _row(call: Call, found: SharePointList, row: Row, wanted: tuple[str, ...]) -> str:
    read = shapes(call, found)
    names = wanted or [
        column.name
        for column in found.schema.columns.values()
        if not column.hidden and column.name in row.values
    ]
    values: dict[str, Any] = {"ContentTypeId": row.content_type}
    for name in names:
        values[name] = _value(read, found, row, name)
    values |= {
        "ID": row.id,
        "Modified": _moment(read.value(row, "fields/Modified")),
        "Created": _moment(read.value(row, "fields/Created")),
        "owshiddenversion": row.version,
        "_UIVersionString": read.value(row, "fields/_UIVersionString"),
        "Attachments": len(row.attachments) if not isinstance(found, Library) else None,
    }
    for actor, name in ((row.created_by, "Author"), (row.modified_by, "Editor")):
        values[name] = f"{read.person(actor)};#{read.value(row, f'fields/{name}') or ''}"
    for name in _ALWAYS:
        value = read.value(row, f"fields/{name}")
        if value is not None:
            value = f"{{{str(value).upper()}}}" if name == "UniqueId" else str(value).lstrip("/")
            values[name] = f"{row.id};#{value}"
    if row.item is not None:
        values["FileLeafRef"] = f"{row.id};#{row.item.name}"
    written = " ".join(
        f"ows_{name}={quoteattr(_text(value))}"
        for name, value in values.items()
        if value is not None
    )
    return f"<z:row {written} />"


def _value(read: FieldShapes, found: SharePointList, row: Row, name: str) -> Any:
    """Return a value as rows have it: lookups with their numbers."""
    column = found.schema.columns.get(name)
    if column is None:
        return None
    value = read.value(row, f"fields/{name}")
    number = row.values.get(name)
    if column.is_lookup and isinstance(number, int):
        return f"{number};#{value or ''}"
    if column.is_lookup and isinstance(value, list):
        return ";#".join(f"{one['LookupId']};#{one['LookupValue']}" for one in value)
    if field_type(column)[2] == "DateTime" and value is not None:
        return _moment(value)
    return value


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


_WHAT = (
    "all items and the list's columns without token; Delete, Restore, Rename (of folders), "
    "InvalidToken, MoreChanges; ViewName, ViewFields, Query, Contains, paging, Folder"
)
ACTIONS = (Action("list", "GetListItemChangesSinceToken", "POST", _changes, _WHAT, _SOURCE),)
