"""List items: rows of lists, and the files and folders of libraries seen as rows.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/working-with-lists-and-list-items-with-rest
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from m365sim.files.ids import ROOT_UID, guid_of, uid_of
from m365sim.files.problems import Missing
from m365sim.graph.field_shapes import FieldShapes, etag
from m365sim.lists import Column, Library, Row, SharePointList
from m365sim.lists.generic import GenericList
from m365sim.rest.access import READ, check_token
from m365sim.rest.address import Segment
from m365sim.rest.call import Call
from m365sim.rest.errors import no_item
from m365sim.rest.fields import entity_property
from m365sim.rest.list_folders import list_folder_node
from m365sim.rest.lists import list_node
from m365sim.rest.people import person_numbered, person_of, user_node
from m365sim.rest.rights import EXTRAS
from m365sim.rest.shaping import entity_type
from m365sim.rest.tables import Action, Kind, Node, Step
from m365sim.rest.values import Complex, Guid, Moment, Several

_SHOWN_ELSEWHERE = frozenset({"Title", "Attachments", "FileLeafRef", "Author", "Editor"})


def item_node(found: SharePointList, row: Row) -> Node:
    """Return the node of an item."""
    return Node("item", f"{list_node(found).uri}/Items({row.id})", (found, row))


def _items(call: Call, node: Node) -> Iterator[Node]:
    found: SharePointList = node.of
    check_token(call.world, call.principal, found.site, READ)
    return _after(call, node, 0)


def _after(call: Call, node: Node, number: int) -> Iterator[Node]:
    """Yield the items with a higher number."""
    found: SharePointList = node.of
    return (item_node(found, row) for row in found.rows_after(number) if call.sees_row(found, row))


def _found_items(_: Call, node: Node) -> Iterator[Node]:
    """Yield the items that a query found."""
    found, rows = node.of
    return (item_node(found, row) for row in rows)


def _item(call: Call, node: Node, at: Segment) -> Node:
    found: SharePointList = node.of
    check_token(call.world, call.principal, found.site, READ)
    try:
        row = found.row(at.number("id", "itemid"))
    except Missing as gone:
        raise no_item() from gone
    if isinstance(found, Library) and row.item is not None:
        call.check_item(found.drive, row.item)
    elif not call.sees_row(found, row):
        raise no_item()
    return item_node(found, row)


def _by_unique_id(call: Call, node: Node, at: Segment) -> Node:
    """Find an item by the id that stays when it is moved."""
    found: SharePointList = node.of
    check_token(call.world, call.principal, found.site, READ)
    wanted = uid_of(str(at.argument("uniqueid")))
    if isinstance(found, Library):
        item = found.drive.find(wanted or b"")
        if item is None or item.parent is None or not found.drive.is_live(item):
            raise no_item()
        call.check_item(found.drive, item)
        return item_node(found, found.row_of(item))
    for row in found.rows_after(0):
        if row.uid == wanted and call.sees_row(found, row):
            return item_node(found, row)
    raise no_item()


def shapes(call: Call, found: SharePointList) -> FieldShapes:
    """Return what reads the values of a list's items."""
    known = call.cache.get(found)
    if not isinstance(known, FieldShapes):
        known = call.cache[found] = FieldShapes(call.world, found)
    return known


def item_values(call: Call, node: Node) -> dict[str, Any]:
    """Show the values of an item, but those that nobody gets unasked."""
    found, row = node.of
    read = shapes(call, found)
    values: dict[str, Any] = {
        "FileSystemObjectType": int(row.is_folder),
        "Id": row.id,
        "ServerRedirectedEmbedUri": None,
        "ServerRedirectedEmbedUrl": "",
        "ContentTypeId": row.content_type,
        "Title": row.values.get("Title"),
    }
    wanted = call.view_fields
    for column in found.schema.columns.values():
        if wanted is not None and column.name not in wanted:
            continue
        is_system = column.hidden or (column.built_in and column.read_only)
        if not (is_system or column.kind is None or column.name in _SHOWN_ELSEWHERE):
            values |= dict([_valued(read, column, row)])
    return values | _system_values(read, row, wanted)


def _system_values(read: FieldShapes, row: Row, wanted: frozenset[str] | None) -> dict[str, Any]:
    values = {
        "ID": row.id,
        "Modified": Moment.of(row.modified_at),
        "Created": Moment.of(row.created_at),
        "AuthorId": read.person(row.created_by),
        "EditorId": read.person(row.modified_by),
        "OData__UIVersionString": str(read.value(row, "fields/_UIVersionString")),
        "Attachments": bool(row.attachments),
        "GUID": Guid(guid_of(row.uid)),
    }
    if wanted is None:
        return values
    return {
        name: value
        for name, value in values.items()
        if name == "ID" or {name, name.removesuffix("Id"), name.removeprefix("OData_")} & wanted
    }


def _valued(read: FieldShapes, column: Column, row: Row) -> tuple[str, Any]:
    name, value = entity_property(column.name), row.values.get(column.name)
    if column.is_lookup:
        several = Several("Edm.Int32", list(value or ())) if column.is_multiple else value
        return f"{name}Id", several
    if column.kind == "calculated":
        return name, read.value(row, f"fields/{column.name}")
    if isinstance(value, list):
        value = Several("Edm.String", value)
    elif column.kind == "dateTime" and value is not None:
        value = Moment(value)
    elif column.kind == "hyperlinkOrPicture" and value is not None:
        value = Complex("SP.FieldUrlValue", value)
    return name, value


def _hidden(name: str) -> Callable[[Call, Node], Any]:
    def value(call: Call, node: Node) -> Any:
        found, row = node.of
        return shapes(call, found).value(row, f"fields/{name}")

    return value


