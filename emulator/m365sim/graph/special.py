"""Special folders of a OneDrive by their names, and previews of files.

https://learn.microsoft.com/graph/api/drive-get-specialfolder, .../driveitem-preview
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from m365sim.files import Drive, Item
from m365sim.graph.access import is_open
from m365sim.graph.reply import Reply, denied, json_reply, not_found

if TYPE_CHECKING:
    from m365sim.graph.call import Call

#: Name in an address → where the folder is.
FOLDERS = {
    "documents": ("Documents",),
    "photos": ("Photos",),
    "cameraroll": ("Photos", "Camera Roll"),
    "music": ("Music",),
}


def special_folder(call: Call, drive: Drive, name: str) -> Item:
    """Return a special folder; it is made for whoever might write to it."""
    wanted = name.lower()
    path = ("Apps", call.principal.app_display_name) if wanted == "approot" else FOLDERS.get(wanted)
    if path is None:
        raise not_found()
    folder = drive.root
    for part in path:
        below = drive.child(folder.uid, part)
        if below is None:
            if not is_open(call.world.content, call.principal, drive, write=True):
                raise denied()
            below = drive.create_folder(folder, part, call.actor())
        folder = below
    return folder


def facet(drive: Drive, item: Item) -> str | None:
    """Return under which name a folder is a special one; None for all others."""
    if item.parent != drive.root.uid or not drive.site.is_personal:
        return None
    return next((name for name, path in FOLDERS.items() if path == (item.name,)), None)


async def preview(call: Call) -> Reply:
    """Return an address that shows a file in a frame, for a short time."""
    drive = call.drive()
    item = call.item(drive)
    if item.is_folder:
        raise not_found()
    site = drive.site.web_url
    url = f"{site}/_layouts/15/embed.aspx?UniqueId={drive.item_id(item.uid)}&access_token=v1."
    return json_reply({"getUrl": url, "postParameters": None, "postUrl": None})
