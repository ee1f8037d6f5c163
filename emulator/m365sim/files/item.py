"""A drive item, and who made it.

https://learn.microsoft.com/graph/api/resources/driveitem
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from m365sim.files.blob import Blob


@dataclass(frozen=True, slots=True)
class Actor:
    """Who made or changed something: a user, an app, or a user through an app."""

    user_id: str | None = None
    user_name: str | None = None
    user_email: str | None = None
    app_id: str | None = None
    app_name: str | None = None


SYSTEM = Actor(user_name="System Account")


@dataclass(slots=True, eq=False)
class Item:
    """One state of a file or folder. Never changed in place: a change makes a new Item.

    Not `frozen`, because creating frozen ones costs five times as much and a million are rendered.
    """

    uid: bytes
    parent: bytes | None
    name: str
    is_folder: bool
    created_at: int  # seconds since 1970
    modified_at: int
    created_by: Actor = SYSTEM
    modified_by: Actor = SYSTEM
    blob: Blob | None = None
    version: int = 1  # the n of the eTag: any change
    content_version: int = 1  # the n of the cTag: another content; always 0 for folders
    file_created_at: int | None = None  # what a client claims in fileSystemInfo
    file_modified_at: int | None = None
    deleted: bool = False
    fields: Mapping[str, Any] | None = None  # values of its columns, by internal name

    @property
    def size(self) -> int:
        """Length of a file in bytes; 0 for a folder."""
        return self.blob.size if self.blob is not None else 0