def _leaf(_: Call, node: Node) -> str:
    row: Row = node.of[1]
    return row.name


def _above(_: Call, node: Node) -> str:
    """Return the unique id of the folder it lies in; at the top that is the list's own folder.

    A hidden column of every list and library of the real service.
    """
    found, row = node.of
    if row.item is not None:
        is_top = row.item.parent in (None, ROOT_UID)
        return guid_of(found.root_uid if is_top else row.item.parent)
    above = found.find(row.parent) if row.parent else None
    return guid_of(above.uid if above is not None else found.root_uid)


def _address(call: Call, node: Node) -> str:
    return f"https://{call.site.host}{_hidden('FileRef')(call, node)}"


def _lookup(call: Call, node: Node, name: str) -> Node | None:
    """Lead to the user or item that a column of an item looks at, or to all of them."""
    found, row = node.of
    column = found.schema.columns.get(name)
    if column is None or not column.is_lookup:
        return None
    value = row.values.get(column.name)
    if column.is_multiple:
        several = [_looked_at(call, found, column, number) for number in value or ()]
        return Node("several", "", [one for one in several if one.of is not None])
    return _looked_at(call, found, column, value)


def _looked_at(call: Call, found: SharePointList, column: Column, number: Any) -> Node:
    if column.kind == "personOrGroup":
        person = person_numbered(call, number) if number is not None else None
        return user_node("", person)
    source = call.world.lists.looked_up(found.site, column)
    if source is None or number is None:
        return Node("item", "")
    try:
        return item_node(source, source.row(number))
    except Missing:
        return Node("item", "")


def _texts(call: Call, node: Node) -> dict[str, Any]:
    """Show every value as text, as `FieldValuesAsText` does."""
    found, row = node.of
    read = shapes(call, found)
    shown: dict[str, Any] = {}
    for name, column in found.schema.columns.items():
        value = read.value(row, f"fields/{name}")
        if isinstance(value, dict):
            value = f"{value.get('Url', '')}, {value.get('Description', '')}"
        elif isinstance(value, list):
            value = "; ".join(
                str(v.get("LookupValue")) if isinstance(v, dict) else v for v in value
            )
        elif isinstance(value, bool):
            value = "Yes" if value else "No"
        elif column.kind == "dateTime" and isinstance(value, str):
            value = Moment(value).replace("T", " ").removesuffix("Z")
        written = entity_property(name.replace("_", "_x005f_"))
        shown[written] = "" if value is None else str(value)
    return shown


# -- from here on


def _author(call: Call, node: Node, at: Segment) -> Node:
    row: Row = node.of[1]
    actor = row.created_by if at.name == "author" else row.modified_by
    return user_node("", person_of(call, actor))


def _to_file(_: Call, node: Node, at: Segment) -> Node:
    found, row = node.of
    is_folder = at.name == "folder"
    if isinstance(found, GenericList) and is_folder and row.is_folder:
        return list_folder_node(found, row)
    if not isinstance(found, Library) or row.item is None or row.item.is_folder is not is_folder:
        return Node(at.name, f"{node.uri}/{at.written}")
    return Node(at.name, f"{node.uri}/{at.written}", (found.drive, row.item))


KINDS = (
    Kind("items", members=_items, after=_after),
    Kind("founditems", members=_found_items),
    Kind("several", members=lambda _, node: node.of),
    Kind(
        "item",
        lambda node: entity_type(node.of[0]),
        values=item_values,
        extras={
            "FileLeafRef": _leaf,
            "EncodedAbsUrl": _address,
            "ParentUniqueId": _above,
            **EXTRAS,
            **{
                name: _hidden(name)
                for name in (
                    "FileRef",
                    "FileDirRef",
                    "FSObjType",
                    "UniqueId",
                    "File_x0020_Type",
                    "File_x0020_Size",
                    "Created_x0020_Date",
                    "Last_x0020_Modified",
                    "ContentType",
                    "owshiddenversion",
                    "LinkTitle",
                    "LinkFilename",
                )
            },
            "OData__Level": _hidden("_Level"),
            "OData__ModerationStatus": _hidden("_ModerationStatus"),
        },
        dynamic=_lookup,
        etag=lambda _, node: etag(node.of[1]),
    ),
    Kind("itemtext", "SP.FieldStringValues", values=_texts),
)
STEPS = (
    Step(
        "list",
        "Items",
        lambda _c, n, _s: Node("items", f"{n.uri}/Items", n.of),
        "items",
        "$select $expand $filter $orderby $top $skiptoken; 100 a page, 5000 at the most; "
        "$skip is ignored; the list view threshold",
    ),
    Step("items", "()", _item, "item"),
    Step("items", "GetById", _item, "item", is_function=True),
    Step("list", "GetItemById", _item, "item", is_function=True),
    Step(
        "list",
        "GetItemByUniqueId",
        _by_unique_id,
        "item",
        is_function=True,
        source="https://learn.microsoft.com/dotnet/api/microsoft.sharepoint.client.list.getitembyuniqueid",
    ),
    Step("item", "Author", _author, "user"),
    Step("item", "Editor", _author, "user"),
    Step("item", "File", _to_file, "file"),
    Step("item", "Folder", _to_file, "folder"),
    Step("item", "ParentList", lambda _c, n, _s: list_node(n.of[0]), "list"),
    Step(
        "item",
        "FieldValuesAsText",
        lambda _c, n, _s: Node("itemtext", f"{n.uri}/FieldValuesAsText", n.of),
        "itemtext",
        "every value as text",
    ),
)
ACTIONS: tuple[Action, ...] = ()  # those that change something are in `item_writes`
