"""Actions on document libraries: which there are, and what lies in them."""

from typing import Any

from fairlead.errors import Rejected
from fairlead.sdk import Ctx
from fairlead_microsoft.rest import Rest, quoted
from fairlead_microsoft.sharepoint.drives import (
    Child,
    ChildPage,
    DriveDetails,
    DriveEntry,
    DrivePage,
    NewFolder,
)
from fairlead_microsoft.sharepoint.file_models import (
    ConflictBehavior,
    FileName,
    PageSize,
    ParentItemId,
)
from fairlead_microsoft.sharepoint.models import AuthoredItem, DriveId, ItemId
from fairlead_microsoft.sharepoint.wire import Cursor, invalid
from fairlead_microsoft.sharepoint_v1.identity import DriveRef
from fairlead_microsoft.sharepoint_v1.inputs import SiteRef
from fairlead_microsoft.sharepoint_v1.library import EXPAND, SELECT, Library
from fairlead_microsoft.sharepoint_v1.list_shapes import address_of
from fairlead_microsoft.sharepoint_v1.pack import sharepoint_v1
from fairlead_microsoft.sharepoint_v1.webs import site_ids

SOURCE = (
    "https://learn.microsoft.com/sharepoint/dev/sp-add-ins/working-with-folders-and-files-with-rest"
)
_WANTED = "Id,Title,Description,Created,LastItemModifiedDate,BaseType,RootFolder/ServerRelativeUrl"
#: what lies in a folder, unless the caller wants another number of them
_CHILDREN = 200
#: names that are tried for a folder whose name is taken
_MOST_NAMES = 20


@sharepoint_v1.action(scopes=["Sites.Read.All"], source=SOURCE)
async def list_drives(ctx: Ctx[Rest], site_id: SiteRef, cursor: Cursor | None = None) -> DrivePage:
    """List the document libraries of a site, a page at a time; hidden ones are left out."""
    web = await ctx.api.web(site_id)
    collection, own = await site_ids(ctx.api, web)
    page = await ctx.api.json_page(
        web.path("lists"),
        cursor=cursor,
        select=_WANTED,
        expand="RootFolder",
        filter="BaseType eq 1 and Hidden eq false",
        top=_CHILDREN,
    )
    items = []
    for one in page.items:
        drive_id = DriveRef(collection, own, str(one["Id"])).id
        place = str(one["RootFolder"]["ServerRelativeUrl"])
        items.append(DriveEntry.model_validate(_drive(one, drive_id, address_of(web, place))))
    return DrivePage(items=items, next_cursor=page.next_link)


@sharepoint_v1.action(scopes=["Sites.Read.All"], source=SOURCE)
async def get_drive(ctx: Ctx[Rest], site_id: SiteRef, drive_id: DriveId) -> DriveDetails:
    """Read one document library: its names, address and times; not how full it is."""
    library = await Library.open(ctx.api, site_id, drive_id)
    web = library.web
    told = await ctx.api.get_json(web.list(library.list_id), select=_WANTED, expand="RootFolder")
    shown = _drive(told, library.drive_id, address_of(web, library.root))
    return DriveDetails.model_validate(shown)


@sharepoint_v1.action(scopes=["Sites.Read.All"], source=SOURCE)
async def list_drive_children(
    ctx: Ctx[Rest],
    site_id: SiteRef,
    drive_id: DriveId,
    *,
    item_id: ItemId | None = None,
    cursor: Cursor | None = None,
    limit: PageSize | None = None,
) -> ChildPage:
    """List what lies right in a folder, or at the top of a library, a page at a time.

    What is written meanwhile may be missed; a complete picture is what the sync is for.
    """
    if cursor is not None and not cursor.isdigit():
        raise invalid("The cursor is not one that this action gave; pass `nextCursor` as it came.")
    library = await Library.open(ctx.api, site_id, drive_id)
    folder = await library.folder(item_id or "root")
    size = limit or _CHILDREN
    position = {"PagingInfo": f"Paged=TRUE&p_ID={cursor}"} if cursor else None
    query: dict[str, Any] = {
        "ViewXml": (
            "<View><Query><OrderBy Override='TRUE'><FieldRef Name='ID'/></OrderBy></Query>"
            f"<RowLimit Paged='TRUE'>{size}</RowLimit></View>"
        ),
        "FolderServerRelativePath": {"DecodedUrl": folder.path},
        **({"ListItemCollectionPosition": position} if position else {}),
    }
    url = library.web.list(library.list_id, "getitems")
    told = await ctx.api.ask(url, {"query": query}, select=SELECT, expand=EXPAND)
    rows = told["value"]
    found = [Child.model_validate(_dumped(library.item(library.placed(one)))) for one in rows]
    after = str(rows[-1]["Id"]) if len(rows) >= size else None
    return ChildPage(items=found, next_cursor=after, next_link=after)


@sharepoint_v1.action(scopes=["Sites.ReadWrite.All"], source=SOURCE)
async def create_drive_folder(
    ctx: Ctx[Rest],
    site_id: SiteRef,
    drive_id: DriveId,
    parent_item_id: ParentItemId,
    *,
    name: FileName,
    conflict_behavior: ConflictBehavior = "rename",
) -> NewFolder:
    """Make a folder; if the name is taken, it gets a number behind it unless told otherwise.

    With `replace` a folder of that name is returned as it is, with what lies in it.
    """
    library = await Library.open(ctx.api, site_id, drive_id)
    parent = await library.folder(parent_item_id)
    tried = [name, *(f"{name} {number}" for number in range(1, _MOST_NAMES))]
    flag = "true" if conflict_behavior == "replace" else "false"
    for number, one in enumerate(tried, start=1):
        call = f"folders/addusingpath(decodedurl={quoted(one)},overwrite={flag})"
        try:
            made = await ctx.api.post_json(f"{parent.url}/{call}")
        except Rejected as error:
            is_last = number == len(tried) or conflict_behavior != "rename"
            if error.code != "name_taken" or is_last:
                raise
            continue
        found = await library.find(str(made["UniqueId"]))
        return NewFolder.model_validate(_dumped(library.item(found)))
    raise AssertionError("the last name returns or raises")


def _drive(told: dict[str, Any], drive_id: str, web_url: str) -> dict[str, Any]:
    return {
        "id": drive_id,
        "name": told.get("Title"),
        "driveType": "documentLibrary",
        "webUrl": web_url,
        "description": told.get("Description"),
        "createdDateTime": told.get("Created"),
        "lastModifiedDateTime": told.get("LastItemModifiedDate"),
    }


def _dumped(item: AuthoredItem) -> dict[str, Any]:
    return item.model_dump(by_alias=True, exclude_none=True)
