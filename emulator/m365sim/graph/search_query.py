"""Searching the tenant: `POST /search/query`.

https://learn.microsoft.com/graph/api/search-query,
https://learn.microsoft.com/graph/api/resources/search-api-overview,
https://learn.microsoft.com/graph/search-concept-searchall
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

from m365sim.graph.access import check_search
from m365sim.graph.call import Call
from m365sim.graph.kql import BadQuery, Query, read_query
from m365sim.graph.reply import GraphError, Reply, json_reply
from m365sim.graph.search_index import Hit, Index
from m365sim.graph.shapes import CONTEXT, narrowed

KINDS = frozenset({"driveItem", "listItem", "list", "drive", "site"})
PAGE, MAX_PAGE = 25, 500
MAX_COUNTED = 1000  # matches; the total is an estimate in the real service, too
MAX_SORTED = 10_000  # matches, of which the first in another order are shown
MAX_SORTS = 5

#: Property to sort by, in lower case → where it is in what a hit shows.
_SORTABLE = {
    "name": "name",
    "title": "name",
    "size": "size",
    "createddatetime": "createdDateTime",
    "created": "createdDateTime",
    "lastmodifieddatetime": "lastModifiedDateTime",
    "lastmodifiedtime": "lastModifiedDateTime",
    "weburl": "webUrl",
    "path": "webUrl",
}


@dataclass(frozen=True, slots=True)
class _Request:
    kinds: frozenset[str]
    query: Query
    start: int
    size: int
    fields: list[str] | None
    sorts: list[tuple[str, bool]]
    private: bool


async def search(call: Call) -> Reply:
    """Find files, folders, list items, lists, libraries and sites that fit a query."""
    body = await call.json()
    requests = body.get("requests")
    if not isinstance(requests, list) or not requests or not isinstance(requests[0], dict):
        raise _bad("SearchRequest Invalid (At least one request is required.)")
    if len(requests) > 1:
        raise _bad("SearchRequest Invalid (Only one search request is supported at a time.)")
    request = _read(call, requests[0])
    for kind in sorted(request.kinds):
        check_search(call.principal, kind)
    index = Index(call, request.kinds, request.query.needed, private=request.private)
    most = max(MAX_SORTED if request.sorts else MAX_COUNTED, request.start + request.size + 1)
    found = list(islice(_matching(index, request.query), most))
    for name, downwards in reversed(request.sorts):
        found.sort(key=partial(_sort_key, name), reverse=downwards)
    stop = request.start + request.size
    container: dict[str, Any] = {"total": len(found), "moreResultsAvailable": stop < len(found)}
    if page := found[request.start : stop]:
        hits = [_shown(hit, rank, request) for rank, hit in enumerate(page, request.start + 1)]
        container = {"hits": hits, **container}
    answer = {"searchTerms": list(request.query.terms), "hitsContainers": [container]}
    context = f"{CONTEXT}#Collection(microsoft.graph.searchResponse)"
    return json_reply({"value": [answer], "@odata.context": context})


def _matching(index: Index, query: Query) -> Iterator[Hit]:
    for hit in index.hits():
        fits = query.matches(hit.document)
        hit.document.forget()
        if fits:
            yield hit


def _read(call: Call, body: dict[str, Any]) -> _Request:
    options = body.get("sharePointOneDriveOptions") or {}
    content = str(options.get("includeContent", "")) if isinstance(options, dict) else ""
    _check_region(call, body.get("region"))
    return _Request(
        _kinds(body.get("entityTypes")),
        _query(body.get("query")),
        _number(body, "from", 0, at_least=0),
        _number(body, "size", PAGE, at_least=1),
        _fields(body.get("fields")),
        _sorts(body.get("sortProperties")),
        "privateContent" in content,
    )


def _kinds(names: Any) -> frozenset[str]:
    if not isinstance(names, list) or not names:
        raise _bad("SearchRequest Invalid (entityTypes is required.)")
    found = frozenset(str(name).removeprefix("microsoft.graph.") for name in names)
    if not found <= KINDS:
        raise _bad(f"SearchRequest Invalid (Entity type {', '.join(sorted(found - KINDS))}.)")
    return found


def _query(query: Any) -> Query:
    text = query.get("queryString") if isinstance(query, dict) else None
    if not isinstance(text, str) or not text.strip():
        raise _bad("SearchRequest Invalid (query.queryString is required.)")
    template = query.get("queryTemplate")
    whole = template.replace("{searchTerms}", text) if isinstance(template, str) else text
    try:
        return read_query(whole)
    except BadQuery as broken:
        raise _bad(f"SearchRequest Invalid ({broken})") from broken


def _check_region(call: Call, region: Any) -> None:
    """Refuse an app that names no region, or another than the tenant's.

    The messages: https://github.com/microsoftgraph/microsoft-graph-docs-contrib/pull/9085 and
    https://github.com/microsoftgraph/microsoft-graph-docs-contrib/issues/1345
    """
    if call.principal.user is not None:
        return
    if not region:
        raise _bad(
            "SearchRequest Invalid (Region is required when request with application permission.)"
        )
    here = call.world.quirks.search_region
    if str(region).upper() != here:
        raise _bad(f"Requested region {region} not found. Only valid regions are {here}.")


def _number(body: dict[str, Any], name: str, default: int, *, at_least: int) -> int:
    value = body.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < at_least:
        raise _bad(f"SearchRequest Invalid ({name} must be a number from {at_least} on.)")
    if name == "size" and value > MAX_PAGE:
        raise _bad(f"SearchRequest Invalid (size must not exceed {MAX_PAGE}.)")
    return value


def _fields(names: Any) -> list[str] | None:
    if names is None:
        return None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _bad("SearchRequest Invalid (fields must be names.)")
    return names


def _sorts(given: Any) -> list[tuple[str, bool]]:
    if given is None:
        return []
    if not isinstance(given, list) or len(given) > MAX_SORTS:
        raise _bad(f"SearchRequest Invalid (No more than {MAX_SORTS} sortProperties.)")
    found = []
    for one in given:
        name = str(one.get("name", "")).lower() if isinstance(one, dict) else ""
        if name not in _SORTABLE:
            raise _bad(f"SearchRequest Invalid (The property '{name}' is not sortable.)")
        found.append((_SORTABLE[name], one.get("isDescending") is True))
    return found


def _sort_key(name: str, hit: Hit) -> tuple[bool, Any]:
    value = hit.shape.get(name)
    return value is None, value.lower() if isinstance(value, str) else value


def _shown(hit: Hit, rank: int, request: _Request) -> dict[str, Any]:
    shape = hit.shape
    if request.fields is not None:
        # Columns can be had of list items alone; what is no field is passed over.
        shape = narrowed(shape, [*request.fields, "id", "webUrl", "parentReference"])
        if hit.kind == "listItem":
            known = {name.lower(): name for name in hit.fields}
            wanted = [name for name in request.fields if name.lower() in known]
            shape = shape | {
                "fields": {_first_small(n): hit.fields[known[n.lower()]] for n in wanted}
            }
    return {
        "hitId": hit.id,
        "rank": rank,
        "summary": _summary(hit, request.query.terms),
        "resource": shape,
    }


def _first_small(name: str) -> str:
    return name[:1].lower() + name[1:]


def _summary(hit: Hit, terms: tuple[str, ...]) -> str:
    """Return the text around the first word that was looked for, marked as the service does."""
    text = " ".join(hit.document.text.split())
    lower = text.lower()
    for term in terms:
        at = lower.find(term.lower())
        if at >= 0:
            stop = at + len(term)
            tail = " <ddd/>" if len(text) > stop + 100 else ""
            head = "<ddd/> " if at > 60 else ""
            return (
                f"{head}{text[max(0, at - 60) : at]}<c0>{text[at:stop]}</c0>"
                f"{text[stop : stop + 100]}{tail}"
            )
    return text[:160]


def _bad(message: str) -> GraphError:
    return GraphError(400, "BadRequest", message)
