"""Actions on what is in a file: download, upload, pictures of it."""

from typing import Annotated

from pydantic import ConfigDict, Field

from fairlead.errors import ActionFailed
from fairlead.sdk import Content, Ctx, Incoming, Record, Shape
from fairlead_microsoft.graph import CONFLICT, Graph, given
from fairlead_microsoft.graph.urls import below
from fairlead_microsoft.sharepoint import echoes
from fairlead_microsoft.sharepoint.file_models import (
    ConflictBehavior,
    FileName,
    ParentItemId,
    StoredItem,
)
from fairlead_microsoft.sharepoint.models import AuthoredItem, DriveId, FileFacet, ItemId, SiteId
from fairlead_microsoft.sharepoint.pack import sharepoint
from fairlead_microsoft.sharepoint.wire import ETag


class DownloadableItem(Shape):
    """A file and where its bytes are."""

    id: str
    name: str | None = None
    size: int | None = None
    e_tag: str | None = None
    c_tag: str | None = None
    file: FileFacet | None = None
    download_url: str | None = Field(default=None, alias="@microsoft.graph.downloadUrl")


class FetchedFile(Record):
    """A file and where its bytes are."""

    id: str
    name: str | None = None
    #: bytes
    size: int | None = None
    mime_type: str | None = None
    e_tag: str | None = None
    c_tag: str | None = None
    #: checksum of the content, base64
    quick_xor_hash: str | None = None
    #: gives the bytes to whoever has it, without a token, for about an hour
    download_url: str


class UploadSession(Record):
    """Where to send the ranges of a file."""

    #: takes the bytes from whoever has it, without a token
    upload_url: str
    expiration_date_time: str
    next_expected_ranges: list[str] | None = None


class Thumbnail(Shape):
    """A picture of a file, in one size."""

    #: pixels
    height: int | None = None
    width: int | None = None
    #: gives the picture to whoever has it, for a while
    url: str | None = None


class ThumbnailSet(Record):
    """Pictures of a file; those of sizes asked for are here under their names."""

    model_config = ConfigDict(extra="allow")

    id: str
    small: Thumbnail | None = None
    medium: Thumbnail | None = None
    large: Thumbnail | None = None


class Thumbnails(Record):
    """Pictures of a file; none if it has no picture."""

    thumbnail_sets: list[ThumbnailSet]


@sharepoint.action(
    scopes=["Files.Read.All"],
    source="https://learn.microsoft.com/graph/api/driveitem-get-content",
    version="1.0.1",
)
async def download_drive_item_content(
    ctx: Ctx[Graph], site_id: SiteId, drive_id: DriveId, item_id: ItemId
) -> Content:
    """Read a file's bytes: as base64 up to 10 MiB, or of any size as they are.

    A caller that sends `Accept: application/octet-stream` gets the bytes, streamed. As base64 a
    larger file is refused (`file_too_large`).
    """
    path = ctx.api.path("sites", site_id, "drives", drive_id, "items", item_id, "content")
    return await ctx.api.content(path)


@sharepoint.action(
    scopes=["Files.Read.All"],
    source="https://learn.microsoft.com/graph/api/resources/driveitem",
)
async def fetch_file(
    ctx: Ctx[Graph], drive_id: DriveId, item_id: ItemId, site_id: SiteId | None = None
) -> FetchedFile:
    """Return an address that gives a file's bytes without a token, for about an hour.

    For handing a file of any size to something that must not have the connection's token. A folder
    or a notebook has no bytes (`not_a_file`).
    """
    site = ("sites", site_id) if site_id else ()
    path = ctx.api.path(*site, "drives", drive_id, "items", item_id)
    item = await ctx.api.get(DownloadableItem, path)
    if item.download_url is None:
        raise ActionFailed("The item is not a file; give the id of a file.", code="not_a_file")
    hashes = item.file.hashes if item.file else None
    return FetchedFile(
        id=item.id,
        name=item.name,
        size=item.size,
        mime_type=item.file.mime_type if item.file else None,
        e_tag=item.e_tag,
        c_tag=item.c_tag,
        quick_xor_hash=hashes.quick_xor_hash if hashes else None,
        download_url=item.download_url,
    )


