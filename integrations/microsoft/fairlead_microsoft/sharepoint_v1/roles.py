"""Actions on who has which role on a site, a list or a row, and on what inherits from where.

Graph knows the permissions of files only in its own words, and those of rows not at all.
"""

from typing import Annotated, Any

from pydantic import Field

from fairlead.sdk import Ctx, Record, Shape
from fairlead_microsoft.rest import Rest, Web
from fairlead_microsoft.sharepoint.wire import Cursor, Done, ListItemId, invalid
from fairlead_microsoft.sharepoint_v1.inputs import ListRef, PrincipalId, SiteRef
from fairlead_microsoft.sharepoint_v1.pack import sharepoint_v1
from fairlead_microsoft.sharepoint_v1.users import Principal, principal

SOURCE = "https://learn.microsoft.com/sharepoint/dev/sp-add-ins/set-custom-permissions-on-a-list-by-using-the-rest-interface"
_OF_LIST = Annotated[ListRef, Field(description="The list; left out, the site itself is meant.")]
_OF_ITEM = Annotated[
    ListItemId, Field(description="The row of that list; left out, the whole list is meant.")
]
RoleId = Annotated[
    int,
    Field(
        ge=1,
        description="Number of a role definition: 1073741826 Read, 1073741827 Contribute, "
        "1073741829 Full Control ...",
    ),
]


class RoleDefinition(Record):
    """A role: what whoever has it may do."""

    id: int
    name: str | None = None
    description: str | None = None
    hidden: bool | None = None
    #: number of its kind; 0 for a role that somebody made, 1 for the one that only lets pass
    role_type_kind: int | None = None


class RoleDefinitions(Record):
    """The roles of a site."""

    items: list[RoleDefinition]


class Role(Shape):
    """A role that somebody has."""

    id: int
    name: str | None = None


class RoleAssignment(Record):
    """Which roles somebody has on something."""

    #: number of whoever has them
    principal_id: int
    member: Principal
    roles: list[Role]


class RoleAssignments(Record):
    """A page of who has which roles."""

    items: list[RoleAssignment]
    #: does it have permissions of its own, or those of what it lies in?
    has_unique_role_assignments: bool
    #: where the next page begins; left out on the last one
    next_cursor: str | None = None


@sharepoint_v1.action(scopes=["Sites.Read.All"], source=SOURCE)
async def list_role_definitions(ctx: Ctx[Rest], site_id: SiteRef) -> RoleDefinitions:
    """List the roles that a site has to give."""
    web = await ctx.api.web(site_id)
    page = await ctx.api.json_page(web.path("roledefinitions"))
    return RoleDefinitions(
        items=[
            RoleDefinition(
                id=int(one["Id"]),
                name=one.get("Name"),
                description=one.get("Description"),
                hidden=one.get("Hidden"),
                role_type_kind=one.get("RoleTypeKind"),
            )
            for one in page.items
        ]
    )


@sharepoint_v1.action(scopes=["Sites.Read.All"], source=SOURCE)
async def list_role_assignments(
    ctx: Ctx[Rest],
    site_id: SiteRef,
    list_id: _OF_LIST | None = None,
    item_id: _OF_ITEM | None = None,
    cursor: Cursor | None = None,
) -> RoleAssignments:
    """List who has which roles on a site, a list or a row, wherever they come from.

    The role "Limited Access" grants nothing: it only lets pass to what lies below.
    """
    place = _place(await ctx.api.web(site_id), list_id, item_id)
    page = await ctx.api.json_page(
        f"{place}/roleassignments", cursor=cursor, expand="Member,RoleDefinitionBindings"
    )
    own = await ctx.api.get_json(place, select="HasUniqueRoleAssignments")
    return RoleAssignments(
        items=[_assignment(one) for one in page.items],
        has_unique_role_assignments=bool(own.get("HasUniqueRoleAssignments")),
        next_cursor=page.next_link,
    )


