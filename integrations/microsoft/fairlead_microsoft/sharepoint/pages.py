"""Actions on the pages of sites.

https://learn.microsoft.com/graph/api/resources/sitepage: what is a page's own comes only under the
name of its kind, and what changes one must name it.
"""

from typing import Annotated

from pydantic import Field

from fairlead.sdk import Ctx
from fairlead_microsoft.graph import Graph, given
from fairlead_microsoft.sharepoint import echoes
from fairlead_microsoft.sharepoint.models import SiteId
from fairlead_microsoft.sharepoint.pack import sharepoint
from fairlead_microsoft.sharepoint.page_shapes import (
    CanvasLayout,
    GraphPage,
    PageChanged,
    PageDeleted,
    PageDetails,
    PageEntry,
    PagePublished,
    Pages,
    TitleArea,
)
from fairlead_microsoft.sharepoint.wire import Cursor, PageId, refuse_nothing

_KIND = "microsoft.graph.sitePage"
_NAMED = {"@odata.type": f"#{_KIND}"}

PageTitle = Annotated[str, Field(min_length=1, description="Title of the page.")]
ShowComments = Annotated[bool, Field(description="Readers can comment on it.")]
ShowRecommended = Annotated[bool, Field(description="Other pages are shown below it.")]
Head = Annotated[TitleArea, Field(description="The head of the page.")]
Canvas = Annotated[
    CanvasLayout,
    Field(
        description="What is on the page: sections, columns, web parts. An update replaces all.",
        examples=[
            {
                "horizontalSections": [
                    {
                        "layout": "oneColumn",
                        "id": "1",
                        "columns": [
                            {"id": "1", "width": 12, "webparts": [{"innerHtml": "<p>Ahoy</p>"}]}
                        ],
                    }
                ]
            }
        ],
    ),
]


@sharepoint.action(
    scopes=["Sites.ReadWrite.All"],
    source="https://learn.microsoft.com/graph/api/sitepage-create",
    version="1.0.1",
)
async def create_site_page(
    ctx: Ctx[Graph],
    site_id: SiteId,
    *,
    name: Annotated[
        str, Field(min_length=1, description="Name of its file.", examples=["news.aspx"])
    ],
    title: PageTitle,
    page_layout: Annotated[
        str, Field(description="Kind of page.", examples=["article", "home", "microsoftReserved"])
    ],
    show_comments: ShowComments | None = None,
    show_recommended_pages: ShowRecommended | None = None,
    title_area: Head | None = None,
    canvas_layout: Canvas | None = None,
) -> PageEntry:
    """Make a page; nobody else sees it until it is published."""
    body = _NAMED | given(
        name=name,
        title=title,
        pageLayout=page_layout,
        showComments=show_comments,
        showRecommendedPages=show_recommended_pages,
        titleArea=title_area,
        canvasLayout=canvas_layout,
    )
    made = await ctx.api.post(PageEntry, ctx.api.path("sites", site_id, "pages"), body)
    await echoes.keep_page(ctx, site_id, made.id)
    return made


@sharepoint.action(
    scopes=["Sites.Read.All"],
    source="https://learn.microsoft.com/graph/api/sitepage-get",
    version="1.0.1",
)
async def get_site_page(ctx: Ctx[Graph], site_id: SiteId, page_id: PageId) -> PageDetails:
    """Read one page of a site, with what is on it."""
    path = ctx.api.path("sites", site_id, "pages", page_id, _KIND)
    return await ctx.api.get(PageDetails, path, expand="canvasLayout")


@sharepoint.action(
    scopes=["Sites.Read.All"],
    source="https://learn.microsoft.com/graph/api/sitepage-list",
    version="1.0.1",
)
async def list_site_pages(ctx: Ctx[Graph], site_id: SiteId, cursor: Cursor | None = None) -> Pages:
    """List the pages of a site without what is on them, so many at a time."""
    path = ctx.api.path("sites", site_id, "pages", _KIND)
    page = await ctx.api.page(PageEntry, path, cursor=cursor)
    return Pages(items=page.items, next_cursor=page.next_link)


@sharepoint.action(
    scopes=["Sites.ReadWrite.All"],
    source="https://learn.microsoft.com/graph/api/sitepage-update",
    version="1.0.1",
)
async def update_site_page(
    ctx: Ctx[Graph],
    site_id: SiteId,
    page_id: PageId,
    *,
    title: PageTitle | None = None,
    description: Annotated[str, Field(description="What the page is about.")] | None = None,
    show_comments: ShowComments | None = None,
    show_recommended_pages: ShowRecommended | None = None,
    thumbnail_web_url: Annotated[str, Field(description="Address of its picture.")] | None = None,
    promotion_kind: Annotated[
        str, Field(description="`newsPost` makes news of a page; that cannot be undone.")
    ]
    | None = None,
    title_area: Head | None = None,
    canvas_layout: Canvas | None = None,
) -> PageChanged:
    """Change a page, which others see once it is published; `canvasLayout` replaces all of it."""
    changes = given(
        title=title,
        description=description,
        showComments=show_comments,
        showRecommendedPages=show_recommended_pages,
        thumbnailWebUrl=thumbnail_web_url,
        promotionKind=promotion_kind,
        titleArea=title_area,
        canvasLayout=canvas_layout,
    )
    refuse_nothing(changes, "what is to be another")
    path = ctx.api.path("sites", site_id, "pages", page_id, _KIND)
    changed = PageChanged.of(await ctx.api.patch(GraphPage, path, _NAMED | changes))
    await echoes.keep_page(ctx, site_id, page_id)
    return changed


@sharepoint.action(
    scopes=["Sites.ReadWrite.All"],
    source="https://learn.microsoft.com/graph/api/sitepage-publish",
    version="1.0.1",
)
async def publish_site_page(ctx: Ctx[Graph], site_id: SiteId, page_id: PageId) -> PagePublished:
    """Show the latest version of a page to everyone who may see it."""
    path = ctx.api.path("sites", site_id, "pages", page_id, _KIND, "publish")
    await ctx.api.post_json(path)
    await echoes.keep_page(ctx, site_id, page_id)
    return PagePublished(site_id=site_id, page_id=page_id)


@sharepoint.action(
    scopes=["Sites.ReadWrite.All"],
    source="https://learn.microsoft.com/graph/api/basesitepage-delete",
    version="1.0.1",
)
async def delete_site_page(ctx: Ctx[Graph], site_id: SiteId, page_id: PageId) -> PageDeleted:
    """Put a page into the site's recycle bin."""
    await ctx.api.delete(ctx.api.path("sites", site_id, "pages", page_id))
    echoes.page_gone(ctx, site_id, page_id)
    return PageDeleted(site_id=site_id, page_id=page_id)
