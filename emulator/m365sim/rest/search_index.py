"""What search finds: sites, lists, items of lists, files and folders that the caller sees.

Content classes: https://learn.microsoft.com/sharepoint/technical-reference/crawled-and-managed-properties-overview
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import Any

from m365sim.files import Drive, Item, Site
from m365sim.files.finding import candidates
from m365sim.files.ids import guid_of
from m365sim.lists import Library, Row, SharePointList
from m365sim.rest.access import READ, check_token
from m365sim.rest.call import Call
from m365sim.rest.errors import RestError
from m365sim.rest.values import Long, Moment

Hit = dict[str, Any]

_FIRST = 17_592_186_044_416  # DocId before the first file
_PER_DRIVE = 1 << 28  # DocIds for the files of one library
_OF_LISTS = 1 << 45  # DocId before the first of whatever is no file


def hits_of(
    call: Call, needed: Sequence[str], may_be_called: Callable[[str], bool]
) -> Iterator[Hit]:
    """Yield what the caller sees in any site, by DocId; the index lags behind.

    Of files and folders only those are shown whose names may be meant, and have the words that are
    needed: there can be a million.
    """
    newest = (call.world.clock.now() - call.world.quirks.search_lag).timestamp()
    for place, drive in enumerate(call.world.content.drives()):
        if not _may_read(call, drive.site):
            continue
        viewer, library = call.viewer(drive), call.world.lists.library(drive)
        numbered = []
        for item in candidates(drive, needed, in_content=False):
            if item.modified_at > newest or not may_be_called(item.name):
                continue
            if viewer.sees_everything or viewer.sees(item):
                numbered.append((library.number_of(item.uid), item))
        numbered.sort(key=itemgetter(0))
        for number, item in numbered:
            yield _of_file(drive, item, drive.path(item), _FIRST + place * _PER_DRIVE + number)
    yield from _others(call, newest)


def _others(call: Call, newest: float) -> Iterator[Hit]:
    """Yield sites, lists and items of lists."""
    number = _OF_LISTS
    for site in call.world.content.all_sites():
        number += 1
        if not _may_read(call, site) or not call.world.sharing.sees_site(call.principal, site):
            continue
        if site.created_at.timestamp() <= newest:
            yield _of_site(site, number)
        for found in call.world.lists.of(site):
            number += 1 + found.last
            if not (found.hidden or found.is_system) and call.sees(found):
                yield from _in_list(call, found, newest, number)


def _in_list(call: Call, found: SharePointList, newest: float, number: int) -> Iterator[Hit]:
    """Yield a list and, of one that is no library, its items; they are numbered backwards."""
    if found.created_at <= newest:
        yield _of_list(found, number)
    for row in () if isinstance(found, Library) else found.rows_after(0):
        if row.modified_at <= newest and call.sees_row(found, row):
            yield _of_row(found, row, number - row.id)


def _may_read(call: Call, site: Site) -> bool:
    try:
        check_token(call.world, call.principal, site, READ)
    except RestError:
        return False
    return True


def _hit(site: Site, number: int, path: str, title: str, **values: Any) -> Hit:
    return {
        "Rank": 16.5,
        "DocId": Long(number),
        "IndexDocId": Long(number),
        "Title": title,
        "Filename": "",
        "Author": "",
        "Size": Long(0),
        "Path": path,
        "OriginalPath": path,
        "FileExtension": None,
        "FileType": "",
        "IsContainer": False,
        "IsDocument": False,
        "SiteName": site.web_url,
        "SPWebUrl": site.web_url,
        "SiteId": guid_of(site.collection),
        "WebId": guid_of(site.web),
        "ListId": "",
        "ListItemID": None,
        "UniqueId": f"{{{guid_of(site.web)}}}",
        **values,
    }


def _times(made: float, changed: float) -> Hit:
    moment = Moment.of(changed)
    return {"Write": moment, "LastModifiedTime": moment, "Created": Moment.of(made)}


def _of_file(drive: Drive, item: Item, below: str, number: int) -> Hit:
    path = f"{drive.site.web_url}/{drive.url_name}{below}"
    extension = item.name.rpartition(".")[2].lower() if "." in item.name else ""
    return _hit(
        drive.site,
        number,
        path,
        item.name.rpartition(".")[0] or item.name,
        Filename=item.name,
        Author=item.created_by.user_name or "",
        Size=Long(item.size),
        FileExtension=None if item.is_folder else extension,
        FileType=extension,
        IsContainer=item.is_folder,
        IsDocument=not item.is_folder,
        ContentClass="STS_ListItem_DocumentLibrary",
        ListId=guid_of(drive.library),
        UniqueId=f"{{{guid_of(item.uid)}}}",
        **_times(item.created_at, item.modified_at),
    )


def _of_site(site: Site, number: int) -> Hit:
    made = site.created_at.timestamp()
    return _hit(
        site,
        number,
        site.web_url,
        site.display_name,
        ContentClass="STS_Site" if site.parent is None else "STS_Web",
        IsContainer=True,
        **_times(made, made),
    )


def _of_list(found: SharePointList, number: int) -> Hit:
    kind = "DocumentLibrary" if isinstance(found, Library) else "GenericList"
    return _hit(
        found.site,
        number,
        found.web_url,
        found.display_name,
        ContentClass=f"STS_List_{kind}",
        IsContainer=True,
        ListId=found.id,
        UniqueId=f"{{{found.id}}}",
        **_times(found.created_at, found.modified_at),
    )


def _of_row(found: SharePointList, row: Row, number: int) -> Hit:
    return _hit(
        found.site,
        number,
        f"{found.web_url}/DispForm.aspx?ID={row.id}",
        str(row.values.get("Title") or ""),
        Author=row.created_by.user_name or "",
        ContentClass="STS_ListItem_GenericList",
        ListId=found.id,
        ListItemID=str(row.id),
        UniqueId=f"{{{guid_of(row.uid)}}}",
        **_times(row.created_at, row.modified_at),
    )
