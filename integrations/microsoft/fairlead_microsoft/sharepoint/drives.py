"""Actions on drives (document libraries): which there are, and what lies in them."""

from typing import Annotated, Self

from pydantic import ConfigDict, Field

from fairlead.sdk import Ctx, Record, Shape
from fairlead_microsoft.graph import CONFLICT, Graph
from fairlead_microsoft.graph.paging import read_as
from fairlead_microsoft.graph.urls import text_literal
from fairlead_microsoft.sharepoint import echoes
from fairlead_microsoft.sharepoint.either import Prefer, either
from fairlead_microsoft.sharepoint.file_models import (
    ConflictBehavior,
    FileName,
    PageSize,
    ParentItemId,
    StoredItem,
)
from fairlead_microsoft.sharepoint.models import (
    DriveId,
    FolderFacet,
    Identity,
    ItemId,
    ParentReference,
    SiteId,
)
from fairlead_microsoft.sharepoint.pack import sharepoint
from fairlead_microsoft.sharepoint.wire import Cursor, Json, SnakeCursor


class Owners(Shape):
    """Whose a drive is: a group's, or a person's."""

    user: Identity | None = None
    group: Identity | None = None


class Quota(Shape):
    """How full a drive is, in bytes."""

    deleted: int | None = None
    remaining: int | None = None
    state: str | None = None
    total: int | None = None
    used: int | None = None


class WholeDrive(Shape):
    """A drive as Graph shows it."""

    id: str
    name: str | None = None
    drive_type: str | None = None
    web_url: str | None = None
    created_date_time: str | None = None
    last_modified_date_time: str | None = None
    description: str | None = None
    owner: Owners = Field(default_factory=Owners)
    quota: Quota = Field(default_factory=Quota)


class DriveDetails(Record):
    """A drive, flattened."""

    id: str
    name: str | None = None
    #: `documentLibrary`, `business` or `personal`
    drive_type: str | None = None
    web_url: str | None = None
    created_date_time: str | None = None
    last_modified_date_time: str | None = None
    description: str | None = None
    owner_group_id: str | None = None
    owner_group_name: str | None = None
    owner_user_id: str | None = None
    owner_user_name: str | None = None
    #: bytes, as all the others
    quota_deleted: int | None = None
    quota_remaining: int | None = None
    #: `normal`, `nearing`, `critical` or `exceeded`
    quota_state: str | None = None
    quota_total: int | None = None
    quota_used: int | None = None

    @classmethod
    def of(cls, drive: WholeDrive) -> Self:
        """Flatten a drive."""
        group, user, quota = drive.owner.group, drive.owner.user, drive.quota
        return cls(
            id=drive.id,
            name=drive.name,
            drive_type=drive.drive_type,
            web_url=drive.web_url,
            created_date_time=drive.created_date_time,
            last_modified_date_time=drive.last_modified_date_time,
            description=drive.description,
            owner_group_id=group.id if group else None,
            owner_group_name=group.display_name if group else None,
            owner_user_id=user.id if user else None,
            owner_user_name=user.display_name if user else None,
            quota_deleted=quota.deleted,
            quota_remaining=quota.remaining,
            quota_state=quota.state,
            quota_total=quota.total,
            quota_used=quota.used,
        )


class DriveEntry(Record):
    """A drive of a site, with whatever else Graph tells of it."""

    model_config = ConfigDict(extra="allow")

    id: str
    name: str | None = None
    drive_type: str | None = None
    created_date_time: str | None = None
    last_modified_date_time: str | None = None
    web_url: str | None = None
    description: str | None = None


class DrivePage(Record):
    """A page of drives."""

    items: list[DriveEntry]
    #: where the next page begins; left out on the last one
    next_cursor: str | None = None


class Child(StoredItem):
    """What lies in a folder."""

    file: Json | None = None
    folder: Json | None = None
    #: a notebook, which is neither file nor folder
    package: Json | None = None
    parent_reference: Json | None = None


class ChildPage(Record):
    """A page of what lies in a folder."""

    items: list[Child]
    #: where the next page begins; left out on the last one
    next_cursor: str | None = None
    #: the same
    next_link: str | None = None


class FoundFile(Shape):
    """What makes a hit a file."""

    mime_type: str | None = None


class Hit(Record):
    """What a search found: less than a read tells, and as of the last time it was indexed."""

    id: str
    name: str | None = None
    web_url: str | None = None
    size: int | None = None
    created_date_time: str | None = None
    last_modified_date_time: str | None = None
    folder: FolderFacet | None = None
    file: FoundFile | None = None
    parent_reference: ParentReference | None = None


