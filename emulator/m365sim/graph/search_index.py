"""What the search of the whole tenant finds: sites, libraries, lists, items, files and folders.

https://learn.microsoft.com/graph/api/resources/search-api-overview. A hit shows less of a resource
than a read of it does: of a file neither its tags nor its `file` facet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from m365sim.files import Drive, Item, Site
from m365sim.files.finding import candidates
from m365sim.files.ids import guid_of, upper_guid_of
from m365sim.graph.access import is_open
from m365sim.graph.item_shapes import ItemShapes
from m365sim.graph.kql import Document, Value
from m365sim.graph.list_access import sees_list
from m365sim.graph.list_shapes import RowShapes, list_shape
from m365sim.graph.search import indexed_text
from m365sim.graph.shapes import drive_shape, iso, iso_seconds, site_shape
from m365sim.lists import Library, Row, SharePointList

if TYPE_CHECKING:
    from m365sim.graph.call import Call

MAX_INDEXED = 200_000  # items of one library that may fit and are looked at

_PERSON = ("createdBy", "lastModifiedBy")
_OF_FILES = (
    "size",
    "fileSystemInfo",
    "id",
    "createdBy",
    "createdDateTime",
    "lastModifiedBy",
    "lastModifiedDateTime",
    "name",
    "webUrl",
)


Shown = tuple[dict[str, Any], dict[str, Any]]  # a resource, and the values of its columns


@dataclass(slots=True)
class Hit:
    """Something in the index; how it is shown is found out when it is."""

    kind: str  # driveItem, listItem, list, drive or site
    id: str
    document: Document
    show: Callable[[], Shown]
    _shown: Shown | None = None

    @property
    def shape(self) -> dict[str, Any]:
        """The resource."""
        return self._whole()[0]

    @property
    def fields(self) -> dict[str, Any]:
        """The values of the columns of a list item."""
        return self._whole()[1]

    def _whole(self) -> Shown:
        if self._shown is None:
            self._shown = self.show()
        return self._shown


class Index:
    """Goes through everything that a caller may find; the index lags behind."""

    def __init__(
        self, call: Call, kinds: frozenset[str], needed: Sequence[str], *, private: bool
    ) -> None:
        self._needed = needed  # words that whatever fits must say
        self._call = call
        self._kinds = kinds
        self._private = private
        self._newest = call.world.clock.now() - call.world.quirks.search_lag

    def hits(self) -> Iterator[Hit]:
        """Yield everything of the kinds asked for."""
        call = self._call
        for site in call.world.content.all_sites():
            if site.is_personal and call.principal.user is None and not self._private:
                continue
            if not call.sees_site(site):
                continue
            if "site" in self._kinds and site.created_at <= self._newest:
                yield _site_hit(site)
            for known in call.world.lists.of(site):
                if not known.is_system and sees_list(call, known):
                    yield from self._of_list(known)

    def _of_list(self, known: SharePointList) -> Iterator[Hit]:
        if "list" in self._kinds and self._is_old(known.created_at):
            yield _list_hit(known)
        if not isinstance(known, Library):
            if "listItem" in self._kinds:
                shapes = RowShapes(self._call, known)
                for row in known.rows_after(0):
                    if self._is_old(row.modified_at):
                        yield _row_hit(known, row, shapes)
            return
        if not is_open(self._call.world.content, self._call.principal, known.drive):
            return
        if "drive" in self._kinds and self._is_old(known.drive.created_at):
            yield _drive_hit(known.drive)
        if self._kinds & {"driveItem", "listItem"}:
            yield from self._files(known)

    def _files(self, library: Library) -> Iterator[Hit]:
        drive = library.drive
        viewer = self._call.viewer(drive)
        shapes = ItemShapes(self._call.world, drive, self._call.principal)
        rows = RowShapes(self._call, library)
        kind = "driveItem" if "driveItem" in self._kinds else "listItem"
        for item in islice(candidates(drive, self._needed), MAX_INDEXED):
            if self._is_old(item.modified_at) and (viewer.sees_everything or viewer.sees(item)):
                yield _file_hit(kind, library, item, shapes, rows)

    def _is_old(self, changed_at: int) -> bool:
        return changed_at <= self._newest.timestamp()


def _site_hit(site: Site) -> Hit:
    shape = {"@odata.type": "#microsoft.graph.site", **site_shape(site)}
    text = f"{site.display_name} {site.name} {site.description}"
    properties: dict[str, Value] = {
        "title": site.display_name,
        "path": site.web_url,
        "contentclass": "STS_Site" if site.parent is None else "STS_Web",
        "created": iso(site.created_at),
        "siteid": guid_of(site.collection),
    }
    return Hit("site", site.id, Document(text, properties), lambda: (shape, {}))


def _drive_hit(drive: Drive) -> Hit:
    shape = drive_shape(drive)
    kept = ("createdBy", "description", "id", "lastModifiedDateTime", "name", "webUrl")
    shown = {name: shape[name] for name in kept if name in shape}
    shown["parentReference"] = {"siteId": drive.site.id}
    properties: dict[str, Value] = {"title": drive.name, "path": shape["webUrl"]}
    whole = {"@odata.type": "#microsoft.graph.drive", **shown}
    return Hit("drive", drive.id, Document(drive.name, properties), lambda: (whole, {}))


def _list_hit(known: SharePointList) -> Hit:
    shape = list_shape(known)
    for name in ("@odata.etag", "eTag", "list", "createdBy", "lastModifiedBy"):
        del shape[name]
    properties: dict[str, Value] = {
        "title": known.display_name,
        "path": known.web_url,
        "contentclass": "STS_List_DocumentLibrary" if isinstance(known, Library) else "STS_List",
        "listid": known.id,
    }
    text = f"{known.display_name} {known.description}"
    whole = {"@odata.type": "#microsoft.graph.list", **shape}
    return Hit("list", known.id, Document(text, properties), lambda: (whole, {}))


def _row_hit(known: SharePointList, row: Row, shapes: RowShapes) -> Hit:
    shape = shapes.row(row)
    fields = shapes.values.fields(row, None)
    texts = [value for value in fields.values() if isinstance(value, str)]
    title = str(fields.get("Title") or "")
    shown = {
        "@odata.type": "#microsoft.graph.listItem",
        "createdBy": _named(shape["createdBy"]),
        "createdDateTime": shape["createdDateTime"],
        "id": guid_of(row.uid),
        "lastModifiedBy": _named(shape["lastModifiedBy"]),
        "lastModifiedDateTime": shape["lastModifiedDateTime"],
        "name": title,
        "parentReference": {"siteId": known.site.id, "sharepointIds": _ids(known, row)},
        "webUrl": f"{known.web_url}/DispForm.aspx?ID={row.id}",
    }
    author, editor = (shape[name]["user"]["displayName"] for name in _PERSON)
    properties: dict[str, Value] = {
        "title": title,
        "path": shown["webUrl"],
        **_people(author, editor),
        **_times(shape["createdDateTime"], shape["lastModifiedDateTime"]),
        "contentclass": "STS_ListItem_GenericList",
        "isdocument": False,
        "listid": known.id,
    }
    document = Document(" ".join(texts), properties)
    return Hit("listItem", guid_of(row.uid), document, lambda: (shown, fields))


def _file_hit(kind: str, library: Library, item: Item, shapes: ItemShapes, rows: RowShapes) -> Hit:
    drive = library.drive

    def show() -> Shown:
        whole, row = shapes.item(item), library.row_of(item)
        shape: dict[str, Any] = {"@odata.type": f"#microsoft.graph.{kind}"}
        shape |= {name: whole[name] for name in _OF_FILES if name in whole}
        shape |= {name: _named(whole[name]) for name in _PERSON if name in whole}
        shape["parentReference"] = {
            "driveId": drive.id,
            "id": drive.item_id(item.parent or item.uid),
            "sharepointIds": _ids(library, row),
            "siteId": drive.site.id,
        }
        return shape, rows.values.fields(row, None)

    document = Document(item.name, _file_properties(library, item), lambda: indexed_text(item))
    return Hit(kind, drive.item_id(item.uid), document, show)


def _file_properties(library: Library, item: Item) -> dict[str, Value]:
    extension = "" if item.is_folder else item.name.rpartition(".")[2].lower()
    author, editor = item.created_by.user_name or "", item.modified_by.user_name or ""
    return {
        "title": item.name,
        "path": f"{library.web_url}{quote(library.drive.path(item))}",
        **_people(author, editor),
        **_times(iso_seconds(item.created_at), iso_seconds(item.modified_at)),
        "filename": item.name,
        "filetype": extension,
        "fileextension": extension,
        "size": item.size,
        "isdocument": not item.is_folder,
        "iscontainer": item.is_folder,
        "contentclass": "STS_ListItem_DocumentLibrary",
        "listid": library.id,
        "uniqueid": guid_of(item.uid),
    }


def _ids(known: SharePointList, row: Row) -> dict[str, str]:
    return {
        "listId": known.id,
        "listItemId": str(row.id),
        "listItemUniqueId": upper_guid_of(row.uid).lower(),
    }


def _named(identity: dict[str, Any]) -> dict[str, Any]:
    user = identity["user"]
    return {"user": {key: user[key] for key in ("displayName", "email") if key in user}}


def _people(author: str, editor: str) -> dict[str, Value]:
    return {"author": author, "createdby": author, "editor": editor, "modifiedby": editor}


def _times(created: str, modified: str) -> dict[str, Value]:
    return {"created": created, "write": modified, "lastmodifiedtime": modified}
