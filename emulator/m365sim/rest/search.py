"""Search: what is in all sites, by a query in the keyword query language.

https://learn.microsoft.com/sharepoint/dev/general-development/sharepoint-search-rest-api-overview,
https://learn.microsoft.com/sharepoint/dev/general-development/keyword-query-language-kql-syntax-reference
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from m365sim.rest.address import Segment
from m365sim.rest.call import Call, pairs
from m365sim.rest.errors import RestError, bad_query
from m365sim.rest.query import sort_key
from m365sim.rest.search_index import Hit, hits_of
from m365sim.rest.tables import Action, Kind, Node, Step
from m365sim.rest.values import Complex, Long, Moment, Result, Several

_SOURCE = "https://learn.microsoft.com/sharepoint/dev/general-development/sharepoint-search-rest-api-overview"
_SPACE = "Microsoft.Office.Server.Search.REST"
_MAX_ROWS, _MAX_START = 500, 50_000
_COUNTED = 10_000  # hits; the total is an estimate in the real service, too
_TERM = re.compile(
    r'(?P<minus>-(?=\w))?(?:(?P<name>\w+)(?P<sign>[:=><]=?))?(?:"(?P<quoted>[^"]*)"|(?P<bare>[^\s"]+))'
)
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


async def _get(call: Call, _: Node, __: Segment) -> Result:
    given = {key.lower(): value.strip("'") for key, value in call.query.items()}
    text = call.query.get("querytext", call.query.get("queryText", given.get("querytext", "")))
    if len(text) >= 2 and text[0] == text[-1] == "'":
        text = text[1:-1].replace("''", "'")
    selected = [name for name in given.get("selectproperties", "").split(",") if name]
    rows, start = given.get("rowlimit", "10"), given.get("startrow", "0")
    if not (rows.isdigit() and start.isdigit()):
        raise bad_query("The rowlimit and the startrow must be numbers.")
    sorting, refiners = _sorting(given.get("sortlist", "")), _names(given.get("refiners"))
    asked = _Asked(text, int(rows), int(start), selected, sorting, refiners)
    return _answer(call, asked, "query")


async def _post(call: Call, _: Node, __: Segment) -> Result:
    request = (await call.json()).get("request")
    if not isinstance(request, dict):
        raise bad_query("The parameter 'request' is missing.")
    given = dict(pairs(request))
    selected = given.get("SelectProperties") or []
    sorting = [
        (str(one.get("Property")), str(one.get("Direction")) in ("1", "descending"))
        for one in given.get("SortList") or ()
        if isinstance(one, dict)
    ]
    asked = _Asked(
        str(given.get("Querytext") or ""),
        int(given.get("RowLimit") or 10),
        int(given.get("StartRow") or 0),
        [str(name) for name in selected],
        sorting,
        _names(given.get("Refiners")),
    )
    return _answer(call, asked, "postquery")


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a query says."""

    text: str
    limit: int
    start: int
    selected: list[str]
    sorting: list[tuple[str, bool]]  # names, and whether each runs downwards
    refiners: list[str]


def _names(text: Any) -> list[str]:
    """Read `FileType,Author(sort=name)`; what is in parentheses is taken and does nothing."""
    return [name for part in str(text or "").split(",") if (name := part.partition("(")[0].strip())]


def _sorting(text: str) -> list[tuple[str, bool]]:
    parts = (part.partition(":") for part in text.split(",") if part.strip())
    return [(name.strip(), way.strip().lower() == "descending") for name, _, way in parts]


def _sort_key(name: str) -> Callable[[Hit], Any]:
    wanted = name.strip("[]").lower()
    return lambda hit: sort_key(
        next((_number(value) for key, value in hit.items() if key.lower() == wanted), None)
    )


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, Long) else value


