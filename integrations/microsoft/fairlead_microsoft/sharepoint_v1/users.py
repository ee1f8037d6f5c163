"""Actions on the people whom a site knows, which Graph knows in the directory only."""

from typing import Annotated, Any

from pydantic import Field

from fairlead.sdk import Ctx, Record
from fairlead_microsoft.rest import Rest
from fairlead_microsoft.sharepoint.wire import Cursor
from fairlead_microsoft.sharepoint_v1.inputs import Login, PrincipalId, SiteRef
from fairlead_microsoft.sharepoint_v1.pack import sharepoint_v1

SOURCE = "https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn531432(v=office.15)"
#: number of a kind (https://learn.microsoft.com/previous-versions/office/sharepoint-csom/ee541430(v=office.15))
_KINDS = {1: "user", 2: "distributionList", 4: "securityGroup", 8: "siteGroup"}


class Principal(Record):
    """Somebody whom a site knows: a person, a group of the directory, or a group of the site."""

    #: number in the site collection
    id: int
    title: str | None = None
    login_name: str | None = None
    email: str | None = None
    user_principal_name: str | None = None
    #: `user`, `securityGroup`, `distributionList` or `siteGroup`
    kind: str | None = None
    is_site_admin: bool | None = None
    is_guest: bool | None = None


class Principals(Record):
    """A page of those whom a site knows."""

    items: list[Principal]
    #: where the next page begins; left out on the last one
    next_cursor: str | None = None


def principal(told: dict[str, Any]) -> Principal:
    """Return somebody, of an object of this API."""
    return Principal(
        id=int(told["Id"]),
        title=told.get("Title"),
        login_name=told.get("LoginName"),
        email=told.get("Email") or None,
        user_principal_name=told.get("UserPrincipalName") or None,
        kind=_KINDS.get(int(told.get("PrincipalType") or 0)),
        is_site_admin=told.get("IsSiteAdmin"),
        is_guest=told.get("IsShareByEmailGuestUser"),
    )


@sharepoint_v1.action(scopes=["Sites.Read.All"], source=SOURCE)
async def list_site_users(
    ctx: Ctx[Rest], site_id: SiteRef, cursor: Cursor | None = None
) -> Principals:
    """List the people and directory groups that a site collection knows, a page at a time."""
    web = await ctx.api.web(site_id)
    page = await ctx.api.json_page(web.path("siteusers"), cursor=cursor)
    return Principals(items=[principal(one) for one in page.items], next_cursor=page.next_link)


@sharepoint_v1.action(scopes=["Sites.Read.All"], source=SOURCE)
async def get_site_user(ctx: Ctx[Rest], site_id: SiteRef, principal_id: PrincipalId) -> Principal:
    """Read one person or directory group that a site knows, by its number."""
    web = await ctx.api.web(site_id)
    return principal(await ctx.api.get_json(web.path(f"getuserbyid({principal_id})")))


@sharepoint_v1.action(scopes=["Sites.Read.All"], source=SOURCE)
async def ensure_site_user(
    ctx: Ctx[Rest],
    site_id: SiteRef,
    login_name: Annotated[Login, Field(description="Login or sign-in name of a person or group.")],
) -> Principal:
    """Let a site know somebody of the directory, and say by which number; twice does no harm."""
    web = await ctx.api.web(site_id)
    return principal(await ctx.api.post_json(web.path("ensureuser"), {"logonName": login_name}))
