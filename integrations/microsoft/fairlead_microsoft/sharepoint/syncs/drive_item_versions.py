"""The sync `drive-item-versions`: the versions of every file of the chosen drives."""

from collections.abc import AsyncGenerator, AsyncIterator
from functools import partial
from typing import Self

from pydantic import Field

from fairlead.errors import FairleadError
from fairlead.sdk import Batch, Metadata, Record, Shape, SyncCtx
from fairlead_microsoft.graph import Graph
from fairlead_microsoft.sharepoint.abreast import visit_all
from fairlead_microsoft.sharepoint.choice import SitePositions, chosen_sites
from fairlead_microsoft.sharepoint.libraries import Libraries, Library, libraries_of
from fairlead_microsoft.sharepoint.models import GraphItem, IdentitySet
from fairlead_microsoft.sharepoint.pack import sharepoint
from fairlead_microsoft.sharepoint.tour import Tour, is_not_there, kept

_PAGE = 100


class GraphVersion(Shape):
    """A version, as Graph tells it."""

    id: str
    size: int | None = None
    last_modified_date_time: str | None = None
    last_modified_by: IdentitySet | None = None


class DriveItemVersion(Record):
    """A version of a file; the newest one is the file as it is."""

    #: unique over all drives: `{driveId}/{itemId}:{versionId}`
    id: str
    item_id: str
    drive_id: str
    site_id: str
    #: `2.0`
    version_id: str
    #: bytes
    size: int | None = None
    last_modified_date_time: str | None = None
    last_modified_by_display_name: str | None = None

    @classmethod
    def of(cls, library: Library, item_id: str, version: GraphVersion) -> Self:
        """Make the record of a version."""
        by = version.last_modified_by
        return cls(
            id=f"{_of_item(library, item_id)}{version.id}",
            item_id=item_id,
            drive_id=library.drive_id,
            site_id=library.site_id,
            version_id=version.id,
            size=version.size,
            last_modified_date_time=version.last_modified_date_time,
            last_modified_by_display_name=by.display_name if by else None,
        )


class ChosenDrive(Shape):
    """A drive and its site."""

    site_id: str
    drive_id: str


class Drives(Metadata):
    """Of which drives."""

    #: empty: every drive of every site that the connection may list
    drives: list[ChosenDrive] = Field(default_factory=list)


@sharepoint.sync(
    every="1h",
    scopes=["Sites.Read.All"],
    source="https://learn.microsoft.com/graph/api/driveitem-list-versions",
)
async def drive_item_versions(
    ctx: SyncCtx[Graph, Drives, SitePositions],
) -> AsyncIterator[Batch[DriveItemVersion]]:
    """Mirror the versions of every file of the chosen drives; pruned ones leave.

    The versions of a file are read when the file changed, those of twenty files an exchange.
    """
    tour = Tour(ctx)
    found = await _chosen(ctx, tour)
    for batch in kept(found.in_doubt):
        yield batch
    readers = {one.partition: partial(_versions, one) for one in found.open}
    async for batch in visit_all(ctx, tour, readers):
        yield batch
    tour.end()


async def _chosen(ctx: SyncCtx[Graph, Drives, SitePositions], tour: Tour) -> Libraries:
    if not ctx.metadata.drives:
        return await libraries_of(ctx, tour, await chosen_sites(ctx, tour, []))
    named = [Library(one.site_id, one.drive_id) for one in ctx.metadata.drives]
    ctx.checkpoint.keep_only([one.partition for one in named])
    return Libraries(list(dict.fromkeys(named)))


def _of_item(library: Library, item_id: str) -> str:
    return f"{library.drive_id}/{item_id}:"


async def _versions(
    library: Library, ctx: SyncCtx[Graph, Drives, SitePositions]
) -> AsyncGenerator[Batch[DriveItemVersion], None]:
    api, links = ctx.api, ctx.checkpoint.links
    feed = api.path("drives", library.drive_id, "root", "delta")
    since = links.get(library.partition)
    async for page in api.delta(GraphItem, feed, since=since, with_contents=False, top=_PAGE):
        files = [item.id for item in page.live if item.file is not None]
        paths = [api.path("drives", library.drive_id, "items", one, "versions") for one in files]
        records: list[DriveItemVersion] = []
        for item_id, reply in zip(files, await api.read_many(paths, top=_PAGE), strict=True):
            if is_not_there(reply):  # deleted since the feed named it
                continue
            if isinstance(reply, FairleadError):
                raise reply
            async for versions in api.pages_from(GraphVersion, reply):
                records += [DriveItemVersion.of(library, item_id, one) for one in versions.items]
        links[library.partition] = page.link
        touched = [*files, *(item.id for item in page.gone)]
        yield Batch(
            upsert=records,
            # of a full read, what is not seen again is swept
            replace=[] if page.afresh else [_of_item(library, one) for one in touched],
            checkpoint=ctx.checkpoint,
            partition=library.partition,
            restart=page.restarted,
            settled=page.settled,
        )
