"""Rows of a document library -> `DriveItem`, the same record that Graph's drives give.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/working-with-folders-and-files-with-rest
"""

from fairlead_microsoft.sharepoint.drive_items import DriveItem
from fairlead_microsoft.sharepoint_v1.identity import ItemIds, item_url
from fairlead_microsoft.sharepoint_v1.shapes.row import Question, Row, is_folder

#: what SharePoint's own API does not tell: the type of a file's content and its checksum, and
#: Graph's cTag; of a folder also the eTag, which Graph makes up of another count
NOT_TOLD = ("mime_type", "quick_xor_hash", "c_tag")
NOT_TOLD_OF_FOLDERS = ("e_tag",)
#: what is asked of each row of a library
OF_FILES = Question(
    select=(
        "Id,UniqueId,FileSystemObjectType,FileLeafRef,FileRef,FileDirRef,ParentUniqueId,"
        "Created,Modified,File/ETag,File/Length,Folder/ProgID"
    ),
    expand="File,Folder",
)
_NOTEBOOK = "OneNote.Notebook"


def drive_item(row: Row, ids: ItemIds, *, web_url: str, root: str) -> DriveItem:
    """Make the record of a row; `root` is the server-relative path of the library.

    It lacks `NOT_TOLD`, and a folder's lacks `NOT_TOLD_OF_FOLDERS`.
    """
    place, uid = str(row["FileRef"]), str(row["UniqueId"])
    file = row.get("File") or {}
    is_package = (row.get("Folder") or {}).get("ProgID") == _NOTEBOOK
    folder = is_folder(row)
    item_id = ids.item_id(uid)
    length = file.get("Length")
    return DriveItem(
        id=f"{ids.drive_id}/{item_id}",
        drive_id=ids.drive_id,
        item_id=item_id,
        name=row.get("FileLeafRef") or place.rpartition("/")[2],
        parent_id=_above(row, ids, root),
        path=place.removeprefix(root),
        size=None if folder or length is None else int(length),
        web_url=item_url(web_url, place, uid, is_folder=folder),
        created_date_time=row.get("Created"),
        last_modified_date_time=row.get("Modified"),
        folder=folder and not is_package,
        file=not folder,
        package="oneNote" if is_package else None,
        e_tag=file.get("ETag"),
    )


def _above(row: Row, ids: ItemIds, root: str) -> str | None:
    """Return the id of the folder a row lies in."""
    if str(row.get("FileDirRef", "")).rstrip("/") == root.rstrip("/"):
        return ids.root_id
    above = row.get("ParentUniqueId")
    return ids.item_id(str(above).strip("{}")) if above else None