@sharepoint_v1.action(scopes=["Sites.FullControl.All"], source=SOURCE)
async def add_role_assignment(
    ctx: Ctx[Rest],
    site_id: SiteRef,
    *,
    list_id: _OF_LIST | None = None,
    item_id: _OF_ITEM | None = None,
    principal_id: PrincipalId,
    role_id: RoleId,
) -> Done:
    """Give somebody a role on a site, a list or a row; other roles stay. Twice does no harm.

    What inherits its permissions must have its own first: `break-role-inheritance`.
    """
    place = _place(await ctx.api.web(site_id), list_id, item_id)
    call = f"addroleassignment(principalid={principal_id},roledefid={role_id})"
    await ctx.api.post_json(f"{place}/roleassignments/{call}")
    return Done()


@sharepoint_v1.action(scopes=["Sites.FullControl.All"], source=SOURCE)
async def remove_role_assignment(
    ctx: Ctx[Rest],
    site_id: SiteRef,
    *,
    list_id: _OF_LIST | None = None,
    item_id: _OF_ITEM | None = None,
    principal_id: PrincipalId,
    role_id: Annotated[RoleId, Field(description="The role; left out, all of them are taken.")]
    | None = None,
) -> Done:
    """Take a role, or all of them, from somebody on a site, a list or a row."""
    place = _place(await ctx.api.web(site_id), list_id, item_id)
    if role_id is None:
        await ctx.api.delete(f"{place}/roleassignments/getbyprincipalid({principal_id})")
        return Done()
    call = f"removeroleassignment(principalid={principal_id},roledefid={role_id})"
    await ctx.api.post_json(f"{place}/roleassignments/{call}")
    return Done()


@sharepoint_v1.action(scopes=["Sites.FullControl.All"], source=SOURCE)
async def break_role_inheritance(
    ctx: Ctx[Rest],
    site_id: SiteRef,
    *,
    list_id: _OF_LIST | None = None,
    item_id: _OF_ITEM | None = None,
    copy_role_assignments: Annotated[
        bool, Field(description="Begin with a copy of what was inherited; else with nobody.")
    ] = True,
    clear_subscopes: Annotated[
        bool, Field(description="Let what lies below inherit again from here.")
    ] = False,
) -> Done:
    """Give a site, a list or a row permissions of its own.

    Without a copy nobody but the caller has any rights on it afterwards.
    """
    place = _place(await ctx.api.web(site_id), list_id, item_id)
    flags = (
        f"copyroleassignments={str(copy_role_assignments).lower()},"
        f"clearsubscopes={str(clear_subscopes).lower()}"
    )
    await ctx.api.post_json(f"{place}/breakroleinheritance({flags})")
    return Done()


@sharepoint_v1.action(scopes=["Sites.FullControl.All"], source=SOURCE)
async def reset_role_inheritance(
    ctx: Ctx[Rest],
    site_id: SiteRef,
    *,
    list_id: _OF_LIST | None = None,
    item_id: _OF_ITEM | None = None,
) -> Done:
    """Let a subsite, a list or a row inherit its permissions again; its own are gone."""
    place = _place(await ctx.api.web(site_id), list_id, item_id)
    await ctx.api.post_json(f"{place}/resetroleinheritance")
    return Done()


def _place(web: Web, list_id: str | None, item_id: str | None) -> str:
    if list_id is None:
        if item_id is not None:
            raise invalid("A row is named by its list and its number: give listId, too.")
        return web.path()
    return web.list(list_id) if item_id is None else web.item(list_id, item_id)


def _assignment(told: dict[str, Any]) -> RoleAssignment:
    return RoleAssignment(
        principal_id=int(told["PrincipalId"]),
        member=principal(told["Member"]),
        roles=[
            Role(id=int(one["Id"]), name=one.get("Name"))
            for one in told.get("RoleDefinitionBindings") or []
        ],
    )
