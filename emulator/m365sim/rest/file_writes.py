"""What is done to files and folders: making them, writing them, deleting them.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/working-with-folders-and-files-with-rest
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from m365sim.files import Drive, Item
from m365sim.graph.item_shapes import mime_type
from m365sim.graph.reply import Reply
from m365sim.rest.access import WRITE
from m365sim.rest.address import Segment
from m365sim.rest.call import Call, pairs
from m365sim.rest.contents import content_reply
from m365sim.rest.errors import RestError, bad_query
from m365sim.rest.files import etag, file_node, place_of
from m365sim.rest.list_folders import made_in_list
from m365sim.rest.recycled import recycled_id
from m365sim.rest.tables import FILES, Action, Node
from m365sim.rest.values import Guid, Moment, Result

# -- making


async def _add_file(call: Call, node: Node, at: Segment) -> Node:
    drive, folder = _target(node)
    call.check_item(drive, folder, WRITE)
    name = at.text("url", "decodedurl", "path").rstrip("/").rpartition("/")[2]
    if not at.name.endswith("path"):
        name = unquote(name)
    taken = drive.child(folder.uid, name)
    is_unique = at.flag("ensureuniquefilename")
    if taken is not None and not (at.flag("overwrite") or is_unique):
        raise RestError(
            400,
            "-2130575257, Microsoft.SharePoint.SPException",
            f"A file with the name {place_of(drive, taken).lstrip('/')} already exists. It was "
            f"last modified by {taken.modified_by.user_name} on {Moment.of(taken.modified_at)}.",
        )
    blob = (await call.intake()).finish()
    conflict: Any = "rename" if is_unique else "replace"
    return file_node(drive, drive.put_file(folder, name, blob, call.actor(), conflict)[0])


async def _add_folder(call: Call, node: Node, at: Segment) -> Node:
    wanted: Any = at.argument("decodedurl", "url", "path")
    if wanted is None:
        body = dict(pairs(await call.json()))
        wanted = body.get("ServerRelativeUrl")
    if not isinstance(wanted, str):
        raise bad_query("A folder needs a ServerRelativeUrl.")
    if wanted.startswith("/") or not isinstance(node.of, tuple):
        if (in_list := made_in_list(call, wanted)) is not None:
            return in_list
        drive, names = call.place(wanted)
        start = drive.root
    else:
        drive, start = node.of
        names = [name for name in wanted.split("/") if name]
    if not names:
        return file_node(drive, start)
    folder = drive.resolve(start, names[:-1])
    call.check_item(drive, folder, WRITE)
    conflict: Any = "replace" if at.name != "addusingpath" or at.flag("overwrite") else "fail"
    return file_node(drive, drive.create_folder(folder, names[-1], call.actor(), conflict))


def _target(node: Node) -> tuple[Drive, Item]:
    if not isinstance(node.of, tuple):
        raise bad_query("Files lie in libraries only.")
    drive, folder = node.of
    return drive, folder


# -- content


async def _read(call: Call, node: Node, _: Segment) -> Reply:
    drive, item = node.of
    call.check_item(drive, item)
    blob, start, status = item.blob, 0, 200
    headers = [
        (b"content-type", mime_type(item.name).encode()),
        (b"etag", etag(item).encode()),
        (b"accept-ranges", b"bytes"),
    ]
    stop = blob.size
    wanted = call.headers.get("range", "")
    first, dash, last = wanted.removeprefix("bytes=").partition("-")
    if wanted and dash and first.isdigit():
        start, stop = int(first), min(int(last) + 1, stop) if last.isdigit() else stop
        if start >= stop:
            raise RestError(416, "-1, System.ArgumentOutOfRangeException", "The range is invalid.")
        status = 206
        headers.append((b"content-range", f"bytes {start}-{stop - 1}/{blob.size}".encode()))
    return content_reply(blob, headers, start, stop, status)


async def _write(call: Call, node: Node, _: Segment) -> Reply:
    drive, item = node.of
    call.check_item(drive, item, WRITE)
    call.check_match(etag(item))
    blob = (await call.intake()).finish()
    after = drive.replace_content(item, blob, call.actor())
    return Reply(204, b"", [(b"etag", etag(after).encode())])


# -- renaming and deleting


async def _rename(call: Call, node: Node, _: Segment) -> Reply:
    """Give a folder another name, by setting it."""
    drive, item = node.of
    call.check_item(drive, item, WRITE)
    name = dict(pairs(await call.json())).get("Name")
    if isinstance(name, str) and name != item.name:
        drive.update(item, call.actor(), name=name)
    return Reply(204)


async def _delete(call: Call, node: Node, at: Segment) -> Reply | Result:
    drive, item = node.of
    call.check_item(drive, item, WRITE)
    if not item.is_folder:
        call.check_match(etag(item))
    drive.delete(item, by=call.actor())
    if at.name == "recycle":
        return Result(Guid(recycled_id(drive, item.uid)), "Recycle")
    return Reply(200)


#: `EnsureUniqueFileName`: https://learn.microsoft.com/dotnet/api/microsoft.sharepoint.client.filecollectionaddparameters
_ADDED = "decodedurl, overwrite, ensureuniquefilename; 250 MB"
ACTIONS = (
    Action("files", "Add", "POST", _add_file, "url, overwrite; 250 MB", FILES),
    Action("files", "AddUsingPath", "POST", _add_file, _ADDED, FILES),
    Action("folders", "", "POST", _add_folder, "ServerRelativeUrl", FILES),
    Action("folders", "Add", "POST", _add_folder, "url", FILES),
    Action("folders", "AddUsingPath", "POST", _add_folder, "decodedurl, overwrite", FILES),
    Action("file", "$value", "GET", _read, "Range", FILES),
    Action("file", "OpenBinaryStream", "GET", _read, "Range", FILES),
    Action("file", "OpenBinaryStream", "POST", _read, "Range", FILES),
    Action("file", "$value", "PUT", _write, "another content; If-Match", FILES),
    Action("file", "SaveBinaryStream", "POST", _write, "another content", FILES),
    Action("folder", "", "MERGE", _rename, "its Name", FILES),
    Action("file", "Recycle", "POST", _delete, "into the recycle bin", FILES),
    Action("folder", "Recycle", "POST", _delete, "into the recycle bin", FILES),
    Action("file", "", "DELETE", _delete, "into the recycle bin; If-Match", FILES),
    Action("folder", "", "DELETE", _delete, "into the recycle bin", FILES),
)
