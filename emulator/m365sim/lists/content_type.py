"""Content types: the kinds of items that a site or a list knows.

An id begins with that of the parent; a child adds "00" and 32 digits, built-in ones two digits.
https://learn.microsoft.com/graph/api/resources/contenttype
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from m365sim.lists.problems import Unacceptable

SYSTEM = "0x"
ITEM = "0x01"
DOCUMENT = "0x0101"
FOLDER = "0x0120"
SITE_PAGE = "0x0101009D1CB255DA76424F860D91F20E6C4118"
PERSON = "0x010A"
LINK = "0x0105"

_HIDDEN = "_Hidden"
_LIST = "List Content Types"
_DOCUMENTS = "Document Content Types"
_FOLDERS = "Folder Content Types"
_COMMUNITY = "Community Content Types"

#: id, name, group, description, hidden, sealed
_BUILT_IN = (
    (SYSTEM, "System", _HIDDEN, "", False, True),
    (ITEM, "Item", _LIST, "Create a new list item.", False, False),
    (DOCUMENT, "Document", _DOCUMENTS, "Create a new document.", False, False),
    ("0x010101", "Form", _DOCUMENTS, "Fill out this form.", False, False),
    ("0x010102", "Picture", _DOCUMENTS, "Upload an image or a photograph.", False, False),
    ("0x010104", "Unknown Document Type", "Special Content Types", "", False, False),
    ("0x010105", "Master Page", _DOCUMENTS, "Create a new master page.", False, False),
    ("0x010107", "User Workflow Document", _HIDDEN, "Items for use in workflows.", True, False),
    ("0x010108", "Wiki Page", _DOCUMENTS, "Create a new wiki page.", False, False),
    ("0x010109", "Basic Page", _DOCUMENTS, "Create a new basic page.", False, False),
    ("0x01010901", "Web Part Page", _DOCUMENTS, "Create a new Web Part page.", False, False),
    ("0x01010A", "Link to a Document", _DOCUMENTS, "Create a link to a document.", False, False),
    ("0x01010B", "Dublin Core Columns", _DOCUMENTS, "The Dublin Core element set.", False, False),
    (SITE_PAGE, "Site Page", _HIDDEN, "Create a new site page.", True, True),
    ("0x0102", "Event", _LIST, "Create a new meeting, deadline or other event.", False, False),
    ("0x0103", "Issue", _LIST, "Track an issue or problem.", False, False),
    ("0x0104", "Announcement", _LIST, "Create a new news item.", False, False),
    (LINK, "Link", _LIST, "Create a new link to a resource.", False, False),
    ("0x0106", "Contact", _LIST, "Store information about a contact.", False, False),
    ("0x0107", "Message", _LIST, "Create a new message.", False, False),
    ("0x0108", "Task", _LIST, "Track a work item.", False, False),
    ("0x0109", "Workflow History", _HIDDEN, "The history of a workflow.", True, False),
    (PERSON, "Person", _HIDDEN, "A person of the site.", True, False),
    ("0x010C", "DomainGroup", _HIDDEN, "A group of the directory.", True, False),
    ("0x0110", "Post", _LIST, "Create a new blog post.", False, False),
    ("0x0111", "Comment", _LIST, "Create a new blog comment.", False, False),
    (FOLDER, "Folder", _FOLDERS, "Create a new folder.", False, True),
    ("0x012001", "RootOfList", _HIDDEN, "", True, True),
    ("0x012002", "Discussion", _FOLDERS, "Create a new discussion topic.", False, False),
    ("0x012004", "Summary Task", _FOLDERS, "Group and describe related tasks.", False, False),
    ("0x0120D520", "Document Set", "Document Set Content Types", "A set of files.", False, False),
    ("0x01005D", "Reputation", _COMMUNITY, "What members think of a post.", True, False),
)  # fmt: skip

_EDITABLE = {
    "name": str,
    "description": str,
    "group": str,
    "hidden": bool,
    "readOnly": bool,
    "sealed": bool,
}
_FIELDS = {"readOnly": "read_only"}
_IGNORED = {"id", "base", "parentId", "isBuiltIn", "propagateChanges", "order", "inheritedFrom"}


@dataclass(frozen=True, slots=True)
class ContentType:
    """One content type. A change makes a new ContentType."""

    id: str
    name: str
    parent: str  # id; its own for "System"
    group: str = "Custom Content Types"
    description: str = ""
    hidden: bool = False
    read_only: bool = False
    sealed: bool = False
    built_in: bool = False
    columns: tuple[str, ...] = ()  # internal names
    version: int = 0


def built_in() -> dict[str, ContentType]:
    """Return what every site has: id → content type."""
    known = {}
    for type_id, name, group, description, hidden, sealed in _BUILT_IN:
        columns: tuple[str, ...] = ("ContentType", "Title")
        if type_id.startswith((DOCUMENT, FOLDER)):
            columns = ("ContentType", "FileLeafRef", "Title")
        known[type_id] = ContentType(
            type_id,
            name,
            _parent_among(type_id),
            group,
            description,
            hidden,
            sealed=sealed,
            built_in=True,
            columns=columns,
        )
    return known


def child_id(parent: str, uid: bytes) -> str:
    """Return the id of a child that is no built-in one."""
    return f"{parent}00{uid.hex().upper()}"


def changed_type(known: ContentType, body: dict[str, Any]) -> ContentType:
    """Return a content type with what a request says of it."""
    changes: dict[str, Any] = {}
    for key, value in body.items():
        if key in _IGNORED or key.startswith("@odata."):
            continue
        if key not in _EDITABLE or not isinstance(value, _EDITABLE[key]):
            raise Unacceptable(f"'{key}' cannot be set to that on a content type.")
        changes[_FIELDS.get(key, key)] = value
    if not changes.get("name", known.name).strip():
        raise Unacceptable("A content type needs a name.")
    return replace(known, **changes, version=known.version + 1)


def _parent_among(type_id: str) -> str:
    shorter = [known[0] for known in _BUILT_IN if len(known[0]) < len(type_id)]
    return max((i for i in shorter if type_id.startswith(i)), key=len, default=SYSTEM)
