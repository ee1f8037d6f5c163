"""How drive items look in Graph's JSON, on their own and in delta.

https://learn.microsoft.com/graph/api/resources/driveitem. Which property appears where was taken
from recordings: `parentReference` has a name except in delta, `@microsoft.graph.downloadUrl` is
never in delta, and the root in delta has neither eTag nor cTag.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from m365sim.files import Actor, Drive, Item
from m365sim.files.ids import upper_guid_of
from m365sim.files.names import quoted
from m365sim.graph.quirks import TagForm
from m365sim.graph.shapes import actor_shape, iso_seconds
from m365sim.graph.special import facet
from m365sim.transfer.preauth import Downloads

if TYPE_CHECKING:
    from m365sim.entra.tokens import Principal
    from m365sim.world import World

_OFFICE = "application/vnd.openxmlformats-officedocument."
_TYPES = {
    "txt": "text/plain",
    "log": "text/plain",
    "md": "text/markdown",
    "csv": "text/csv",
    "html": "text/html",
    "htm": "text/html",
    "json": "application/json",
    "xml": "text/xml",
    "pdf": "application/pdf",
    "docx": f"{_OFFICE}wordprocessingml.document",
    "xlsx": f"{_OFFICE}spreadsheetml.sheet",
    "pptx": f"{_OFFICE}presentationml.presentation",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "svg": "image/svg+xml",
    "zip": "application/x-zip-compressed",
    "mp4": "video/mp4",
    "aspx": "text/html",
}
_PLAIN = re.compile(r"[A-Za-z0-9 ._-]+")  # what `quote` changes only in its spaces
_VIEWED = {"docx": "Doc", "xlsx": "Doc", "pptx": "Doc"}


def mime_type(name: str) -> str:
    """Return the type SharePoint gives a file, by its extension."""
    return _TYPES.get(name.rpartition(".")[2].lower(), "application/octet-stream")


def etag(item: Item) -> str:
    """Return an item's eTag, quotes included."""
    return f'"{{{upper_guid_of(item.uid)}}},{item.version}"'


def ctag(item: Item) -> str:
    """Return an item's cTag, quotes included."""
    return f'"c:{{{upper_guid_of(item.uid)}}},{item.content_version}"'


def canonical_tag(text: str) -> str:
    """Return an eTag or a cTag in the one form by which all its spellings are compared."""
    return re.sub(r'[{}"]', "", text).lower()


def _bare(tag: str) -> str:
    return tag.strip('"')


def _lower(tag: str) -> str:
    return f'"{canonical_tag(tag)}"'


_SPELL: dict[TagForm, Callable[[str], str]] = {"quoted": str, "bare": _bare, "lower": _lower}


