"""Actions on files and folders: read, change, move, delete, copy."""

from typing import Annotated, Self

from pydantic import Field

from fairlead.sdk import Ctx, Record, Shape
from fairlead_microsoft.graph import CONFLICT, Graph, given
from fairlead_microsoft.graph.paging import read_as
from fairlead_microsoft.sharepoint import echoes
from fairlead_microsoft.sharepoint.either import Prefer, either
from fairlead_microsoft.sharepoint.file_models import (
    ConflictBehavior,
    FileName,
    ParentItemId,
    StoredItem,
)
from fairlead_microsoft.sharepoint.models import (
    AuthoredItem,
    DriveId,
    GraphItem,
    ItemId,
    ParentReference,
    SiteId,
)
from fairlead_microsoft.sharepoint.pack import sharepoint
from fairlead_microsoft.sharepoint.wire import Done, ETag, Json, invalid

#: seconds that a copy is waited for, unless the caller says otherwise
_COPY_SECONDS = 120


class ItemDetails(StoredItem):
    """A file or folder, flattened."""

    mime_type: str | None = None
    folder_child_count: int | None = None
    parent_drive_id: str | None = None
    parent_item_id: str | None = None
    #: as Graph gives it: `/drives/{driveId}/root:/Reports`
    parent_path: str | None = None
    created_by_display_name: str | None = None
    last_modified_by_display_name: str | None = None

    @classmethod
    def of(cls, item: AuthoredItem) -> Self:
        """Flatten an item."""
        parent = item.parent_reference
        return cls(
            id=item.id,
            name=item.name,
            size=item.size,
            web_url=item.web_url,
            created_date_time=item.created_date_time,
            last_modified_date_time=item.last_modified_date_time,
            e_tag=item.e_tag,
            c_tag=item.c_tag,
            mime_type=item.file.mime_type if item.file else None,
            folder_child_count=item.folder.child_count if item.folder else None,
            parent_drive_id=parent.drive_id if parent else None,
            parent_item_id=parent.id if parent else None,
            parent_path=parent.path if parent else None,
            created_by_display_name=item.created_by.display_name if item.created_by else None,
            last_modified_by_display_name=(
                item.last_modified_by.display_name if item.last_modified_by else None
            ),
        )


class NewParent(Shape):
    """Where an item is to lie."""

    id: str | None = None


class NamedParent(ParentReference):
    """Where an item lies, with the folder's name."""

    name: str | None = None


class ChangedItem(StoredItem):
    """A file or folder, after it was changed."""

    parent_reference: NamedParent | None = None
    file: Json | None = None
    folder: Json | None = None


class Copy(Record):
    """How a copy goes."""

    #: `accepted`; after waiting `completed`, or `inProgress` when the time was over
    status: str
    #: tells how it goes to whoever has it, without a sign-in
    monitor_url: str | None = None
    operation_id: str | None = None
    #: id of the copy, once it is complete
    resource_id: str | None = None


@sharepoint.action(
    scopes=["Files.Read.All"],
    source="https://learn.microsoft.com/graph/api/driveitem-get",
    version="1.0.1",
)
async def get_drive_item(
    ctx: Ctx[Graph],
    site_id: SiteId,
    drive_id: DriveId,
    item_id: ItemId,
    *,
    prefer: Prefer | None = None,
) -> ItemDetails:
    """Read one file or folder: name, size, times, type, where it lies, who made it."""

    async def by_graph() -> ItemDetails:
        path = ctx.api.path("sites", site_id, "drives", drive_id, "items", item_id)
        return ItemDetails.of(await ctx.api.get(AuthoredItem, path))

    return await either(
        ctx,
        "get-drive-item",
        prefer,
        by_graph,
        site_id=site_id,
        drive_id=drive_id,
        item_id=item_id,
    )


