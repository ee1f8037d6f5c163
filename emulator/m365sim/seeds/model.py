"""What a tenant file may say; every class is one mapping of it.

Columns and page parts are those of Graph:
https://learn.microsoft.com/graph/api/resources/columndefinition
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from m365sim.yaml_file import Entry, plain

Role = Literal["read", "write", "owner"]


def _guid(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text.lower()):
        raise ValueError("a GUID was expected")
    return text.lower()


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _permission(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z]+(?:\.[A-Za-z]+)*", text):
        raise ValueError("the name of a permission was expected, such as Sites.Read.All")
    return text


def _label(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9]{0,62}", text):
        raise ValueError("a host label was expected: lower-case letters and digits")
    return text


def _domain(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+", text):
        raise ValueError("a domain was expected, such as contoso.onmicrosoft.com")
    return text


def _is_on(value: Any) -> Any:
    """Let `true` stand for an entry that says nothing more, and `false` for none."""
    if value is True:
        return {}
    return None if value is False else value


def _value(value: Any) -> Any:
    return {"value": value} if isinstance(value, str) else value


Guid = Annotated[str, AfterValidator(_guid)]
Moment = Annotated[datetime, AfterValidator(_aware)]
Names = frozenset[Annotated[str, AfterValidator(_permission)]]
Free = Annotated[dict[str, Any], BeforeValidator(plain)]  # a mapping with keys of any name


class TenantEntry(Entry):
    """The organisation itself."""

    name: Annotated[str, AfterValidator(_label)]
    domain: Annotated[str, AfterValidator(_domain)] | None = None  # {name}.onmicrosoft.com
    display_name: str | None = None
    id: Guid | None = None


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
    """Who may do what with a site; links are to files and folders only."""

    inherit: bool = True
    grants: tuple[GrantEntry, ...] = ()


class ItemEntry(Entry):
    """A folder or a file of a library, by its path."""

    folder: str | None = None
    file: str | None = None
    text: str | None = None
    size: Annotated[int, Field(ge=0)] | None = None  # bytes, of made-up content
    source: str | None = Field(default=None, alias="from")  # a file on disk
    modified: Moment | None = None
    by: str | None = None
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
        contents = [self.text, self.size, self.source]
        given = sum(content is not None for content in contents)
        if given > 1 or (given and self.folder is not None):
            raise ValueError("the content of a file is one of text, size and from")
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
    team: Annotated[TeamEntry | None, BeforeValidator(_is_on)] = None
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


class UserEntry(Entry):
    """A person of the tenant, or a guest."""

    upn: str | None = None  # the part before the @ is enough
    guest: str | None = None  # the address of somebody from elsewhere
    name: str | None = None
    id: Guid | None = None
    password: str | None = None
    email: str | None = None
    admin: bool = False
    may_consent: bool = True
    enabled: bool = True
    onedrive: Annotated[OneDriveEntry | None, BeforeValidator(_is_on)] = OneDriveEntry()

    @model_validator(mode="after")
    def _is_one_of_us_or_a_guest(self) -> Self:
        if (self.upn is None) == (self.guest is None):
            raise ValueError("a user has either a upn or is a guest with an address elsewhere")
        if self.guest is not None and "@" not in self.guest:
            raise ValueError("a guest has an e-mail address")
        return self


class GroupEntry(Entry):
    """A group of the directory that belongs to no site."""

    name: str
    kind: Literal["security", "microsoft365"] = "security"
    mail: str | None = None
    members: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()


class SecretEntry(Entry):
    """A client secret."""

    value: str
    expires: Moment | None = None  # in two years


class ResourcesEntry(Entry):
    """Permissions by the API they are for."""

    graph: Names = frozenset()
    sharepoint: Names = frozenset()


class AppEntry(Entry):
    """An app registration."""

    id: Guid
    name: str
    redirect_uris: tuple[str, ...] = ()
    multi_tenant: bool = False
    public: bool = False
    secrets: tuple[Annotated[SecretEntry, BeforeValidator(_value)], ...] = ()
    certificates: tuple[str, ...] = ()  # files, PEM or DER
    application: ResourcesEntry = ResourcesEntry()
    delegated: ResourcesEntry = ResourcesEntry()
    admin_consent: bool = False  # to all of these, in this tenant


class ConsentEntry(Entry):
    """What was consented to an app in this tenant, wherever it is registered."""

    app: Guid
    user: str | None = None  # who consented to the delegated permissions; else an admin, for all
    application: ResourcesEntry = ResourcesEntry()
    delegated: ResourcesEntry = ResourcesEntry()

    @model_validator(mode="after")
    def _is_of_somebody(self) -> Self:
        if self.user is not None and (self.application.graph or self.application.sharepoint):
            raise ValueError("only an admin consents to application permissions")
        return self


class TenantFile(Entry):
    """A whole tenant."""

    tenant: TenantEntry
    users: tuple[UserEntry, ...] = ()
    groups: tuple[GroupEntry, ...] = ()
    apps: tuple[AppEntry, ...] = ()
    consents: tuple[ConsentEntry, ...] = ()
    sites: tuple[SiteEntry, ...] = ()
