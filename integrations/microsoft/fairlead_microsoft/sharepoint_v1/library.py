"""A document library as actions on its files see it: by Graph's ids, and by paths.

A drive's id holds the id of its list, an item's id its unique id (see `identity`). What an action
is told is looked up in that list, so that an id of another library finds nothing.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import UUID

from fairlead.errors import ProviderError, Rejected
from fairlead_microsoft.rest import Rest, Web, guid
from fairlead_microsoft.sharepoint.models import AuthoredItem
from fairlead_microsoft.sharepoint.wire import invalid
from fairlead_microsoft.sharepoint_v1.identity import ROOT, DriveRef, ItemIds, ItemRef
from fairlead_microsoft.sharepoint_v1.shapes.files import OF_FILES, drive_item
from fairlead_microsoft.sharepoint_v1.shapes.row import Row, is_folder
from fairlead_microsoft.sharepoint_v1.webs import site_ids

_ROOT = "root"
SELECT = f"{OF_FILES.select},Folder/ItemCount,Author/Title,Editor/Title"
EXPAND = f"{OF_FILES.expand},Author,Editor"


@dataclass(frozen=True, slots=True)
class Placed:
    """A file or folder that is there."""

    #: its own address
    url: str
    #: server-relative
    path: str
    is_folder: bool
    unique_id: str
    #: None for the library's own folder
    row: Row | None


@dataclass(frozen=True, slots=True)
class Library:
    """A document library."""

    api: Rest
    web: Web
    drive_id: str
    list_id: str
    #: where the site is, as SharePoint says
    web_url: str
    #: server-relative path of the library
    root: str
    ids: ItemIds

    @classmethod
    async def open(cls, api: Rest, site_id: str, drive_id: str) -> "Library":
        """Find a library by the id that Graph gives it, or else by its list's id or title."""
        web = await api.web(site_id)
        ref = DriveRef.read(drive_id)
        list_id = ref.list_id if ref else drive_id
        told = await api.get_json(
            web.list(list_id),
            select="Id,BaseType,RootFolder/ServerRelativeUrl,RootFolder/UniqueId,ParentWebUrl",
            expand="RootFolder",
        )
        if told.get("BaseType") != 1:
            raise invalid("driveId names a list that holds no files; give a document library.")
        if ref is None:
            collection, own = await site_ids(api, web)
            ref = DriveRef(collection, own, str(UUID(str(told["Id"]))))
        top = await api.get_json(f"{web.api}/v2.0/drives/{ref.id}/root", select="id")
        folder = told["RootFolder"]
        ids = ItemIds.of_root(ref.id, str(top.get("id")), folder.get("UniqueId"))
        if ids is None:
            raise ProviderError(
                "SharePoint gave the root of a library an id of another form; please report it.",
                code="unexpected_reply",
            )
        return cls(api, web, ref.id, ref.list_id, web.url, folder["ServerRelativeUrl"], ids)

    async def find(self, item_id: str) -> Placed:
        """Find a file or folder by the id that Graph gives it, its unique id, or `root`."""
        unique_id = self._unique_id(item_id)
        if unique_id is None:
            return await self.top()
        url = self.web.list(self.list_id, f"getitembyuniqueid('{unique_id}')")
        return self.placed(await self.api.get_json(url, select=SELECT, expand=EXPAND))

    async def again(self, placed: Placed) -> Placed:
        """Read again what was changed."""
        return await self.find(placed.unique_id)

    async def top(self) -> Placed:
        """Return the library's own folder."""
        unique_id = self.ids.root_unique_id or ROOT
        return Placed(self.web.folder(self.root), self.root, True, unique_id, None)

    async def folder(self, item_id: str) -> Placed:
        """Find a folder; Rejected, code `item_not_found`, if it is a file."""
        found = await self.find(item_id)
        if not found.is_folder:
            raise _missing("The item is no folder; the caller must give the id of a folder.")
        return found

    async def file(self, item_id: str) -> Placed:
        """Find a file; Rejected, code `item_not_found`, if it is a folder."""
        found = await self.find(item_id)
        if found.is_folder:
            raise _missing("The item is no file; the caller must give the id of a file.")
        return found

    def placed(self, row: Row) -> Placed:
        """Return what a row of the library stands for."""
        path, unique_id = str(row["FileRef"]), UUID(str(row["UniqueId"]))
        folder = is_folder(row)
        by_id = self.web.folder_by_id if folder else self.web.file_by_id
        return Placed(by_id(unique_id), path, folder, str(unique_id), row)

    def item(self, placed: Placed) -> AuthoredItem:
        """Return a file or folder as Graph shows it, but what this API does not tell of it.

        That is a cTag, a MIME type, a checksum; and of the library's own folder, its times.
        """
        if placed.row is None:
            return AuthoredItem.model_validate(
                {"id": self.ids.root_id, "name": _ROOT, "folder": {}}
            )
        row = placed.row
        record = drive_item(row, self.ids, web_url=self.web_url, root=self.root)
        above = (record.path or "/").rpartition("/")[0]
        facet: dict[str, Any] = {"file": {}}
        if placed.is_folder:
            facet = {"folder": {"childCount": (row.get("Folder") or {}).get("ItemCount")}}
        return AuthoredItem.model_validate(
            {
                "id": record.item_id,
                "name": record.name,
                "size": record.size,
                "webUrl": record.web_url,
                "eTag": record.e_tag,
                "createdDateTime": record.created_date_time,
                "lastModifiedDateTime": record.last_modified_date_time,
                "createdBy": _person(row.get("Author")),
                "lastModifiedBy": _person(row.get("Editor")),
                "parentReference": {
                    "driveId": self.drive_id,
                    "id": record.parent_id,
                    "path": f"/drives/{self.drive_id}/root:{quote(above)}",
                },
                **facet,
            }
        )

    def _unique_id(self, item_id: str) -> str | None:
        """Return the unique id of an item, None for the library's own folder."""
        if item_id == _ROOT:
            return None
        ref = ItemRef.read(item_id)
        if ref is not None:
            if ref.prefix != self.ids.prefix:
                raise _missing("The item is not in this drive; the caller must check both ids.")
            return None if ref.unique_id == ROOT else ref.unique_id
        known = guid(item_id)
        if known is None:
            raise _missing("SharePoint has no such item; the caller must check its id.")
        return str(known)


def _person(told: Any) -> dict[str, Any] | None:
    return {"user": {"displayName": told.get("Title")}} if isinstance(told, dict) else None


def _missing(sentence: str) -> Rejected:
    return Rejected(sentence, code="item_not_found", who="caller", provider_status=404)
