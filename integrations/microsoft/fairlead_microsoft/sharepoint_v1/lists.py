"""Actions on lists and document libraries."""

from typing import Annotated

from pydantic import Field

from fairlead.sdk import Ctx
from fairlead_microsoft.graph import given
from fairlead_microsoft.rest import Rest, Web
from fairlead_microsoft.sharepoint.lists import (
    About,
    GraphList,
    ListDeleted,
    ListDetails,
    ListEntry,
    Lists,
    ListUpdated,
    NewColumns,
    Title,
    plain,
)
from fairlead_microsoft.sharepoint.wire import Cursor, ETag, refuse_nothing
from fairlead_microsoft.sharepoint_v1.field_shapes import column_of, field_of
from fairlead_microsoft.sharepoint_v1.inputs import ListRef, SiteRef
from fairlead_microsoft.sharepoint_v1.list_shapes import WANTED, graph_list, template_number
from fairlead_microsoft.sharepoint_v1.pack import sharepoint_v1

SOURCE = "https://learn.microsoft.com/sharepoint/dev/sp-add-ins/working-with-lists-and-list-items-with-rest"
#: lists a page
_PAGE = 50


@sharepoint_v1.action(scopes=["Sites.Manage.All"], source=SOURCE)
async def create_list(
    ctx: Ctx[Rest],
    site_id: SiteRef,
    *,
    display_name: Title,
    description: About | None = None,
    template: Annotated[
        str,
        Field(description="What it is made from.", examples=["genericList", "documentLibrary"]),
    ] = "genericList",
    columns: NewColumns | None = None,
    content_types_enabled: Annotated[
        bool, Field(description="Rows can be of several content types.")
    ]
    | None = None,
) -> ListDetails:
    """Make a list or a document library, with columns of its own.

    A title that another list of the site has is refused (`name_taken`). Columns are added one by
    one after the list is there: if one is refused, the list stays.
    """
    fields = [field_of(column) for column in columns or ()]
    web = await ctx.api.web(site_id)
    body = given(
        Title=display_name,
        Description=description,
        BaseTemplate=template_number(template),
        AllowContentTypes=content_types_enabled,
        ContentTypesEnabled=content_types_enabled,
    )
    made = await ctx.api.post_json(web.path("lists"), body)
    added = [
        column_of(await ctx.api.post_json(web.list(made["Id"], "fields"), field))
        for field in fields
    ]
    details = ListDetails.of(await _read(ctx.api, web, made["Id"]))
    shown = [column.model_dump(by_alias=True, exclude_none=True) for column in added]
    return details.model_copy(update={"columns": shown or None})


@sharepoint_v1.action(scopes=["Sites.Read.All"], source=SOURCE)
async def get_list(ctx: Ctx[Rest], site_id: SiteRef, list_id: ListRef) -> ListDetails:
    """Read one list or document library: its names, address, kind and times."""
    web = await ctx.api.web(site_id)
    return ListDetails.of(await _read(ctx.api, web, list_id))


@sharepoint_v1.action(scopes=["Sites.Read.All"], source=SOURCE)
async def list_lists(
    ctx: Ctx[Rest],
    site_id: SiteRef,
    cursor: Cursor | None = None,
    *,
    hidden: Annotated[bool, Field(description="True: those that people do not see, too.")] = False,
) -> Lists:
    """List the lists and document libraries of a site, a page at a time."""
    web = await ctx.api.web(site_id)
    page = await ctx.api.json_page(
        web.path("lists"),
        cursor=cursor,
        with_etag=True,
        select=WANTED,
        expand="RootFolder",
        filter=None if hidden else "Hidden eq false",
        top=_PAGE,
    )
    entries = [ListEntry.of(graph_list(web, one)) for one in page.items]
    return Lists(items=entries, next_cursor=page.next_link)


@sharepoint_v1.action(scopes=["Sites.Manage.All"], source=SOURCE)
async def update_list(
    ctx: Ctx[Rest],
    site_id: SiteRef,
    list_id: ListRef,
    *,
    display_name: Title | None = None,
    description: About | None = None,
    e_tag: ETag | None = None,
) -> ListUpdated:
    """Give a list another title or description; its address stays."""
    changes = given(Title=display_name, Description=description)
    refuse_nothing(changes, "displayName or description")
    web = await ctx.api.web(site_id)
    known = await _read(ctx.api, web, list_id)
    await ctx.api.merge(web.list(known.id), changes, if_match=e_tag)
    found = await _read(ctx.api, web, known.id)
    return ListUpdated(**plain(found), list_=found.list_)


@sharepoint_v1.action(scopes=["Sites.Manage.All"], source=SOURCE)
async def delete_list(
    ctx: Ctx[Rest], site_id: SiteRef, list_id: ListRef, e_tag: ETag | None = None
) -> ListDeleted:
    """Put a list with everything in it into the recycle bin."""
    web = await ctx.api.web(site_id)
    await ctx.api.delete(web.list(list_id), if_match=e_tag)
    return ListDeleted(site_id=site_id, list_id=list_id)


async def _read(api: Rest, web: Web, list_id: str) -> GraphList:
    told = await api.get_json(web.list(list_id), with_etag=True, select=WANTED, expand="RootFolder")
    return graph_list(web, told)
