"""A column of a site or a list: its kind, its settings, and what a request may say about it.

https://learn.microsoft.com/graph/api/resources/columndefinition
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any, cast

from m365sim.lists.problems import Unacceptable

_LARGEST = 1.7976931348623157e308

#: Kind → the settings a column of that kind has, with the values they have by default.
FACETS: dict[str, dict[str, Any]] = {
    "boolean": {},
    "calculated": {"format": "", "formula": "", "outputType": "text"},
    "choice": {"allowTextEntry": False, "choices": [], "displayAs": "dropDownMenu"},
    "contentApprovalStatus": {},
    "currency": {"locale": "en-us"},
    "dateTime": {"displayAs": "default", "format": "dateOnly"},
    "geolocation": {},
    "hyperlinkOrPicture": {"isPicture": False},
    "lookup": {
        "allowMultipleValues": False,
        "allowUnlimitedLength": False,
        "columnName": "",
        "listId": "",
    },
    "number": {
        "decimalPlaces": "automatic",
        "displayAs": "number",
        "maximum": _LARGEST,
        "minimum": -_LARGEST,
    },
    "personOrGroup": {
        "allowMultipleSelection": False,
        "chooseFromType": "peopleOnly",
        "displayAs": "nameWithPresence",
    },
    "term": {"allowMultipleValues": False, "showFullyQualifiedName": False},
    "text": {
        "allowMultipleLines": False,
        "appendChangesToExistingText": False,
        "linesForEditing": 0,
        "maxLength": 255,
    },
    "thumbnail": {},
}
#: Settings that are there only when they are set.
_OPTIONAL: dict[str, dict[str, Any]] = {
    "lookup": {"primaryLookupColumnId": ""},
    "term": {"termSet": {}, "parentTerm": {}},
    "text": {"textType": ""},
}
#: Property of a columnDefinition → the field that holds it.
_FLAGS = {
    "enforceUniqueValues": "unique",
    "hidden": "hidden",
    "indexed": "indexed",
    "readOnly": "read_only",
    "required": "required",
}
_TEXTS = {"columnGroup": "group", "description": "description", "displayName": "display_name"}
_OBJECTS = {"defaultValue": "default", "validation": "validation"}
#: Told by the service; taken without effect, since clients send back what they were shown.
_IGNORED = {
    "id",
    "isDeletable",
    "isReorderable",
    "isSealed",
    "propagateChanges",
    "sourceContentType",
    "type",
}
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Column:
    """One column. A change makes a new Column."""

    id: str
    name: str  # internal, as in `fields`
    display_name: str
    kind: str | None = None  # None: of a type that Graph has no facet for
    settings: dict[str, Any] = field(default_factory=dict)
    description: str = ""
    group: str = "Custom Columns"
    hidden: bool = False
    indexed: bool = False
    read_only: bool = False
    required: bool = False
    unique: bool = False
    default: dict[str, Any] | None = None
    validation: dict[str, Any] | None = None
    built_in: bool = False

    @property
    def is_multiple(self) -> bool:
        """Whether an item may hold several values."""
        if self.kind == "choice":
            return self.settings.get("displayAs") == "checkBoxes"
        if self.kind == "personOrGroup":
            return bool(self.settings.get("allowMultipleSelection"))
        return bool(self.settings.get("allowMultipleValues"))

    @property
    def is_lookup(self) -> bool:
        """Whether its values are numbers of items elsewhere, shown as `{name}LookupId`."""
        return self.kind in ("lookup", "personOrGroup")


def internal_name(name: str) -> str:
    """Write a name as SharePoint does inside: what is no letter or digit becomes `_xhhhh_`."""
    if _PLAIN.fullmatch(name):
        return name
    written = "".join(
        letter if letter.isalnum() or letter == "_" else f"_x{ord(letter):04x}_" for letter in name
    )
    if written[:1].isdigit():
        written = f"_x{ord(written[0]):04x}_{written[1:]}"
    return written[:32]


def new_column(column_id: str, body: dict[str, Any]) -> Column:
    """Read the column that a request asks for; it must say of exactly one kind."""
    name = body.get("name") or body.get("displayName")
    if not isinstance(name, str) or not name.strip():
        raise Unacceptable("A column needs a name.")
    kinds = [kind for kind in FACETS if kind in body]
    if len(kinds) != 1:
        raise Unacceptable("A column must have exactly one type facet.")
    kind = kinds[0]
    if kind == "contentApprovalStatus":
        raise Unacceptable("A content approval status column cannot be created.")
    blank = Column(column_id, internal_name(name.strip()), name.strip(), kind, FACETS[kind])
    column = changed_column(blank, body)
    if kind == "lookup" and not (column.settings["listId"] and column.settings["columnName"]):
        raise Unacceptable("A lookup column needs a listId and a columnName.")
    if kind == "calculated" and not column.settings["formula"]:
        raise Unacceptable("A calculated column needs a formula.")
    return replace(column, read_only=column.read_only or kind == "calculated")


def changed_column(column: Column, body: dict[str, Any]) -> Column:
    """Return the column with what a request says of it."""
    changes: dict[str, Any] = {}
    for key, value in body.items():
        if key in _IGNORED or key == "name" or key.startswith("@odata."):
            continue
        if key in _FLAGS:
            changes[_FLAGS[key]] = _checked(key, value, bool)
        elif key in _TEXTS:
            changes[_TEXTS[key]] = _checked(key, value, str)
        elif key in _OBJECTS:
            changes[_OBJECTS[key]] = None if value is None else _checked(key, value, dict)
        elif key in FACETS:
            if key != column.kind:
                raise Unacceptable("The type of a column cannot be changed.")
            changes["settings"] = {**column.settings, **_settings(key, value)}
        else:
            raise Unacceptable(
                f"The property '{key}' does not exist on type 'microsoft.graph.columnDefinition'."
            )
    after = replace(column, **changes)
    if after.unique and not after.indexed:
        after = replace(after, indexed=True)  # SharePoint cannot tell values apart otherwise
    return after


def _settings(kind: str, given: Any) -> dict[str, Any]:
    known: dict[str, Any] = {**FACETS[kind], **_OPTIONAL.get(kind, {})}
    read: dict[str, Any] = {}
    for key, value in cast("dict[str, Any]", _checked(kind, given, dict)).items():
        if key.startswith("@odata."):
            continue
        if key not in known:
            raise Unacceptable(f"The property '{key}' does not exist on a {kind} column.")
        if value is None:
            continue
        wanted = type(known[key])
        read[key] = _checked(key, value, (int, float) if wanted is float else wanted)
    if not all(isinstance(choice, str) for choice in read.get("choices", ())):
        raise Unacceptable("Choices must be texts.")
    return read


def _checked(key: str, value: Any, wanted: type | tuple[type, ...]) -> Any:
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        raise Unacceptable(f"The value of '{key}' has the wrong type.")
    return value
