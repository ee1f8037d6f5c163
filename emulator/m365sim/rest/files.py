"""Files and folders: reading them, making them, moving them, deleting them.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/working-with-folders-and-files-with-rest
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, unquote

from m365sim.files import Drive, Item, Site
from m365sim.files.checkout import COMMENT, holder, label
from m365sim.files.ids import guid_of, mint_uid, uid_of, upper_guid_of
from m365sim.files.problems import Missing
from m365sim.lists import Library, SharePointList
from m365sim.lists.generic import GenericList
from m365sim.rest.access import READ
from m365sim.rest.address import Segment
from m365sim.rest.attachments import attachment_at
from m365sim.rest.call import Call
from m365sim.rest.errors import RestError, no_file, no_folder
from m365sim.rest.items import item_node
from m365sim.rest.list_folders import list_folder_at, list_folder_node
from m365sim.rest.people import person_of, user_node
from m365sim.rest.tables import FILES, Action, Kind, Node, Step
from m365sim.rest.values import Complex, Guid, Long, Moment

_VERSION = 512  # of which a major version is one in `UIVersion`


def file_node(drive: Drive, item: Item) -> Node:
    """Return the node of a file or folder."""
    kind = "folder" if item.is_folder else "file"
    name = "GetFolderByServerRelativePath" if item.is_folder else "GetFileByServerRelativePath"
    place = quote(place_of(drive, item).replace("'", "''"), safe="/'")
    return Node(kind, f"Web/{name}(decodedurl='{place}')", (drive, item))


def place_of(drive: Drive, item: Item) -> str:
    """Return the server-relative path of a file or folder."""
    return drive.place(item)


def etag(item: Item) -> str:
    """Return the eTag of a file."""
    return f'"{{{upper_guid_of(item.uid)}}},{item.version}"'


def _file_values(call: Call, node: Node) -> dict[str, Any]:
    drive, item = node.of
    major, minor = label(item)
    fields = item.fields or {}
    held = holder(drive, item)
    is_out = held is not None
    is_mine = is_out and not drive.is_held_from(item, call.actor())
    return {
        "CheckInComment": str(fields.get(COMMENT, "")),
        "CheckOutType": 0 if is_out else 2,
        "ContentTag": f"{{{upper_guid_of(item.uid)}}},{item.version},{item.content_version}",
        "CustomizedPageStatus": 0,
        "ETag": etag(item),
        "Exists": True,
        "IrmEnabled": False,
        "Length": Long(item.size),
        "Level": 255 if is_mine else fields.get("_Level", 1),
        "LinkingUri": None,
        "LinkingUrl": "",
        "MajorVersion": major,
        "MinorVersion": minor,
        "Name": item.name,
        "ServerRelativeUrl": place_of(drive, item),
        "TimeCreated": Moment.of(item.created_at),
        "TimeLastModified": Moment.of(item.modified_at),
        "Title": fields.get("Title"),
        "UIVersion": major * _VERSION + minor,
        "UIVersionLabel": f"{major}.{minor}",
        "UniqueId": Guid(guid_of(item.uid)),
    }


def _folder_values(call: Call, node: Node) -> dict[str, Any]:
    drive, item = node.of
    is_root = item.parent is None
    uid = call.world.lists.library(drive).root_uid if is_root else item.uid
    return {
        "Exists": True,
        "IsWOPIEnabled": False,
        "ItemCount": drive.child_count(item.uid),
        "Name": drive.url_name if is_root else item.name,
        "ProgID": None,
        "ServerRelativeUrl": place_of(drive, item),
        "TimeCreated": Moment.of(item.created_at),
        "TimeLastModified": Moment.of(item.modified_at),
        "UniqueId": Guid(guid_of(uid)),
        "WelcomePage": "",
    }


# -- finding


def _file(call: Call, _: Node, at: Segment) -> Node:
    place = at.text("decodedurl", "serverrelativeurl", "serverrelativepath")
    wanted = _decoded(at, place)
    try:
        drive, item = call.resolve(wanted)
    except (Missing, RestError) as gone:
        if isinstance(gone, RestError) and gone.status != 404:
            raise
        attached = attachment_at(call, wanted)
        if attached is not None:
            return Node("attachedfile", attached.uri, attached.of)
        raise (no_file(place) if at.name.endswith("path") else no_folder()) from gone
    if item.is_folder:
        raise no_file(place)
    return file_node(drive, item)


def _folder(call: Call, _: Node, at: Segment) -> Node:
    place = at.text("decodedurl", "serverrelativeurl", "serverrelativepath")
    wanted = _decoded(at, place)
    in_list = list_folder_at(call, wanted)
    if in_list is not None:
        return in_list
    drive, item = call.resolve(wanted)
    if not item.is_folder:
        raise no_folder()
    return file_node(drive, item)


def _decoded(at: Segment, place: str) -> str:
    """Read a path; the older functions take it for an encoded address, where `#` cannot be."""
    if at.name.endswith("path"):
        return place
    if "#" in place:
        raise no_folder()
    return unquote(place)


def _by_id(call: Call, _: Node, at: Segment) -> Node:
    drive, item = call.by_unique_id(uid_of(str(at.argument("uniqueid"))))
    if item.is_folder is not (at.name == "getfolderbyid"):
        raise no_folder()
    return file_node(drive, item)


def _children(kind: str) -> Any:
    def members(call: Call, node: Node) -> Iterator[Node]:
        if isinstance(node.of, tuple):
            drive, folder = node.of
            call.check_item(drive, folder)
            viewer = call.viewer(drive)
            for item in drive.children(folder.uid):
                if item.is_folder is (kind == "folder") and viewer.sees(item):
                    yield file_node(drive, item)
            return
        call.check(READ)
        for drive in call.site.drives if kind == "folder" else ():
            if call.viewer(drive).reaches():
                yield file_node(drive, drive.root)

    return members


def _child(call: Call, node: Node, at: Segment) -> Node:
    wanted = at.text("url", "name", "decodedurl", "path")
    if not isinstance(node.of, tuple) or wanted.startswith("/"):
        drive, item = call.resolve(wanted)
    else:
        drive, folder = node.of
        item = drive.resolve(folder, wanted.split("/"))
        call.check_item(drive, item)
    if item.is_folder is not (node.kind == "folders"):
        raise no_folder()
    return file_node(drive, item)


# -- from here on


def _list_item(call: Call, node: Node, _: Segment) -> Node:
    drive, item = node.of
    if item.parent is None:
        return Node("item", f"{node.uri}/ListItemAllFields")
    library = call.world.lists.library(drive)
    return item_node(library, library.row_of(item))


def _author(call: Call, node: Node, at: Segment) -> Node:
    item: Item = node.of[1]
    actor = item.created_by if at.name == "author" else item.modified_by
    return user_node("", person_of(call, actor))


def _parent(_: Call, node: Node, __: Segment) -> Node:
    drive, item = node.of
    return file_node(drive, drive.live(item.parent) if item.parent else drive.root)


def _root_folder(_: Call, node: Node, __: Segment) -> Node:
    found: SharePointList = node.of
    if isinstance(found, Library):
        return file_node(found.drive, found.drive.root)
    assert isinstance(found, GenericList)
    return list_folder_node(found)


def _web_folder(call: Call, node: Node) -> dict[str, Any]:
    site: Site = node.of
    made = Moment.of(site.created_at.timestamp())
    return {
        "Exists": True,
        "ItemCount": len(call.lists()),
        "Name": "",
        "ServerRelativeUrl": site.path or "/",
        "TimeCreated": made,
        "TimeLastModified": made,
        "UniqueId": Guid(guid_of(mint_uid("root folder of a web", site.collection, site.web))),
        "WelcomePage": "SitePages/Home.aspx",
    }


def _below(kind: str) -> Any:
    return lambda _c, n, _s: Node(kind, f"{n.uri}/{kind.title()}", n.of)


def _path(_: Call, node: Node) -> Complex:
    return Complex("SP.ResourcePath", {"DecodedUrl": place_of(*node.of)})


#: what Graph calls the file, for those who ask: https://pnp.github.io/pnpcore/api/PnP.Core.Model.SharePoint.IFile.html
_GRAPH_IDS: dict[str, Callable[[Call, Node], str]] = {
    "VroomDriveID": lambda _, node: str(node.of[0].id),
    "VroomItemID": lambda _, node: str(node.of[0].item_id(node.of[1].uid)),
}

KINDS = (
    Kind(
        "file",
        "SP.File",
        values=_file_values,
        extras={"ServerRelativePath": _path, **_GRAPH_IDS},
        etag=lambda _, node: etag(node.of[1]),
    ),
    Kind("folder", "SP.Folder", values=_folder_values, extras={"ServerRelativePath": _path}),
    Kind("webfolder", "SP.Folder", values=_web_folder),
    Kind("files", members=_children("file")),
    Kind("folders", members=_children("folder")),
)
_PATHS = "decodedurl or @alias; `#` and `%` only in the Path functions"
STEPS = (
    *(
        Step("web", name, _file, "file", _PATHS, is_function=True, source=FILES)
        for name in ("GetFileByServerRelativePath", "GetFileByServerRelativeUrl")
    ),
    *(
        Step("web", name, _folder, "folder", _PATHS, is_function=True, source=FILES)
        for name in ("GetFolderByServerRelativePath", "GetFolderByServerRelativeUrl")
    ),
    Step("web", "GetFileById", _by_id, "file", is_function=True),
    Step("web", "GetFolderById", _by_id, "folder", is_function=True),
    Step("web", "Folders", _below("folders"), "folders", "the roots of libraries"),
    Step(
        "web",
        "RootFolder",
        lambda _c, n, _s: Node("webfolder", f"{n.uri}/RootFolder", n.of),
        "webfolder",
    ),
    Step("webfolder", "Folders", _below("folders"), "folders", "the roots of libraries"),
    Step("list", "RootFolder", _root_folder, "folder"),
    Step("folder", "Files", _below("files"), "files"),
    Step("folder", "Folders", _below("folders"), "folders"),
    Step("files", "()", _child, "file"),
    Step("files", "GetByUrl", _child, "file", is_function=True),
    Step("files", "GetByPathOrAddStub", _child, "file", is_function=True),
    Step("folders", "()", _child, "folder"),
    Step("folders", "GetByUrl", _child, "folder", is_function=True),
    Step("folders", "GetByPath", _child, "folder", is_function=True),
    Step("file", "ListItemAllFields", _list_item, "item"),
    Step("folder", "ListItemAllFields", _list_item, "item"),
    Step("file", "Author", _author, "user"),
    Step("file", "ModifiedBy", _author, "user"),
    Step("folder", "ParentFolder", _parent, "folder"),
)
ACTIONS: tuple[Action, ...] = ()  # those that change something are in `file_writes`
