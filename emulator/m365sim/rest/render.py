"""`RenderListDataAsStream`: the items of a view, page by page.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/working-with-lists-and-list-items-with-rest#retrieve-items-as-a-stream
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any
from urllib.parse import parse_qs
from xml.etree import ElementTree as ET

import orjson

from m365sim.files.ids import upper_guid_of
from m365sim.graph.reply import Reply
from m365sim.lists import Library, Row, SharePointList
from m365sim.lists.problems import Throttled
from m365sim.rest.access import READ
from m365sim.rest.address import Segment
from m365sim.rest.call import Call
from m365sim.rest.errors import bad_query
from m365sim.rest.items import shapes
from m365sim.rest.people import person_of
from m365sim.rest.query import sort_key
from m365sim.rest.tables import LISTS, Action, Node

_LIMIT = 30
_LIST_DATA = 2
_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "Eq": operator.eq,
    "Neq": operator.ne,
    "Gt": operator.gt,
    "Geq": operator.ge,
    "Lt": operator.lt,
    "Leq": operator.le,
    "BeginsWith": lambda value, wanted: str(value).startswith(str(wanted)),
    "Contains": lambda value, wanted: str(wanted) in str(value),
}


async def _render(call: Call, node: Node, _: Segment) -> Reply:
    found: SharePointList = node.of
    call.check_list(found, READ)
    parameters = (await call.json()).get("parameters")
    if not isinstance(parameters, dict):
        raise bad_query("The parameter 'parameters' is missing.")
    view = _view(str(parameters.get("ViewXml") or "<View />"))
    limit = int(view.findtext("RowLimit") or _LIMIT)
    paging = str(parameters.get("Paging") or "").lstrip("?")
    position = {key: int(v[0]) for key, v in parse_qs(paging).items() if v[0].isdigit()}
    rows = _rows(call, found, view, parameters.get("FolderServerRelativeUrl"))
    first = position.get("PageFirstRow", 1)
    sorting = [
        (ref.get("Name", ""), ref.get("Ascending", "TRUE").upper() == "FALSE")
        for ref in view.findall("Query/OrderBy/FieldRef")
    ]
    by_id = sorting in ([], [("ID", False)])
    if by_id:
        rows = (row for row in rows if row.id > position.get("p_ID", 0))
    else:
        if found.is_large():
            raise Throttled("The list view threshold is exceeded.")
        rows = islice(_sorted(call, found, rows, sorting), first - 1, None)
    page = list(islice(rows, limit))
    wanted = [ref.get("Name", "") for ref in view.findall("ViewFields/FieldRef")]
    shown: dict[str, Any] = {
        "Row": [_row(call, found, row, wanted) for row in page],
        "FirstRow": first,
        "FolderPermissions": "0x7fffffffffffffff",
        "LastRow": first + len(page) - 1,
        "RowLimit": limit,
    }
    if len(page) == limit and next(rows, None) is not None:
        token = f"p_ID={page[-1].id}&PageFirstRow={first + limit}"
        shown["NextHref"] = f"?Paged=TRUE&{token}&View=00000000-0000-0000-0000-000000000000"
    shown |= {"FilterLink": "?", "ForceNoHierarchy": "1", "HierarchyHasIndention": ""}
    options = parameters.get("RenderOptions") or _LIST_DATA
    if isinstance(options, int) and options & ~_LIST_DATA:
        shown = {"ListData": shown}
    headers = [(b"content-type", b"application/json;odata=verbose;charset=utf-8")]
    return Reply(200, orjson.dumps(shown), headers)


def _view(text: str) -> ET.Element:
    if "<!" in text:  # neither types nor entities belong into a view
        raise bad_query("The ViewXml is malformed.")
    try:
        return ET.fromstring(text)  # noqa: S314 - without a document type, see above
    except ET.ParseError as broken:
        raise bad_query("The ViewXml is malformed.") from broken


def _rows(call: Call, found: SharePointList, view: ET.Element, folder: Any) -> Iterator[Row]:
    scope = view.get("Scope", "")
    above = None
    if isinstance(folder, str) and isinstance(found, Library):
        above = call.resolve(folder)[1].uid
    elif isinstance(found, Library):
        above = found.drive.root.uid
    where = view.find("Query/Where/*")
    if where is not None and found.is_large():
        raise Throttled("The list view threshold is exceeded.")
    viewer = call.viewer(found.drive) if isinstance(found, Library) else None
    for row in found.rows_after(0):
        item = row.item
        if item is not None and viewer is not None:
            is_in = scope.lower().startswith("recursive") or item.parent == above
            if scope == "Recursive" and item.is_folder:
                is_in = False
            if not is_in or not (viewer.sees_everything or viewer.sees(item)):
                continue
        if where is None or _holds(call, found, row, where):
            yield row


def _holds(call: Call, found: SharePointList, row: Row, test: ET.Element) -> bool:
    if test.tag in ("And", "Or"):
        parts = [_holds(call, found, row, one) for one in test]
        return all(parts) if test.tag == "And" else any(parts)
    ref = test.find("FieldRef")
    value = (
        shapes(call, found).value(row, f"fields/{ref.get('Name', '')}") if ref is not None else None
    )
    if test.tag in ("IsNull", "IsNotNull"):
        return (value is None) is (test.tag == "IsNull")
    compare = _TESTS.get(test.tag)
    if compare is None:
        raise bad_query(f"The test '{test.tag}' is not modelled.")
    wanted: Any = test.findtext("Value") or ""
    if value is None:
        return test.tag == "Neq"
    if isinstance(value, (bool, int, float)):
        try:
            return compare(float(value), float(wanted))
        except ValueError:
            return False
    return compare(str(value).lower(), wanted.lower())


def _sorted(
    call: Call, found: SharePointList, rows: Iterator[Row], sorting: list[tuple[str, bool]]
) -> list[Row]:
    read, whole = shapes(call, found), list(rows)
    for name, down in reversed(sorting):
        path = "id" if name == "ID" else f"fields/{name}"
        whole.sort(key=lambda row: sort_key(read.value(row, path)), reverse=down)
    return whole


def _row(call: Call, found: SharePointList, row: Row, wanted: list[str]) -> dict[str, Any]:
    read = shapes(call, found)
    shown: dict[str, Any] = {
        "ID": str(row.id),
        "PermMask": "0x7fffffffffffffff",
        "FSObjType": "1" if row.item is not None and row.item.is_folder else "0",
        "UniqueId": f"{{{upper_guid_of(row.uid)}}}",
        "ContentTypeId": row.content_type,
        "FileRef": read.value(row, "fields/FileRef"),
        "FileDirRef": read.value(row, "fields/FileDirRef"),
        "FileLeafRef": row.item.name if row.item is not None else f"{row.id}_.000",
        "owshiddenversion": str(row.version),
    }
    if row.item is not None and not row.item.is_folder:
        shown["File_x0020_Size"] = str(row.item.size)
        shown["File_x0020_Type"] = row.item.name.rpartition(".")[2] if "." in row.item.name else ""
    for name in wanted or ["Title", "Modified", "Created", "Editor", "Author"]:
        if name in shown or name not in found.schema.columns:
            continue
        if name in ("Author", "Editor"):
            person = person_of(call, row.created_by if name == "Author" else row.modified_by)
            shown[name] = [
                {
                    "id": str(person.number),
                    "title": person.title,
                    "email": person.email,
                    "sip": person.email,
                    "picture": "",
                }
            ]
            continue
        value = read.value(row, f"fields/{name}")
        if found.schema.columns[name].kind == "dateTime" and value is not None:
            shown[f"{name}."] = value
            value = _written(str(value))
        elif isinstance(value, bool):
            value = "Yes" if value else "No"
        elif isinstance(value, dict) and "Url" in value:
            shown[f"{name}.desc"], value = value.get("Description", ""), value["Url"]
        elif not isinstance(value, list):
            value = "" if value is None else str(value)
        shown[name] = value
    return shown


def _written(moment: str) -> str:
    """Write a moment as the regional settings of the United States have it."""
    at = datetime.fromisoformat(moment)
    return f"{at.month}/{at.day}/{at.year} {at.hour % 12 or 12}:{at:%M} {at:%p}"


ACTIONS = (
    Action(
        "list",
        "RenderListDataAsStream",
        "POST",
        _render,
        "ViewXml with RowLimit, ViewFields, OrderBy, Scope, simple Where; Paging; no groups",
        LISTS,
    ),
)
