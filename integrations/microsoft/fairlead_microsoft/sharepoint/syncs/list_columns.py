"""The sync `list-columns`: the columns of every list of sites."""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, Self

from pydantic import Field

from fairlead.errors import FairleadError
from fairlead.sdk import Batch, Metadata, Record, Shape, SyncCtx
from fairlead_microsoft.graph import Graph
from fairlead_microsoft.graph.batch import MOST_CALLS
from fairlead_microsoft.sharepoint.choice import SitePositions, chosen_sites
from fairlead_microsoft.sharepoint.pack import sharepoint
from fairlead_microsoft.sharepoint.syncs.graph_column import GraphColumn
from fairlead_microsoft.sharepoint.tour import Tour

_PAGE = 100


class ListColumn(Record):
    """A column of a list."""

    #: `{siteId}/{listId}/{columnId}`
    id: str
    site_id: str
    list_id: str
    #: id within its list
    column_id: str
    #: internal name: the key among a row's fields
    name: str | None = None
    #: what people see
    display_name: str | None = None
    description: str | None = None
    column_type: str | None = None
    hidden: bool | None = None
    required: bool | None = None
    read_only: bool | None = None
    indexed: bool | None = None
    enforce_unique_values: bool | None = None

    @classmethod
    def of(cls, site_id: str, list_id: str, column: GraphColumn) -> Self:
        """Make the record of a column."""
        return cls(
            id=f"{site_id}/{list_id}/{column.id}",
            site_id=site_id,
            list_id=list_id,
            column_id=column.id,
            name=column.name,
            display_name=column.display_name,
            description=column.description,
            column_type=column.kind,
            hidden=column.hidden,
            required=column.required,
            read_only=column.read_only,
            indexed=column.indexed,
            enforce_unique_values=column.enforce_unique_values,
        )


class ListWithColumns(Shape):
    """A list with its columns; of very many, a link to the rest."""

    id: str
    web_url: str | None = None
    columns: list[GraphColumn] = Field(default_factory=list)
    more: str | None = Field(None, alias="columns@odata.nextLink")


class Sites(Metadata):
    """Of which sites."""

    #: ids or addresses; empty: all that the connection may list
    sites: list[str] = Field(default_factory=list)


@sharepoint.sync(
    every="1h",
    scopes=["Sites.Read.All"],
    source="https://learn.microsoft.com/graph/api/list-list-columns",
)
async def list_columns(
    ctx: SyncCtx[Graph, Sites, SitePositions],
) -> AsyncIterator[Batch[ListColumn]]:
    """Mirror the columns of every list of the chosen sites; those that are gone leave."""
    tour = Tour(ctx)
    sites = await chosen_sites(ctx, tour, ctx.metadata.sites)
    for start in range(0, len(sites), MOST_CALLS):
        some = sites[start : start + MOST_CALLS]
        paths = [ctx.api.path("sites", site, "lists") for site in some]
        replies = await ctx.api.read_many(paths, select="id", expand="columns", top=_PAGE)
        for site, reply in zip(some, replies, strict=True):
            async for batch in tour.visit(site, [site], _of_site(ctx, site, reply)):
                yield batch
    tour.end()


async def _of_site(
    ctx: SyncCtx[Graph, Sites, SitePositions], site: str, reply: Any
) -> AsyncGenerator[Batch[ListColumn], None]:
    if isinstance(reply, FairleadError):
        raise reply
    is_first = True
    async for page in ctx.api.pages_from(ListWithColumns, reply):
        found: list[ListColumn] = []
        for one in page.items:
            columns = list(one.columns)
            if one.more is not None:
                path = ctx.api.path("sites", site, "lists", one.id, "columns")
                columns = [column async for column in ctx.api.items(GraphColumn, path)]
            found += [ListColumn.of(site, one.id, column) for column in columns]
        yield Batch(
            upsert=found,
            checkpoint=ctx.checkpoint,
            partition=site,
            restart=is_first,
            settled=page.next_link is None,
        )
        is_first = False
