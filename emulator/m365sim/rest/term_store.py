"""`_api/v2.1/termStore`: the groups, sets and terms of a tenant.

https://learn.microsoft.com/graph/api/resources/termstore-store, served on the tenant host under
SharePoint's own tokens: https://learn.microsoft.com/sharepoint/dev/apis/sharepoint-rest-graph
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from m365sim.entra.tokens import Principal
from m365sim.faults import Receive
from m365sim.graph.reply import GraphError, Reply, invalid, json_reply, not_found
from m365sim.graph.shapes import iso_seconds
from m365sim.lists.terms import Term, TermGroup, TermSet, TermStore

if TYPE_CHECKING:
    from m365sim.world import World

ROUTES = (
    ("GET", "/termStore", "its languages"),
    ("GET, POST", "/termStore/groups", "displayName"),
    ("GET", "/termStore/groups/{group-id}", "all"),
    ("GET, POST", "/termStore/groups/{group-id}/sets", "localizedNames"),
    ("GET", "/termStore/sets/{set-id}", "all"),
    ("GET", "/termStore/sets/{set-id}/terms", "at all depths"),
    ("GET, POST", "/termStore/sets/{set-id}/children", "labels; right below the set"),
    ("GET", "/termStore/sets/{set-id}/terms/{term-id}", "all"),
    ("GET, POST", "/termStore/sets/{set-id}/terms/{term-id}/children", "labels"),
)
_READ = frozenset({"TermStore.Read.All", "TermStore.ReadWrite.All"})
_WRITE = frozenset({"TermStore.ReadWrite.All"})
_SITES = re.compile(r"(?:AllSites|Sites)\.")
_MAX_BODY = 64 * 1024
_LANGUAGE = "en-US"
_T = TypeVar("_T", TermGroup, TermSet, Term)


async def answer_terms(  # noqa: PLR0911 - one per resource
    world: World, principal: Principal, method: str, path: str, receive: Receive
) -> Reply:
    """Answer a request below `termStore`; GraphError for what is not there or not allowed."""
    held = principal.scopes | principal.roles
    may_read = bool(_READ & held) or any(_SITES.match(name) for name in held)
    if not (may_read if method == "GET" else _WRITE & held):
        raise GraphError(403, "accessDenied", "Access denied")
    store, parts = world.rest.terms, [part for part in path.split("/") if part]
    body = await _json(receive) if method == "POST" else {}
    now = int(world.clock.now().timestamp())
    match [part if number % 2 == 0 else part.lower() for number, part in enumerate(parts)]:
        case []:
            return json_reply(
                {
                    "id": store.id,
                    "defaultLanguageTag": _LANGUAGE,
                    "languageTags": [_LANGUAGE],
                }
            )
        case ["groups"]:
            if method == "POST":
                made = TermGroup(store.new_id(), _text(body.get("displayName")), now)
                store.groups.append(made)
                return json_reply(_group(made), 201)
            return _page(_group(one) for one in store.groups)
        case ["groups", group_id]:
            return json_reply(_group(_one(store.groups, group_id)))
        case ["groups", group_id, "sets"]:
            return _sets(store, _one(store.groups, group_id), method, body, now)
        case ["sets", set_id]:
            return json_reply(_set(_one(list(store.sets()), set_id)))
        case ["sets", set_id, *below]:
            return _below(store, _one(list(store.sets()), set_id), below, (method, body, now))
    raise not_found()


def _sets(store: TermStore, group: TermGroup, method: str, body: dict[str, Any], now: int) -> Reply:
    if method != "POST":
        return _page(_set(one) for one in group.sets)
    made = TermSet(store.new_id(), _name(body.get("localizedNames")), now)
    group.sets.append(made)
    return json_reply(_set(made), 201)


def _below(
    store: TermStore, terms: TermSet, below: list[str], asked: tuple[str, dict[str, Any], int]
) -> Reply:
    method, body, now = asked
    match below:
        case ["terms"] if method == "GET":
            return _page(_term(one) for one in terms.all())
        case ["terms", term_id] if method == "GET":
            return json_reply(_term(_one(list(terms.all()), term_id)))
        case ["children"]:
            children = terms.terms
        case ["terms", term_id, "children"]:
            children = _one(list(terms.all()), term_id).children
        case _:
            raise not_found()
    if method != "POST":
        return _page(_term(one) for one in children)
    made = Term(store.new_id(), _name(body.get("labels")), now)
    children.append(made)
    return json_reply(_term(made), 201)


def _one(known: list[_T], wanted: str) -> _T:
    for one in known:
        if one.id == wanted.lower():
            return one
    raise not_found()


def _page(values: Any) -> Reply:
    return json_reply({"value": list(values)})


def _group(one: TermGroup) -> dict[str, Any]:
    return {
        "id": one.id,
        "createdDateTime": iso_seconds(one.made_at),
        "displayName": one.name,
        "scope": one.scope,
    }


def _set(one: TermSet) -> dict[str, Any]:
    return {
        "id": one.id,
        "createdDateTime": iso_seconds(one.made_at),
        "localizedNames": [{"name": one.name, "languageTag": _LANGUAGE}],
    }


def _term(one: Term) -> dict[str, Any]:
    moment = iso_seconds(one.made_at)
    return {
        "id": one.id,
        "createdDateTime": moment,
        "lastModifiedDateTime": moment,
        "labels": [{"name": one.name, "isDefault": True, "languageTag": _LANGUAGE}],
        "childrenCount": len(one.children),
    }


def _name(given: Any) -> str:
    first = given[0] if isinstance(given, list) and given else {}
    return _text(first.get("name") if isinstance(first, dict) else None)


def _text(given: Any) -> str:
    if not isinstance(given, str) or not given.strip():
        raise invalid("A name is missing.")
    return given


async def _json(receive: Receive) -> dict[str, Any]:
    whole = bytearray()
    while len(whole) <= _MAX_BODY:
        message = await receive()
        whole += message.get("body", b"")
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            break
    try:
        value = orjson.loads(bytes(whole))
    except orjson.JSONDecodeError as broken:
        raise invalid("The body is no JSON.") from broken
    if not isinstance(value, dict):
        raise invalid("The body must be an object.")
    return value
