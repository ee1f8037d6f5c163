"""Actions on lists and document libraries."""

from typing import Annotated, Self

from pydantic import Field

from fairlead.sdk import Ctx, Record, Shape
from fairlead_microsoft.graph import Graph, given
from fairlead_microsoft.sharepoint import echoes
from fairlead_microsoft.sharepoint.column_shapes import ColumnDraft
from fairlead_microsoft.sharepoint.either import Prefer, either
from fairlead_microsoft.sharepoint.models import SiteId
from fairlead_microsoft.sharepoint.pack import sharepoint
from fairlead_microsoft.sharepoint.wire import Cursor, ETag, Json, ListId, refuse_nothing

#: lists a page
_PAGE = 50

Title = Annotated[
    str, Field(min_length=1, description="What the list is called.", examples=["Books"])
]
About = Annotated[str, Field(description="What the list is for.")]
NewColumns = Annotated[
    list[ColumnDraft],
    Field(
        description="Columns to begin with, each with one facet that says its type.",
        examples=[[{"name": "Author", "text": {}}, {"name": "PageCount", "number": {}}]],
    ),
]


class ListInfo(Shape):
    """What kind of list it is."""

    template: str | None = None
    hidden: bool | None = None
    content_types_enabled: bool | None = None


class GraphList(Shape):
    """A list as Graph gives it."""

    id: str
    name: str | None = None
    display_name: str | None = None
    description: str | None = None
    web_url: str | None = None
    created_date_time: str | None = None
    last_modified_date_time: str | None = None
    e_tag: str | None = None
    list_: ListInfo | None = None
    columns: list[Json] | None = None


class _ListOutput(Record):
    """What every output tells of a list."""

    id: str
    #: part of its address
    name: str | None = None
    display_name: str | None = None
    description: str | None = None
    web_url: str | None = None
    created_date_time: str | None = None
    last_modified_date_time: str | None = None
    e_tag: str | None = None


class ListDetails(_ListOutput):
    """A list, flattened."""

    #: `genericList`, `documentLibrary` ...
    template: str | None = None
    content_types_enabled: bool | None = None
    hidden: bool | None = None
    #: only right after the list was made, if Graph tells them
    columns: list[Json] | None = None

    @classmethod
    def of(cls, found: GraphList) -> Self:
        """Flatten a list."""
        kind = found.list_ or ListInfo()
        return cls(
            **plain(found),
            template=kind.template,
            content_types_enabled=kind.content_types_enabled,
            hidden=kind.hidden,
            columns=found.columns,
        )


class ListEntry(_ListOutput):
    """A list among others."""

    list_template: str | None = None
    hidden: bool | None = None
    content_types_enabled: bool | None = None

    @classmethod
    def of(cls, found: GraphList) -> Self:
        """Flatten a list."""
        kind = found.list_ or ListInfo()
        return cls(
            **plain(found),
            list_template=kind.template,
            hidden=kind.hidden,
            content_types_enabled=kind.content_types_enabled,
        )


class Lists(Record):
    """A page of lists."""

    items: list[ListEntry]
    #: where the next page begins; left out on the last one
    next_cursor: str | None = None


class ListUpdated(_ListOutput):
    """A list after a change."""

    list_: ListInfo | None = None


class ListDeleted(Record):
    """Which list is gone."""

    site_id: str
    list_id: str


@sharepoint.action(
    scopes=["Sites.Manage.All"],
    source="https://learn.microsoft.com/graph/api/list-create",
    version="1.0.1",
)
async def create_list(
    ctx: Ctx[Graph],
    site_id: SiteId,
    *,
    display_name: Title,
    description: About | None = None,
    template: Annotated[
        str,
        Field(
            description="What it is made from.",
            examples=["genericList", "documentLibrary", "events", "tasks"],
        ),
    ] = "genericList",
    columns: NewColumns | None = None,
    content_types_enabled: Annotated[
        bool, Field(description="Rows can be of several content types.")
    ]
    | None = None,
) -> ListDetails:
    """Make a list or a document library, with columns of its own.

    A name that another list of the site has is refused (`name_taken`).
    """
    body = given(
        displayName=display_name,
        description=description,
        columns=columns,
        # that content types are on is told here, not beside the name
        list=given(template=template, contentTypesEnabled=content_types_enabled),
    )
    made = await ctx.api.post(GraphList, ctx.api.path("sites", site_id, "lists"), body)
    await echoes.keep_list(ctx, site_id, made.id)
    return ListDetails.of(made)


@sharepoint.action(
    scopes=["Sites.Read.All"],
    source="https://learn.microsoft.com/graph/api/list-get",
    version="1.0.1",
)
async def get_list(
    ctx: Ctx[Graph], site_id: SiteId, list_id: ListId, *, prefer: Prefer | None = None
) -> ListDetails:
    """Read one list or document library: its names, address, kind and times."""

    async def by_graph() -> ListDetails:
        path = ctx.api.path("sites", site_id, "lists", list_id)
        return ListDetails.of(await ctx.api.get(GraphList, path))

    return await either(ctx, "get-list", prefer, by_graph, site_id=site_id, list_id=list_id)


@sharepoint.action(
    scopes=["Sites.Read.All"],
    source="https://learn.microsoft.com/graph/api/list-list",
    version="1.0.1",
)
async def list_lists(
    ctx: Ctx[Graph],
    site_id: SiteId,
    cursor: Cursor | None = None,
    *,
    prefer: Prefer | None = None,
) -> Lists:
    """List the lists and document libraries of a site, a page at a time; not the system's own."""

    async def by_graph() -> Lists:
        path = ctx.api.path("sites", site_id, "lists")
        page = await ctx.api.page(GraphList, path, cursor=cursor, top=_PAGE)
        return Lists(items=[ListEntry.of(one) for one in page.items], next_cursor=page.next_link)

    return await either(ctx, "list-lists", prefer, by_graph, site_id=site_id, cursor=cursor)


@sharepoint.action(
    scopes=["Sites.Manage.All"],
    source="https://learn.microsoft.com/graph/api/resources/list",
    version="1.0.1",
)
async def update_list(
    ctx: Ctx[Graph],
    site_id: SiteId,
    list_id: ListId,
    *,
    display_name: Title | None = None,
    description: About | None = None,
    e_tag: ETag | None = None,
) -> ListUpdated:
    """Give a list another name or description; its address stays."""
    changes = given(displayName=display_name, description=description)
    refuse_nothing(changes, "displayName or description")
    path = ctx.api.path("sites", site_id, "lists", list_id)
    found = await ctx.api.patch(GraphList, path, changes, if_match=e_tag)
    await echoes.keep_list(ctx, site_id, found.id)
    return ListUpdated(**plain(found), list_=found.list_)


@sharepoint.action(
    scopes=["Sites.Manage.All"],
    source="https://learn.microsoft.com/graph/api/resources/list",
    version="1.0.1",
)
async def delete_list(
    ctx: Ctx[Graph], site_id: SiteId, list_id: ListId, e_tag: ETag | None = None
) -> ListDeleted:
    """Delete a list with everything in it."""
    await ctx.api.delete(ctx.api.path("sites", site_id, "lists", list_id), if_match=e_tag)
    echoes.list_gone(ctx, site_id, list_id)
    return ListDeleted(site_id=site_id, list_id=list_id)


def plain(found: GraphList) -> dict[str, str | None]:
    """Return what every output tells, by our names."""
    return {name: getattr(found, name) for name in _ListOutput.model_fields}
