"""Columns of lists and sites, which `_api` calls fields.

https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn600182(v=office.15)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from m365sim.files import Site
from m365sim.files.problems import Missing
from m365sim.graph.reply import Reply
from m365sim.lists import Column, SharePointList
from m365sim.rest.access import MANAGE
from m365sim.rest.address import Segment
from m365sim.rest.call import Call, pairs
from m365sim.rest.errors import RestError, bad_query
from m365sim.rest.lists import list_node
from m365sim.rest.tables import Action, Kind, Node, Step
from m365sim.rest.values import Guid

#: Kind of a column → type of the field, its number, and its name in schemas.
_FIELD_TYPES = {
    "boolean": ("SP.Field", 8, "Boolean"),
    "calculated": ("SP.FieldCalculated", 17, "Calculated"),
    "choice": ("SP.FieldChoice", 6, "Choice"),
    "currency": ("SP.FieldCurrency", 10, "Currency"),
    "dateTime": ("SP.FieldDateTime", 4, "DateTime"),
    "geolocation": ("SP.FieldGeolocation", 31, "Location"),
    "hyperlinkOrPicture": ("SP.FieldUrl", 11, "URL"),
    "lookup": ("SP.FieldLookup", 7, "Lookup"),
    "number": ("SP.FieldNumber", 9, "Number"),
    "personOrGroup": ("SP.FieldUser", 20, "User"),
    "term": ("SP.Taxonomy.TaxonomyField", 0, "TaxonomyFieldType"),
    "text": ("SP.FieldText", 2, "Text"),
    "thumbnail": ("SP.FieldThumbnail", 34, "Thumbnail"),
}
_NEW_COLUMNS: dict[int, dict[str, Any]] = {
    2: {"text": {}},
    3: {"text": {"allowMultipleLines": True}},
    4: {"dateTime": {}},
    6: {"choice": {}},
    8: {"boolean": {}},
    9: {"number": {}},
    10: {"currency": {}},
    11: {"hyperlinkOrPicture": {}},
    20: {"personOrGroup": {}},
}


def _fields(call: Call, node: Node) -> Iterator[Node]:
    is_site = isinstance(node.of, Site)
    schema = call.world.lists.site_schema(node.of) if is_site else node.of.schema
    return (_field_node(node, column) for column in list(schema.columns.values()))


def _field_node(node: Node, column: Column) -> Node:
    return Node("field", f"{node.uri}(guid'{column.id}')", (node.of, column))


def field_type(column: Column) -> tuple[str, int, str]:
    """Return the type of a field, the number of its kind, and its name in schemas."""
    if column.settings.get("allowMultipleLines"):
        return "SP.FieldMultiLineText", 3, "Note"
    return _FIELD_TYPES.get(column.kind or "", ("SP.Field", 12, "Computed"))


def _field_values(_call: Call, node: Node) -> dict[str, Any]:
    column: Column = node.of[1]
    _, number, name = field_type(column)
    values: dict[str, Any] = {
        "CanBeDeleted": not column.built_in,
        "DefaultValue": (column.default or {}).get("value"),
        "Description": column.description,
        "EnforceUniqueValues": column.unique,
        "EntityPropertyName": entity_property(column.name),
        "FieldTypeKind": number,
        "Filterable": True,
        "FromBaseType": column.built_in,
        "Group": column.group,
        "Hidden": column.hidden,
        "Id": Guid(column.id),
        "Indexed": column.indexed,
        "InternalName": column.name,
        "ReadOnlyField": column.read_only,
        "Required": column.required,
        "Sealed": column.built_in,
        "Sortable": True,
        "StaticName": column.name,
        "Title": column.display_name,
        "TypeAsString": name,
    }
    if column.kind == "text" and number == 2:
        values["MaxLength"] = column.settings.get("maxLength", 255)
    if column.kind == "choice":
        values["Choices"] = list(column.settings.get("choices", ()))
    return values


def entity_property(name: str) -> str:
    """Return the name that a column has on items: what begins with `_` is prefixed."""
    return f"OData_{name}" if name.startswith("_") else name


def _field(call: Call, node: Node, at: Segment) -> Node:
    wanted = str(at.argument("id", "title", "strname", "strinternalname")).lower()
    for one in _fields(call, node):
        column: Column = one.of[1]
        if wanted in (column.id, column.name.lower(), column.display_name.lower()):
            return one
    raise RestError(
        404,
        "-2147024809, System.ArgumentException",
        f"Column '{wanted}' does not exist. It may have been deleted by another user.",
    )


async def _add_field(call: Call, node: Node, _: Segment) -> Node:
    found: SharePointList = node.of
    call.check_list(found, MANAGE)
    body = await call.json()
    body = dict(pairs(body.get("parameters", body)))
    facet = _NEW_COLUMNS.get(body.get("FieldTypeKind", 0))
    if facet is None or not isinstance(body.get("Title"), str):
        raise bad_query("A field needs a Title and a FieldTypeKind that fields can be made of.")
    kind, settings = next(iter(facet.items()))
    if kind == "choice":
        settings = {"choices": list(body.get("Choices") or ())}
    column = call.world.lists.add_column(
        found,
        {
            "name": body["Title"],
            "displayName": body["Title"],
            "required": bool(body.get("Required")),
            "indexed": bool(body.get("Indexed")),
            kind: dict(settings),
        },
    )
    return _field_node(Node("fields", f"{list_node(found).uri}/Fields", found), column)


async def _delete_field(call: Call, node: Node, _: Segment) -> Reply:
    found, column = node.of
    if isinstance(found, Site):
        raise Missing("Columns of sites are deleted through Graph only.")
    call.check_list(found, MANAGE)
    found.schema.remove_column(column)
    found.forget_column(column)
    found.version += 1
    return Reply(200)


def _to_fields(_: Call, node: Node, __: Segment) -> Node:
    return Node("fields", f"{node.uri}/Fields", node.of)


KINDS = (
    Kind("fields", members=_fields),
    Kind("field", lambda node: field_type(node.of[1])[0], values=_field_values),
)
STEPS = (
    Step("list", "Fields", _to_fields, "fields", "columns"),
    Step("web", "Fields", _to_fields, "fields", "columns of the site"),
    Step("fields", "()", _field, "field", "by GUID"),
    Step("fields", "GetById", _field, "field", is_function=True),
    Step("fields", "GetByTitle", _field, "field", is_function=True),
    Step("fields", "GetByInternalNameOrTitle", _field, "field", is_function=True),
)
ACTIONS = (
    Action("fields", "", "POST", _add_field, "text, note, date, choice, number, link, person"),
    Action("fields", "AddField", "POST", _add_field, "as POST on the collection"),
    Action("field", "", "DELETE", _delete_field, "columns of lists"),
)
