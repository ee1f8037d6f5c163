"""The sync `content-types`: the content types of sites."""

from collections.abc import AsyncIterator
from typing import Self

from pydantic import Field

from fairlead.sdk import Batch, Metadata, Record, Shape, SyncCtx
from fairlead_microsoft.graph import Graph
from fairlead_microsoft.sharepoint.choice import SitePositions, chosen_sites
from fairlead_microsoft.sharepoint.mirror import mirror
from fairlead_microsoft.sharepoint.pack import sharepoint
from fairlead_microsoft.sharepoint.tour import Tour

_PAGE = 100


class BaseType(Shape):
    """The content type that another one is made of."""

    id: str | None = None
    name: str | None = None
    description: str | None = None
    group: str | None = None
    hidden: bool | None = None
    read_only: bool | None = None
    sealed: bool | None = None


class GraphContentType(Shape):
    """A content type, as Graph tells it."""

    id: str
    name: str | None = None
    description: str | None = None
    group: str | None = None
    hidden: bool | None = None
    read_only: bool | None = None
    sealed: bool | None = None
    is_built_in: bool | None = None
    parent_id: str | None = None
    base: BaseType | None = None


class ContentType(Record):
    """A content type of a site."""

    #: `{siteId}|{contentTypeId}`
    id: str
    site_id: str
    content_type_id: str
    name: str | None = None
    description: str | None = None
    group: str | None = None
    hidden: bool | None = None
    read_only: bool | None = None
    sealed: bool | None = None
    is_built_in: bool | None = None
    parent_id: str | None = None
    base: BaseType | None = None

    @classmethod
    def of(cls, site_id: str, found: GraphContentType) -> Self:
        """Make the record of a content type."""
        values = dict(found) | {"id": f"{site_id}|{found.id}"}
        return cls(**values, site_id=site_id, content_type_id=found.id)


class Sites(Metadata):
    """Of which sites."""

    #: ids or addresses; empty: all that the connection may list
    sites: list[str] = Field(default_factory=list)


@sharepoint.sync(
    every="1h",
    scopes=["Sites.Read.All"],
    source="https://learn.microsoft.com/graph/api/site-list-contenttypes",
)
async def content_types(
    ctx: SyncCtx[Graph, Sites, SitePositions],
) -> AsyncIterator[Batch[ContentType]]:
    """Mirror the content types of the chosen sites; those that are gone leave."""
    tour = Tour(ctx)
    async for batch in mirror(
        ctx,
        tour,
        await chosen_sites(ctx, tour, ctx.metadata.sites),
        GraphContentType,
        path=lambda site: ctx.api.path("sites", site, "contentTypes"),
        records=lambda site, found: [ContentType.of(site, found)],
        top=_PAGE,
    ):
        yield batch
    tour.end()
