"""A file or folder, and what lies in one, by Graph's ids, read by SharePoint's own API.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/working-with-folders-and-files-with-rest
"""

from urllib.parse import quote

from fairlead.errors import Rejected
from fairlead_microsoft.rest import Rest, Web, guid
from fairlead_microsoft.rest.reading import entries_of
from fairlead_microsoft.sharepoint.drive_items import DriveItem
from fairlead_microsoft.sharepoint.drives import Child, ChildPage
from fairlead_microsoft.sharepoint.files import ItemDetails
from fairlead_microsoft.sharepoint.tour import is_not_there
from fairlead_microsoft.sharepoint.wire import invalid
from fairlead_microsoft.sharepoint_v1.identity import ROOT, DriveRef, ItemIds, ItemRef
from fairlead_microsoft.sharepoint_v1.shapes.entities import ListEntity
from fairlead_microsoft.sharepoint_v1.shapes.files import OF_FILES, drive_item
from fairlead_microsoft.sharepoint_v1.shapes.row import Row, number_of

_FOREIGN = "driveId and itemId must be ids that Graph gave; others have no form of v1."
#: children a page
_PAGE = 200
_SELECT = f"{OF_FILES.select},Folder/ItemCount,Author/Title,Editor/Title"
_EXPAND = f"{OF_FILES.expand},Author,Editor"


async def item_details(api: Rest, site_id: str, drive_id: str, item_id: str) -> ItemDetails:
    """Read a file or folder as Graph's `get-drive-item` does; ActionError for other ids."""
    item = ItemRef.read(item_id)
    if item is None:
        raise invalid(_FOREIGN)
    web = await api.web(site_id)
    root, above_all = await _root(api, web, drive_id)
    ids = ItemIds(drive_id, item.prefix, above_all)
    row = await _row(api, web, item.unique_id)
    found = drive_item(row, ids, web_url=web.url, root=root)
    above = (found.path or "").rpartition("/")[0]
    count = (row.get("Folder") or {}).get("ItemCount")
    return ItemDetails(
        id=found.item_id,
        name=found.name,
        web_url=found.web_url,
        size=found.size,
        created_date_time=found.created_date_time,
        last_modified_date_time=found.last_modified_date_time,
        e_tag=found.e_tag,
        folder_child_count=count if found.folder else None,
        parent_drive_id=drive_id,
        parent_item_id=found.parent_id,
        parent_path=f"/drives/{drive_id}/root:{quote(above)}",
        created_by_display_name=(row.get("Author") or {}).get("Title"),
        last_modified_by_display_name=(row.get("Editor") or {}).get("Title"),
    )


async def children(
    api: Rest,
    site_id: str,
    drive_id: str,
    *,
    item_id: str | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> ChildPage:
    """List what lies right in a folder, or at the top of a drive, as Graph's action does.

    It comes in the order in which it was made. ActionError for ids or cursors that are none.
    """
    web, drive = await api.web(site_id), DriveRef.read(drive_id)
    root, above_all = await _root(api, web, drive_id)
    place, item = root, ItemRef.read(item_id or "")
    if item is None or drive is None:
        if item_id not in (None, "root") or drive is None:
            raise invalid(_FOREIGN)
        told = await api.get_json(f"{web.api}/v2.0/drives/{drive_id}/root", select="id")
        item = ItemRef.read(str(told.get("id")))
        if item is None:
            raise invalid(_FOREIGN)
    elif item.unique_id != ROOT:
        place = str((await _row(api, web, item.unique_id))["FileRef"])
    ids = ItemIds(drive_id, item.prefix, above_all)
    url, many = web.list(drive.list_id, "getitems"), limit or _PAGE
    query = {
        "ViewXml": f"<View><RowLimit Paged='TRUE'>{many}</RowLimit></View>",
        "FolderServerRelativePath": {"DecodedUrl": place},
        "ListItemCollectionPosition": {"PagingInfo": _position(url, cursor)} if cursor else None,
    }
    told = await api.ask(url, {"query": query}, select=_SELECT, expand=_EXPAND)
    rows = entries_of(told)
    found = [_child(row, drive_item(row, ids, web_url=web.url, root=root)) for row in rows]
    link = f"{url}?p_ID={number_of(rows[-1])}" if len(rows) == many else None
    return ChildPage(items=found, next_cursor=link, next_link=link)


def _position(url: str, cursor: str) -> str:
    place, _, number = cursor.rpartition("?p_ID=")
    if place != url or not number.isdigit():
        raise invalid("The cursor is not one that this action gave; pass `nextCursor` as it came.")
    return f"Paged=TRUE&p_ID={number}"


def _child(row: Row, found: DriveItem) -> Child:
    above = (found.path or "").rpartition("/")[0]
    count = (row.get("Folder") or {}).get("ItemCount")
    return Child(
        id=found.item_id,
        name=found.name,
        web_url=found.web_url,
        size=found.size,
        created_date_time=found.created_date_time,
        last_modified_date_time=found.last_modified_date_time,
        e_tag=found.e_tag,
        file={} if found.file else None,
        folder={"childCount": count} if found.folder else None,
        package={"type": found.package} if found.package else None,
        parent_reference={
            "driveId": found.drive_id,
            "id": found.parent_id,
            "path": f"/drives/{found.drive_id}/root:{quote(above)}",
        },
    )


async def _root(api: Rest, web: Web, drive_id: str) -> tuple[str, str | None]:
    """Return the server-relative path and the unique id of a library's topmost folder."""
    drive = DriveRef.read(drive_id)
    if drive is None:
        raise invalid(_FOREIGN)
    library = await api.get(
        ListEntity,
        web.list(drive.list_id),
        select="Id,RootFolder/UniqueId,RootFolder/ServerRelativeUrl",
        expand="RootFolder",
    )
    folder = library.root_folder
    return (folder and folder.server_relative_url) or "", folder.unique_id if folder else None


async def _row(api: Rest, web: Web, unique_id: str) -> Row:
    """Read the row of a file or folder: which of both it is, the id does not say."""
    uid = guid(unique_id)
    assert uid is not None
    try:
        url = web.file_by_id(uid, "listitemallfields")
        row: Row = await api.get_json(url, select=_SELECT, expand=_EXPAND)
    except Rejected as error:
        if not is_not_there(error):
            raise
        url = web.folder_by_id(uid, "listitemallfields")
        row = await api.get_json(url, select=_SELECT, expand=_EXPAND)
    return row
