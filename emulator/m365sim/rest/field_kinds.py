"""Reads what kind of column a request wants: by number, or in the XML of list schemas.

https://learn.microsoft.com/previous-versions/office/sharepoint-csom/ee540543(v=office.15),
https://learn.microsoft.com/sharepoint/dev/schema/field-element-list
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

from m365sim.lists import Column
from m365sim.rest.errors import RestError, bad_query

#: Number of a kind → facet of a column of Graph.
_KINDS: dict[int, dict[str, Any]] = {
    2: {"text": {}},
    3: {"text": {"allowMultipleLines": True}},
    4: {"dateTime": {}},
    6: {"choice": {}},
    7: {"lookup": {}},
    8: {"boolean": {}},
    9: {"number": {}},
    10: {"currency": {}},
    11: {"hyperlinkOrPicture": {}},
    15: {"choice": {"displayAs": "checkBoxes"}},
    17: {"calculated": {}},
    20: {"personOrGroup": {}},
}
#: Name of a type in XML → number of its kind.
_TYPES = {
    "Text": 2,
    "Note": 3,
    "DateTime": 4,
    "Choice": 6,
    "Lookup": 7,
    "LookupMulti": 7,
    "Boolean": 8,
    "Number": 9,
    "Currency": 10,
    "URL": 11,
    "MultiChoice": 15,
    "Calculated": 17,
    "User": 20,
    "UserMulti": 20,
}
#: Property of a field → setting of a facet.
_SETTINGS: dict[str, dict[str, str]] = {
    "text": {"MaxLength": "maxLength", "NumberOfLines": "linesForEditing"},
    "choice": {"Choices": "choices", "FillInChoice": "allowTextEntry"},
    "number": {"MinimumValue": "minimum", "MaximumValue": "maximum"},
    "lookup": {
        "LookupListId": "listId",
        "LookupList": "listId",
        "LookupFieldName": "columnName",
        "LookupField": "columnName",
        "AllowMultipleValues": "allowMultipleValues",
    },
    "personOrGroup": {"AllowMultipleValues": "allowMultipleSelection"},
    "calculated": {"Formula": "formula"},
}


def facet_of(body: dict[str, Any]) -> dict[str, Any]:
    """Return the facet of the column that a request asks for by number."""
    facet = _KINDS.get(body.get("FieldTypeKind") or 0)
    if facet is None:
        raise bad_query("A field needs a Title and a FieldTypeKind that fields can be made of.")
    kind, settings = next(iter(facet.items()))
    found = {**settings, **_settings(kind, body)}
    if kind == "dateTime" and "DisplayFormat" in body:
        found["format"] = "dateTime" if body["DisplayFormat"] == 1 else "dateOnly"
    return {kind: found}


def facet_settings(column: Column, body: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a column that a request changes."""
    return _settings(column.kind or "", body)


def column_of_xml(text: str) -> dict[str, Any]:
    """Read a `<Field>` into the column that Graph would be asked for."""
    if "<!" in text:  # neither types nor entities belong into a schema
        raise _broken()
    try:
        field = ET.fromstring(text)  # noqa: S314 - without a document type, see above
    except ET.ParseError as broken:
        raise _broken() from broken
    number = _TYPES.get(field.get("Type", ""))
    title = field.get("DisplayName") or field.get("Name")
    if field.tag != "Field" or number is None or not title:
        raise _broken()
    column: dict[str, Any] = {
        "name": field.get("Name") or title,
        "displayName": title,
        **facet_of(_body_of(field, number)),
    }
    for name, key in _XML_FLAGS.items():
        if name in field.attrib:
            column[key] = field.get(name, "").upper() == "TRUE"
    for name, key in (("Group", "columnGroup"), ("Description", "description")):
        if name in field.attrib:
            column[key] = field.get(name)
    if (default := field.findtext("Default")) is not None:
        column["defaultValue"] = {"value": default}
    return column


_XML_FLAGS = {
    "Required": "required",
    "Hidden": "hidden",
    "Indexed": "indexed",
    "EnforceUniqueValues": "enforceUniqueValues",
}
#: Attribute in XML → property of a field, and how it is read.
_XML_SETTINGS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "MaxLength": ("MaxLength", int),
    "Min": ("MinimumValue", float),
    "Max": ("MaximumValue", float),
    "List": ("LookupList", str),
    "ShowField": ("LookupField", str),
}


def _body_of(field: ET.Element, number: int) -> dict[str, Any]:
    """Return what a request by number would have said of the kind."""
    body: dict[str, Any] = {"FieldTypeKind": number}
    choices = [one.text or "" for one in field.findall("CHOICES/CHOICE")]
    if choices:
        body["Choices"] = choices
    for name, (key, read) in _XML_SETTINGS.items():
        if (value := field.get(name)) is not None:
            body[key] = read(value)
    if field.get("Mult", "").upper() == "TRUE" or field.get("Type", "").endswith("Multi"):
        body["AllowMultipleValues"] = True
    if field.get("Format") == "DateTime":
        body["DisplayFormat"] = 1
    if (formula := field.findtext("Formula")) is not None:
        body["Formula"] = formula
    return body


def _settings(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    names = _SETTINGS.get("number" if kind == "currency" else kind, {})
    for key, name in names.items():
        value = body.get(key)
        if value is None or (kind == "currency" and name in ("minimum", "maximum")):
            continue
        found[name] = str(value).strip("{}") if name == "listId" else value
    return found


def _broken() -> RestError:
    return RestError(
        400,
        "-2130575340, Microsoft.SharePoint.SPException",
        "The field schema is malformed, or of a type that fields cannot be made of.",
    )
