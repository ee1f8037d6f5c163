"""How columns and content types look in Graph's JSON.

https://learn.microsoft.com/graph/api/resources/columndefinition, .../contenttype
"""

from __future__ import annotations

from typing import Any

from m365sim.lists import Column, ContentType
from m365sim.lists.content_type import built_in
from m365sim.lists.schema import Schema


def column_shape(column: Column) -> dict[str, Any]:
    """Show a column, with the one facet that says its type, if Graph has one for it."""
    shape: dict[str, Any] = {
        "columnGroup": column.group,
        "description": column.description,
        "displayName": column.display_name,
        "enforceUniqueValues": column.unique,
        "hidden": column.hidden,
        "id": column.id,
        "indexed": column.indexed,
        "name": column.name,
        "readOnly": column.read_only,
        "required": column.required,
    }
    if column.default is not None:
        shape["defaultValue"] = column.default
    if column.validation is not None:
        shape["validation"] = column.validation
    if column.kind is not None:
        shape[column.kind] = column.settings
    return shape


def content_type_shape(
    known: ContentType, schema: Schema, site_schema: Schema, *, columns: bool = False
) -> dict[str, Any]:
    """Show a content type with the one it derives from; `columns`: and with its columns."""
    shape: dict[str, Any] = {
        "@odata.etag": f'"{known.version}"',
        "id": known.id,
        "description": known.description,
        "group": known.group,
        "hidden": known.hidden,
        "name": known.name,
        "parentId": known.parent,
        "readOnly": known.read_only,
        "sealed": known.sealed,
        "isBuiltIn": known.built_in,
        "base": _base(known, schema, site_schema),
    }
    if columns:
        shape["columns"] = [
            _column_of_type(schema.columns[name], known)
            for name in known.columns
            if name in schema.columns
        ]
    return shape


def _base(known: ContentType, schema: Schema, site_schema: Schema) -> dict[str, Any]:
    found: ContentType | None = None
    for types in (schema.content_types, site_schema.content_types, built_in()):
        found = found or types.get(known.parent)
    parent = found or known
    return {
        "id": parent.id,
        "description": parent.description,
        "group": parent.group,
        "hidden": parent.hidden,
        "name": parent.name,
        "parentId": parent.parent,
        "readOnly": parent.read_only,
        "sealed": parent.sealed,
        "isBuiltIn": parent.built_in,
    }


def _column_of_type(column: Column, known: ContentType) -> dict[str, Any]:
    """Show a column as content types do: with more than sites and lists tell."""
    return {
        **column_shape(column),
        "isDeletable": not column.built_in,
        "isReorderable": True,
        "isSealed": column.built_in and column.read_only,
        "propagateChanges": False,
        "sourceContentType": {"id": known.id, "name": known.name},
    }
