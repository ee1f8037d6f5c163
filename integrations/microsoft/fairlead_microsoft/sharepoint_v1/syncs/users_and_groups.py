"""The sync `users-and-groups`: whom a site collection knows, and who is in its groups.

https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn531432(v=office.15).
Two calls tell all of a site collection; its change log would be a third, so it is read whole.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from fairlead.sdk import Batch, Record, SyncCtx
from fairlead_microsoft.rest import Rest
from fairlead_microsoft.sharepoint.tour import Tour, kept
from fairlead_microsoft.sharepoint_v1.choice import FoundWeb, Positions, Sites, chosen_webs
from fairlead_microsoft.sharepoint_v1.pack import sharepoint_v1
from fairlead_microsoft.sharepoint_v1.shapes.entities import Entity

_OF_PRINCIPALS = "Id,Title,LoginName,PrincipalType"
_KINDS = {1: "user", 2: "distributionList", 4: "securityGroup", 8: "siteGroup"}


class PrincipalEntity(Entity):
    """A user or group of a site collection."""

    id: int
    title: str | None = None
    login_name: str | None = None
    principal_type: int = 0
    email: str | None = None
    user_principal_name: str | None = None
    is_site_admin: bool | None = None
    is_share_by_email_guest_user: bool | None = None
    description: str | None = None
    owner_title: str | None = None
    users: list["PrincipalEntity"] | None = None


class Principal(Record):
    """A user or group that a site collection knows: what permissions name."""

    #: `{siteId}/{principalId}`
    id: str
    site_id: str
    #: number within its site collection
    principal_id: int
    #: `user`, `securityGroup` (of the directory), `siteGroup` ...
    kind: str
    display_name: str | None = None
    #: what permissions know it by
    login_name: str | None = None
    email: str | None = None
    user_principal_name: str | None = None
    is_site_admin: bool | None = None
    is_guest: bool | None = None
    #: of a group of the site
    description: str | None = None
    owner: str | None = None
    #: of a group of the site: numbers of its members; groups of the directory are among them
    members: list[int] | None = None


@sharepoint_v1.sync(
    every="1h",
    scopes=["Sites.FullControl.All"],
    source="https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn531432(v=office.15)",
    auto_start=False,
)
async def users_and_groups(
    ctx: SyncCtx[Rest, Sites, Positions],
) -> AsyncIterator[Batch[Principal]]:
    """Mirror the users and groups of the chosen site collections, with who is in each group."""
    tour = Tour(ctx)
    webs = await chosen_webs(ctx, tour, ctx.metadata.sites)
    tops = [one for one in webs.webs if one.is_top]
    in_doubt = [name for name in ctx.checkpoint.links if name in webs.in_doubt]
    ctx.checkpoint.keep_only([*(one.id for one in tops), *in_doubt])
    for batch in kept(in_doubt):
        yield batch
    for one in tops:
        async for batch in tour.visit(one.id, [one.id], _of_site(ctx, one)):
            yield batch
    tour.end()


async def _of_site(
    ctx: SyncCtx[Rest, Sites, Positions], one: FoundWeb
) -> AsyncGenerator[Batch[Principal], None]:
    api, web = ctx.api, one.web
    users = f"{_OF_PRINCIPALS},Email,UserPrincipalName,IsSiteAdmin,IsShareByEmailGuestUser"
    groups = f"{_OF_PRINCIPALS},Description,OwnerTitle,Users/Id"
    told = [
        *[user async for user in api.items(PrincipalEntity, web.path("siteusers"), select=users)],
        *[
            group
            async for group in api.items(
                PrincipalEntity, web.path("sitegroups"), select=groups, expand="Users"
            )
        ],
    ]
    ctx.checkpoint.links[one.id] = None  # known, should it be closed next time
    yield Batch(
        upsert=[_principal(one.id, entity) for entity in told],
        checkpoint=ctx.checkpoint,
        partition=one.id,
        restart=True,
        settled=True,
    )


def _principal(site_id: str, entity: PrincipalEntity) -> Principal:
    more: dict[str, Any] = {}
    if entity.users is not None:
        more["members"] = sorted(one.id for one in entity.users)
    return Principal(
        id=f"{site_id}/{entity.id}",
        site_id=site_id,
        principal_id=entity.id,
        kind=_KINDS.get(entity.principal_type, "other"),
        display_name=entity.title,
        login_name=entity.login_name,
        email=entity.email or None,
        user_principal_name=entity.user_principal_name,
        is_site_admin=entity.is_site_admin,
        is_guest=entity.is_share_by_email_guest_user,
        description=entity.description or None,
        owner=entity.owner_title,
        **more,
    )
