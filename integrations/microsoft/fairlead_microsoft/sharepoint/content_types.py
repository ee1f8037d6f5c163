"""Actions on the content types of sites and lists.

https://learn.microsoft.com/graph/api/resources/contenttype
"""

from typing import Annotated

from pydantic import Field

from fairlead.sdk import Ctx, Record, Shape
from fairlead_microsoft.graph import Graph, given
from fairlead_microsoft.sharepoint import echoes
from fairlead_microsoft.sharepoint.column_shapes import Column
from fairlead_microsoft.sharepoint.models import SiteId
from fairlead_microsoft.sharepoint.pack import sharepoint
from fairlead_microsoft.sharepoint.wire import (
    ContentTypeId,
    Cursor,
    Done,
    Json,
    ListId,
    Open,
    SnakeCursor,
    invalid,
)

#: the root of all that lists hold
_ITEM = "0x01"


class Base(Shape):
    """The content type to derive from."""

    id: ContentTypeId


class BaseType(Open):
    """A content type that another one derives from."""

    id: str | None = None
    name: str | None = None
    description: str | None = None
    group: str | None = None


class Order(Shape):
    """Where a content type stands among those of its list."""

    default: bool | None = None
    position: int | None = None


class Origin(Open):
    """The list or site that a content type comes from."""

    id: str | None = None
    name: str | None = None
    path: str | None = None
    share_id: str | None = None
    sharepoint_ids: Json | None = None


class TypeColumn(Column):
    """A column of a content type; Graph tells more of it than lists do."""

    type_: str | None = None
    is_deletable: bool | None = None
    is_reorderable: bool | None = None
    is_sealed: bool | None = None
    propagate_changes: bool | None = None
    thumbnail: Json | None = None
    content_approval_status: Json | None = None
    source_content_type: Json | None = None
    source_column: Json | None = None


class ContentType(Record):
    """A content type."""

    id: str
    name: str | None = None
    description: str | None = None
    group: str | None = None
    parent_id: str | None = None
    hidden: bool | None = None
    read_only: bool | None = None
    sealed: bool | None = None
    is_built_in: bool | None = None
    base: BaseType | None = None


class ContentTypeDetails(ContentType, Open):
    """A content type with all that Graph tells of it."""

    propagate_changes: bool | None = None
    associated_hubs_urls: list[str] | None = None
    order: Order | None = None
    inherited_from: Origin | None = None
    base_types: list[BaseType] | None = None
    columns: list[TypeColumn] | None = None
    column_links: list[Json] | None = None
    column_positions: list[TypeColumn] | None = None


class SiteContentTypes(Record):
    """A page of a site's content types."""

    content_types: list[ContentType]
    #: where the next page begins; left out on the last one
    next_cursor: str | None = None


class ListContentTypes(Record):
    """A page of a list's content types."""

    items: list[ContentType]
    #: where the next page begins; left out on the last one
    next_cursor: str | None = None
    next_cursor_: SnakeCursor = None


@sharepoint.action(
    scopes=["Sites.Manage.All"],
    source="https://learn.microsoft.com/graph/api/contenttype-addcopy",
    version="1.0.1",
)
async def add_content_type_to_list(
    ctx: Ctx[Graph],
    site_id: SiteId,
    list_id: ListId,
    *,
    content_type_id: ContentTypeId | None = None,
    content_type_url: Annotated[
        str, Field(min_length=1, description="Address of the content type in Graph.")
    ]
    | None = None,
) -> ContentType:
    """Let a list take on a content type of its site: by its id, or by its address."""
    if content_type_url is None:
        if content_type_id is None:
            raise invalid("Give contentTypeId or contentTypeUrl.")
        # an address of this connection's own cloud
        content_type_url = ctx.api.url(
            ctx.api.path("sites", site_id, "contentTypes", content_type_id)
        )
    path = ctx.api.path("sites", site_id, "lists", list_id, "contentTypes", "addCopy")
    return await ctx.api.post(ContentType, path, {"contentType": content_type_url})


@sharepoint.action(
    scopes=["Sites.Manage.All"],
    source="https://learn.microsoft.com/graph/api/site-post-contenttypes",
    version="1.0.1",
)
async def create_content_type(
    ctx: Ctx[Graph],
    site_id: SiteId,
    *,
    name: Annotated[str, Field(min_length=1, description="What it is called.")],
    description: Annotated[str, Field(description="What it is for.")] | None = None,
    group: Annotated[str, Field(description="Under what it is listed.")] | None = None,
    base: Annotated[Base, Field(description="What it derives from.")] | None = None,
) -> ContentType:
    """Make a content type of a site, derived from `base` (default: an item of a list)."""
    body = given(name=name, description=description, group=group, base=base or {"id": _ITEM})
    made = await ctx.api.post(ContentType, ctx.api.path("sites", site_id, "contentTypes"), body)
    await echoes.keep_content_type(ctx, site_id, made.id)
    return made


@sharepoint.action(
    scopes=["Sites.Read.All"],
    source="https://learn.microsoft.com/graph/api/contenttype-get",
    version="1.0.1",
)
async def get_content_type(
    ctx: Ctx[Graph], site_id: SiteId, content_type_id: ContentTypeId
) -> ContentTypeDetails:
    """Read one content type of a site, with its columns and what it derives from."""
    path = ctx.api.path("sites", site_id, "contentTypes", content_type_id)
    return await ctx.api.get(ContentTypeDetails, path, expand="columns,base")


@sharepoint.action(
    scopes=["Sites.Read.All"],
    source="https://learn.microsoft.com/graph/api/site-list-contenttypes",
    version="1.0.1",
)
async def list_content_types(
    ctx: Ctx[Graph], site_id: SiteId, cursor: Cursor | None = None
) -> SiteContentTypes:
    """List the content types of a site, a page at a time."""
    path = ctx.api.path("sites", site_id, "contentTypes")
    page = await ctx.api.page(ContentType, path, cursor=cursor)
    return SiteContentTypes(content_types=page.items, next_cursor=page.next_link)


@sharepoint.action(
    scopes=["Sites.Read.All"],
    source="https://learn.microsoft.com/graph/api/list-list-contenttypes",
    version="1.0.1",
)
async def list_list_content_types(
    ctx: Ctx[Graph], site_id: SiteId, list_id: ListId, cursor: Cursor | None = None
) -> ListContentTypes:
    """List the content types of a list, a page at a time."""
    path = ctx.api.path("sites", site_id, "lists", list_id, "contentTypes")
    page = await ctx.api.page(ContentType, path, cursor=cursor)
    link = page.next_link
    return ListContentTypes(items=page.items, next_cursor=link, next_cursor_=link)


@sharepoint.action(
    scopes=["Sites.Manage.All"],
    source="https://learn.microsoft.com/graph/api/contenttype-delete",
    version="1.0.1",
)
async def delete_content_type(
    ctx: Ctx[Graph], site_id: SiteId, content_type_id: ContentTypeId
) -> Done:
    """Delete a content type of a site; one that is in use is refused."""
    await ctx.api.delete(ctx.api.path("sites", site_id, "contentTypes", content_type_id))
    echoes.content_type_gone(ctx, site_id, content_type_id)
    return Done()
