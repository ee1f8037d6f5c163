"""Rows of a list -> `ListItem`, the same record that Graph's lists give.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/working-with-lists-and-list-items-with-rest;
how Graph spells values: https://learn.microsoft.com/graph/api/resources/fieldvalueset.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from fairlead_microsoft.sharepoint.syncs.list_items import Cell, ListItem, row_key
from fairlead_microsoft.sharepoint_v1.shapes.columns import JOINED, UNTYPED, kind_of, shown_of
from fairlead_microsoft.sharepoint_v1.shapes.entities import FieldEntity
from fairlead_microsoft.sharepoint_v1.shapes.row import Row, number_of

#: fields that Graph tells and SharePoint's own API does not, at least not of rows: what is only
#: computed for pages, counts, and labels
NOT_TOLD = (
    *("Edit", "LinkTitle", "LinkTitleNoMenu", "LinkFilename", "LinkFilenameNoMenu", "DocIcon"),
    *("FileSizeDisplay", "ItemChildCount", "FolderChildCount", "_CheckinComment", "_CommentCount"),
    *("_LikeCount", "_DisplayName", "_ComplianceFlags", "_ComplianceTag", "_ComplianceTagUserId"),
    *("_ComplianceTagWrittenTime", "ParentVersionString", "ParentVersionStringLookupId"),
    *("ParentLeafName", "ParentLeafNameLookupId"),
)


def list_item(
    row: Row,
    fields: Sequence[FieldEntity],
    *,
    site_id: str,
    list_id: str,
    web_url: str,
    parent: str | None,
) -> ListItem:
    """Make the record of a row; `parent` is the number of the folder it lies in.

    Its `fields` and `columns` lack `NOT_TOLD`.
    """
    item_id = str(number_of(row))
    values = _fields(row, fields)
    named = values.get("Title") or row.get("FileLeafRef")
    origin = urlsplit(web_url)
    return ListItem(
        id=row_key(site_id, list_id, item_id),
        site_id=site_id,
        list_id=list_id,
        item_id=item_id,
        parent_item_id=parent,
        name=None if named is None else str(named),
        web_url=f"{origin.scheme}://{origin.netloc}{quote(str(row['FileRef']))}",
        created_date_time=row.get("Created"),
        last_modified_date_time=row.get("Modified"),
        content_type_id=row.get("ContentTypeId"),
        content_type_name=(row.get("ContentType") or {}).get("Name"),
        fields=values,
        columns={
            one.internal_name: cell for one in fields if (cell := _cell(one, values)) is not None
        },
    )


def _fields(row: Row, fields: Sequence[FieldEntity]) -> dict[str, Any]:
    """Return the values by internal name, as Graph spells them; those that are empty left out."""
    values: dict[str, Any] = {
        "@odata.etag": f'"{row["UniqueId"]},{row["owshiddenversion"]}"',
        "ContentType": (row.get("ContentType") or {}).get("Name") or "",
        "_UIVersionString": row.get("OData__UIVersionString"),
    }
    if "Attachments" in row:
        values["Attachments"] = row["Attachments"]
    for one in fields:
        if one.internal_name in UNTYPED:
            continue
        if kind_of(one) in JOINED:
            values |= _joined(one, row)
            continue
        value = row.get(one.property)
        if value is not None:
            if one.type_as_string == "MultiChoice":
                values[f"{one.internal_name}@odata.type"] = "#Collection(String)"
            values[one.internal_name] = value
    return {name: value for name, value in values.items() if value is not None}


def _joined(column: FieldEntity, row: Row) -> dict[str, Any]:
    """Return what a lookup or a person is told as: numbers, and texts if they were asked for."""
    name, value = column.internal_name, row.get(column.property)
    if column.type_as_string.endswith("Multi"):
        if isinstance(value, list):
            return {name: [_reference(column, one) for one in value]} if value else {}
        numbers = row.get(f"{column.property}Id")
        return {name: [{"LookupId": one} for one in numbers]} if numbers else {}
    if isinstance(value, dict) and value.get("Id") is not None:
        shown = value.get(shown_of(column))
        return {f"{name}LookupId": str(value["Id"]), name: None if shown is None else str(shown)}
    number = row.get(f"{column.property}Id")
    return {} if number is None else {f"{name}LookupId": str(number)}


def _reference(column: FieldEntity, told: dict[str, Any]) -> dict[str, Any]:
    shown = {"LookupId": told.get("Id"), "LookupValue": str(told.get(shown_of(column)) or "")}
    if column.type_as_string == "UserMulti":
        shown["Email"] = told.get("EMail") or ""
    return shown


def _cell(column: FieldEntity, values: dict[str, Any]) -> Cell | None:
    value = values.get(column.internal_name)
    lookup_id = values.get(f"{column.internal_name}LookupId")
    if value is None and lookup_id is None:
        return None
    is_lookup = kind_of(column) == "lookup"
    return Cell(
        display_name=column.title,
        type_=kind_of(column),
        value=value,
        lookup_id=lookup_id,
        lookup_list_id=(column.lookup_list or "").strip("{}") or None if is_lookup else None,
    )
