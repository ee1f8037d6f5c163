"""The change log of SharePoint's own API: tokens, the answers of `GetChanges`, and those in XML.

- `GetChanges` of a list, a web or a site collection:
  https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn531433(v=office.15),
  kinds of changes: https://learn.microsoft.com/previous-versions/office/sharepoint-csom/ee543793(v=office.15)
- `GetListItemChangesSinceToken`:
  https://learn.microsoft.com/previous-versions/office/developer/sharepoint-2010/ms429636(v=office.14)
  and https://learn.microsoft.com/openspecs/sharepoint_protocols/ms-listsws/0f1ff2bd-0a93-4d3b-9df0-5ac73cb3b6e8
- tokens, and that the log reaches back 60 days:
  https://learn.microsoft.com/previous-versions/office/developer/sharepoint-2010/bb417456(v=office.14)

The log says that something happened, not what it is like now: of an object only the last change
counts, and its state is read by itself. Nothing here sends anything.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any
from uuid import UUID
from xml.etree import ElementTree as ET

from fairlead.errors import Unavailable

#: changes that one answer may bring
MOST_CHANGES = 1000
_NEVER = -1
_PARTS = 5
_ROW = "{#RowsetSchema}row"
_DATA = "{urn:schemas-microsoft-com:rowset}data"
_CELL = "ows_"


class ChangeType(IntEnum):
    """What happened."""

    NONE = 0
    ADD = 1
    UPDATE = 2
    DELETE = 3
    RENAME = 4
    MOVE_AWAY = 5
    MOVE_INTO = 6
    RESTORE = 7
    ROLE_ADD = 8
    ROLE_DELETE = 9
    ROLE_UPDATE = 10
    ASSIGNMENT_ADD = 11
    ASSIGNMENT_DELETE = 12
    MEMBER_ADD = 13
    MEMBER_DELETE = 14
    SYSTEM_UPDATE = 15
    NAVIGATION = 16
    SCOPE_ADD = 17
    SCOPE_DELETE = 18
    LIST_CONTENT_TYPE_ADD = 19
    LIST_CONTENT_TYPE_DELETE = 20

    @classmethod
    def _missing_(cls, value: object) -> "ChangeType":  # noqa: ARG003 - the enum's signature
        """Take a kind that came later for a plain change: the object is looked at all the same."""
        return cls.UPDATE


#: what an object comes back by, maybe with things in it that the log does not name
RETURNS = frozenset({ChangeType.RESTORE, ChangeType.MOVE_INTO})
#: what concerns who may do something, beside what it is done with
OF_ACCESS = frozenset(range(ChangeType.ROLE_ADD, ChangeType.MEMBER_DELETE + 1)) | {
    ChangeType.SCOPE_ADD,
    ChangeType.SCOPE_DELETE,
}
_ASKED = (
    *("Add", "Update", "SystemUpdate", "DeleteObject", "Rename", "Move", "Restore"),
    *("RoleAssignmentAdd", "RoleAssignmentDelete", "RoleDefinitionAdd", "RoleDefinitionDelete"),
    *("RoleDefinitionUpdate", "GroupMembershipAdd", "GroupMembershipDelete"),
)


def change_query(
    objects: Iterable[str], since: str | None, limit: int = MOST_CHANGES
) -> dict[str, Any]:
    """Return the body of a `GetChanges` that asks for everything that happened to some objects.

    `objects` are their kinds as `SP.ChangeQuery` names them: `Item`, `File`, `Folder`, `List`,
    `Web`, `User`, `Group` ... Oldest come first.
    """
    query: dict[str, Any] = dict.fromkeys([*objects, *_ASKED], True)
    query |= {"RecursiveAll": True, "FetchLimit": limit}
    if since is not None:
        query["ChangeTokenStart"] = {"StringValue": since}
    return {"query": query}


@dataclass(frozen=True, slots=True)
class ChangeToken:
    """A place in a change log: `version;scope;guid;ticks;number`."""

    text: str
    #: 1 of a site collection, 2 of a web, 3 of a list
    scope: int
    #: of what: lower case
    guid: str
    #: hundreds of nanoseconds since the year 1
    ticks: int
    #: of the last change; it grows
    number: int

    @classmethod
    def read(cls, text: str) -> "ChangeToken | None":
        """Read a token; None if it is none that this knows."""
        parts = text.split(";")
        try:
            scope, ticks, number = int(parts[1]), int(parts[3]), int(parts[4])
            guid = str(UUID(parts[2]))
        except (IndexError, ValueError):
            return None
        return cls(text, scope, guid, ticks, number) if len(parts) == _PARTS else None


def is_same_place(one: str | None, other: str | None) -> bool:
    """Say whether nothing happened between two tokens of one log, as far as they tell."""
    a, b = ChangeToken.read(one or ""), ChangeToken.read(other or "")
    if a is None or b is None or a.number <= _NEVER:
        return False
    return (a.scope, a.guid, a.number) == (b.scope, b.guid, b.number)


def later(one: str, other: str) -> str:
    """Return the token that is further on; the second one if they cannot be compared."""
    a, b = ChangeToken.read(one), ChangeToken.read(other)
    if a is None or b is None or (a.scope, a.guid) != (b.scope, b.guid):
        return other
    return one if (a.number, a.ticks) > (b.number, b.ticks) else other


# -- GetChanges


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of a change log."""

    type: ChangeType
    #: `Item`, `File`, `Folder`, `List`, `Web`, `Group` ..., as far as the answer tells
    what: str = ""
    #: of an item: its number in its list
    item_id: int | None = None
    #: of an item, a file or a folder
    unique_id: str | None = None
    list_id: str | None = None
    web_id: str | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """One answer of `GetChanges`."""

    changes: list[Change]
    #: where to go on; None if the answer is empty, which is the end
    token: str | None


