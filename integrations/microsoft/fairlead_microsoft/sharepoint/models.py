"""Shapes that several functions share: ids as inputs, and Graph's own objects.

https://learn.microsoft.com/graph/api/resources/driveitem,
https://learn.microsoft.com/graph/api/resources/drive,
https://learn.microsoft.com/graph/api/resources/site. Graph leaves out what it does not know, so
everything but an id may be missing. Times are kept as Graph spells them.
"""

import re
from functools import lru_cache
from typing import Annotated
from urllib.parse import unquote

from pydantic import Field

from fairlead.sdk import Shape

#: ASCII without spaces, and no percent sign that begins no code
_ENCODED = re.compile(r"(?:%[0-9A-Fa-f]{2}|[!$&-;=?-Z_a-z~@])*")

SiteId = Annotated[
    str,
    Field(
        min_length=1,
        description="Id of a site: host name, site collection id and web id, or `root`.",
        examples=[
            (
                "contoso.sharepoint.com,2c712604-1370-44e7-a1f5-426573fda80a,"
                "2d2244c3-251a-49ea-93a8-39e1c3a060fe"
            )
        ],
    ),
]
DriveId = Annotated[
    str,
    Field(
        min_length=1,
        description="Id of a drive (document library).",
        examples=["b!BCZxLHATdEShv1QmVz_agMNEIi0aJepJk6g54cOgYP5q"],
    ),
]
ItemId = Annotated[
    str,
    Field(
        min_length=1,
        description="Id of a file or folder in its drive.",
        examples=["01NKDM7HMOJTVYMDOSXFDK2QJDXCDI3WUK"],
    ),
]


class Identity(Shape):
    """A person or an app."""

    id: str | None = None
    display_name: str | None = None


class IdentitySet(Shape):
    """Who did something."""

    user: Identity | None = None
    application: Identity | None = None

    @property
    def display_name(self) -> str | None:
        """The person's name, or else the app's."""
        named = self.user or self.application
        return named.display_name if named else None


class ParentReference(Shape):
    """Where an item lies."""

    drive_id: str | None = None
    id: str | None = None
    path: str | None = None


class FolderFacet(Shape):
    """What makes an item a folder."""

    child_count: int | None = None


class Hashes(Shape):
    """Checksums of a file; SharePoint has only this one."""

    quick_xor_hash: str | None = None


class FileFacet(Shape):
    """What makes an item a file."""

    mime_type: str | None = None
    hashes: Hashes | None = None


class PackageFacet(Shape):
    """What makes an item a package: a notebook, which is neither a file nor a folder."""

    type_: str | None = None


class GraphItem(Shape):
    """A driveItem."""

    id: str
    name: str | None = None
    size: int | None = None
    web_url: str | None = None
    e_tag: str | None = None
    c_tag: str | None = None
    created_date_time: str | None = None
    last_modified_date_time: str | None = None
    parent_reference: ParentReference | None = None
    folder: FolderFacet | None = None
    file: FileFacet | None = None
    package: PackageFacet | None = None

    @property
    def path(self) -> str | None:
        """Path from the drive's root, decoded (`/Reports/Q1.xlsx`); None if Graph did not say."""
        above = self.parent_reference.path if self.parent_reference else None
        if above is None or self.name is None:
            return None
        # `/drives/{id}/root:/Reports`: the part before the colon holds no other one
        return f"{_decoded(above.partition(':')[2]).rstrip('/')}/{self.name}"


class AuthoredItem(GraphItem):
    """A driveItem with the people behind it."""

    created_by: IdentitySet | None = None
    last_modified_by: IdentitySet | None = None


@lru_cache(maxsize=1024)  # neighbours on a page lie in the same folder
def _decoded(path: str) -> str:
    """Decode a path, which is percent-encoded (microsoftgraph/microsoft-graph-docs-contrib#9361).

    Reports of plain ones exist; what no encoding would leave in tells them apart.
    """
    return unquote(path) if _ENCODED.fullmatch(path) else path


class GraphDrive(Shape):
    """A drive."""

    id: str
    name: str | None = None
