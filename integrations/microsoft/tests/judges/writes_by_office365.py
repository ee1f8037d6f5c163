"""Office365-REST-Python-Client writes, renames, moves, deletes and restores; one step a call."""

import io
import json
import sys

from office365.sharepoint.client_context import ClientContext
from office365.sharepoint.lists.creation_information import ListCreationInformation

SITE = "https://contoso.sharepoint.com/sites/marketing"
LIBRARY = "/sites/marketing/Shared Documents"


def make(context):
    """Make a folder in a folder with files, and a list with rows."""
    root = context.web.get_folder_by_server_relative_path(LIBRARY)
    folder = root.folders.add("Judged").execute_query()
    below = folder.folders.add("Below").execute_query()
    for place in (folder, below):
        for name in ("small.txt", "größer.txt", "gone.txt"):
            place.files.upload(io.BytesIO(name.encode()), name).execute_query()
    made = context.web.lists.add(ListCreationInformation("Boats's", None, 100)).execute_query()
    for title in ("Sloop", "Ketch", "Yawl"):
        made.add_item({"Title": title}).execute_query()


def change(context):
    """Change, rename and move: a folder, a file, rows."""
    folder = context.web.get_folder_by_server_relative_path(f"{LIBRARY}/Judged")
    small = context.web.get_file_by_server_relative_path(f"{LIBRARY}/Judged/small.txt")
    small.moveto("Shared Documents/Press", 1).execute_query()
    folder.files.upload(io.BytesIO(b"another content"), "größer.txt").execute_query()
    folder.rename("Renamed").execute_query()
    boats = context.web.lists.get_by_title("Boats's")
    boats.items.get_by_id(2).set_property("Title", "Cutter").update().execute_query()
    boats.items.get_by_id(3).delete_object().execute_query()


def remove(context):
    """Put a file and a folder into the recycle bin, and a row back out of it."""
    gone = f"{LIBRARY}/Renamed/gone.txt"
    context.web.get_file_by_server_relative_path(gone).recycle().execute_query()
    below = f"{LIBRARY}/Renamed/Below"
    context.web.get_folder_by_server_relative_path(below).recycle().execute_query()


def restore(context):
    """Take all of that out again."""
    binned = context.web.recycle_bin.get().execute_query()
    for one in binned:
        one.restore().execute_query()


known = json.loads(sys.argv[1])
STEPS = {"make": make, "change": change, "remove": remove, "restore": restore}
STEPS[known["step"]](
    ClientContext(SITE).with_client_certificate(
        known["tenant_id"],
        known["client_id"],
        thumbprint=known["thumbprint"],
        private_key=known["private_key"],
    )
)
