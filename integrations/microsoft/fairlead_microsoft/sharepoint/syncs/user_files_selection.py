"""The sync `user-files-selection`: the files that a user picked, one by one."""

from collections.abc import AsyncIterator
from typing import Self

from pydantic import Field

from fairlead.errors import FairleadError
from fairlead.sdk import Batch, Checkpoint, Metadata, Record, Shape, SyncCtx
from fairlead_microsoft.graph import Graph
from fairlead_microsoft.graph.batch import MOST_CALLS
from fairlead_microsoft.graph.paging import read_as
from fairlead_microsoft.sharepoint.models import GraphItem
from fairlead_microsoft.sharepoint.pack import sharepoint
from fairlead_microsoft.sharepoint.tour import Tour, is_not_there


class Parent(Record):
    """Where a file lies."""

    drive_id: str
    id: str
    path: str | None = None


class UserFileSelection(Record):
    """A file that the user picked."""

    #: `{driveId}/{itemId}`
    id: str
    drive_id: str
    #: id within the drive
    item_id: str
    name: str | None = None
    web_url: str | None = None
    #: bytes
    size: int | None = None
    last_modified_date_time: str | None = None
    created_date_time: str | None = None
    mime_type: str | None = None
    parent_reference: Parent | None = None

    @classmethod
    def of(cls, drive_id: str, item: GraphItem) -> Self:
        """Make the record of a file."""
        parent = item.parent_reference
        return cls(
            id=f"{drive_id}/{item.id}",
            drive_id=drive_id,
            item_id=item.id,
            name=item.name,
            web_url=item.web_url,
            size=item.size,
            last_modified_date_time=item.last_modified_date_time,
            created_date_time=item.created_date_time,
            mime_type=item.file.mime_type if item.file else None,
            parent_reference=(
                Parent(drive_id=parent.drive_id, id=parent.id, path=parent.path)
                if parent and parent.drive_id and parent.id
                else None
            ),
        )


class PickedFile(Shape):
    """A file, as the picker names it."""

    drive_id: str
    id: str


class Picked(Metadata):
    """What the user picked."""

    #: taken for compatibility; whole sites are the matter of `shared-sites-selection`
    shared_sites: list[str] = Field(default_factory=list)
    picked_files: list[PickedFile] = Field(default_factory=list)


class KnownFiles(Checkpoint):
    """Which files were picked before."""

    #: `{driveId}/{itemId}`
    known: list[str] = Field(default_factory=list)


@sharepoint.sync(
    every="1h",
    scopes=["Files.Read.All"],
    source="https://learn.microsoft.com/graph/api/driveitem-get",
    auto_start=False,
    version="2.0.0",
)
async def user_files_selection(
    ctx: SyncCtx[Graph, Picked, KnownFiles],
) -> AsyncIterator[Batch[UserFileSelection]]:
    """Mirror the files that the user picked; one that is deleted, or picked no more, leaves."""
    tour = Tour(ctx)
    picked = {f"{one.drive_id}/{one.id}": one for one in ctx.metadata.picked_files}
    known = dict.fromkeys(ctx.checkpoint.known)
    gone = [key for key in known if key not in picked]
    keys = list(picked)
    for start in range(0, max(len(keys), 1), MOST_CALLS):
        some = keys[start : start + MOST_CALLS]
        paths = [ctx.api.path("drives", picked[k].drive_id, "items", picked[k].id) for k in some]
        found: list[UserFileSelection] = []
        for key, reply in zip(some, await ctx.api.read_many(paths), strict=True):
            if is_not_there(reply):
                gone.append(key)
            elif isinstance(reply, FairleadError):
                tour.leave_out(key, reply)
            else:
                tour.note_read()
                found.append(UserFileSelection.of(picked[key].drive_id, read_as(GraphItem, reply)))
        known |= dict.fromkeys(one.id for one in found)
        for key in gone:
            known.pop(key, None)
        ctx.checkpoint.known = list(known)
        yield Batch(upsert=found, delete=gone, checkpoint=ctx.checkpoint)
        gone = []
    tour.end()
