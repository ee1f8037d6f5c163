"""Columns of a list as SharePoint's own API tells them, and what is to be asked of each row.

https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn600182(v=office.15).
What the platform only computes for its own pages (`Edit`, `LinkTitle`, `DocIcon`, counts of
children, retention labels) is not among a row's properties there, and so not asked for.
"""

from collections.abc import Iterable, Sequence

from fairlead_microsoft.sharepoint_v1.shapes.entities import FieldEntity
from fairlead_microsoft.sharepoint_v1.shapes.row import Question

#: type of a field -> the kind that Graph calls it
KINDS = {
    "Boolean": "boolean",
    "Calculated": "calculated",
    "Choice": "choice",
    "Currency": "currency",
    "DateTime": "dateTime",
    "Location": "geolocation",
    "Geolocation": "geolocation",
    "Lookup": "lookup",
    "LookupMulti": "lookup",
    "MultiChoice": "choice",
    "Note": "text",
    "Number": "number",
    "TaxonomyFieldType": "term",
    "TaxonomyFieldTypeMulti": "term",
    "Text": "text",
    "Thumbnail": "thumbnail",
    "URL": "hyperlinkOrPicture",
    "User": "personOrGroup",
    "UserMulti": "personOrGroup",
}
JOINED = ("lookup", "personOrGroup")
#: what every row is asked for besides the values of columns
_ALWAYS = (
    *("Id", "UniqueId", "FileSystemObjectType", "FileLeafRef", "FileRef", "FileDirRef"),
    *("ParentUniqueId", "ContentTypeId", "Created", "Modified", "owshiddenversion"),
    *("OData__UIVersionString", "ContentType/Name"),
)
#: columns of the system whose values rows do tell
_OF_SYSTEM = frozenset({"Author", "Editor", "Created", "Modified", "_UIVersionString"})
#: those whose type is none that Graph has a name for
UNTYPED = frozenset({"ContentType", "Attachments"})
#: columns that a list may join in one question
#: (https://learn.microsoft.com/microsoft-365/community/large-lists-large-libraries-in-sharepoint)
_MOST_JOINS = 12
#: characters of names that an address has room for
_LONGEST_NAMES = 1500


def told(fields: Iterable[FieldEntity]) -> list[FieldEntity]:
    """Return the columns whose values a row tells: neither hidden nor computed for pages."""
    return [one for one in fields if not one.hidden and _is_told(one)]


def _is_told(column: FieldEntity) -> bool:
    if column.internal_name in _OF_SYSTEM | UNTYPED:
        return True
    is_computed = column.from_base_type and column.read_only_field
    return column.type_as_string in KINDS and not is_computed


def kind_of(column: FieldEntity) -> str:
    """Return the kind that Graph calls a column."""
    if column.internal_name in UNTYPED:
        return "unknown"
    return KINDS.get(column.type_as_string, "unknown")


def question_of(fields: Sequence[FieldEntity], *, is_library: bool) -> Question:
    """Return what to ask of each row: every column by its name, or all if those are too many."""
    joined = [one for one in fields if kind_of(one) in JOINED]
    names = [
        one.property for one in fields if one not in joined and one.internal_name not in UNTYPED
    ]
    if not is_library:
        names.append("Attachments")
    for one in joined:
        names += [f"{one.property}/Id", f"{one.property}/{shown_of(one)}"]
        if one.type_as_string == "UserMulti":
            names.append(f"{one.property}/EMail")
    select = ",".join(dict.fromkeys([*_ALWAYS, *names]))
    if len(joined) > _MOST_JOINS or len(select) > _LONGEST_NAMES:
        # lookups then come as numbers only
        return Question(",".join(["*", *_ALWAYS]), "ContentType")
    return Question(select, ",".join(["ContentType", *(one.property for one in joined)]))


def shown_of(column: FieldEntity) -> str:
    """Return the property by which what a lookup leads to is called."""
    if kind_of(column) == "personOrGroup":
        return "Title"
    return column.lookup_field or "Title"
