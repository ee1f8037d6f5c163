"""Shapes that the functions on drives, files, versions and permissions share.

https://learn.microsoft.com/graph/api/resources/driveitem,
https://learn.microsoft.com/graph/api/resources/permission.
"""

from typing import Annotated

from pydantic import Field

from fairlead.sdk import Record, Shape
from fairlead_microsoft.graph import Conflict
from fairlead_microsoft.sharepoint.models import ItemId

#: what no name in SharePoint may hold
#: (https://support.microsoft.com/office/64883a5d-228e-48f5-b3d2-eb39e07630fa)
_LEGAL = r'^[^"*:<>?/\\|]+$'

ParentItemId = Annotated[
    ItemId, Field(description="Id of the folder; `root` is the top of the drive.")
]
FileName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=255,
        pattern=_LEGAL,
        description='Name, without any of `" * : < > ? / \\ |`.',
        examples=["Budget #2 (50%).xlsx"],
    ),
]
ConflictBehavior = Annotated[
    Conflict,
    Field(description="What to do if the name is taken: `fail`, `replace` that item, or `rename`."),
]
PageSize = Annotated[int, Field(ge=1, le=999, description="Items a page.")]


class StoredItem(Record):
    """A file or folder, after it was made or changed."""

    id: str
    name: str | None = None
    web_url: str | None = None
    #: bytes
    size: int | None = None
    created_date_time: str | None = None
    last_modified_date_time: str | None = None
    #: changes with anything of the item; give it back to change it only as it is
    e_tag: str | None = None
    #: changes with the content only
    c_tag: str | None = None


class Grantee(Shape):
    """Whom a permission is for, as one of the kinds that Graph tells apart."""

    id: str | None = None
    display_name: str | None = None
    email: str | None = None
    #: of users and groups of the site
    login_name: str | None = None


class Grantees(Shape):
    """Whom a permission is for; `siteUser` and `siteGroup` are known to the site only."""

    user: Grantee | None = None
    group: Grantee | None = None
    site_user: Grantee | None = None
    site_group: Grantee | None = None
    application: Grantee | None = None
    device: Grantee | None = None


class LinkFacet(Shape):
    """A sharing link."""

    type_: str | None = None
    scope: str | None = None
    #: lets in whoever has it, within its scope
    web_url: str | None = None
    prevents_download: bool | None = None
    application: Grantee | None = None


class Invitation(Shape):
    """Whom an invitation went to."""

    email: str | None = None
    sign_in_required: bool | None = None


class InheritedFrom(Shape):
    """Where a permission comes from; often empty, then its presence says that it is inherited."""

    drive_id: str | None = None
    id: str | None = None
    path: str | None = None
    share_id: str | None = None


class Permission(Record):
    """Who may do what with an item."""

    id: str
    roles: list[str] = Field(default_factory=list)
    #: who, in the form that is current
    granted_to_v2: Grantees | None = None
    granted_to_identities_v2: list[Grantees] | None = None
    #: the same, in the deprecated form, which shows groups of sites as users
    granted_to: Grantees | None = None
    granted_to_identities: list[Grantees] | None = None
    #: left out if the permission is the item's own
    inherited_from: InheritedFrom | None = None
    invitation: Invitation | None = None
    link: LinkFacet | None = None
    share_id: str | None = None
    expiration_date_time: str | None = None
    has_password: bool | None = None

    @property
    def grantees(self) -> Grantees:
        """Whom it is for, in whichever form Graph told it; empty for a link."""
        return self.granted_to_v2 or self.granted_to or Grantees()