def _refined(hits: list[Hit], refiners: list[str]) -> Any:
    """Count the values of some properties among all that was found."""
    if not refiners:
        return None
    shown = []
    for name in refiners:
        counts = Counter(text for hit in hits if (text := _value(hit, name.lower())))
        entries = [
            Complex(
                f"{_SPACE}.RefinerEntry",
                {
                    "RefinementCount": Long(count),
                    "RefinementName": text,
                    "RefinementToken": f'"{text}"',
                    "RefinementValue": text,
                },
            )
            for text, count in counts.most_common()
        ]
        values = {"Entries": Several(f"{_SPACE}.RefinerEntry", entries), "Name": name}
        shown.append(Complex(f"{_SPACE}.Refiner", values))
    refiners_ = Several(f"{_SPACE}.Refiner", shown)
    nothing = {"GroupTemplateId": None, "ItemTemplateId": None, "ResultTitle": None}
    return Complex(f"{_SPACE}.RefinementResults", {**nothing, "Refiners": refiners_})


def _condition(text: str) -> tuple[Callable[[Hit], bool], list[str], Callable[[str], bool]]:
    """Read a query: words and properties, all of which must fit; OR, NOT and a minus ahead.

    The words are those that all names must have; the second function tells, sooner than the first,
    whether a file or folder of a name can fit at all.
    """
    either: list[list[Callable[[Hit], bool]]] = [[]]
    words: list[list[str]] = [[]]
    is_not = False
    for found in _TERM.finditer(text.replace("(", " ").replace(")", " ")):
        word = found[0].upper()
        if word == "OR":
            either.append([])
            words.append([])
        elif word == "NOT":
            is_not = True
        elif word != "AND":
            negated = is_not or bool(found["minus"])
            either[-1].append(_negated(_test(found)) if negated else _test(found))
            if not negated and not found["name"]:
                words[-1].append(_word(found))
            is_not = False

    def fits(hit: Hit) -> bool:
        return any(all(test(hit) for test in tests) for tests in either)

    def may_be_called(name: str) -> bool:
        lower = name.lower()
        return any(all(word in lower for word in each) for each in words)

    return fits, words[0] if len(words) == 1 else [], may_be_called


def _word(found: re.Match[str]) -> str:
    """Return a word that is looked for, without its star."""
    return str(found["quoted"] if found["quoted"] is not None else found["bare"]).lower().strip("*")


def _negated(test: Callable[[Hit], bool]) -> Callable[[Hit], bool]:
    return lambda hit: not test(hit)


def _answer(call: Call, asked: _Asked, name: str) -> Result:
    text, limit, start = asked.text, asked.limit, asked.start
    if not text.strip():
        raise bad_query("The querytext is missing.")
    if limit > _MAX_ROWS or start > _MAX_START:
        raise RestError(
            400,
            "-1, Microsoft.Office.Server.Search.REST.SearchServiceException",
            f"No more than {_MAX_ROWS} rows, and none beyond {_MAX_START}.",
        )
    fits, needed, may_be_called = _condition(text)
    matching = (hit for hit in hits_of(call, needed, may_be_called) if fits(hit))
    is_whole = asked.sorting or asked.refiners
    hits = list(matching if is_whole else islice(matching, max(_COUNTED, start + limit + 1)))
    for name_, down in reversed(asked.sorting):
        hits.sort(key=_sort_key(name_), reverse=down)
    columns = asked.selected or list(_DEFAULTS)
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
        "RefinementResults": _refined(hits, asked.refiners),
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


def _test(found: re.Match[str]) -> Callable[[Hit], bool]:
    wanted = (found["quoted"] if found["quoted"] is not None else found["bare"]).lower()
    name, sign = (found["name"] or "").lower(), found["sign"]
    if not name:
        word = wanted.strip("*")
        return lambda hit: word in f"{hit['Filename']} {hit['Title']}".lower()
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
_WHAT = (
    "names and titles of sites, lists, items, files and folders: words, properties, OR, NOT; "
    "rowlimit, startrow, selectproperties, sortlist, refiners; search lag"
)
ACTIONS = (
    Action("search", "Query", "GET", _get, _WHAT, _SOURCE),
    Action("search", "PostQuery", "POST", _post, _WHAT, _SOURCE),
)
