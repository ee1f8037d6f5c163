"""Columns of lists and sites, which `_api` calls fields.

https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn600182(v=office.15)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from m365sim.files import Site
from m365sim.graph.reply import Reply
from m365sim.lists import Column
from m365sim.lists.schema import Schema
from m365sim.rest.access import MANAGE
from m365sim.rest.address import Segment
from m365sim.rest.call import Call, pairs
from m365sim.rest.errors import RestError, bad_query
from m365sim.rest.field_kinds import column_of_xml, facet_of, facet_settings
from m365sim.rest.tables import Action, Kind, Node, Step
from m365sim.rest.values import Guid, Several

_SOURCE = "https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn600182(v=office.15)"
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
#: Property of a field → that of a column of Graph, and what it must be.
_SETTABLE: dict[str, tuple[str, type]] = {
    "Title": ("displayName", str),
    "Description": ("description", str),
    "Group": ("columnGroup", str),
    "Required": ("required", bool),
    "Indexed": ("indexed", bool),
    "Hidden": ("hidden", bool),
    "EnforceUniqueValues": ("enforceUniqueValues", bool),
    "ReadOnlyField": ("readOnly", bool),
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
    if column.kind == "choice" and column.is_multiple:
        return "SP.FieldMultiChoice", 15, "MultiChoice"
    if column.is_lookup and column.is_multiple:
        name = "UserMulti" if column.kind == "personOrGroup" else "LookupMulti"
        kind, number, _ = _FIELD_TYPES[column.kind or ""]
        return kind, number, name
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
        "SchemaXml": schema_xml(column),
        "Scope": node.of[0].path if isinstance(node.of[0], Site) else f"/{node.of[0].folder}",
        "Sealed": column.built_in,
        "Sortable": True,
        "StaticName": column.name,
        "Title": column.display_name,
        "TypeAsString": name,
    }
    if column.kind == "text" and number == 2:
        values["MaxLength"] = column.settings.get("maxLength", 255)
    settings = column.settings
    if column.kind == "choice":
        values["Choices"] = Several("Edm.String", list(settings.get("choices", ())))
        values["FillInChoice"] = bool(settings.get("allowTextEntry"))
    if column.kind in ("number", "currency"):
        values |= {
            "MaximumValue": settings.get("maximum", 1.7976931348623157e308),
            "MinimumValue": settings.get("minimum", -1.7976931348623157e308),
        }
    if column.kind == "dateTime":
        values["DisplayFormat"] = int(settings.get("format") == "dateTime")
    if column.kind == "lookup":
        values |= {
            "AllowMultipleValues": column.is_multiple,
            "LookupField": settings.get("columnName", ""),
            "LookupList": f"{{{settings.get('listId', '')}}}",
        }
    if column.kind == "personOrGroup":
        values["AllowMultipleValues"] = column.is_multiple
    if column.kind == "calculated":
        values["Formula"] = settings.get("formula", "")
    return values


def schema_xml(column: Column) -> str:
    """Write a column as the XML that a list keeps of it."""
    flags = {
        "Required": column.required,
        "Hidden": column.hidden,
        "ReadOnly": column.read_only,
        "Indexed": column.indexed,
        "EnforceUniqueValues": column.unique,
    }
    written = "".join(f' {name}="TRUE"' for name, is_set in flags.items() if is_set)
    choices = "".join(
        f"<CHOICE>{escape(str(one))}</CHOICE>" for one in column.settings.get("choices", ())
    )
    inner = f"<CHOICES>{choices}</CHOICES>" if choices else ""
    return (
        f"<Field ID={quoteattr('{' + column.id + '}')} Type={quoteattr(field_type(column)[2])} "
        f"Name={quoteattr(column.name)} StaticName={quoteattr(column.name)} "
        f"DisplayName={quoteattr(column.display_name)}{written}>{inner}</Field>"
    )


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
    check_manage(call, node)
    body = await call.json()
    body = dict(pairs(body.get("parameters", body)))
    title = body.get("Title")
    if not isinstance(title, str):
        raise bad_query("A field needs a Title and a FieldTypeKind that fields can be made of.")
    return made(call, node, {"name": title, **_flags(body), **facet_of(body)})


async def _add_xml(call: Call, node: Node, _: Segment) -> Node:
    """Make a field from the XML that schemas of lists are written in."""
    check_manage(call, node)
    parameters = (await call.json()).get("parameters")
    text = parameters.get("SchemaXml") if isinstance(parameters, dict) else None
    if not isinstance(text, str):
        raise bad_query("The SchemaXml is missing.")
    return made(call, node, column_of_xml(text))


async def _update_field(call: Call, node: Node, _: Segment) -> Reply:
    owner, column = node.of
    check_manage(call, Node("fields", "", owner))
    body = dict(pairs(await call.json()))
    change: dict[str, Any] = _flags(body)
    if "DefaultValue" in body:
        value = body["DefaultValue"]
        change["defaultValue"] = None if value is None else {"value": str(value)}
    settings = facet_settings(column, body)
    if settings:
        change[column.kind] = settings
    schema_of(call, owner).change_column(column, change)
    if not isinstance(owner, Site):
        owner.version += 1
        call.world.lists.note(owner.site, "Field", "update", owner, column.id)
    return Reply(204)


async def _delete_field(call: Call, node: Node, _: Segment) -> Reply:
    owner, column = node.of
    check_manage(call, Node("fields", "", owner))
    schema_of(call, owner).remove_column(column)
    if not isinstance(owner, Site):
        owner.forget_column(column)
        owner.version += 1
        call.world.lists.note(owner.site, "Field", "delete", owner, column.id)
    return Reply(200)


def made(call: Call, node: Node, column: dict[str, Any]) -> Node:
    """Make a column of a list or a site."""
    if isinstance(node.of, Site):
        one = schema_of(call, node.of).add_column(column)
    else:
        one = call.world.lists.add_column(node.of, column)
    return _field_node(node, one)


def schema_of(call: Call, owner: Any) -> Schema:
    """Return the columns of a site or a list."""
    schema: Schema = (
        call.world.lists.site_schema(owner) if isinstance(owner, Site) else owner.schema
    )
    return schema


def check_manage(call: Call, node: Node) -> None:
    """Refuse whoever may not change the columns of a list or a site."""
    if isinstance(node.of, Site):
        call.check(MANAGE)
    else:
        call.check_list(node.of, MANAGE)


def _flags(body: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for key, (name, kind) in _SETTABLE.items():
        value = body.get(key)
        if kind is bool and isinstance(value, str):
            value = value.lower() == "true"
        if isinstance(value, kind):
            found[name] = value
    return found


def _to_fields(_: Call, node: Node, __: Segment) -> Node:
    return Node("fields", f"{node.uri}/Fields", node.of)


KINDS = (
    Kind("fields", members=_fields),
    Kind(
        "field",
        lambda node: field_type(node.of[1])[0],
        values=_field_values,
        of_some=frozenset(
            {"AllowMultipleValues", "Choices", "Formula", "LookupField", "LookupList", "MaxLength"}
        ),
    ),
)
STEPS = (
    Step("list", "Fields", _to_fields, "fields", "columns"),
    Step("web", "Fields", _to_fields, "fields", "columns of the site"),
    Step("fields", "()", _field, "field", "by GUID"),
    Step("fields", "GetById", _field, "field", is_function=True),
    Step("fields", "GetByTitle", _field, "field", is_function=True),
    Step("fields", "GetByInternalNameOrTitle", _field, "field", is_function=True),
)
_KINDS = "text, note, date, choice(s), number, currency, link, person, lookup, calculated"
ACTIONS = (
    Action("fields", "", "POST", _add_field, _KINDS, _SOURCE),
    Action("fields", "Add", "POST", _add_field, _KINDS, _SOURCE),
    Action("fields", "AddField", "POST", _add_field, f"parameters: {_KINDS}", _SOURCE),
    Action("fields", "CreateFieldAsXml", "POST", _add_xml, f"SchemaXml: {_KINDS}", _SOURCE),
    Action("field", "", "MERGE", _update_field, "all but the type and the name", _SOURCE),
    Action("field", "", "DELETE", _delete_field, "items lose their values", _SOURCE),
    Action("field", "DeleteObject", "POST", _delete_field, "items lose their values", _SOURCE),
)
