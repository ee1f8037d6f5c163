"""Actions on files and folders: read, write, change, move, copy, delete."""

from typing import Annotated, Any

from pydantic import Field

from fairlead.errors import Rejected
from fairlead.sdk import Content, Ctx, Incoming, Record
from fairlead_microsoft.rest import Rest, Web
from fairlead_microsoft.sharepoint.file_models import (
    ConflictBehavior,
    FileName,
    ParentItemId,
    StoredItem,
)
from fairlead_microsoft.sharepoint.files import ChangedItem, ItemDetails, NewParent
from fairlead_microsoft.sharepoint.models import AuthoredItem, DriveId, ItemId
from fairlead_microsoft.sharepoint.wire import Done, ETag, invalid
from fairlead_microsoft.sharepoint_v1.inputs import ServerPath, SiteRef
from fairlead_microsoft.sharepoint_v1.library import Library, Placed
from fairlead_microsoft.sharepoint_v1.list_shapes import address_of
from fairlead_microsoft.sharepoint_v1.pack import sharepoint_v1

SOURCE = (
    "https://learn.microsoft.com/sharepoint/dev/sp-add-ins/working-with-folders-and-files-with-rest"
)
_MOVES = "https://learn.microsoft.com/dotnet/api/microsoft.sharepoint.client.movecopyutil"


class RecycledItem(Record):
    """Where something went that was deleted."""

    success: bool = True
    #: its id in the recycle bin, which brings it back
    recycled_id: str | None = None


class CopyDone(Record):
    """A copy that is there."""

    #: `completed`, as of a copy that Graph makes and that has ended
    status: str
    #: id of the copy
    resource_id: str | None = None


@sharepoint_v1.action(scopes=["Sites.Read.All"], source=SOURCE)
async def get_drive_item(
    ctx: Ctx[Rest], site_id: SiteRef, drive_id: DriveId, item_id: ItemId
) -> ItemDetails:
    """Read one file or folder: name, size, times, where it lies, who made it."""
    library = await Library.open(ctx.api, site_id, drive_id)
    return ItemDetails.of(library.item(await library.find(item_id)))


@sharepoint_v1.action(scopes=["Sites.Read.All"], source=SOURCE)
async def get_drive_item_by_path(
    ctx: Ctx[Rest], site_id: SiteRef, drive_id: DriveId, path: ServerPath
) -> ItemDetails:
    """Read one file or folder of a library, by its path."""
    library = await Library.open(ctx.api, site_id, drive_id)
    place = library.web.within(path)
    told = await ctx.api.read_if_there(f"{library.web.file(place)}?$select=UniqueId")
    if not told:
        told = await ctx.api.get_json(library.web.folder(place), select="UniqueId")
    return ItemDetails.of(library.item(await library.find(str(told["UniqueId"]))))


@sharepoint_v1.action(scopes=["Sites.Read.All"], source=SOURCE)
async def download_drive_item_content(
    ctx: Ctx[Rest], site_id: SiteRef, drive_id: DriveId, item_id: ItemId
) -> Content:
    """Read a file's bytes: as base64 up to 10 MiB, or of any size as they are.

    A caller that sends `Accept: application/octet-stream` gets the bytes, streamed. As base64 a
    larger file is refused (`file_too_large`).
    """
    library = await Library.open(ctx.api, site_id, drive_id)
    found = await library.file(item_id)
    return await ctx.api.content(f"{found.url}/$value")


@sharepoint_v1.action(scopes=["Sites.ReadWrite.All"], source=SOURCE)
async def upload_drive_item(
    ctx: Ctx[Rest],
    site_id: SiteRef,
    drive_id: DriveId,
    parent_item_id: ParentItemId,
    *,
    file_name: FileName,
    content: Annotated[
        Incoming, Field(description="The file's bytes: as base64, or sent beside the input.")
    ],
    conflict_behavior: ConflictBehavior = "replace",
    e_tag: ETag | None = None,
) -> StoredItem:
    """Write a file into a folder; a file of that name gets a new version unless told otherwise.

    Larger files go up in chunks, and on from the last one after a cut. Of any size if the bytes are
    sent as they are, with `Content-Type: application/octet-stream`; as base64 up to 56 MB.
    """
    library = await Library.open(ctx.api, site_id, drive_id)
    folder = await library.folder(parent_item_id)
    made = await ctx.api.upload(
        library.web, folder.url, file_name, content, conflict=conflict_behavior, if_match=e_tag
    )
    found = await library.find(str(made["UniqueId"]))
    return StoredItem.model_validate(_dumped(library.item(found)))


