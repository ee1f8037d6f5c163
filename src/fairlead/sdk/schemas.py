"""JSON Schemas (draft 2020-12) of inputs, outputs, records and metadata, as on the wire."""

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel, TypeAdapter

from fairlead.model.column import Column, Kind
from fairlead.model.function import Action, Sync


def schema_of(
    shape: type[BaseModel] | TypeAdapter[Any],
    *,
    mode: Literal["validation", "serialization"] = "validation",
) -> dict[str, Any]:
    """Return the JSON Schema of a model class or adapter, with the wire's names."""
    if isinstance(shape, TypeAdapter):
        return _told(shape.json_schema(by_alias=True, mode=mode))
    return _told(shape.model_json_schema(by_alias=True, mode=mode))


def input_schema(action: Action) -> dict[str, Any]:
    """Return what an action takes."""
    return schema_of(action.input_model)


def output_schema(action: Action) -> dict[str, Any]:
    """Return what an action gives; a field without a value is left out."""
    return schema_of(action.output)


def record_schemas(sync: Sync) -> dict[str, dict[str, Any]]:
    """Return the records of a sync: model name -> schema."""
    return {name: schema_of(model) for name, model in sync.models.items()}


def _told(schema: dict[str, Any]) -> dict[str, Any]:
    """Say of a field that may be left out what is said of its values, where readers look for it."""
    for field in schema.get("properties", {}).values():
        values = [one for one in field.get("anyOf", ()) if one.get("type") != "null"]
        if len(values) == 1:
            for name in ("description", "examples"):
                if name in values[0]:
                    field.setdefault(name, values[0][name])
    return schema


def columns_of(syncs: Iterable[Sync], model: str) -> list[Column] | None:
    """Return the fields of a model as they are on the wire; None if no sync keeps it."""
    for sync in syncs:
        if (found := sync.models.get(model)) is not None:
            fields = schema_of(found, mode="serialization").get("properties", {})
            return [Column(name, _kind(field)) for name, field in fields.items()]
    return None


_KINDS: dict[str, Kind] = {
    "string": "text",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
}


def _kind(field: dict[str, Any]) -> Kind:
    kinds = {one.get("type", "") for one in field.get("anyOf", (field,))} - {"null"}
    return _KINDS.get(kinds.pop(), "json") if len(kinds) == 1 else "json"