class ItemShapes:
    """Shows items of one drive to one caller; what items share is computed once."""

    def __init__(self, world: World, drive: Drive, principal: Principal) -> None:
        self._drive = drive
        self._quirks = world.quirks
        self._spell = _SPELL[world.quirks.etag_form] if world.quirks.etag_form != "quoted" else None
        self._sharing = world.sharing
        self._downloads = Downloads(world, drive, principal)
        self._actors: dict[Actor, dict[str, Any]] = {}
        self._parents: dict[bytes, dict[str, Any]] = {}
        self._delta_parents: dict[bytes, dict[str, Any]] = {}
        self._urls: dict[bytes, str] = {}
        self._root_url = f"{drive.site.web_url}/{quoted(drive.url_name)}"
        self._site_id = drive.site.id
        self._has_special = drive.site.is_personal

    def item(self, item: Item) -> dict[str, Any]:
        """Show an item as GET, children, PUT and PATCH do."""
        shape = self._shape(item)
        if item.parent is None:
            shape["parentReference"] = {
                "driveType": self._drive.drive_type,
                "driveId": self._drive.id,
                "siteId": self._site_id,
            }
            return shape
        shape["parentReference"] = self._parent(item.parent)
        if not item.is_folder:
            shape["@microsoft.graph.downloadUrl"] = self._downloads.url(item)
        return shape

    def download_url(self, item: Item, version: int | None = None) -> str:
        """Return the pre-authenticated address of a file's bytes, or of those of a version."""
        return self._downloads.url(item, version)

    def delta_entry(self, item: Item, gone: bool) -> dict[str, Any]:
        """Show an item as delta does."""
        if gone:
            return self._gone(item)
        shape = self._shape(item)
        shape["@odata.type"] = "#microsoft.graph.driveItem"
        if item.parent is None:
            del shape["eTag"], shape["cTag"]
            shape["parentReference"] = {
                "driveType": self._drive.drive_type,
                "driveId": self._drive.id,
            }
            return shape
        shape["parentReference"] = self._delta_parent(item.parent)
        if not self._quirks.delta_ctag:
            del shape["cTag"]
        return shape

    def _gone(self, item: Item) -> dict[str, Any]:
        parent = self._delta_parent(item.parent or b"")
        shape: dict[str, Any] = {
            "@odata.type": "#microsoft.graph.driveItem",
            "id": self._drive.item_id(item.uid),
            "parentReference": {k: v for k, v in parent.items() if k != "path"},
            "deleted": {"state": self._quirks.deleted_state},
        }
        if item.is_folder:
            shape["folder"] = {"childCount": 0}
        else:
            shape["file"] = {}
            shape["size"] = 0
        if self._quirks.deleted_name:
            shape["name"] = item.name
        return shape

    def _shape(self, item: Item) -> dict[str, Any]:
        uid = item.uid
        guid = upper_guid_of(uid)
        created = modified = iso_seconds(item.created_at)
        if item.modified_at != item.created_at:
            modified = iso_seconds(item.modified_at)
        shape: dict[str, Any] = {
            "createdDateTime": created,
            "eTag": f'"{{{guid}}},{item.version}"',
            "id": self._drive.item_id(uid),
            "lastModifiedDateTime": modified,
            "name": item.name,
            "webUrl": self._web_url(item, guid),
            "cTag": f'"c:{{{guid}}},{item.content_version}"',
            "fileSystemInfo": {
                "createdDateTime": created
                if item.file_created_at is None
                else iso_seconds(item.file_created_at),
                "lastModifiedDateTime": modified
                if item.file_modified_at is None
                else iso_seconds(item.file_modified_at),
            },
        }
        if self._spell is not None:
            shape["eTag"], shape["cTag"] = self._spell(shape["eTag"]), self._spell(shape["cTag"])
        if item.parent is not None:
            shape["createdBy"] = self._actor(item.created_by)
            shape["lastModifiedBy"] = self._actor(item.modified_by)
        else:
            shape["root"] = {}
        if item.is_folder:
            shape["folder"] = {"childCount": self._drive.child_count(uid)}
            shape["size"] = self._drive.folder_bytes(uid)
        elif item.blob is not None:
            shape["file"] = {
                "mimeType": mime_type(item.name),
                "hashes": {"quickXorHash": item.blob.quick_xor_hash()},
            }
            shape["size"] = item.blob.size
        if item.is_folder and self._has_special and (name := facet(self._drive, item)):
            shape["specialFolder"] = {"name": name}
        if scope := self._sharing.scope(self._drive, uid):
            shape["shared"] = {"scope": scope}
        return shape

    def _actor(self, actor: Actor) -> dict[str, Any]:
        known = self._actors.get(actor)
        if known is None:
            known = self._actors[actor] = actor_shape(actor)
        return known

    def _parent(self, uid: bytes) -> dict[str, Any]:
        known = self._parents.get(uid)
        if known is None:
            folder = self._drive.find(uid)
            name = folder.name if folder is not None and folder.parent is not None else None
            known = {
                "driveType": self._drive.drive_type,
                "driveId": self._drive.id,
                "id": self._drive.item_id(uid),
                # The root is shown by its library's name.
                "name": name or self._drive.url_name,
                "path": self._path(folder),
                "siteId": self._site_id,
            }
            self._parents[uid] = known
        return known

    def _delta_parent(self, uid: bytes) -> dict[str, Any]:
        known = self._delta_parents.get(uid)
        if known is None:
            without = {"name"} if self._quirks.delta_path else {"name", "path"}
            known = {k: v for k, v in self._parent(uid).items() if k not in without}
            self._delta_parents[uid] = known
        return known

    def _path(self, folder: Item | None) -> str:
        below = self._drive.path(folder) if folder is not None else ""
        if self._quirks.path_encoded:
            below = quoted(below)
        return f"/drives/{self._drive.id}/root:{below}"

    def _web_url(self, item: Item, guid: str) -> str:
        if item.parent is None:
            return self._root_url
        extension = item.name.rpartition(".")[2].lower()
        if not item.is_folder and extension in _VIEWED:
            # Office files open in the viewer, so this address is no path.
            site = self._drive.site.web_url
            return (
                f"{site}/_layouts/15/{_VIEWED[extension]}.aspx?sourcedoc=%7B{guid}%7D"
                f"&file={quote(item.name, safe='')}&action=default&mobileredirect=true"
            )
        above = self._urls.get(item.parent)
        if above is None:
            folder = self._drive.find(item.parent)
            below = self._drive.path(folder) if folder is not None else ""
            above = self._urls[item.parent] = f"{self._root_url}{quoted(below)}"
        if _PLAIN.fullmatch(item.name):
            return f"{above}/{item.name.replace(' ', '%20')}"
        return f"{above}/{quote(item.name)}"
