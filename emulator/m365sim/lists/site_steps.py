"""What becomes of lists, columns and content types: changes that are of no item."""

from __future__ import annotations

from dataclasses import dataclass

from m365sim.files import Actor, Content, Site
from m365sim.history.lists import list_ids, note_part
from m365sim.lists.column import Column
from m365sim.lists.content_type import ContentType
from m365sim.lists.sharepoint_list import SharePointList


@dataclass(slots=True, eq=False)
class RecycledList:
    """A list in the recycle bin."""

    uid: bytes
    target: SharePointList
    by: Actor
    at: int  # seconds since 1970


@dataclass(frozen=True, slots=True)
class Step:
    """A change of a site, a list or a column: whatever is no item."""

    at: int  # seconds since 1970
    site: Site
    what: str  # "Web", "List", "Field"
    how: str  # "add", "update", "delete", "restore"
    target: SharePointList | None = None
    key: str = ""  # id of a column


@dataclass(frozen=True, slots=True)
class SchemaScribe:
    """Writes down what becomes of the columns and content types of a site or a list."""

    content: Content
    owner: Site | SharePointList

    def __call__(self, action: str, part: Column | ContentType) -> None:
        """Write a change down."""
        owner = self.owner
        ids = {"site": owner.id} if isinstance(owner, Site) else list_ids(owner)
        note_part(self.content.history, action, ids, part)
