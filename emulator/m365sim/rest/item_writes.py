"""What is done to list items: making them, setting their values, deleting them.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/working-with-lists-and-list-items-with-rest
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from m365sim.files.problems import Refused
from m365sim.graph.field_shapes import etag
from m365sim.graph.reply import Reply
from m365sim.lists import Column, Library, Row, SharePointList
from m365sim.lists.content_type import FOLDER
from m365sim.lists.generic import GenericList
from m365sim.lists.values import default_values, read_values
from m365sim.rest.access import WRITE, check_token
from m365sim.rest.address import Segment
from m365sim.rest.call import Call, pairs
from m365sim.rest.errors import bad_query, denied
from m365sim.rest.items import item_node
from m365sim.rest.list_folders import folder_number, located
from m365sim.rest.recycled import recycled_id, recycled_row_id
from m365sim.rest.tables import Action, Node
from m365sim.rest.values import Complex, Guid, Result, Several
from m365sim.sharing import Level

_FOLDER = 1  # https://learn.microsoft.com/previous-versions/office/sharepoint-server/ee537053(v=office.15)


async def _add(call: Call, node: Node, _: Segment) -> Node:
    found: SharePointList = node.of
    call.check_list(found)
    body = await call.json()
    _check_type(call, body)
    values, kind = _read(call, found, body, None)
    if kind is not None and kind.startswith(FOLDER) and isinstance(found, GenericList):
        name = str(body.get("FileLeafRef") or values.get("Title") or "")
        values = {key: value for key, value in values.items() if key != "FileLeafRef"}
        return item_node(found, found.add_folder(name, call.actor(), values=values))
    defaults = default_values(found, values, call.world.clock.now())
    return item_node(found, found.add(defaults | values, call.actor(), kind))


async def _update(call: Call, node: Node, _: Segment) -> Reply:
    found, row = node.of
    _check_write(call, found, row)
    call.check_match(etag(row))
    body = await call.json()
    _check_type(call, body)
    values, kind = _read(call, found, body, row)
    changed = found.update(row, values, call.actor(), kind)
    return Reply(204, b"", [(b"etag", etag(changed).encode())])


async def _delete(call: Call, node: Node, _: Segment) -> Reply:
    found, row = node.of
    _check_write(call, found, row)
    call.check_match(etag(row))
    _bin(call, found, row)
    return Reply(200)


async def _recycle(call: Call, node: Node, _: Segment) -> Result:
    found, row = node.of
    _check_write(call, found, row)
    return Result(Guid(_bin(call, found, row)), "Recycle")


def _bin(call: Call, found: SharePointList, row: Row) -> str:
    """Put an item into the recycle bin and return its id there."""
    if isinstance(found, Library):
        found.drive.delete(found.drive.live(row.uid), by=call.actor())
        return recycled_id(found.drive, row.uid)
    found.delete(row)
    return recycled_row_id(found, row, found.head) if isinstance(found, GenericList) else ""


async def _validated(call: Call, node: Node, _: Segment) -> Result:
    """Set values that come as texts; each is answered on its own, and one that is bad stops all."""
    found, row = node.of
    _check_write(call, found, row)
    values, shown = _texts(call, found, (await call.json()).get("formValues"), row)
    if not any(one["HasException"] for one in shown):
        found.update(row, values, call.actor())
    return _told(shown, row.id, "ValidateUpdateListItem")


async def _add_validated(call: Call, node: Node, _: Segment) -> Result:
    """Make an item from values that come as texts."""
    found: SharePointList = node.of
    call.check_list(found)
    body = await call.json()
    info = body.get("listItemCreateInfo") or {}
    if not isinstance(found, GenericList):
        raise bad_query("Items of a document library are made by uploading files.")
    place = (info.get("FolderPath") or {}).get("DecodedUrl")
    parent = folder_number(found, located(call, found, str(place))) if place else 0
    values, shown = _texts(call, found, body.get("formValues"), None)
    number = 0
    if not any(one["HasException"] for one in shown):
        defaults = default_values(found, values, call.world.clock.now())
        if info.get("UnderlyingObjectType") == _FOLDER:
            name = str(info.get("LeafName") or values.get("FileLeafRef") or values.get("Title", ""))
            values = {**values, "FileLeafRef": None}
            number = found.add_folder(name, call.actor(), parent=parent, values=values).id
        else:
            number = found.add(defaults | values, call.actor(), parent=parent).id
        shown.append(
            {"ErrorMessage": None, "FieldName": "Id", "FieldValue": str(number)}
            | {"HasException": False}
        )
    return _told(shown, number, "AddValidateUpdateItemUsingPath")


def _texts(
    call: Call, found: SharePointList, given: Any, row: Row | None
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Read values that come as texts, and what is to be said of each."""
    given = given.get("results") if isinstance(given, dict) else given
    if not isinstance(given, list):
        raise bad_query("The parameter 'formValues' is missing.")
    values: dict[str, Any] = {}
    shown = []
    for one in given:
        name, value, trouble = str(one.get("FieldName")), one.get("FieldValue"), None
        column = found.schema.columns.get(name)
        if column is None:
            raise bad_query(f"Column '{name}' does not exist.")
        try:
            values |= read_values(
                found, {name: _from_text(column, value)}, _finds(call, found), row
            )
        except (Refused, ValueError) as refused:
            trouble = str(refused)
        said = {"ErrorMessage": trouble, "FieldName": name, "FieldValue": value}
        shown.append(said | {"HasException": trouble is not None})
    return values, shown


