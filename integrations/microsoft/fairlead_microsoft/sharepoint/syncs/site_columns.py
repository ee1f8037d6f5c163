"""The sync `site-columns`: the columns that sites offer to their lists."""

from collections.abc import AsyncIterator
from typing import Any, Self

from pydantic import Field

from fairlead.sdk import Batch, Metadata, Record, SyncCtx
from fairlead_microsoft.graph import Graph
from fairlead_microsoft.sharepoint.choice import SitePositions, chosen_sites
from fairlead_microsoft.sharepoint.mirror import mirror
from fairlead_microsoft.sharepoint.pack import sharepoint
from fairlead_microsoft.sharepoint.syncs.graph_column import GraphColumn
from fairlead_microsoft.sharepoint.tour import Tour

_PAGE = 100


class SiteColumn(Record):
    """A column of a site; the facet that is there says its type and settings."""

    #: `{siteId}|{columnId}`
    id: str
    column_id: str
    site_id: str
    name: str | None = None
    display_name: str | None = None
    description: str | None = None
    column_group: str | None = None
    hidden: bool | None = None
    indexed: bool | None = None
    read_only: bool | None = None
    required: bool | None = None
    enforce_unique_values: bool | None = None
    type_: str | None = None
    text: dict[str, Any] | None = None
    number: dict[str, Any] | None = None
    boolean: dict[str, Any] | None = None
    date_time: dict[str, Any] | None = None
    choice: dict[str, Any] | None = None
    lookup: dict[str, Any] | None = None
    person_or_group: dict[str, Any] | None = None
    calculated: dict[str, Any] | None = None
    currency: dict[str, Any] | None = None
    hyperlink_or_picture: dict[str, Any] | None = None
    term: dict[str, Any] | None = None
    thumbnail: dict[str, Any] | None = None
    geolocation: dict[str, Any] | None = None
    validation: dict[str, Any] | None = None
    default_value: dict[str, Any] | None = None
    source_content_type: dict[str, Any] | None = None

    @classmethod
    def of(cls, site_id: str, column: GraphColumn) -> Self:
        """Make the record of a column."""
        values = {name: value for name, value in dict(column).items() if name in cls.model_fields}
        return cls(
            **values | {"id": f"{site_id}|{column.id}"}, column_id=column.id, site_id=site_id
        )


class Sites(Metadata):
    """Of which sites."""

    #: empty: all that the connection may list
    site_ids: list[str] = Field(default_factory=list)


@sharepoint.sync(
    every="1h",
    scopes=["Sites.Read.All"],
    source="https://learn.microsoft.com/graph/api/site-list-columns",
    auto_start=False,
)
async def site_columns(
    ctx: SyncCtx[Graph, Sites, SitePositions],
) -> AsyncIterator[Batch[SiteColumn]]:
    """Mirror the columns of the chosen sites; those that are gone leave."""
    tour = Tour(ctx)
    async for batch in mirror(
        ctx,
        tour,
        await chosen_sites(ctx, tour, ctx.metadata.site_ids),
        GraphColumn,
        path=lambda site: ctx.api.path("sites", site, "columns"),
        records=lambda site, column: [SiteColumn.of(site, column)],
        top=_PAGE,
    ):
        yield batch
    tour.end()
