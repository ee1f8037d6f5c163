"""Views of lists, and the columns that they show.

https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn531433(v=office.15)#bk_View
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from m365sim.graph.reply import Reply
from m365sim.history.lists import note_view
from m365sim.lists import SharePointList
from m365sim.lists.view import View
from m365sim.rest.access import MANAGE, READ
from m365sim.rest.address import Segment
from m365sim.rest.call import Call, pairs
from m365sim.rest.caml import read_view, read_xml
from m365sim.rest.caml_search import Search
from m365sim.rest.errors import RestError, bad_query
from m365sim.rest.items import shapes
from m365sim.rest.tables import Action, Kind, Node, Step
from m365sim.rest.values import Result
from m365sim.rest.view_shapes import SCOPES, field_values, view_values, xml_of

SOURCE = "https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn531433(v=office.15)"
_KINDS = {1: "HTML", 2048: "GRID", 524288: "CALENDAR", 8193: "RECURRENCE", 67108864: "GANTT"}
#: Property → the field that holds it, and what it must be.
_SETTABLE: dict[str, tuple[str, type]] = {
    "Title": ("title", str),
    "ViewQuery": ("query", str),
    "Query": ("query", str),
    "RowLimit": ("row_limit", int),
    "Paged": ("is_paged", bool),
    "PersonalView": ("is_personal", bool),
    "Hidden": ("is_hidden", bool),
    "Scope": ("scope", int),
    "Aggregations": ("aggregations", str),
    "CustomFormatter": ("formatter", str),
    "ViewJoins": ("joins", str),
    "ViewProjectedFields": ("projected", str),
}


def view_node(found: SharePointList, view: View) -> Node:
    """Return the node of a view."""
    return Node("view", f"Web/Lists(guid'{found.id}')/Views(guid'{view.id}')", (found, view))


def _members(_: Call, node: Node) -> Iterator[Node]:
    found: SharePointList = node.of
    return (view_node(found, view) for view in list(found.views.all))


def find_view(found: SharePointList, key: str) -> View:
    """Find a view by its id or title."""
    view = found.views.find(key)
    if view is None:
        raise RestError(
            404, "-2147024809, System.ArgumentException", "The specified view is invalid."
        )
    return view


def _one(_: Call, node: Node, at: Segment) -> Node:
    found: SharePointList = node.of
    return view_node(found, find_view(found, str(at.argument("viewid", "id", "strtitle", "title"))))


# -- changing


async def _add(call: Call, node: Node, _: Segment) -> Node:
    found: SharePointList = node.of
    call.check_list(found, MANAGE)
    body = await call.json()
    body = dict(pairs(body.get("parameters") or body))
    title = body.get("Title")
    if not isinstance(title, str):
        raise bad_query("A view needs a Title.")
    names = body.get("ViewFields")
    names = names if isinstance(names, list) else list(found.views.default.fields)
    for name in names:
        _check_field(found, name)
    view = found.views.add(title, names)
    view.kind = _KINDS.get(body.get("ViewTypeKind") or 1, "HTML")
    try:
        _set(found, view, body)
    except RestError:
        found.views.all.remove(view)
        raise
    _changed(found, view, "created")
    return view_node(found, view)


async def _update(call: Call, node: Node, _: Segment) -> Reply:
    found, view = node.of
    call.check_list(found, MANAGE)
    _set(found, view, dict(pairs(await call.json())))
    _changed(found, view, "updated")
    return Reply(204)


async def _delete(call: Call, node: Node, _: Segment) -> Reply:
    found, view = node.of
    call.check_list(found, MANAGE)
    found.views.remove(view)
    _changed(found, view, "deleted")
    return Reply(200)


async def _set_xml(call: Call, node: Node, _: Segment) -> Reply:
    found, view = node.of
    call.check_list(found, MANAGE)
    text = str((await call.json()).get("viewXml") or "")
    whole, read = read_xml(text), read_view(text)
    for name in read.fields:
        _check_field(found, name)
    query = whole.find("Query")
    view.query = "".join(ET.tostring(one, "unicode") for one in query) if query is not None else ""
    view.fields, view.is_paged = list(read.fields), read.is_paged
    view.row_limit = read.row_limit or view.row_limit
    view.scope = SCOPES.index(read.scope) if read.scope in SCOPES else 0
    _changed(found, view, "updated")
    return Reply(200)


def _changed(found: SharePointList, view: View, action: str) -> None:
    found.version += 1
    if found.scribe is not None:
        note_view(found.scribe, action, found, view)


def _set(found: SharePointList, view: View, body: dict[str, Any]) -> None:
    for key, value in body.items():
        if key in ("SetAsDefaultView", "DefaultView"):
            if value:
                found.views.make_default(view)
        elif key in _SETTABLE and value is not None:
            name, kind = _SETTABLE[key]
            if not isinstance(value, kind):
                raise bad_query(f"The value of '{key}' has the wrong type.")
            if name == "query":
                read_xml(f"<Query>{value}</Query>")
            setattr(view, name, value)


def _check_field(found: SharePointList, name: Any) -> str:
    for column in found.schema.columns.values():
        if str(name).lower() in (column.name.lower(), column.display_name.lower()):
            return column.name
    raise RestError(
        400,
        "-2147024809, System.ArgumentException",
        f"Column '{name}' does not exist. It may have been deleted by another user.",
    )


def _change_fields(change: str) -> Any:
    async def do(call: Call, node: Node, at: Segment) -> Reply:
        found, view = node.of
        call.check_list(found, MANAGE)
        body = await call.json() if change in ("add", "move", "remove") else {}
        name = at.argument("strfield", "field") or body.get("strField") or body.get("field")
        if change == "clear":
            view.fields.clear()
        elif change == "add":
            name = _check_field(found, name)
            if name not in view.fields:
                view.fields.append(name)
        else:
            if name not in view.fields:
                raise bad_query(f"The view does not show the column '{name}'.")
            view.fields.remove(name)
            if change == "move":
                view.fields.insert(int(body.get("index", at.named.get("index", 0))), name)
        _changed(found, view, "updated")
        return Reply(200)

    return do


async def _as_html(call: Call, node: Node, _: Segment) -> Result:
    """Write the first page of a view as a table; the real service adds menus and scripts."""
    found, view = node.of
    call.check_list(found, READ)
    rows, _more = Search(call, found, read_view(xml_of(found, view))).page({}, view.row_limit)
    read = shapes(call, found)
    lines = ["".join(f"<th>{escape(name)}</th>" for name in view.fields)]
    for row in rows:
        values = [read.value(row, f"fields/{name}") for name in view.fields]
        lines.append("".join(f"<td>{escape(str(v or ''))}</td>" for v in values))
    table = "".join(f"<tr>{line}</tr>" for line in lines)
    return Result(f"<table>{table}</table>", "RenderAsHtml")


KINDS = (
    Kind("views", members=_members),
    Kind("view", "SP.View", values=view_values),
    Kind("viewfields", "SP.ViewFieldCollection", values=field_values),
)
STEPS = (
    Step(
        "list",
        "Views",
        lambda _c, n, _s: Node("views", f"{n.uri}/Views", n.of),
        "views",
        "the views of the list, whoever made them",
        source=SOURCE,
    ),
    Step("views", "()", _one, "view", source=SOURCE),
    Step("views", "GetById", _one, "view", is_function=True, source=SOURCE),
    Step("views", "GetByTitle", _one, "view", is_function=True, source=SOURCE),
    Step("list", "GetView", _one, "view", is_function=True, source=SOURCE),
    Step(
        "list",
        "DefaultView",
        lambda _c, n, _s: view_node(n.of, n.of.views.default),
        "view",
        source=SOURCE,
    ),
    Step(
        "view",
        "ViewFields",
        lambda _c, n, _s: Node("viewfields", f"{n.uri}/ViewFields", n.of),
        "viewfields",
        "names of columns, in order",
        source=SOURCE,
    ),
)
_WHAT = "Title, ViewFields, ViewQuery, RowLimit, Paged, Scope, PersonalView, SetAsDefaultView"
ACTIONS = (
    Action("views", "", "POST", _add, _WHAT, SOURCE),
    Action("views", "Add", "POST", _add, f"parameters: {_WHAT}", SOURCE),
    Action("view", "", "MERGE", _update, _WHAT, SOURCE),
    Action("view", "", "DELETE", _delete, "any but the default one", SOURCE),
    Action("view", "DeleteObject", "POST", _delete, "any but the default one", SOURCE),
    Action("view", "SetViewXml", "POST", _set_xml, "a whole view", SOURCE),
    Action("view", "RenderAsHtml", "GET", _as_html, "a plain table", SOURCE),
    Action("view", "RenderAsHtml", "POST", _as_html, "a plain table", SOURCE),
    Action("viewfields", "AddViewField", "POST", _change_fields("add"), "by name", SOURCE),
    Action("viewfields", "RemoveViewField", "POST", _change_fields("remove"), "by name", SOURCE),
    Action("viewfields", "MoveViewFieldTo", "POST", _change_fields("move"), "to index", SOURCE),
    Action("viewfields", "RemoveAllViewFields", "POST", _change_fields("clear"), "all", SOURCE),
)
