"""Search: files and folders of all sites by a query in the keyword query language.

https://learn.microsoft.com/sharepoint/dev/general-development/sharepoint-search-rest-api-overview,
https://learn.microsoft.com/sharepoint/dev/general-development/keyword-query-language-kql-syntax-reference
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from m365sim.files import Drive, Item
from m365sim.files.ids import guid_of
from m365sim.rest.access import READ, check_token
from m365sim.rest.address import Segment
from m365sim.rest.call import Call, pairs
from m365sim.rest.errors import RestError, bad_query
from m365sim.rest.tables import Action, Kind, Node, Step
from m365sim.rest.values import Complex, Long, Moment, Result, Several

_SOURCE = "https://learn.microsoft.com/sharepoint/dev/general-development/sharepoint-search-rest-api-overview"
_SPACE = "Microsoft.Office.Server.Search.REST"
_MAX_ROWS, _MAX_START = 500, 50_000
_TERM = re.compile(r'(?:(?P<name>\w+)(?P<sign>[:=><]=?))?(?:"(?P<quoted>[^"]*)"|(?P<bare>[^\s"]+))')
_DEFAULTS = (
    "Rank",
    "DocId",
    "Title",
    "Author",
    "Size",
    "Path",
    "Write",
    "FileExtension",
    "IsContainer",
    "OriginalPath",
    "SiteName",
    "SPWebUrl",
    "UniqueId",
)

Hit = dict[str, Any]


async def _get(call: Call, _: Node, __: Segment) -> Result:
    given = {key.lower(): value.strip("'") for key, value in call.query.items()}
    text = call.query.get("querytext", call.query.get("queryText", given.get("querytext", "")))
    if len(text) >= 2 and text[0] == text[-1] == "'":
        text = text[1:-1].replace("''", "'")
    selected = [name for name in given.get("selectproperties", "").split(",") if name]
    rows, start = given.get("rowlimit", "10"), given.get("startrow", "0")
    if not (rows.isdigit() and start.isdigit()):
        raise bad_query("The rowlimit and the startrow must be numbers.")
    return _answer(call, text, int(rows), int(start), selected=selected, name="query")


async def _post(call: Call, _: Node, __: Segment) -> Result:
    request = (await call.json()).get("request")
    if not isinstance(request, dict):
        raise bad_query("The parameter 'request' is missing.")
    given = dict(pairs(request))
    selected = given.get("SelectProperties") or []
    return _answer(
        call,
        str(given.get("Querytext") or ""),
        int(given.get("RowLimit") or 10),
        int(given.get("StartRow") or 0),
        selected=[str(name) for name in selected],
        name="postquery",
    )


def _answer(
    call: Call, text: str, limit: int, start: int, *, selected: list[str], name: str
) -> Result:
    if not text.strip():
        raise bad_query("The querytext is missing.")
    if limit > _MAX_ROWS or start > _MAX_START:
        raise RestError(
            400,
            "-1, Microsoft.Office.Server.Search.REST.SearchServiceException",
            f"No more than {_MAX_ROWS} rows, and none beyond {_MAX_START}.",
        )
    tests = [_test(found) for found in _TERM.finditer(text) if found[0].upper() != "AND"]
    hits = [hit for hit in _hits(call) if all(test(hit) for test in tests)]
    columns = selected or list(_DEFAULTS)
    rows = [_row(hit, columns) for hit in islice(hits, start, start + limit)]
    relevant = {
        "GroupTemplateId": None,
        "ItemTemplateId": None,
        "Properties": Several("SP.KeyValue", []),
        "ResultTitle": None,
        "ResultTitleUrl": None,
        "RowCount": len(rows),
        "Table": Complex("SP.SimpleDataTable", {"Rows": Several("SP.SimpleDataRow", rows)}),
        "TotalRows": len(hits),
        "TotalRowsIncludingDuplicates": len(hits),
    }
    primary = {
        "CustomResults": Several(f"{_SPACE}.CustomResult", []),
        "QueryId": "00000000-0000-0000-0000-000000000000",
        "QueryRuleId": "00000000-0000-0000-0000-000000000000",
        "RefinementResults": None,
        "RelevantResults": Complex(f"{_SPACE}.RelevantResults", relevant),
        "SpecialTermResults": None,
    }
    whole = {
        "ElapsedTime": 12,
        "PrimaryQueryResult": Complex(f"{_SPACE}.QueryResult", primary),
        "Properties": Several("SP.KeyValue", []),
        "SecondaryQueryResults": Several(f"{_SPACE}.QueryResult", []),
        "SpellingSuggestion": "",
        "TriggeredRules": Several("Edm.Guid", []),
    }
    return Result(Complex(f"{_SPACE}.SearchResult", whole), name)


def _hits(call: Call) -> Iterator[Hit]:
    """Yield what the caller sees in any site, by DocId; the index lags behind."""
    newest = (call.world.clock.now() - call.world.quirks.search_lag).timestamp()
    number = 0
    for drive in call.world.content.drives():
        try:
            check_token(call.world, call.principal, drive.site, READ)
        except RestError:
            continue
        viewer = call.viewer(drive)
        for item in drive.walk(drive.root):
            number += 1
            if item.modified_at <= newest and (viewer.sees_everything or viewer.sees(item)):
                yield _hit(drive, item, number)


def _hit(drive: Drive, item: Item, number: int) -> Hit:
    path = f"{drive.site.web_url}/{drive.url_name}{drive.path(item)}"
    extension = item.name.rpartition(".")[2].lower() if "." in item.name else ""
    return {
        "Rank": 16.5,
        "DocId": Long(17_592_186_044_416 + number),
        "IndexDocId": Long(17_592_186_044_416 + number),
        "Title": item.name.rpartition(".")[0] or item.name,
        "Filename": item.name,
        "Author": item.created_by.user_name or "",
        "Size": Long(item.size),
        "Path": path,
        "OriginalPath": path,
        "Write": Moment.of(item.modified_at),
        "LastModifiedTime": Moment.of(item.modified_at),
        "Created": Moment.of(item.created_at),
        "FileExtension": None if item.is_folder else extension,
        "FileType": extension,
        "IsContainer": item.is_folder,
        "IsDocument": not item.is_folder,
        "ContentClass": "STS_ListItem_DocumentLibrary",
        "SiteName": drive.site.web_url,
        "SPWebUrl": drive.site.web_url,
        "SiteId": guid_of(drive.site.collection),
        "WebId": guid_of(drive.site.web),
        "ListId": guid_of(drive.library),
        "UniqueId": f"{{{guid_of(item.uid)}}}",
    }


def _test(found: re.Match[str]) -> Callable[[Hit], bool]:
    wanted = (found["quoted"] if found["quoted"] is not None else found["bare"]).lower()
    name, sign = (found["name"] or "").lower(), found["sign"]
    if not name:
        word = wanted.strip("*")
        return lambda hit: word in str(hit["Filename"]).lower()
    if sign == ">":
        return lambda hit: int(_value(hit, name) or 0) > int(wanted)
    if sign == "=":
        return lambda hit: _value(hit, name) == wanted
    if name in ("path", "filename", "title"):
        start = wanted.rstrip("*/")
        return lambda hit: (
            _value(hit, name).startswith(start) if name == "path" else start in _value(hit, name)
        )
    return lambda hit: _value(hit, name).strip("{}") == wanted.strip("{}")


def _value(hit: Hit, name: str) -> str:
    for key, value in hit.items():
        if key.lower() == name:
            return str(int(value) if isinstance(value, bool) else value or "").lower()
    raise bad_query(f"The property '{name}' is not modelled.")


def _row(hit: Hit, columns: list[str]) -> Complex:
    known = {key.lower(): value for key, value in hit.items()}
    cells = []
    for name in columns:
        value = known.get(name.strip().lower())
        kind = next((edm for t, edm in _EDM if isinstance(value, t)), "Edm.String")
        text = None if value is None else str(value).lower() if value is True else str(value)
        values = {"Key": name.strip(), "Value": text, "ValueType": kind if text else "Null"}
        cells.append(Complex("SP.KeyValue", values))
    return Complex("SP.SimpleDataRow", {"Cells": Several("SP.KeyValue", cells)})


_EDM: tuple[tuple[type, str], ...] = (
    (Long, "Edm.Int64"),
    (Moment, "Edm.DateTime"),
    (float, "Edm.Double"),
    (bool, "Edm.Boolean"),
)
KINDS = (Kind("search"),)
STEPS = (
    Step("root", "Search", lambda _c, _n, _s: Node("search", "Search", 1), "search", "see below"),
)
_WHAT = "names of files and folders in all sites: words, path:, filetype:, IndexDocId>; search lag"
ACTIONS = (
    Action("search", "Query", "GET", _get, _WHAT, _SOURCE),
    Action("search", "PostQuery", "POST", _post, _WHAT, _SOURCE),
)
