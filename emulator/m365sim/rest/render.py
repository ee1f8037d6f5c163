"""`RenderListDataAsStream`: the items of a view, page by page.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/working-with-lists-and-list-items-with-rest#retrieve-items-as-a-stream
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, quote
from xml.etree import ElementTree as ET

import orjson

from m365sim.files.ids import upper_guid_of
from m365sim.graph.reply import Reply
from m365sim.lists import Row, SharePointList
from m365sim.rest.access import READ
from m365sim.rest.address import Segment
from m365sim.rest.call import Call
from m365sim.rest.caml import read_view, read_xml
from m365sim.rest.caml_search import Search
from m365sim.rest.errors import bad_query
from m365sim.rest.items import shapes
from m365sim.rest.people import person_of
from m365sim.rest.render_options import Rendered, around, options_of, row_folder, row_media
from m365sim.rest.tables import LISTS, Action, Node
from m365sim.rest.view_shapes import xml_of
from m365sim.rest.views import find_view

_LIMIT = 30
_NO_VIEW = "00000000-0000-0000-0000-000000000000"
_HTML_TYPE = [(b"content-type", b"application/json;odata=verbose;charset=utf-8")]


async def _render(call: Call, node: Node, _: Segment) -> Reply:
    found: SharePointList = node.of
    call.check_list(found, READ)
    body = await call.json()
    parameters, overrides = body.get("parameters") or {}, body.get("overrideParameters") or {}
    if not isinstance(parameters, dict) or not isinstance(overrides, dict):
        raise bad_query("The parameters of RenderListDataAsStream must be objects.")
    view_id = str(overrides.get("ViewId") or _asked(call, "view") or "").strip("{}").lower()
    view = read_view(_xml(found, parameters, view_id))
    extra = _from_address(call)
    if name := overrides.get("SortField") or extra.get("sortfield"):
        down = str(overrides.get("SortDir") or extra.get("sortdir") or "Asc").lower()
        view = replace(view, sorting=((str(name), down.startswith("desc")),))
    if test := _filter(extra, view.condition):
        view = replace(view, condition=test)
    folder = parameters.get("FolderServerRelativeUrl") or overrides.get("RootFolder")
    folder = folder or extra.get("rootfolder")
    paging = str(parameters.get("Paging") or call.query.get("Paging") or "").lstrip("?")
    position = dict(parse_qsl(paging, keep_blank_values=True))
    limit, options = view.row_limit or _LIMIT, options_of(parameters)
    page, following = Search(call, found, view, folder).page(position, limit)
    first = int(position["PageFirstRow"]) if position.get("PageFirstRow", "").isdigit() else 1
    shown: dict[str, Any] = {
        "Row": [
            _row(call, found, row, list(view.fields)) | row_media(call, found, row, options)
            for row in page
        ],
        "FirstRow": first,
        "FolderPermissions": "0x7fffffffffffffff",
        "LastRow": first + len(page) - 1,
        "RowLimit": limit,
    }
    if following is not None:
        place = "&".join(f"{key}={quote(value, safe='')}" for key, value in following.items())
        shown["NextHref"] = f"?{place}&View={view_id or _NO_VIEW}"
    shown |= {"FilterLink": "?", "ForceNoHierarchy": "1", "HierarchyHasIndention": ""}
    what = Rendered(call, found, view_id, row_folder(call, found, folder))
    return Reply(200, orjson.dumps(around(what, parameters, shown)), list(_HTML_TYPE))


async def _render_data(call: Call, node: Node, _: Segment) -> Reply:
    """Answer the older function, whose answer is that one as a text."""
    found: SharePointList = node.of
    call.check_list(found, READ)
    view = read_view(str((await call.json()).get("viewXml") or "<View />"))
    limit = view.row_limit or _LIMIT
    page, _following = Search(call, found, view).page({}, limit)
    rows = [_row(call, found, row, list(view.fields)) for row in page]
    shown = {"Row": rows, "FirstRow": 1, "LastRow": len(rows), "RowLimit": limit}
    text = orjson.dumps(shown).decode()
    return Reply(200, orjson.dumps({"d": {"RenderListData": text}}), list(_HTML_TYPE))


def _asked(call: Call, name: str) -> str | None:
    return next((value for key, value in call.query.items() if key.lower() == name), None)


def _from_address(call: Call) -> dict[str, str]:
    return {key.lower(): value for key, value in call.query.items()}


def _xml(found: SharePointList, parameters: dict[str, Any], view_id: str) -> str:
    """Return the view that is meant: a given one, or a kept one with parts exchanged."""
    given = parameters.get("ViewXml")
    if given:
        return str(given)
    if view_id and view_id != _NO_VIEW:
        whole = xml_of(found, find_view(found, view_id))
    else:
        whole = xml_of(found, found.views.default)
    override = parameters.get("OverrideViewXml")
    if not override:
        return whole
    base, parts = read_xml(whole), read_xml(str(override))
    for part in parts if parts.tag == "View" else [parts]:
        known = base.find(part.tag)
        if known is not None:
            base.remove(known)
        base.append(part)
    if scope := parts.get("Scope"):
        base.set("Scope", scope)
    return ET.tostring(base, "unicode")


def _filter(extra: dict[str, str], condition: ET.Element | None) -> ET.Element | None:
    """Add the `FilterField1=...&FilterValue1=...` of an address to a condition."""
    number = 1
    while (name := extra.get(f"filterfield{number}")) is not None:
        test = ET.Element("Eq")
        ET.SubElement(test, "FieldRef", Name=name)
        kind = extra.get(f"filtertype{number}", "Text")
        ET.SubElement(test, "Value", Type=kind).text = extra.get(f"filtervalue{number}", "")
        if condition is None:
            condition = test
        else:
            both = ET.Element("And")
            both.extend([condition, test])
            condition = both
        number += 1
    return condition


def _row(call: Call, found: SharePointList, row: Row, wanted: list[str]) -> dict[str, Any]:
    read = shapes(call, found)
    shown: dict[str, Any] = {
        "ID": str(row.id),
        "PermMask": "0x7fffffffffffffff",
        "FSObjType": str(int(row.is_folder)),
        "UniqueId": f"{{{upper_guid_of(row.uid)}}}",
        "ContentTypeId": row.content_type,
        "FileRef": read.value(row, "fields/FileRef"),
        "FileDirRef": read.value(row, "fields/FileDirRef"),
        "FileLeafRef": row.name,
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
            shown[f"{name}.FriendlyDisplay"] = f"0|{_friendly(str(value))}"
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


def _friendly(moment: str) -> str:
    return f"{datetime.fromisoformat(moment):%B} {datetime.fromisoformat(moment).day}"


_WHAT = (
    "ViewXml, OverrideViewXml, kept views, Paging, FolderServerRelativeUrl, overrideParameters, "
    "FilterField; of RenderOptions ContextInfo, ListData, ListSchema, ListContentType, "
    "ViewMetadata, "
    "DisableAutoHyperlink, EnableMediaTAUrls, ParentInfo, the others are counted as not modelled; "
    "no groups, no aggregates"
)
ACTIONS = (
    Action("list", "RenderListDataAsStream", "POST", _render, _WHAT, LISTS),
    Action("list", "RenderListData", "POST", _render_data, "viewXml; the first page", LISTS),
)
