"""A file or folder by the ids that Graph gives it, read by SharePoint's own API.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/working-with-folders-and-files-with-rest
"""

from urllib.parse import quote

from fairlead.errors import Rejected
from fairlead_microsoft.rest import Rest, Web, guid
from fairlead_microsoft.sharepoint.files import ItemDetails
from fairlead_microsoft.sharepoint.tour import is_not_there
from fairlead_microsoft.sharepoint.wire import invalid
from fairlead_microsoft.sharepoint_v1.identity import DriveRef, ItemIds, ItemRef
from fairlead_microsoft.sharepoint_v1.shapes.entities import ListEntity
from fairlead_microsoft.sharepoint_v1.shapes.files import OF_FILES, drive_item
from fairlead_microsoft.sharepoint_v1.shapes.row import Row

_SELECT = f"{OF_FILES.select},Folder/ItemCount,Author/Title,Editor/Title"
_EXPAND = f"{OF_FILES.expand},Author,Editor"


async def item_details(api: Rest, site_id: str, drive_id: str, item_id: str) -> ItemDetails:
    """Read a file or folder as Graph's `get-drive-item` does; ActionError for other ids."""
    drive, item = DriveRef.read(drive_id), ItemRef.read(item_id)
    if drive is None or item is None:
        raise invalid("driveId and itemId must be ids that Graph gave; others have no v1 form.")
    web = await api.web(site_id)
    library = await api.get(
        ListEntity,
        web.list(drive.list_id),
        select="Id,RootFolder/UniqueId,RootFolder/ServerRelativeUrl",
        expand="RootFolder",
    )
    folder = library.root_folder
    root = (folder and folder.server_relative_url) or ""
    ids = ItemIds(drive_id, item.prefix, folder.unique_id if folder else None)
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
