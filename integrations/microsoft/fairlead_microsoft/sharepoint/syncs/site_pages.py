"""The sync `site-pages`: the modern pages of sites."""

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


class PublishingState(Shape):
    """Whether a page can be seen."""

    level: str | None = None


class GraphPage(Shape):
    """A page, as Graph tells it."""

    id: str
    title: str | None = None
    publishing_state: PublishingState | None = None
    last_modified_date_time: str | None = None


class SitePage(Record):
    """A modern page."""

    #: unique over all sites: `{siteId}/{pageId}`
    id: str
    site_id: str
    #: id within its site
    page_id: str
    title: str | None = None
    #: `published`, `draft`, `checkout`
    publishing_state: str | None = None
    last_modified_date_time: str | None = None

    @classmethod
    def of(cls, site_id: str, page: GraphPage) -> Self:
        """Make the record of a page."""
        return cls(
            id=f"{site_id}/{page.id}",
            site_id=site_id,
            page_id=page.id,
            title=page.title,
            publishing_state=page.publishing_state.level if page.publishing_state else None,
            last_modified_date_time=page.last_modified_date_time,
        )


class Sites(Metadata):
    """Of which sites."""

    #: empty: all that the connection may list
    selected_sites: list[str] = Field(default_factory=list)


@sharepoint.sync(
    every="1h",
    scopes=["Sites.Read.All"],
    source="https://learn.microsoft.com/graph/api/basesitepage-list",
    auto_start=False,
)
async def site_pages(ctx: SyncCtx[Graph, Sites, SitePositions]) -> AsyncIterator[Batch[SitePage]]:
    """Mirror the pages of the chosen sites; those that are gone leave.

    All are listed every time: what changed since a time tells nothing of what was deleted.
    """
    tour = Tour(ctx)
    async for batch in mirror(
        ctx,
        tour,
        await chosen_sites(ctx, tour, ctx.metadata.selected_sites),
        GraphPage,
        path=lambda site: ctx.api.path("sites", site, "pages", "microsoft.graph.sitePage"),
        records=lambda site, page: [SitePage.of(site, page)],
        select="id,title,publishingState,lastModifiedDateTime",
        top=_PAGE,
    ):
        yield batch
    tour.end()
