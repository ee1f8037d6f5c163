"""The sync `shared-sites-selection`: the files of the sites that a user picked."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Self

from pydantic import Field

from fairlead.sdk import Batch, Metadata, Record, SyncCtx
from fairlead_microsoft.graph import DeltaPage, Graph
from fairlead_microsoft.sharepoint.abreast import visit_all
from fairlead_microsoft.sharepoint.choice import SitePositions, named_sites
from fairlead_microsoft.sharepoint.libraries import Library, feed_of, libraries_of
from fairlead_microsoft.sharepoint.models import GraphItem
from fairlead_microsoft.sharepoint.pack import sharepoint
from fairlead_microsoft.sharepoint.tour import Tour, kept


class SharedSiteFile(Record):
    """A file of a picked site."""

    #: `{siteId}:{driveId}:{itemId}`
    id: str
    site_id: str
    drive_id: str
    item_id: str
    name: str | None = None
    web_url: str | None = None
    #: bytes
    size: int | None = None
    created_date_time: str | None = None
    last_modified_date_time: str | None = None
    parent_id: str | None = None
    #: as Graph gives it: `/drives/{driveId}/root:/Reports`
    parent_path: str | None = None

    @classmethod
    def of(cls, library: Library, item: GraphItem) -> Self:
        """Make the record of a file."""
        parent = item.parent_reference
        return cls(
            id=_key(library, item.id),
            site_id=library.site_id,
            drive_id=library.drive_id,
            item_id=item.id,
            name=item.name,
            web_url=item.web_url,
            size=item.size,
            created_date_time=item.created_date_time,
            last_modified_date_time=item.last_modified_date_time,
            parent_id=parent.id if parent else None,
            parent_path=parent.path if parent else None,
        )


class Picked(Metadata):
    """What the user picked."""

    #: ids or addresses of sites
    shared_sites: list[str]
    #: taken for compatibility; single files are the matter of `user-files-selection`
    picked_files: list[object] = Field(default_factory=list)


@sharepoint.sync(
    every="1h",
    scopes=["Sites.Read.All"],
    source="https://learn.microsoft.com/graph/api/driveitem-delta",
    auto_start=False,
    version="4.0.0",
)
async def shared_sites_selection(
    ctx: SyncCtx[Graph, Picked, SitePositions],
) -> AsyncIterator[Batch[SharedSiteFile]]:
    """Mirror the files of the picked sites, deletions included; folders are none of them."""
    tour = Tour(ctx)
    sites = await named_sites(ctx, tour, ctx.metadata.shared_sites)
    found = await libraries_of(ctx, tour, sites)
    for batch in kept(found.in_doubt):
        yield batch
    readers = {
        one.partition: partial(
            feed_of, one.drive_id, one.partition, GraphItem, partial(_batch, one)
        )
        for one in found.open
    }
    async for batch in visit_all(ctx, tour, readers):
        yield batch
    tour.end()


def _key(library: Library, item_id: str) -> str:
    return f"{library.site_id}:{library.drive_id}:{item_id}"


def _batch(
    library: Library, ctx: SyncCtx[Graph, Picked, SitePositions], page: DeltaPage[GraphItem]
) -> Batch[SharedSiteFile]:
    return Batch(
        upsert=[SharedSiteFile.of(library, item) for item in page.live if not item.folder],
        delete=[_key(library, item.id) for item in page.gone],
        checkpoint=ctx.checkpoint,
        partition=library.partition,
        restart=page.restarted,
        settled=page.settled,
    )
