"""Actions on the versions of a file."""

from typing import Annotated

from pydantic import Field

from fairlead.sdk import Ctx, Record, Shape
from fairlead_microsoft.graph import Graph
from fairlead_microsoft.sharepoint import echoes
from fairlead_microsoft.sharepoint.models import DriveId, ItemId, SiteId
from fairlead_microsoft.sharepoint.pack import sharepoint
from fairlead_microsoft.sharepoint.wire import Cursor, Done, SnakeCursor


class Editor(Shape):
    """Who made a version."""

    display_name: str | None = None
    email: str | None = None


class EditorSet(Shape):
    """Who made a version: a person, or an app on its own behalf."""

    user: Editor | None = None
    application: Editor | None = None


class Version(Record):
    """A version of a file."""

    #: `3.0`; the newest one is the file as it is
    id: str
    #: bytes
    size: int | None = None
    last_modified_date_time: str | None = None
    last_modified_by: EditorSet | None = None


class VersionPage(Record):
    """A page of versions, the newest first."""

    items: list[Version]
    #: where the next page begins; left out on the last one
    next_cursor: str | None = None
    next_cursor_: SnakeCursor = None


@sharepoint.action(
    scopes=["Files.Read.All"],
    source="https://learn.microsoft.com/graph/api/driveitem-list-versions",
    version="1.0.1",
)
async def list_drive_item_versions(
    ctx: Ctx[Graph],
    site_id: SiteId,
    drive_id: DriveId,
    item_id: ItemId,
    cursor: Cursor | None = None,
) -> VersionPage:
    """List the versions of a file, the newest first, a page at a time."""
    path = ctx.api.path("sites", site_id, "drives", drive_id, "items", item_id, "versions")
    page = await ctx.api.page(Version, path, cursor=cursor)
    link = page.next_link
    return VersionPage(items=page.items, next_cursor=link, next_cursor_=link)


@sharepoint.action(
    scopes=["Files.ReadWrite.All"],
    source="https://learn.microsoft.com/graph/api/driveitemversion-restore",
    version="1.0.1",
)
async def restore_drive_item_version(
    ctx: Ctx[Graph],
    site_id: SiteId,
    drive_id: DriveId,
    item_id: ItemId,
    version_id: Annotated[
        str, Field(min_length=1, description="Id of a version.", examples=["2.0"])
    ],
) -> Done:
    """Make an older version of a file the present one; what was present stays as a version."""
    item = ("sites", site_id, "drives", drive_id, "items", item_id)
    await ctx.api.post_json(ctx.api.path(*item, "versions", version_id, "restoreVersion"))
    await echoes.keep_item_anew(ctx, drive_id, item_id)
    return Done()