@sharepoint.action(
    scopes=["Files.ReadWrite.All"],
    source="https://learn.microsoft.com/graph/api/driveitem-put-content",
    version="1.0.1",
)
async def upload_drive_item(
    ctx: Ctx[Graph],
    site_id: SiteId,
    drive_id: DriveId,
    parent_item_id: ParentItemId,
    *,
    file_name: FileName,
    content: Annotated[
        Incoming, Field(description="The file's bytes: as base64, or sent beside the input.")
    ],
    content_type: Annotated[
        str | None, Field(min_length=1, description="MIME type; by default the name decides.")
    ] = None,
    conflict_behavior: ConflictBehavior = "replace",
    e_tag: ETag | None = None,
) -> StoredItem:
    """Write a file into a folder; a file of that name gets a new version unless told otherwise.

    Larger files go up in pieces, and on from the last one after a cut. Of any size if the bytes are
    sent as they are, with `Content-Type: application/octet-stream`; as base64 up to 56 MB.
    """
    folder = ctx.api.path("sites", site_id, "drives", drive_id, "items", parent_item_id)
    made = await ctx.api.upload(
        AuthoredItem,
        below(folder, file_name),
        content,
        content_type=content_type or "application/octet-stream",
        conflict=conflict_behavior,
        if_match=e_tag,
    )
    answer = made.model_dump(by_alias=True, exclude_none=True)
    await echoes.keep_item(ctx, drive_id, answer)
    return StoredItem.model_validate(answer)


@sharepoint.action(
    scopes=["Files.ReadWrite.All"],
    source="https://learn.microsoft.com/graph/api/driveitem-createuploadsession",
    version="1.0.1",
)
async def create_drive_upload_session(
    ctx: Ctx[Graph],
    site_id: SiteId,
    drive_id: DriveId,
    parent_item_id: ParentItemId,
    *,
    file_name: FileName,
    conflict_behavior: ConflictBehavior = "replace",
    defer_commit: Annotated[
        bool | None,
        Field(description="True: the file appears when that is asked for, not with its last byte."),
    ] = None,
    file_size: Annotated[
        int | None, Field(ge=0, description="Bytes; refused at once if there is no room for them.")
    ] = None,
    description: Annotated[
        str | None, Field(description="Said about the file; personal OneDrive only.")
    ] = None,
    e_tag: ETag | None = None,
) -> UploadSession:
    """Open an upload that the caller itself sends the bytes to, range by range.

    `uploadUrl` takes them without a token: keep it secret. `upload-drive-item` does all of it.
    """
    folder = ctx.api.path("sites", site_id, "drives", drive_id, "items", parent_item_id)
    item = given(name=file_name, fileSize=file_size, description=description)
    body = given(item={**item, CONFLICT: conflict_behavior}, deferCommit=defer_commit)
    path = f"{below(folder, file_name)}/createUploadSession"
    return await ctx.api.post(UploadSession, path, body, if_match=e_tag)


@sharepoint.action(
    scopes=["Files.Read.All"],
    source="https://learn.microsoft.com/graph/api/driveitem-list-thumbnails",
    version="1.0.1",
)
async def get_drive_item_thumbnail(
    ctx: Ctx[Graph], site_id: SiteId, drive_id: DriveId, item_id: ItemId
) -> Thumbnails:
    """Return small, medium and large pictures of a file, by addresses that end after a while."""
    return await _thumbnails(ctx.api, site_id, drive_id, item_id)


@sharepoint.action(
    scopes=["Files.Read.All"],
    source="https://learn.microsoft.com/graph/api/driveitem-list-thumbnails",
)
async def get_thumbnails(
    ctx: Ctx[Graph],
    site_id: SiteId,
    drive_id: DriveId,
    item_id: ItemId,
    sizes: Annotated[
        list[Annotated[str, Field(pattern=r"^(small|medium|large|c\d{1,4}x\d{1,4}(_crop)?)$")]]
        | None,
        Field(
            min_length=1,
            description="`small`, `medium`, `large`, or of one's own: `c300x400`, `c300x400_crop`.",
        ),
    ] = None,
) -> Thumbnails:
    """Return pictures of a file in the sizes asked for, by addresses that end after a while."""
    chosen = ",".join(["id", *dict.fromkeys(sizes)]) if sizes else None
    return await _thumbnails(ctx.api, site_id, drive_id, item_id, chosen)


async def _thumbnails(
    api: Graph, site_id: str, drive_id: str, item_id: str, select: str | None = None
) -> Thumbnails:
    path = api.path("sites", site_id, "drives", drive_id, "items", item_id, "thumbnails")
    sets = [each async for each in api.items(ThumbnailSet, path, select=select)]
    return Thumbnails(thumbnail_sets=sets)
