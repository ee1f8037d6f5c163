"""The sync `drive-items`: a mirror of every file and folder of the chosen drives."""

from collections.abc import AsyncGenerator, AsyncIterator
from functools import partial
from typing import ClassVar, Self

from pydantic import Field

from fairlead.sdk import Batch, Checkpoint, Metadata, Record, SyncCtx
from fairlead_microsoft.graph import Graph
from fairlead_microsoft.graph.subscriptions import drive_address
from fairlead_microsoft.sharepoint.abreast import visit_all
from fairlead_microsoft.sharepoint.models import GraphDrive, GraphItem
from fairlead_microsoft.sharepoint.pack import sharepoint
from fairlead_microsoft.sharepoint.tour import Tour


class DriveItem(Record):
    """A file, a folder or a notebook of a drive.

    The drive's root has no record: the `parentId` of what lies directly in it leads nowhere. A
    folder has no `size`: Graph only estimates it, and does not say when the estimate changes.
    """

    #: unique over all drives: `{driveId}/{itemId}`
    id: str
    drive_id: str
    #: id within the drive; what `parentId` refers to
    item_id: str
    name: str | None = None
    parent_id: str | None = None
    #: from the drive's root: `/Reports/2026/Q1.xlsx`
    path: str | None = None
    #: bytes
    size: int | None = None
    web_url: str | None = None
    created_date_time: str | None = None
    last_modified_date_time: str | None = None
    folder: bool
    file: bool
    #: kind of package, `oneNote`; such an item is neither file nor folder
    package: str | None = None
    mime_type: str | None = None
    #: changes with anything of the item
    e_tag: str | None = None
    #: changes with the content only
    c_tag: str | None = None
    #: checksum of the content, base64
    quick_xor_hash: str | None = None

    placed_by: ClassVar[tuple[str, ...]] = ("path", "name", "web_url")

    def revision(self) -> int | None:
        """Return the number in its eTag, `"{GUID},7"`, which grows with every change."""
        number = (self.e_tag or "").strip('"').rpartition(",")[2]
        return int(number) if number.isdigit() else None

    def parent_record_id(self) -> str | None:
        """Return the id of its folder's record."""
        return f"{self.drive_id}/{self.parent_id}" if self.parent_id else None

    @classmethod
    def of(cls, drive_id: str, item: GraphItem) -> Self:
        """Make the record of an item."""
        hashes = item.file.hashes if item.file else None
        return cls(
            id=f"{drive_id}/{item.id}",
            drive_id=drive_id,
            item_id=item.id,
            name=item.name,
            parent_id=item.parent_reference.id if item.parent_reference else None,
            path=item.path,
            size=None if item.folder else item.size,
            web_url=item.web_url,
            created_date_time=item.created_date_time,
            last_modified_date_time=item.last_modified_date_time,
            folder=item.folder is not None,
            file=item.file is not None,
            package=item.package.type_ if item.package else None,
            mime_type=item.file.mime_type if item.file else None,
            e_tag=item.e_tag,
            c_tag=item.c_tag,
            quick_xor_hash=hashes.quick_xor_hash if hashes else None,
        )


class Drives(Metadata):
    """Which drives to mirror."""

    #: empty: the libraries of the tenant's root site
    drive_ids: list[str] = Field(default_factory=list)


class Positions(Checkpoint):
    """How far each drive was read."""

    #: drive id -> link to go on from; None = from the start
    links: dict[str, str | None] = Field(default_factory=dict)

    def keep_only(self, drive_ids: list[str]) -> None:
        """Forget the drives that are not chosen any more.

        Their records are swept, so one that is chosen again must be read from the start.
        """
        for drive_id in self.links.keys() - set(drive_ids):
            del self.links[drive_id]


@sharepoint.sync(
    every="1h",
    scopes=["Files.Read.All"],
    source="https://learn.microsoft.com/graph/api/driveitem-delta",
    follows=drive_address,
)
async def drive_items(ctx: SyncCtx[Graph, Drives, Positions]) -> AsyncIterator[Batch[DriveItem]]:
    """Mirror every file and folder of the chosen drives, deletions included."""
    drive_ids = list(dict.fromkeys(ctx.metadata.drive_ids)) or await root_site_drives(ctx.api)
    ctx.checkpoint.keep_only(drive_ids)
    tour = Tour(ctx)
    readers = {drive_id: partial(_of_drive, drive_id) for drive_id in drive_ids}
    async for batch in visit_all(ctx, tour, readers):
        yield batch
    tour.end()


async def _of_drive(
    drive_id: str, ctx: SyncCtx[Graph, Drives, Positions]
) -> AsyncGenerator[Batch[DriveItem], None]:
    async def knows(item_ids: list[str]) -> set[str]:
        known = await ctx.known([f"{drive_id}/{one}" for one in item_ids])
        return {key.partition("/")[2] for key in known}

    links = ctx.checkpoint.links
    feed = ctx.api.path("drives", drive_id, "root", "delta")
    since = links.get(drive_id)
    async for page in ctx.api.delta(GraphItem, feed, since=since, cascades=True, knows=knows):
        links[drive_id] = page.link
        yield Batch(
            upsert=[DriveItem.of(drive_id, item) for item in page.live],
            # a folder's end is told without its contents, and so is its new name or place
            delete_under=[f"{drive_id}/{item.id}" for item in page.gone],
            checkpoint=ctx.checkpoint,
            partition=drive_id,
            restart=page.restarted,  # first page of a full read: earlier records are in doubt
            settled=page.settled,  # caught up: doubtful records not seen again are swept
        )


async def root_site_drives(api: Graph) -> list[str]:
    """Return the ids of the root site's document libraries."""
    path = api.path("sites", "root", "drives")
    return [drive.id async for drive in api.items(GraphDrive, path, select="id,name")]
