"""What a tenant file may say of sites and what is in them; every class is one mapping of it.

Columns and page parts are those of Graph:
https://learn.microsoft.com/graph/api/resources/columndefinition
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from m365sim.seeds.types import Free, Guid, Moment, Role, is_on
from m365sim.yaml_file import Entry


class GrantEntry(Entry):
    """A role given to somebody on something."""

    to: str
    role: Role = "read"
    expires: Moment | None = None


class LinkEntry(Entry):
    """A sharing link."""

    type: Literal["view", "edit"] = "view"
    scope: Literal["anonymous", "organization", "users"] = "organization"
    to: tuple[str, ...] = ()
    expires: Moment | None = None


class PermissionsEntry(Entry):
    """Who may do what with a site, a library, a folder or a file."""

    inherit: bool = True
    grants: tuple[GrantEntry, ...] = ()
    links: tuple[LinkEntry, ...] = ()


class SitePermissionsEntry(Entry):
    """Who may do what with a site or a list; links are to files and folders only."""

    inherit: bool = True
    grants: tuple[GrantEntry, ...] = ()


class VersionEntry(Entry):
    """A content that a file has, or had."""

    text: str | None = None
    size: Annotated[int, Field(ge=0)] | None = None  # bytes, of made-up content
    source: str | None = Field(default=None, alias="from")  # a file on disk
    modified: Moment | None = None
    by: str | None = None

    @model_validator(mode="after")
    def _is_one_content(self) -> Self:
        if sum(content is not None for content in (self.text, self.size, self.source)) > 1:
            raise ValueError("the content of a file is one of text, size and from")
        return self


class ItemEntry(VersionEntry):
    """A folder or a file of a library, by its path."""

    folder: str | None = None
    file: str | None = None
    versions: tuple[VersionEntry, ...] = ()  # before the present one, the oldest first
    fields: Free = Field(default_factory=dict)
    permissions: PermissionsEntry | None = None

    @property
    def path(self) -> str:
        """Where it lies in the library."""
        return (self.file or self.folder or "").strip("/")

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if (self.folder is None) == (self.file is None):
            raise ValueError("an item is either a folder or a file")
        contents = (self.text, self.size, self.source, self.versions or None)
        if self.folder is not None and any(content is not None for content in contents):
            raise ValueError("only a file has a content")
        return self


class LibraryEntry(Entry):
    """A document library."""

    title: str = "Documents"
    url: str | None = None
    description: str = ""
    columns: tuple[Free, ...] = ()
    items: tuple[ItemEntry, ...] = ()
    mirror: str | None = None  # a folder on disk to show
    made_up_files: Annotated[int, Field(ge=0)] = 0
    permissions: PermissionsEntry | None = None


class OneDriveEntry(Entry):
    """Somebody's OneDrive."""

    items: tuple[ItemEntry, ...] = ()


class ListEntry(Entry):
    """A list that is no library."""

    title: str
    description: str = ""
    template: str = "genericList"
    hidden: bool = False
    columns: tuple[Free, ...] = ()
    items: tuple[Free, ...] = ()
    permissions: SitePermissionsEntry | None = None


class PageEntry(Entry):
    """A page of a site."""

    name: str
    title: str
    layout: Literal["article", "home"] = "article"
    description: str = ""
    html: str = ""
    published: bool = True
    by: str | None = None


class TeamEntry(Entry):
    """The Microsoft 365 group of a team site; without members everyone is in it."""

    mail: str | None = None
    members: list[str] | None = None
    owners: list[str] | None = None


class SiteGroupEntry(Entry):
    """A group of a site besides its owners, members and visitors."""

    name: str
    members: tuple[str, ...] = ()
    role: Role | None = None


class SelectedEntry(Entry):
    """A site that an app with `Sites.Selected` may use."""

    app: Guid
    roles: Annotated[list[Literal["read", "write", "owner", "fullcontrol"]], Field(min_length=1)]


class SiteEntry(Entry):
    """A site, or a subsite."""

    path: str = ""
    title: str
    description: str | None = None
    team: Annotated[TeamEntry | None, BeforeValidator(is_on)] = None
    created: Moment | None = None
    owners: list[str] | None = None
    members: list[str] | None = None
    visitors: list[str] | None = None
    groups: tuple[SiteGroupEntry, ...] = ()
    permissions: SitePermissionsEntry | None = None
    selected: tuple[SelectedEntry, ...] = ()
    columns: tuple[Free, ...] = ()
    libraries: list[LibraryEntry] | None = None  # one that is called Documents
    lists: tuple[ListEntry, ...] = ()
    pages: tuple[PageEntry, ...] = ()
    subsites: tuple[SiteEntry, ...] = ()