class HitPage(Record):
    """A page of what a search found."""

    items: list[Hit]
    #: where the next page begins; left out on the last one
    next_cursor: str | None = None
    next_cursor_: SnakeCursor = None


class NewFolder(StoredItem):
    """A folder that was made."""

    parent_reference: ParentReference | None = None
    folder: FolderFacet | None = None


@sharepoint.action(
    scopes=["Files.Read.All"],
    source="https://learn.microsoft.com/graph/api/drive-get",
    version="1.0.1",
)
async def get_drive(ctx: Ctx[Graph], site_id: SiteId, drive_id: DriveId) -> DriveDetails:
    """Read one document library: its kind, whose it is, how full it is."""
    path = ctx.api.path("sites", site_id, "drives", drive_id)
    return DriveDetails.of(await ctx.api.get(WholeDrive, path))


@sharepoint.action(
    scopes=["Files.Read.All"],
    source="https://learn.microsoft.com/graph/api/drive-list",
    version="1.0.1",
)
async def list_drives(ctx: Ctx[Graph], site_id: SiteId, cursor: Cursor | None = None) -> DrivePage:
    """List the document libraries of a site, a page at a time; hidden ones are left out."""
    path = ctx.api.path("sites", site_id, "drives")
    page = await ctx.api.page(DriveEntry, path, cursor=cursor)
    return DrivePage(items=page.items, next_cursor=page.next_link)


@sharepoint.action(
    scopes=["Files.Read.All"],
    source="https://learn.microsoft.com/graph/api/driveitem-list-children",
    version="1.0.1",
)
async def list_drive_children(
    ctx: Ctx[Graph],
    site_id: SiteId,
    drive_id: DriveId,
    *,
    item_id: ItemId | None = None,
    cursor: Cursor | None = None,
    limit: PageSize | None = None,
    prefer: Prefer | None = None,
) -> ChildPage:
    """List what lies right in a folder, or at the top of a drive, a page at a time.

    What is written meanwhile may be missed; a complete picture is what the sync is for.
    """
    drive = ("sites", site_id, "drives", drive_id)
    folder = ("items", item_id) if item_id else ("root",)
    path = ctx.api.path(*drive, *folder, "children")

    async def by_graph() -> ChildPage:
        page = await ctx.api.page(Child, path, cursor=cursor, top=limit)
        return ChildPage(items=page.items, next_cursor=page.next_link, next_link=page.next_link)

    return await either(
        ctx,
        "list-drive-children",
        prefer,
        by_graph,
        site_id=site_id,
        drive_id=drive_id,
        item_id=item_id,
        cursor=cursor,
        limit=limit,
    )


@sharepoint.action(
    scopes=["Files.Read.All"],
    source="https://learn.microsoft.com/graph/api/driveitem-search",
    version="1.0.1",
)
async def search_drive_items(
    ctx: Ctx[Graph],
    site_id: SiteId,
    drive_id: DriveId,
    *,
    query: Annotated[
        str, Field(min_length=1, description="Words to find in names, metadata and contents.")
    ],
    limit: PageSize = 50,
    cursor: Cursor | None = None,
) -> HitPage:
    """Find files and folders of a drive by their names and contents, a page at a time.

    Graph answers from its search index: a new file may take a while to appear.
    """
    root = ctx.api.path("sites", site_id, "drives", drive_id, "root")
    path = f"{root}/search(q={text_literal(query)})"
    page = await ctx.api.page(Hit, path, cursor=cursor, top=limit)
    link = page.next_link
    return HitPage(items=page.items, next_cursor=link, next_cursor_=link)


@sharepoint.action(
    scopes=["Files.ReadWrite.All"],
    source="https://learn.microsoft.com/graph/api/driveitem-post-children",
    version="1.0.1",
)
async def create_drive_folder(
    ctx: Ctx[Graph],
    site_id: SiteId,
    drive_id: DriveId,
    parent_item_id: ParentItemId,
    *,
    name: FileName,
    conflict_behavior: ConflictBehavior = "rename",
) -> NewFolder:
    """Make a folder; if the name is taken, it gets a number behind it unless told otherwise.

    With `replace` a folder of that name is returned as it is, with what lies in it. The call is
    never repeated after it may have been carried out: no second folder appears.
    """
    path = ctx.api.path("sites", site_id, "drives", drive_id, "items", parent_item_id, "children")
    body = {"name": name, "folder": {}, CONFLICT: conflict_behavior}
    answer = await ctx.api.post_json(path, body)
    made = read_as(NewFolder, answer)
    await echoes.keep_item(ctx, drive_id, answer)
    return made