@sharepoint.action(
    scopes=["Files.ReadWrite.All"],
    source="https://learn.microsoft.com/graph/api/driveitem-update",
    version="1.0.1",
)
async def update_drive_item(
    ctx: Ctx[Graph],
    site_id: SiteId,
    drive_id: DriveId,
    item_id: ItemId,
    *,
    name: FileName | None = None,
    parent_reference: Annotated[
        NewParent | None,
        Field(description="The folder to move it to, in the same drive; id `root` is the top."),
    ] = None,
    conflict_behavior: ConflictBehavior = "fail",
    e_tag: ETag | None = None,
) -> ChangedItem:
    """Rename a file or folder, or move it within its drive; its id stays."""
    drive = ctx.api.path("sites", site_id, "drives", drive_id)
    parent_id = parent_reference.id if parent_reference else None
    if name is None and parent_id is None:
        raise invalid("There is nothing to change; give a name or a parentReference with an id.")
    if parent_id == "root":
        # a move wants the root's own id (https://learn.microsoft.com/graph/api/driveitem-move)
        parent_id = (await ctx.api.get(GraphItem, f"{drive}/root", select="id")).id
    parent = given(id=parent_id) or None
    body = given(name=name, parentReference=parent) | {CONFLICT: conflict_behavior}
    path = ctx.api.path("sites", site_id, "drives", drive_id, "items", item_id)
    answer = await ctx.api.patch_json(path, body, if_match=e_tag)
    changed = read_as(ChangedItem, answer)
    await echoes.keep_item(ctx, drive_id, answer)
    return changed


@sharepoint.action(
    scopes=["Files.ReadWrite.All"],
    source="https://learn.microsoft.com/graph/api/driveitem-delete",
    version="1.0.1",
)
async def delete_drive_item(
    ctx: Ctx[Graph],
    site_id: SiteId,
    drive_id: DriveId,
    item_id: ItemId,
    e_tag: ETag | None = None,
) -> Done:
    """Put a file, or a folder with all that is in it, into the site's recycle bin."""
    path = ctx.api.path("sites", site_id, "drives", drive_id, "items", item_id)
    await ctx.api.delete(path, if_match=e_tag)
    echoes.item_gone(ctx, drive_id, item_id)
    return Done()


@sharepoint.action(
    scopes=["Files.ReadWrite.All"],
    source="https://learn.microsoft.com/graph/api/driveitem-copy",
    version="1.0.1",
)
async def copy_drive_item(
    ctx: Ctx[Graph],
    site_id: SiteId,
    drive_id: DriveId,
    item_id: ItemId,
    *,
    parent_drive_id: Annotated[
        DriveId, Field(description="Id of the drive to copy to; it may be another site's.")
    ],
    parent_item_id: ParentItemId,
    name: FileName | None = None,
    children_only: Annotated[
        bool | None, Field(description="True: what lies in the folder, not the folder itself.")
    ] = None,
    include_all_version_history: Annotated[
        bool | None, Field(description="True: all versions, not only the present one.")
    ] = None,
    conflict_behavior: ConflictBehavior = "fail",
    wait: Annotated[
        bool, Field(description="True: answer when the copy has ended, not when it was accepted.")
    ] = False,
    wait_seconds: Annotated[
        int, Field(ge=1, le=600, description="How long to wait for the copy at most.")
    ] = _COPY_SECONDS,
) -> Copy:
    """Copy a file or folder to another folder, also of another site; it takes its time there.

    Unless told to `wait` the answer says that the copy was accepted, not how it ended. With `wait`
    a copy that fails is an error, as if the call had been refused. The call is never repeated after
    it may have been carried out: no second copy begins.
    """
    path = ctx.api.path("sites", site_id, "drives", drive_id, "items", item_id, "copy")
    # goes into the body, and is checked like any id all the same
    ctx.api.path("drives", parent_drive_id, "items", parent_item_id)
    body = given(
        parentReference={"driveId": parent_drive_id, "id": parent_item_id},
        name=name,
        childrenOnly=children_only,
        includeAllVersionHistory=include_all_version_history,
    )
    accepted = await ctx.api.start(path, body, **{CONFLICT: conflict_behavior})
    location = accepted.location
    begun = Copy(
        status="accepted",
        monitor_url=location,
        operation_id=_operation_of(location) if location else None,
    )
    if not wait or location is None:
        return begun
    progress = await ctx.api.wait_for(location, longest_seconds=wait_seconds)
    ended = {"status": progress.status, "resource_id": progress.resource_id}
    return begun.model_copy(update=ended)


def _operation_of(location: str) -> str | None:
    """Return the id at the end of a monitor's address."""
    _, found, rest = location.partition("?")[0].rpartition("/monitor/")
    return rest or None if found else None
