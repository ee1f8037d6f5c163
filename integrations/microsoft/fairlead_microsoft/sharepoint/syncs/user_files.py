"""The sync `user-files`: what is in the connected user's own drives."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Self

from pydantic import Field

from fairlead.sdk import Batch, Checkpoint, Metadata, Record, Shape, SyncCtx
from fairlead_microsoft.graph import DeltaPage, Graph
from fairlead_microsoft.graph.subscriptions import drive_address
from fairlead_microsoft.sharepoint.abreast import visit_all
from fairlead_microsoft.sharepoint.libraries import feed_of
from fairlead_microsoft.sharepoint.models import AuthoredItem
from fairlead_microsoft.sharepoint.pack import sharepoint
from fairlead_microsoft.sharepoint.tour import Tour


class OwnDrive(Shape):
    """A drive of the user's."""

    id: str
    drive_type: str | None = None


class UserFile(Record):
    """A file, folder or notebook of the user's."""

    #: `{driveId}/{itemId}`
    id: str
    drive_id: str
    item_id: str
    drive_type: str | None = None
    name: str | None = None
    #: bytes
    size: int | None = None
    web_url: str | None = None
    created_date_time: str | None = None
    last_modified_date_time: str | None = None
    created_by_display_name: str | None = None
    last_modified_by_display_name: str | None = None
    parent_drive_id: str | None = None
    parent_item_id: str | None = None
    #: as Graph gives it: `/drives/{driveId}/root:/Reports`
    parent_path: str | None = None
    #: `file`, `folder`, `package`
    file_type: str | None = None

    def parent_record_id(self) -> str | None:
        """Id of the record of the folder it lies in; of what lies in the root, none."""
        return f"{self.drive_id}/{self.parent_item_id}" if self.parent_item_id else None

    @classmethod
    def of(cls, drive: OwnDrive, item: AuthoredItem) -> Self:
        """Make the record of an item."""
        parent = item.parent_reference
        kinds = {"file": item.file, "folder": item.folder, "package": item.package}
        return cls(
            id=f"{drive.id}/{item.id}",
            drive_id=drive.id,
            item_id=item.id,
            drive_type=drive.drive_type,
            name=item.name,
            size=None if item.folder else item.size,
            web_url=item.web_url,
            created_date_time=item.created_date_time,
            last_modified_date_time=item.last_modified_date_time,
            created_by_display_name=item.created_by.display_name if item.created_by else None,
            last_modified_by_display_name=(
                item.last_modified_by.display_name if item.last_modified_by else None
            ),
            parent_drive_id=parent.drive_id if parent else None,
            parent_item_id=parent.id if parent else None,
            parent_path=parent.path if parent else None,
            file_type=next((name for name, facet in kinds.items() if facet), None),
        )


class Nothing(Metadata):
    """Nothing to choose: the user's drives are all there is."""


class Positions(Checkpoint):
    """How far each drive was read."""

    links: dict[str, str | None] = Field(default_factory=dict)


@sharepoint.sync(
    every="1h",
    scopes=["Files.Read"],
    source="https://learn.microsoft.com/graph/api/drive-list",
    follows=drive_address,
)
async def user_files(ctx: SyncCtx[Graph, Nothing, Positions]) -> AsyncIterator[Batch[UserFile]]:
    """Mirror what is in the user's own drives, deletions included; for a user's connection."""
    tour = Tour(ctx)
    path = ctx.api.path("me", "drives")
    drives = [drive async for drive in ctx.api.items(OwnDrive, path)]
    for drive_id in ctx.checkpoint.links.keys() - {drive.id for drive in drives}:
        del ctx.checkpoint.links[drive_id]
    readers = {
        one.id: partial(feed_of, one.id, one.id, AuthoredItem, partial(_batch, one), cascades=True)
        for one in drives
    }
    async for batch in visit_all(ctx, tour, readers):
        yield batch
    tour.end()


def _batch(
    drive: OwnDrive, ctx: SyncCtx[Graph, Nothing, Positions], page: DeltaPage[AuthoredItem]
) -> Batch[UserFile]:
    return Batch(
        upsert=[UserFile.of(drive, item) for item in page.live],
        delete_under=[f"{drive.id}/{item.id}" for item in page.gone],
        checkpoint=ctx.checkpoint,
        partition=drive.id,
        restart=page.restarted,
        settled=page.settled,
    )
