"""Rows of SharePoint's own API <-> the rows of Graph's actions.

Values of columns go under internal names on both sides, but of lookups and people: `AuthorId` here,
`AuthorLookupId` at Graph; and a name that begins with an underscore has `OData_` before it here.
https://learn.microsoft.com/sharepoint/dev/sp-add-ins/working-with-lists-and-list-items-with-rest,
https://learn.microsoft.com/graph/api/resources/fieldvalueset
"""

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from fairlead_microsoft.rest import ETAG, Web
from fairlead_microsoft.sharepoint.list_items import ListItem
from fairlead_microsoft.sharepoint_v1.list_shapes import address_of

#: what is read of a row besides its values
_ALWAYS = "Id,Created,Modified,ContentTypeId,FileRef,FileLeafRef,UniqueId"
_PEOPLE = "Author/Id,Author/Title,Author/EMail,Editor/Id,Editor/Title,Editor/EMail"
EXPAND = "Author,Editor,ContentType"
#: properties that are told elsewhere in a row, or are none of its columns
_NO_COLUMNS = frozenset(
    {
        "Id",
        "ID",
        "GUID",
        "FileSystemObjectType",
        "ServerRedirectedEmbedUri",
        "ServerRedirectedEmbedUrl",
        "FileRef",
        "FileLeafRef",
        "UniqueId",
        "Author",
        "Editor",
        "ContentType",
        "ComplianceAssetId",
    }
)
_LOOKUP = "LookupId"


def selected(names: list[str] | None, *, with_fields: bool) -> str:
    """Return `$select` of a row: with all values, with some, or with none."""
    always = f"{_ALWAYS},{_PEOPLE},ContentType/Name"
    if names:
        return f"{always},{','.join(_property(name) for name in names)}"
    return f"*,{always}" if with_fields else always


def row_of(web: Web, told: Mapping[str, Any], *, with_fields: bool) -> ListItem:
    """Return a row as Graph shows it; its eTag only if it was read along."""
    place = told.get("FileRef")
    kind = (told.get("ContentType") or {}).get("Name")
    shown = {
        "id": str(told["Id"]),
        "name": told.get("FileLeafRef"),
        "webUrl": address_of(web, str(place)) if place else None,
        "eTag": told.get(ETAG),
        "createdDateTime": told.get("Created"),
        "createdBy": _person(told.get("Author")),
        "lastModifiedDateTime": told.get("Modified"),
        "lastModifiedBy": _person(told.get("Editor")),
        "contentType": {"id": told.get("ContentTypeId"), "name": kind},
        "sharepointIds": {
            "listItemId": str(told["Id"]),
            "listItemUniqueId": told.get("UniqueId"),
        },
        "fields": values_of(told) if with_fields else None,
    }
    return ListItem.model_validate(shown)


def values_of(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a row under Graph's names; those that are empty left out."""
    values: dict[str, Any] = {"id": str(told["Id"])}
    for name, value in told.items():
        if value is None or name in _NO_COLUMNS or name.startswith("odata.") or "@" in name:
            continue
        if name.endswith("Id") and name != "ContentTypeId" and _is_lookup(value):
            is_one = not isinstance(value, list)
            values[f"{name[:-2]}{_LOOKUP}"] = str(value) if is_one else value
            continue
        values[name.removeprefix("OData_") if name.startswith("OData__") else name] = value
    return values


def body_of(fields: Mapping[str, JsonValue]) -> dict[str, Any]:
    """Return the body that sets values, given under Graph's names."""
    return {_property(name): value for name, value in fields.items() if "@" not in name}


def _property(name: str) -> str:
    if name.endswith(_LOOKUP) and name != _LOOKUP:
        name = f"{name.removesuffix(_LOOKUP)}Id"
    return f"OData_{name}" if name.startswith("_") else name


def _is_lookup(value: object) -> bool:
    many = value if isinstance(value, list) else [value]
    return all(isinstance(one, int) and not isinstance(one, bool) for one in many)


def _person(told: Any) -> dict[str, Any] | None:
    if not isinstance(told, dict) or told.get("Id") is None:
        return None
    person = {"displayName": told.get("Title"), "email": told.get("EMail") or None}
    return {"user": {"id": str(told["Id"]), **person}}
