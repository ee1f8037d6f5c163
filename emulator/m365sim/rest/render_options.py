"""What `RenderListDataAsStream` puts around the items, by the flags of its `RenderOptions`.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/working-with-lists-and-list-items-with-rest#sprenderlistdataoptions-options
tells what each flag is for, not what the answer looks like: names are those that clients read. A
flag whose answer nothing tells (MenuView, ClientFormSchema, QuickLaunch, Spotlight, ...) counts as
a request that is not modelled.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag
from typing import Any

from m365sim.files.ids import upper_guid_of
from m365sim.graph.item_shapes import ctag, etag
from m365sim.lists import Library, Row, SharePointList
from m365sim.lists.generic import GenericList
from m365sim.lists.view import View
from m365sim.rest.call import Call
from m365sim.rest.fields import field_type
from m365sim.rest.list_folders import folder_number, located
from m365sim.rest.lists import item_count
from m365sim.rest.view_shapes import xml_of
from m365sim.rest.views import find_view

_ALL_RIGHTS = "0x7fffffffffffffff"
#: Of the service that makes pictures nothing is served but these addresses.
_SPI = "{.mediaBaseUrl}/transform/%s?provider=spo&inputFormat={.fileType}&cs={.callerStack}"
_MEDIA = _SPI + "&docid={.spItemUrl}&{.driveAccessToken}"


class Option(IntFlag):
    """The flags that are answered."""

    CONTEXT_INFO = 1
    LIST_DATA = 2
    LIST_SCHEMA = 4
    LIST_CONTENT_TYPE = 16
    VIEW_METADATA = 1024
    DISABLE_AUTO_HYPERLINK = 2048  # texts are never made into links here
    MEDIA_URLS = 4096
    PARENT_INFO = 8192


_KNOWN = sum(Option)


@dataclass(frozen=True, slots=True)
class Rendered:
    """What was rendered: a list, by a view, in a folder."""

    call: Call
    found: SharePointList
    view_id: str
    folder: tuple[str, str, int] | None  # server-relative path, unique id, number; None: the root


def options_of(parameters: dict[str, Any]) -> int:
    """Return the flags that a request sets: a number, or several of them."""
    options = parameters.get("RenderOptions") or int(Option.LIST_DATA)
    if isinstance(options, list):
        options = sum({one for one in options if isinstance(one, int)})
    return options if isinstance(options, int) else int(Option.LIST_DATA)


def row_folder(call: Call, found: SharePointList, place: str | None) -> tuple[str, str, int] | None:
    """Return what is told of the folder at a path."""
    if not place:
        return None
    if isinstance(found, GenericList):
        row = found.find(folder_number(found, located(call, found, place)))
        if row is None:
            return None
        path = "".join(f"/{one.leaf}" for one in (*found.above(row), row))
        return f"{found.site.path}/{found.folder}{path}", upper_guid_of(row.uid), row.id
    drive, item = call.resolve(place)
    if item.parent is None:
        return None
    number = call.world.lists.library(drive).number_of(item.uid)
    return drive.place(item), upper_guid_of(item.uid), number


def row_media(call: Call, found: SharePointList, row: Row, options: int) -> dict[str, Any]:
    """Return what a row has for the addresses of pictures and conversions of its file."""
    item = row.item
    if not options & Option.MEDIA_URLS or not isinstance(found, Library) or item is None:
        return {}
    drive = found.drive
    origin = f"https://{call.site.host}:443"
    url = f"{origin}/_api/v2.0/drives/{drive.id}/items/{drive.item_id(item.uid)}"
    kind = "" if item.is_folder else item.name.rpartition(".")[2].lower()
    return {
        ".spItemUrl": f"{url}?version=Published",
        ".fileType": kind,
        ".etag": etag(item),
        ".ctag": ctag(item),
    }


def around(what: Rendered, parameters: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """Put what else was asked for around the items; alone they stand by themselves."""
    options = options_of(parameters)
    if options & ~_KNOWN:
        what.call.is_unmodelled = True
    if not options & ~Option.LIST_DATA & ~Option.DISABLE_AUTO_HYPERLINK:
        return data
    whole: dict[str, Any] = {"wpq": "", "Templates": {}}
    if options & Option.LIST_DATA:
        whole["ListData"] = data
    if options & Option.LIST_SCHEMA:
        whole["ListSchema"] = _schema(what) | (_media(what) if options & Option.MEDIA_URLS else {})
    if options & Option.CONTEXT_INFO:
        whole |= _context(what)
    if options & Option.LIST_CONTENT_TYPE:
        whole["ListContentType"] = _content_types(what.found)
    if options & Option.VIEW_METADATA:
        whole["ViewMetadata"] = _view(what)
    if options & Option.PARENT_INFO:
        whole["ParentInfo"] = {"ParentFolderInfo": _parent(what)}
    return whole


def _schema(what: Rendered) -> dict[str, Any]:
    call, found = what.call, what.found
    people = call.world.lists.people(call.site)
    return {
        "Field": [
            {
                "Name": column.name,
                "RealFieldName": column.name,
                "DisplayName": column.display_name,
                "ID": column.id,
                "FieldType": field_type(column)[2],
                "Type": field_type(column)[2],
                "ReadOnly": str(column.read_only).upper(),
                "Filterable": "TRUE",
                "Sortable": "TRUE",
            }
            for column in found.schema.columns.values()
            if not column.hidden
        ],
        "LCID": "1033",
        "Userid": str(people.number(call.actor())),
        "PagePath": f"/{found.folder}",
        "ListRight_AddListItems": "1",
        "TimeZone": "0",
        "View": f"{{{_view_of(what).id.upper()}}}",
    }


def _media(what: Rendered) -> dict[str, Any]:
    origin = what.call.base.partition("/_api")[0]
    return {
        ".mediaBaseUrl": f"{origin}/_layouts/15/media",
        ".thumbnailUrl": _MEDIA % "thumbnail",
        ".videoManifestUrl": _MEDIA % "videomanifest",
        ".pdfConversionUrl": _MEDIA % "pdf",
    }


def _context(what: Rendered) -> dict[str, Any]:
    call, found = what.call, what.found
    site, is_library = found.site, isinstance(found, Library)
    people = call.world.lists.people(call.site)
    drive = found.drive if isinstance(found, Library) else None
    return {
        "listTitle": found.display_name,
        "listName": f"{{{found.id.upper()}}}",
        "listBaseType": int(is_library),
        "listTemplate": "101" if is_library else "100",
        "listUrlDir": f"{site.path}/{found.folder}",
        "ItemCount": item_count(found),
        "view": f"{{{_view_of(what).id.upper()}}}",
        "rootFolder": what.folder[0] if what.folder is not None else "",
        "HttpRoot": site.web_url,
        "HttpPath": f"{site.web_url}/_vti_bin/owssvr.dll?CS=65001",
        "imagesPath": "/_layouts/15/images/",
        "ContentTypesEnabled": found.content_types_enabled,
        "verEnabled": 1,
        "isModerated": drive is not None and drive.is_moderated,
        "EnableMinorVersions": drive is not None and drive.minor_versions,
        "RecycleBinEnabled": 1,
        "CurrentUserId": people.number(call.actor()),
        "CurrentLanguage": 1033,
    }


def _content_types(found: SharePointList) -> list[dict[str, Any]]:
    return [
        {"id": known.id, "name": known.name, "description": known.description}
        for known in found.schema.content_types.values()
    ]


def _view(what: Rendered) -> dict[str, Any]:
    view = _view_of(what)
    return {
        "Id": view.id,
        "Title": view.title,
        "ListViewXml": xml_of(what.found, view),
        "ServerRelativeUrl": what.found.views.place(view),
        "DefaultView": view.is_default,
        "RowLimit": view.row_limit,
        "Paged": view.is_paged,
        "ViewQuery": view.query,
        "ViewType": view.kind,
        "Hidden": view.is_hidden,
        "PersonalView": view.is_personal,
    }


def _view_of(what: Rendered) -> View:
    is_kept = what.view_id.strip("0-")
    return find_view(what.found, what.view_id) if is_kept else what.found.views.default


def _parent(what: Rendered) -> list[dict[str, Any]]:
    if what.folder is None:
        return []
    place, uid, number = what.folder
    return [
        {
            "ServerRelativeUrl": place,
            "UniqueId": f"{{{uid}}}",
            "ID": str(number),
            "Permissions": _ALL_RIGHTS,
        }
    ]
