"""An item of a list: of a generic list, or a file or folder of a library seen as one.

https://learn.microsoft.com/graph/api/resources/listitem
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from m365sim.files import Actor, Item
from m365sim.files.blob import Blob


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that hangs on an item of a list."""

    name: str
    blob: Blob


@dataclass(frozen=True, slots=True)
class Row:
    """One state of a list item. A change makes a new Row."""

    id: int  # counted within the list
    uid: bytes
    values: Mapping[str, Any]  # by internal name; what is not set is not there
    content_type: str  # id
    created_at: int  # seconds since 1970
    modified_at: int
    created_by: Actor
    modified_by: Actor
    version: int = 1  # the n of the eTag
    deleted: bool = False
    item: Item | None = None  # the file or folder, in a library
    parent: int = 0  # number of the folder it lies in; 0 at the root
    attachments: tuple[Attachment, ...] = ()
    leaf: str = ""  # the name of a folder of a list that is no library

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder, of a library or of a list."""
        return bool(self.leaf) if self.item is None else self.item.is_folder

    @property
    def name(self) -> str:
        """What it is called in a path: of an item that is neither file nor folder, a number."""
        return self.item.name if self.item is not None else self.leaf or f"{self.id}_.000"