@sharepoint_v1.action(scopes=["Sites.ReadWrite.All"], source=_MOVES)
async def update_drive_item(
    ctx: Ctx[Rest],
    site_id: SiteRef,
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
    """Rename a file or folder, or move it within its drive; its id stays.

    `eTag` is compared before the move, and counts for files only.
    """
    parent_id = parent_reference.id if parent_reference else None
    if name is None and parent_id is None:
        raise invalid("There is nothing to change; give a name or a parentReference with an id.")
    library = await Library.open(ctx.api, site_id, drive_id)
    found = await library.find(item_id)
    _refuse_top(found)
    _check(library.item(found), e_tag)
    above = (await library.folder(parent_id)).path if parent_id else found.path.rpartition("/")[0]
    target = f"{above}/{name or found.path.rpartition('/')[2]}"
    webs = (library.web, library.web)
    await _carry(ctx.api, found, "Move", webs=webs, target=target, conflict=conflict_behavior)
    item = library.item(await library.again(found))
    return ChangedItem.model_validate(_dumped(item))


@sharepoint_v1.action(scopes=["Sites.ReadWrite.All"], source=SOURCE)
async def delete_drive_item(
    ctx: Ctx[Rest],
    site_id: SiteRef,
    drive_id: DriveId,
    item_id: ItemId,
    e_tag: ETag | None = None,
) -> Done:
    """Put a file, or a folder with all that is in it, into the site's recycle bin."""
    library = await Library.open(ctx.api, site_id, drive_id)
    found = await library.find(item_id)
    _refuse_top(found)
    await ctx.api.delete(found.url, if_match=e_tag)
    return Done()


@sharepoint_v1.action(scopes=["Sites.ReadWrite.All"], source=SOURCE, effect="destructive")
async def recycle_drive_item(
    ctx: Ctx[Rest], site_id: SiteRef, drive_id: DriveId, item_id: ItemId
) -> RecycledItem:
    """Put a file or folder into the recycle bin, and say how it is called there.

    `restore-recycle-bin-item` takes that id.
    """
    library = await Library.open(ctx.api, site_id, drive_id)
    found = await library.find(item_id)
    _refuse_top(found)
    told = await ctx.api.post_json(f"{found.url}/recycle()")
    return RecycledItem(recycled_id=str(told["value"]) if told and "value" in told else None)


@sharepoint_v1.action(scopes=["Sites.ReadWrite.All"], source=_MOVES)
async def copy_drive_item(
    ctx: Ctx[Rest],
    site_id: SiteRef,
    drive_id: DriveId,
    item_id: ItemId,
    *,
    parent_site_id: Annotated[SiteRef, Field(description="Site to copy to; left out, the same.")]
    | None = None,
    parent_drive_id: Annotated[DriveId, Field(description="Id of the drive to copy to.")],
    parent_item_id: ParentItemId,
    name: FileName | None = None,
    conflict_behavior: ConflictBehavior = "fail",
) -> CopyDone:
    """Copy a file or folder to another folder, also of another site; the answer comes at its end.

    The call is never repeated after it may have been carried out: no second copy appears. With
    `rename` the copy's id is left out, because nobody tells which name it got.
    """
    library = await Library.open(ctx.api, site_id, drive_id)
    found = await library.find(item_id)
    _refuse_top(found)
    there = await Library.open(ctx.api, parent_site_id or site_id, parent_drive_id)
    folder = await there.folder(parent_item_id)
    target = f"{folder.path}/{name or found.path.rpartition('/')[2]}"
    webs = (library.web, there.web)
    await _carry(ctx.api, found, "Copy", webs=webs, target=target, conflict=conflict_behavior)
    if conflict_behavior == "rename":
        return CopyDone(status="completed")
    by_path = there.web.folder if found.is_folder else there.web.file
    told = await ctx.api.get_json(by_path(target), select="UniqueId")
    return CopyDone(status="completed", resource_id=there.ids.item_id(str(told["UniqueId"])))


async def _carry(
    api: Rest, found: Placed, verb: str, *, webs: tuple[Web, Web], target: str, conflict: str
) -> None:
    """Move or copy to a server-relative path, which may be another site's."""
    origin, there = webs
    what = "Folder" if found.is_folder else "File"
    body: dict[str, Any] = {
        "srcPath": {"DecodedUrl": _whole(origin, found.path)},
        "destPath": {"DecodedUrl": _whole(there, target)},
        "options": {"KeepBoth": conflict == "rename", "ResetAuthorAndCreatedOnCopy": False},
    }
    if not found.is_folder:
        body["overwrite"] = conflict == "replace"
    elif conflict == "replace":
        raise invalid("A folder replaces no other; give conflictBehavior `fail` or `rename`.")
    await api.post_json(f"{origin.api}/SP.MoveCopyUtil.{verb}{what}ByPath()", body)


def _whole(web: Web, path: str) -> str:
    """Return the whole address, decoded, as this function wants it."""
    return address_of(web, "") + path


def _check(item: AuthoredItem, e_tag: str | None) -> None:
    if e_tag is not None and item.e_tag is not None and item.e_tag.lower() != e_tag.lower():
        raise Rejected(
            "The item has changed meanwhile; the caller must read it again.",
            code="resource_modified",
            who="caller",
            provider_status=412,
        )


def _refuse_top(found: Placed) -> None:
    if found.row is None:
        raise invalid("A library's own folder stays as it is; give the id of what lies in it.")


def _dumped(item: AuthoredItem) -> dict[str, Any]:
    return item.model_dump(by_alias=True, exclude_none=True)
