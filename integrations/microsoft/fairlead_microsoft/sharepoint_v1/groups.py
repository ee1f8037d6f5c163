"""Actions on the groups of a site, which Graph does not know."""

from typing import Annotated, Any

from pydantic import Field

from fairlead.sdk import Ctx, Record
from fairlead_microsoft.graph import given
from fairlead_microsoft.rest import Rest
from fairlead_microsoft.sharepoint.wire import Cursor, Done
from fairlead_microsoft.sharepoint_v1.inputs import Login, PrincipalId, SiteRef
from fairlead_microsoft.sharepoint_v1.pack import sharepoint_v1
from fairlead_microsoft.sharepoint_v1.users import Principal, Principals, principal

SOURCE = "https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn531432(v=office.15)"

GroupId = Annotated[int, Field(ge=1, description="Number of a group in its site collection.")]


class SiteGroup(Record):
    """A group of a site."""

    #: number in the site collection
    id: int
    title: str | None = None
    description: str | None = None
    owner_title: str | None = None
    #: may its members change who is in it?
    members_edit_membership: bool | None = None
    #: do its members alone see who is in it?
    only_members_view_membership: bool | None = None


class SiteGroups(Record):
    """A page of groups."""

    items: list[SiteGroup]
    #: where the next page begins; left out on the last one
    next_cursor: str | None = None


@sharepoint_v1.action(scopes=["Sites.Read.All"], source=SOURCE)
async def list_site_groups(
    ctx: Ctx[Rest], site_id: SiteRef, cursor: Cursor | None = None
) -> SiteGroups:
    """List the groups of a site collection, a page at a time."""
    web = await ctx.api.web(site_id)
    page = await ctx.api.json_page(web.path("sitegroups"), cursor=cursor)
    return SiteGroups(items=[_group(one) for one in page.items], next_cursor=page.next_link)


@sharepoint_v1.action(scopes=["Sites.Read.All"], source=SOURCE)
async def list_site_group_members(
    ctx: Ctx[Rest], site_id: SiteRef, group_id: GroupId, cursor: Cursor | None = None
) -> Principals:
    """List who is in a group of a site: people, and groups of the directory; a page at a time."""
    web = await ctx.api.web(site_id)
    page = await ctx.api.json_page(web.path(f"sitegroups({group_id})", "users"), cursor=cursor)
    return Principals(items=[principal(one) for one in page.items], next_cursor=page.next_link)


@sharepoint_v1.action(scopes=["Sites.FullControl.All"], source=SOURCE)
async def create_site_group(
    ctx: Ctx[Rest],
    site_id: SiteRef,
    *,
    title: Annotated[str, Field(min_length=1, description="What the group is called.")],
    description: Annotated[str, Field(description="What it is for.")] | None = None,
) -> SiteGroup:
    """Make a group of a site, with nobody in it and no rights."""
    web = await ctx.api.web(site_id)
    body = given(Title=title, Description=description)
    return _group(await ctx.api.post_json(web.path("sitegroups"), body))


@sharepoint_v1.action(scopes=["Sites.FullControl.All"], source=SOURCE)
async def delete_site_group(ctx: Ctx[Rest], site_id: SiteRef, group_id: GroupId) -> Done:
    """Delete a group of a site, and with it the rights that its members had by it."""
    web = await ctx.api.web(site_id)
    await ctx.api.post_json(web.path("sitegroups", f"removebyid({group_id})"))
    return Done()


@sharepoint_v1.action(scopes=["Sites.FullControl.All"], source=SOURCE)
async def add_site_group_member(
    ctx: Ctx[Rest], site_id: SiteRef, group_id: GroupId, login_name: Login
) -> Principal:
    """Put a person or a directory group into a group of a site; twice does no harm."""
    web = await ctx.api.web(site_id)
    users = web.path(f"sitegroups({group_id})", "users")
    return principal(await ctx.api.post_json(users, {"LoginName": login_name}))


@sharepoint_v1.action(scopes=["Sites.FullControl.All"], source=SOURCE)
async def remove_site_group_member(
    ctx: Ctx[Rest], site_id: SiteRef, group_id: GroupId, principal_id: PrincipalId
) -> Done:
    """Take somebody out of a group of a site."""
    web = await ctx.api.web(site_id)
    users = web.path(f"sitegroups({group_id})", "users")
    await ctx.api.post_json(f"{users}/removebyid({principal_id})")
    return Done()


def _group(told: dict[str, Any]) -> SiteGroup:
    return SiteGroup(
        id=int(told["Id"]),
        title=told.get("Title"),
        description=told.get("Description"),
        owner_title=told.get("OwnerTitle"),
        members_edit_membership=told.get("AllowMembersEditMembership"),
        only_members_view_membership=told.get("OnlyAllowMembersViewMembership"),
    )