def changes_of(reply: object) -> Changes:
    """Read an answer of `GetChanges`, in any form of its JSON; Unavailable if it is none."""
    entries = _entries(reply)
    changes = [_change(one) for one in entries]
    token = _token(entries[-1].get("ChangeToken")) if entries else None
    if entries and token is None:
        raise _malformed("gave changes without a token to go on from")
    return Changes(changes, token)


def _entries(reply: object) -> list[Mapping[str, Any]]:
    found = reply.get("d", reply) if isinstance(reply, Mapping) else reply
    if isinstance(found, Mapping):
        found = found.get("results", found.get("value", found.get("GetChanges")))
    if isinstance(found, Mapping):
        found = found.get("results")
    if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
        raise _malformed("answered without a list of changes")
    return found


def _change(entry: Mapping[str, Any]) -> Change:
    meta = entry.get("__metadata")
    named = entry.get("odata.type") or (meta.get("type") if isinstance(meta, Mapping) else None)
    number = entry.get("ItemId")
    return Change(
        ChangeType(int(entry.get("ChangeType") or 0)),
        str(named or "").removeprefix("SP.Change"),
        number if isinstance(number, int) and number > 0 else None,
        _guid(entry.get("UniqueId")),
        _guid(entry.get("ListId")),
        _guid(entry.get("WebId")),
    )


def _token(value: object) -> str | None:
    text = value.get("StringValue") if isinstance(value, Mapping) else value
    return text if isinstance(text, str) and text else None


def _guid(value: object) -> str | None:
    try:
        return str(UUID(str(value)))
    except ValueError:
        return None


# -- GetListItemChangesSinceToken


@dataclass(frozen=True, slots=True)
class Marked:
    """An item that is named for what happened to it (`<Id ChangeType="...">`)."""

    #: `Delete`, `MoveAway`, `Restore`, `Rename`, `SystemUpdate`, `InvalidToken` ...
    how: str
    item_id: int | None = None
    unique_id: str | None = None


@dataclass(frozen=True, slots=True)
class RowChanges:
    """One answer of `GetListItemChangesSinceToken`."""

    #: where to go on, with what happened after this
    token: str
    marked: list[Marked] = field(default_factory=list)
    #: of each item that is there: the values that were asked for, by internal name, as texts
    rows: list[dict[str, str]] = field(default_factory=list)
    #: more happened than this tells: ask again from `token`
    is_more: bool = False
    #: the token that was given is too old or none: everything must be read afresh
    is_invalid: bool = False
    #: of a full read: where its next page begins
    position: str | None = None

    @property
    def gone(self) -> list[Marked]:
        """Those that are not in the list any more, or not for whoever asks."""
        return [one for one in self.marked if one.how in ("Delete", "MoveAway")]

    @property
    def item_ids(self) -> list[int]:
        """The numbers of all that something happened to, each once."""
        named = [one.item_id for one in self.marked if one.item_id is not None]
        told = [int(row["ID"]) for row in self.rows if row.get("ID", "").isdigit()]
        return list(dict.fromkeys([*named, *told]))


def row_changes_of(body: bytes) -> RowChanges:
    """Read an answer of `GetListItemChangesSinceToken`; Unavailable if it is none."""
    # the format has neither document types nor entities, which alone would be a danger
    if b"<!" in body:
        raise _malformed("answered with XML that is not a list of items")
    try:
        root = ET.fromstring(body)  # noqa: S314 - without a document type, see above
    except ET.ParseError as broken:
        raise _malformed("answered with XML that is broken off") from broken
    found = root if _name(root) == "listitems" else _first(root, "listitems")
    changes = _first(found, "Changes") if found is not None else None
    if found is None or changes is None or not changes.get("LastChangeToken"):
        raise _malformed("answered without a change token")
    marked = [_marked(one) for one in changes if _name(one) == "Id"]
    data = found.find(_DATA)
    return RowChanges(
        str(changes.get("LastChangeToken")),
        [one for one in marked if one.how != "InvalidToken"],
        [_cells(row) for row in (data if data is not None else ()) if row.tag == _ROW],
        is_more=changes.get("MoreChanges", "").upper() == "TRUE",
        is_invalid=any(one.how == "InvalidToken" for one in marked),
        position=data.get("ListItemCollectionPositionNext") if data is not None else None,
    )


def _first(root: ET.Element, name: str) -> ET.Element | None:
    return next((one for one in root.iter() if _name(one) == name), None)


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _marked(element: ET.Element) -> Marked:
    text = (element.text or "").strip()
    return Marked(
        element.get("ChangeType", ""),
        int(text) if text.isdigit() else None,
        _guid(element.get("UniqueId", "").strip("{}")),
    )


def _cells(row: ET.Element) -> dict[str, str]:
    return {name.removeprefix(_CELL): value for name, value in row.attrib.items()}


def _malformed(what: str) -> Unavailable:
    return Unavailable(f"SharePoint {what}; try again later.", code="malformed_page")
