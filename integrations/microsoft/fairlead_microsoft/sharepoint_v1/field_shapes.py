"""Fields of SharePoint's own API <-> the columns of Graph's actions.

https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn600182(v=office.15);
kinds: https://learn.microsoft.com/previous-versions/office/sharepoint-csom/ee540543(v=office.15)
"""

from typing import Any
from uuid import UUID

from fairlead_microsoft.graph import given
from fairlead_microsoft.sharepoint.column_shapes import Column, ColumnFacets
from fairlead_microsoft.sharepoint.wire import invalid

#: facet -> number of the kind
_KINDS = {
    "text": 2,
    "date_time": 4,
    "choice": 6,
    "lookup": 7,
    "boolean": 8,
    "number": 9,
    "currency": 10,
    "hyperlink_or_picture": 11,
    "calculated": 17,
    "person_or_group": 20,
}
_NOTE, _MULTI_CHOICE = 3, 15
#: biggest numbers that a column without bounds shows
_UNBOUNDED = 1.7e308
_DATE_FORMATS = ("dateOnly", "dateTime")
_OUTPUTS = {"text": 2, "dateTime": 4, "boolean": 8, "number": 9, "currency": 10}


def field_of(column: ColumnFacets) -> dict[str, Any]:
    """Return the body that makes a field: as Graph's action describes it, in this API's words.

    ActionError `invalid_input`: no facet, several, or one that this API makes no field of.
    """
    facets = [name for name in ColumnFacets.model_fields if getattr(column, name) is not None]
    known = [name for name in facets if name in _KINDS]
    if len(facets) != 1 or not known:
        raise invalid(
            "Give one facet that says the column's type: text, number, choice, dateTime, boolean, "
            "currency, personOrGroup, lookup, hyperlinkOrPicture or calculated."
        )
    kind = known[0]
    body = {"FieldTypeKind": _KINDS[kind], **_of_facet(kind, getattr(column, kind))}
    body |= given(
        Title=getattr(column, "name", None),
        Description=getattr(column, "description", None),
        Group=getattr(column, "column_group", None),
        EnforceUniqueValues=getattr(column, "enforce_unique_values", None),
        Hidden=getattr(column, "hidden", None),
        Indexed=getattr(column, "indexed", None),
        Required=getattr(column, "required", None),
        ReadOnlyField=getattr(column, "read_only", None),
    )
    default = getattr(column, "default_value", None)
    return body | given(DefaultValue=(default or {}).get("value"))


def _of_facet(kind: str, facet: Any) -> dict[str, Any]:  # noqa: PLR0911 - one per kind
    if kind == "text":
        if facet.allow_multiple_lines:
            lines = facet.lines_for_editing
            rich = facet.text_type == "richText" or None
            return {"FieldTypeKind": _NOTE, **given(NumberOfLines=lines, RichText=rich)}
        return given(MaxLength=facet.max_length)
    if kind == "number":
        return given(MinimumValue=facet.minimum, MaximumValue=facet.maximum)
    if kind == "choice":
        several = {"FieldTypeKind": _MULTI_CHOICE} if facet.display_as == "checkBoxes" else {}
        return several | given(Choices=facet.choices, FillInChoice=facet.allow_text_entry)
    if kind == "date_time":
        return {"DisplayFormat": _DATE_FORMATS.index("dateTime")} if _has_time(facet) else {}
    if kind == "lookup":
        return given(
            LookupListId=facet.list_id,
            LookupFieldName=facet.column_name,
            AllowMultipleValues=facet.allow_multiple_values,
        )
    if kind == "person_or_group":
        return given(
            AllowMultipleValues=facet.allow_multiple_selection,
            SelectionMode=0 if facet.choose_from_type == "peopleOnly" else None,
        )
    if kind == "calculated":
        return given(
            Formula=facet.get("formula"), OutputType=_OUTPUTS.get(str(facet.get("outputType")))
        )
    return {}


def _has_time(facet: Any) -> bool:
    return bool(facet.format == "dateTime")


def column_of(field: dict[str, Any]) -> Column:
    """Return a column as Graph shows it, of a field as this API does."""
    default = field.get("DefaultValue")
    return Column.model_validate(
        {
            "id": str(UUID(str(field["Id"]))),
            "name": field.get("InternalName"),
            "displayName": field.get("Title"),
            "description": field.get("Description"),
            "columnGroup": field.get("Group"),
            "enforceUniqueValues": field.get("EnforceUniqueValues"),
            "hidden": field.get("Hidden"),
            "indexed": field.get("Indexed"),
            "required": field.get("Required"),
            "readOnly": field.get("ReadOnlyField"),
            "defaultValue": None if default is None else {"value": str(default)},
            **_facet_of(field),
        }
    )


def _facet_of(field: dict[str, Any]) -> dict[str, Any]:  # noqa: C901, PLR0911, PLR0912 - one per kind
    match str(field.get("TypeAsString")):
        case "Text":
            return {"text": given(allowMultipleLines=False, maxLength=field.get("MaxLength"))}
        case "Note":
            lines = given(linesForEditing=field.get("NumberOfLines"))
            return {"text": {"allowMultipleLines": True, **lines}}
        case "Number":
            return {"number": _bounds(field)}
        case "Currency":
            return {"currency": {}}
        case "Choice" | "MultiChoice" as kind:
            shown = "checkBoxes" if kind == "MultiChoice" else "dropDownMenu"
            choices = given(choices=field.get("Choices"), allowTextEntry=field.get("FillInChoice"))
            return {"choice": {"displayAs": shown, **choices}}
        case "DateTime":
            return {"dateTime": {"format": _DATE_FORMATS[int(field.get("DisplayFormat") or 0)]}}
        case "Boolean":
            return {"boolean": {}}
        case "User" | "UserMulti" as kind:
            return {"personOrGroup": {"allowMultipleSelection": kind == "UserMulti"}}
        case "Lookup" | "LookupMulti" as kind:
            looked_up = str(field.get("LookupList") or "").strip("{}") or None
            where = given(listId=looked_up, columnName=field.get("LookupField"))
            return {"lookup": {"allowMultipleValues": kind == "LookupMulti", **where}}
        case "URL":
            return {"hyperlinkOrPicture": {}}
        case "Calculated":
            return {"calculated": given(formula=field.get("Formula"))}
        case "TaxonomyFieldType" | "TaxonomyFieldTypeMulti":
            return {"term": {}}
        case "Location" | "Geolocation":
            return {"geolocation": {}}
    return {}


def _bounds(field: dict[str, Any]) -> dict[str, Any]:
    low, high = field.get("MinimumValue"), field.get("MaximumValue")
    return given(
        minimum=low if isinstance(low, int | float) and abs(low) < _UNBOUNDED else None,
        maximum=high if isinstance(high, int | float) and abs(high) < _UNBOUNDED else None,
    )