def _told(shown: list[dict[str, Any]], number: int, name: str) -> Result:
    kind = "SP.ListItemFormUpdateValue"
    said = [Complex(kind, {**one, "ItemId": number}) for one in shown]
    return Result(Several(kind, said), name)


def _from_text(column: Column, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if column.kind in ("number", "currency"):
        return float(value)
    if column.kind == "boolean":
        return value.lower() in ("1", "yes", "true")
    return value


def _check_write(call: Call, found: SharePointList, row: Row) -> None:
    check_token(call.world, call.principal, found.site, WRITE)
    if isinstance(found, Library) and row.item is not None:
        call.check_item(found.drive, row.item, WRITE)
    elif call.row_level(found, row) < Level.WRITE or found.is_system:
        raise denied()


def _check_type(call: Call, body: dict[str, Any]) -> None:
    """Refuse a verbose body that does not say what it is."""
    sent = call.headers.get("content-type", "").lower().replace(" ", "")
    if "odata=verbose" in sent and not (body.get("__metadata") or {}).get("type"):
        raise bad_query(
            "An entry without a type name was found, but no expected type was specified. To allow "
            "entries without type information, the expected type must also be specified when the "
            "model is specified."
        )


def _read(
    call: Call, found: SharePointList, body: dict[str, Any], row: Row | None
) -> tuple[dict[str, Any], str | None]:
    values: dict[str, Any] = {}
    columns, kind = found.schema.columns, None
    for key, value in pairs(body):
        name = key.removeprefix("OData_") if key.startswith("OData__") else key
        if name == "ContentTypeId":
            # The id of the site's content type stands for the list's copy of it.
            copies = (t.id for t in found.schema.content_types.values() if t.parent == value)
            kind = found.schema.content_type(next(copies, value)).id
            continue
        owner = columns.get(name.removesuffix("Id"))
        if name not in columns and owner is not None and owner.is_lookup:
            name = f"{owner.name}LookupId" if not owner.is_multiple else owner.name
        elif name not in columns:
            raise bad_query(
                f"The property '{key}' does not exist on type 'SP.ListItem'. Make sure to only use "
                "property names that are defined by the type."
            )
        values[name] = dict(pairs(value)) if isinstance(value, dict) else value
    return read_values(found, values, _finds(call, found), row), kind


def _finds(call: Call, found: SharePointList) -> Callable[[Column, int], bool]:
    def finds(column: Column, number: int) -> bool:
        source = call.world.lists.looked_up(found.site, column)
        hit = next(iter(source.rows_after(number - 1)), None) if source is not None else None
        return hit is not None and hit.id == number

    return finds


ACTIONS = (
    Action("items", "", "POST", _add, "verbose bodies must name their type"),
    Action("item", "", "MERGE", _update, "If-Match"),
    Action("item", "", "PUT", _update, "as MERGE: values not named stay"),
    Action("item", "", "DELETE", _delete, "into the recycle bin; If-Match"),
    Action("item", "Recycle", "POST", _recycle, "into the recycle bin"),
    Action("item", "ValidateUpdateListItem", "POST", _validated, "texts, numbers, flags"),
    Action(
        "list",
        "AddValidateUpdateItemUsingPath",
        "POST",
        _add_validated,
        "texts, numbers, flags; FolderPath; UnderlyingObjectType 0 or 1 (a folder)",
    ),
)
