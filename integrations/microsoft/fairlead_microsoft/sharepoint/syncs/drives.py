"""The sync `drives`: the document libraries of sites."""

from collections.abc import AsyncIterator
from typing import Self

from pydantic import Field

from fairlead.errors import Rejected
from fairlead.sdk import Batch, Metadata, Record, Shape, SyncCtx
from fairlead_microsoft.graph import Graph
from fairlead_microsoft.sharepoint.choice import GraphSite, SitePositions, chosen_sites, named_sites
from fairlead_microsoft.sharepoint.mirror import mirror
from fairlead_microsoft.sharepoint.pack import sharepoint
from fairlead_microsoft.sharepoint.tour import Tour

_PAGE = 100


class Library(Shape):
    """A drive, as Graph tells it."""

    id: str
    name: str | None = None
    description: str | None = None
    drive_type: str | None = None
    web_url: str | None = None
    created_date_time: str | None = None
    last_modified_date_time: str | None = None


class Drive(Record):
    """A document library."""

    id: str
    site_id: str
    name: str | None = None
    description: str | None = None
    #: `documentLibrary`, `business`, `personal`
    drive_type: str | None = None
    web_url: str | None = None
    created_date_time: str | None = None
    last_modified_date_time: str | None = None

    @classmethod
    def of(cls, site_id: str, drive: Library) -> Self:
        """Make the record of a drive."""
        return cls(site_id=site_id, **dict(drive))


class Sites(Metadata):
    """Of which sites."""

    #: empty: those that the user follows; of an app's connection, all
    site_ids: list[str] = Field(default_factory=list)


@sharepoint.sync(
    every="1h",
    scopes=["Sites.Read.All"],
    source="https://learn.microsoft.com/graph/api/drive-list",
    auto_start=False,
)
async def drives(ctx: SyncCtx[Graph, Sites, SitePositions]) -> AsyncIterator[Batch[Drive]]:
    """Mirror the document libraries of the chosen sites; those that are gone leave."""
    tour = Tour(ctx)
    named = ctx.metadata.site_ids
    followed = None if named else await _followed(ctx.api)
    if followed is None:
        sites = await chosen_sites(ctx, tour, named)
    else:
        sites = await named_sites(ctx, tour, followed)
    async for batch in mirror(
        ctx,
        tour,
        sites,
        Library,
        path=lambda site: ctx.api.path("sites", site, "drives"),
        records=lambda site, drive: [Drive.of(site, drive)],
        top=_PAGE,
    ):
        yield batch
    tour.end()


async def _followed(api: Graph) -> list[str] | None:
    """Return the sites that the user follows; None if there is no user."""
    try:
        path = api.path("me", "followedSites")
        return [site.id async for site in api.items(GraphSite, path)]
    except Rejected:
        return None
