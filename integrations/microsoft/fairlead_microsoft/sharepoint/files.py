"""Actions on files and folders."""

from base64 import b64encode

from fairlead.errors import ActionFailed
from fairlead.sdk import Ctx, Record
from fairlead_microsoft.graph import Graph
from fairlead_microsoft.sharepoint.models import AuthoredItem, DriveId, ItemId, SiteId
from fairlead_microsoft.sharepoint.pack import sharepoint

#: bytes of a file that an action hands over as text; larger ones go through the proxy
LARGEST_CONTENT = 10 * 1024 * 1024


class ItemDetails(Record):
    """A file or folder, flattened."""

    id: str
    name: str | None = None
    #: bytes
    size: int | None = None
    web_url: str | None = None
    created_date_time: str | None = None
    last_modified_date_time: str | None = None
    mime_type: str | None = None
    folder_child_count: int | None = None
    parent_drive_id: str | None = None
    parent_item_id: str | None = None
    #: as Graph gives it: `/drives/{driveId}/root:/Reports`
    parent_path: str | None = None
    created_by_display_name: str | None = None
    last_modified_by_display_name: str | None = None


class FileContent(Record):
    """A file's bytes."""

    #: base64
    content: str
    #: bytes before base64
    size: int
    mime_type: str | None = None


@sharepoint.action(
    scopes=["Sites.Read.All"],
    source="https://learn.microsoft.com/graph/api/driveitem-get",
    version="1.0.1",
)
async def get_drive_item(
    ctx: Ctx[Graph], site_id: SiteId, drive_id: DriveId, item_id: ItemId
) -> ItemDetails:
    """Read one file or folder: name, size, times, type, where it lies, who made it."""
    path = ctx.api.path("sites", site_id, "drives", drive_id, "items", item_id)
    item = await ctx.api.get(AuthoredItem, path)
    parent = item.parent_reference
    return ItemDetails(
        id=item.id,
        name=item.name,
        size=item.size,
        web_url=item.web_url,
        created_date_time=item.created_date_time,
        last_modified_date_time=item.last_modified_date_time,
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


@sharepoint.action(
    scopes=["Sites.Read.All", "Files.Read.All"],
    source="https://learn.microsoft.com/graph/api/driveitem-get-content",
    version="1.0.1",
)
async def download_drive_item_content(
    ctx: Ctx[Graph], site_id: SiteId, drive_id: DriveId, item_id: ItemId
) -> FileContent:
    """Read a file's bytes, as base64.

    For files of at most 10 MiB; a larger one is refused (`file_too_large`) and is read through
    the proxy, which streams it.
    """
    path = ctx.api.path("sites", site_id, "drives", drive_id, "items", item_id, "content")
    content = bytearray()
    async with ctx.api.download(path) as response:
        async for chunk in response.stream():
            content += chunk
            if len(content) > LARGEST_CONTENT:
                raise ActionFailed(
                    f"The file is larger than {LARGEST_CONTENT} bytes; read it with GET "
                    f"/proxy{path} instead.",
                    code="file_too_large",
                )
        mime_type = response.headers.get("content-type")
    return FileContent(content=b64encode(content).decode(), size=len(content), mime_type=mime_type)
