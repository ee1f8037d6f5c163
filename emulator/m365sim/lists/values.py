"""Reads the column values that a request sends.

https://learn.microsoft.com/graph/api/resources/fieldvalueset: names are internal ones; lookups and
people are set as `{name}LookupId`. Like SharePoint's object model this checks types and
lengths, but neither that required columns are given nor that a choice is among the choices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from m365sim.lists.column import Column
from m365sim.lists.problems import Unacceptable
from m365sim.lists.row import Row
from m365sim.lists.sharepoint_list import SharePointList

_LOOKUP_ID = "LookupId"

#: Tells whether a column that looks elsewhere finds an item of that number there.
Finds = Callable[[Column, int], bool]


def read_values(
    target: SharePointList, body: Mapping[str, Any], finds: Finds, row: Row | None = None
) -> dict[str, Any]:
    """Check the values of a request for a list; null takes a value away."""
    read: dict[str, Any] = {}
    for key, value in body.items():
        if "@odata." in key or key in ("ContentType", "ContentTypeId"):
            continue
        column = _column(target, key)
        read[column.name] = None if value is None else _value(column, value, finds)
        if column.unique and value is not None:
            _check_unique(target, column, read[column.name], row)
    return read


def default_values(
    target: SharePointList, given: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """Return the default values of the columns that a new item says nothing of."""
    found: dict[str, Any] = {}
    for column in target.schema.columns.values():
        if column.default is None or column.name in given:
            continue
        formula = str(column.default.get("formula", "")).lower().lstrip("=").strip("[]")
        if column.kind == "dateTime" and formula in ("today", "today()"):
            found[column.name] = now.strftime("%Y-%m-%dT00:00:00Z")
            continue
        text = column.default.get("value")
        if text in (None, ""):
            continue
        value: Any = text
        if column.kind in ("number", "currency"):
            value = float(text) if "." in str(text) else int(text)
        elif column.kind == "boolean":
            value = str(text).lower() in ("1", "true", "yes")
        elif column.is_multiple:
            value = [text]
        found[column.name] = value
    return found


def read_moment(text: Any) -> str:
    """Read a date or a moment in any form of ISO 8601 and write it as Graph does."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError) as broken:
        raise Unacceptable(f"'{text}' is no date and time.") from broken
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _column(target: SharePointList, key: str) -> Column:
    columns = target.schema.columns
    column = columns.get(key)
    if key.endswith(_LOOKUP_ID):
        column = columns.get(key.removesuffix(_LOOKUP_ID), column)
    elif column is not None and column.is_lookup and not column.is_multiple:
        raise Unacceptable(f"Field '{key}' is set by '{key}{_LOOKUP_ID}'.")
    if column is None:
        raise Unacceptable(f"Field '{key}' is not recognized")
    if column.read_only or column.kind is None:
        raise Unacceptable(f"Field '{column.name}' is read-only")
    return column


def _value(column: Column, value: Any, finds: Finds) -> Any:
    if column.is_multiple:
        if not isinstance(value, list):
            raise _malformed()
        return [_single(column, one, finds) for one in value]
    return _single(column, value, finds)


def _single(column: Column, value: Any, finds: Finds) -> Any:  # noqa: PLR0911 - one per kind
    match column.kind:
        case "text":
            return _text(column, value)
        case "choice":
            return _of(str, value)
        case "number" | "currency":
            return _number(column, value)
        case "boolean":
            return _of(bool, value)
        case "dateTime":
            return read_moment(value)
        case "lookup" | "personOrGroup":
            return _reference(column, value, finds)
        case "hyperlinkOrPicture":
            if not isinstance(value, dict) or not isinstance(value.get("Url"), str):
                raise _malformed()
            return {
                "Description": str(value.get("Description") or value["Url"]),
                "Url": value["Url"],
            }
        case "thumbnail":
            return _of(str, value)
        case _:  # geolocation, term
            return _of(dict, value)


def _of(wanted: type, value: Any) -> Any:
    if not isinstance(value, wanted):
        raise _malformed()
    return value


def _text(column: Column, value: Any) -> str:
    if not isinstance(value, str):
        raise _malformed()
    limit = column.settings.get("maxLength", 255)
    if not column.settings.get("allowMultipleLines") and limit and len(value) > limit:
        raise Unacceptable(f"The value of '{column.name}' is longer than {limit} characters.")
    return value


def _number(column: Column, value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _malformed()
    low, high = column.settings.get("minimum"), column.settings.get("maximum")
    if (low is not None and value < low) or (high is not None and value > high):
        raise Unacceptable(f"The value of '{column.name}' must be between {low} and {high}.")
    return value


def _reference(column: Column, value: Any, finds: Finds) -> int:
    if isinstance(value, dict):  # the form in which several are shown
        value = value.get("LookupId")
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _malformed()
    if not finds(column, value):
        raise Unacceptable(f"'{column.name}' finds no item {value}.")
    return value


def _check_unique(target: SharePointList, column: Column, value: Any, row: Row | None) -> None:
    for other in target.rows_after(0):
        if other.values.get(column.name) == value and (row is None or other.id != row.id):
            raise Unacceptable(f"The value of '{column.name}' is taken by another item.")


def _malformed() -> Unacceptable:
    return Unacceptable("The request is malformed or incorrect.")
