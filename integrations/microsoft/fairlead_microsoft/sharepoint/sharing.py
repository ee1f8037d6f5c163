"""Actions on who may do what with a file or folder: permissions and sharing links."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from fairlead.errors import FairleadError
from fairlead.sdk import Ctx, Record, Shape
from fairlead_microsoft.graph import Graph, given
from fairlead_microsoft.sharepoint.file_models import Grantees, LinkFacet, Permission
from fairlead_microsoft.sharepoint.models import DriveId, ItemId, SiteId
from fairlead_microsoft.sharepoint.pack import sharepoint
from fairlead_microsoft.sharepoint.wire import Done, invalid

PermissionId = Annotated[
    str, Field(min_length=1, description="Id of a permission of the item itself.")
]
Role = Annotated[str, Field(min_length=1, description="`read`, `write` or `owner`.")]
Roles = Annotated[list[Role], Field(min_length=1, description="`read`, `write` or `owner`.")]
Expiration = Annotated[
    str,
    Field(
        min_length=1,
        description="When access ends: a date and time with zone.",
        examples=["2027-01-31T18:00:00Z"],
    ),
]
Password = Annotated[
    str, Field(min_length=1, description="Asked of whoever follows the link; OneDrive only.")
]
Retain = Annotated[
    bool, Field(description="False: everybody else loses the access that came from above.")
]


class Recipient(Shape):
    """Whom to invite, by one of three names."""

    email: str | None = None
    alias: str | None = None
    object_id: str | None = None

    @model_validator(mode="after")
    def _has_a_name(self) -> Self:
        if not (self.email or self.alias or self.object_id):
            raise ValueError("a recipient needs an email, an alias or an objectId")
        return self


Recipients = Annotated[
    list[Recipient],
    Field(min_length=1, description="People and groups, each by email, alias or objectId."),
]


class Granted(Record):
    """A permission that was given to somebody, flattened."""

    id: str
    roles: list[str]
    granted_to_user_id: str | None = None
    granted_to_user_display_name: str | None = None
    granted_to_group_id: str | None = None
    granted_to_group_display_name: str | None = None
    granted_to_site_group_id: str | None = None
    granted_to_site_group_display_name: str | None = None
    #: whom it is for, whole
    granted_to_v2: Grantees | None = None
    invitation_email: str | None = None
    invitation_sign_in_required: bool | None = None
    expiration_date_time: str | None = None
    share_id: str | None = None
    has_password: bool | None = None

    @classmethod
    def of(cls, permission: Permission) -> Self:
        """Flatten a permission."""
        who, invited = permission.grantees, permission.invitation
        # an account that only the site knows is a person, too
        user = who.user or who.site_user
        return cls(
            id=permission.id,
            roles=permission.roles,
            granted_to_user_id=user.id if user else None,
            granted_to_user_display_name=user.display_name if user else None,
            granted_to_group_id=who.group.id if who.group else None,
            granted_to_group_display_name=who.group.display_name if who.group else None,
            granted_to_site_group_id=who.site_group.id if who.site_group else None,
            granted_to_site_group_display_name=(
                who.site_group.display_name if who.site_group else None
            ),
            granted_to_v2=permission.granted_to_v2,
            invitation_email=invited.email if invited else None,
            invitation_sign_in_required=invited.sign_in_required if invited else None,
            expiration_date_time=permission.expiration_date_time,
            share_id=permission.share_id,
            has_password=permission.has_password,
        )


class Refusal(Record):
    """Why a recipient got nothing."""

    code: str
    message: str

    @classmethod
    def of(cls, error: FairleadError) -> Self:
        """Tell what an error says."""
        return cls(code=error.code, message=error.message)


class Invited(Record):
    """What became of an invitation."""

    permissions: list[Granted]
    #: one entry a recipient who got nothing; left out if all got what they were to
    errors: list[Refusal] | None = None


class Permissions(Record):
    """Everything that is in force on an item."""

    permissions: list[Permission]


class SharingLink(Record):
    """A sharing link."""

    id: str | None = None
    roles: list[str] | None = None
    share_id: str | None = None
    has_password: bool | None = None
    expiration_date_time: str | None = None
    link: LinkFacet | None = None


@sharepoint.action(
    scopes=["Files.ReadWrite.All"],
    source="https://learn.microsoft.com/graph/api/driveitem-invite",
    version="1.0.1",
)
async def add_drive_item_permission(
    ctx: Ctx[Graph],
    site_id: SiteId,
    drive_id: DriveId,
    item_id: ItemId,
    *,
    recipients: Recipients,
    roles: Roles,
    message: Annotated[
        str | None, Field(max_length=2000, description="Text of the mail that invites.")
    ] = None,
    require_sign_in: Annotated[
        bool | None, Field(description="Must recipients sign in to see the item?")
    ] = None,
    send_invitation: Annotated[
        bool | None, Field(description="True: a mail goes to each recipient.")
    ] = None,
    expiration_date_time: Expiration | None = None,
    password: Password | None = None,
    retain_inherited_permissions: Retain | None = None,
) -> Invited:
    """Let people or groups read or change a file or folder, and mail them if asked to.

    A recipient who cannot be given access is told in `errors`; if that is so for all of them, the
    call fails. It is never repeated after it may have been carried out: nobody is mailed twice.
    """
    body = given(
        recipients=recipients,
        roles=roles,
        message=message,
        requireSignIn=require_sign_in,
        sendInvitation=send_invitation,
        expirationDateTime=expiration_date_time,
        password=password,
        retainInheritedPermissions=retain_inherited_permissions,
    )
    path = ctx.api.path("sites", site_id, "drives", drive_id, "items", item_id, "invite")
    results = await ctx.api.post_each(Permission, path, body)
    return Invited(
        permissions=[Granted.of(permission) for permission in results.made],
        errors=[Refusal.of(error) for error in results.refused] or None,
    )


@sharepoint.action(
    scopes=["Files.Read.All"],
    source="https://learn.microsoft.com/graph/api/driveitem-list-permissions",
    version="1.0.1",
)
async def list_drive_item_permissions(
    ctx: Ctx[Graph], site_id: SiteId, drive_id: DriveId, item_id: ItemId
) -> Permissions:
    """List everybody who may do something with a file or folder: of its own, and from above.

    Whoever is not its owner is shown only what concerns themselves.
    """
    path = ctx.api.path("sites", site_id, "drives", drive_id, "items", item_id, "permissions")
    return Permissions(permissions=[each async for each in ctx.api.items(Permission, path)])


@sharepoint.action(
    scopes=["Files.ReadWrite.All"],
    source="https://learn.microsoft.com/graph/api/permission-update",
    version="1.0.1",
)
async def update_drive_item_permission(
    ctx: Ctx[Graph],
    site_id: SiteId,
    drive_id: DriveId,
    item_id: ItemId,
    *,
    permission_id: PermissionId,
    roles: Roles | None = None,
    expiration_date_time: Expiration | None = None,
) -> Permission:
    """Change what a permission of the item itself allows, or when a link for anyone ends.

    What is inherited can be changed only where it comes from.
    """
    body = given(roles=roles, expirationDateTime=expiration_date_time)
    if not body:
        raise invalid("There is nothing to change; give roles or expirationDateTime.")
    item = ("sites", site_id, "drives", drive_id, "items", item_id)
    return await ctx.api.patch(Permission, ctx.api.path(*item, "permissions", permission_id), body)


@sharepoint.action(
    scopes=["Files.ReadWrite.All"],
    source="https://learn.microsoft.com/graph/api/permission-delete",
    version="1.0.1",
)
async def remove_drive_item_permission(
    ctx: Ctx[Graph],
    site_id: SiteId,
    drive_id: DriveId,
    item_id: ItemId,
    permission_id: PermissionId,
) -> Done:
    """Take a permission off the item itself; what is inherited goes only where it comes from."""
    item = ("sites", site_id, "drives", drive_id, "items", item_id)
    await ctx.api.delete(ctx.api.path(*item, "permissions", permission_id))
    return Done()


@sharepoint.action(
    scopes=["Files.ReadWrite.All"],
    source="https://learn.microsoft.com/graph/api/driveitem-createlink",
    version="1.0.1",
)
async def create_sharing_link(
    ctx: Ctx[Graph],
    site_id: SiteId,
    drive_id: DriveId,
    item_id: ItemId,
    *,
    type_: Annotated[
        Literal["view", "edit", "embed"],
        Field(description="What the link lets do; `embed` in personal OneDrive only."),
    ],
    scope: Annotated[
        Literal["anonymous", "organization", "users"],
        Field(description="Whom it lets in: anyone, the organisation, or those chosen later."),
    ],
    expiration_date_time: Expiration | None = None,
    password: Password | None = None,
    retain_inherited_permissions: Retain | None = None,
) -> SharingLink:
    """Make a link to share a file or folder by; an equal one that is there already is returned."""
    body = given(
        type=type_,
        scope=scope,
        expirationDateTime=expiration_date_time,
        password=password,
        retainInheritedPermissions=retain_inherited_permissions,
    )
    path = ctx.api.path("sites", site_id, "drives", drive_id, "items", item_id, "createLink")
    return await ctx.api.post(SharingLink, path, body)
