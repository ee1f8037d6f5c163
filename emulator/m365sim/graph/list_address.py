"""Reads the part of a path that leads to lists, their items, columns, content types, and pages.

https://learn.microsoft.com/graph/api/resources/list
"""

from __future__ import annotations

from dataclasses import dataclass, field

PAGE_CAST = "microsoft.graph.sitePage"

#: Collection → kind of address of its members, and what their ids are blanked to.
_MEMBERS = {
    "columns": ("column", "{column-id}"),
    "contentTypes": ("contentType", "{content-type-id}"),
}
#: What follows a collection without being an id.
_ACTIONS = {"delta", "addCopy", "addCopyFromContentTypeHub", "getCompatibleHubContentTypes"}


@dataclass(slots=True)
class ListParts:
    """What was read, and how many parts of the path it took."""

    kind: str
    template: str
    length: int
    ids: dict[str, str] = field(default_factory=dict)


def list_parts(parts: list[str]) -> ListParts | None:
    """Read the parts after a site; None when they do not lead to a list or a page."""
    match parts:
        case ["lists", list_id, *rest]:
            return _list(list_id, rest)
        case ["columns" | "contentTypes" as collection, member, *rest]:
            return _member(collection, member, rest, ListParts("site", "", 0))
        case ["pages", *rest]:
            return _page(rest)
    return None


def _list(list_id: str, rest: list[str]) -> ListParts | None:
    ids = {"list": list_id}
    template = "/lists/{list-id}"
    match rest:
        case ["drive", *_]:
            return ListParts("drive", template + "/drive", 3, ids)
        case ["items", row, *_] if not _is_action(row):
            return ListParts("listItem", template + "/items/{item-id}", 4, ids | {"row": row})
        case ["columns" | "contentTypes" as collection, member, *more] if not _is_action(member):
            return _member(collection, member, more, ListParts("list", template, 2, ids))
    return ListParts("list", template, 2, ids)


def _member(collection: str, member: str, rest: list[str], owner: ListParts) -> ListParts | None:
    if _is_action(member):
        return None
    kind, blank = _MEMBERS[collection]
    made = ListParts(
        f"{owner.kind}{kind[0].upper()}{kind[1:]}",
        f"{owner.template}/{collection}/{blank}",
        owner.length + 2,
        owner.ids | {kind: member},
    )
    match rest:
        case ["columns", column, *_] if collection == "contentTypes":
            return _member("columns", column, [], made)
    return made


def _page(rest: list[str]) -> ListParts:
    match rest:
        case [] | [""]:
            return ListParts("pages", "/pages", 1)
        case [cast, *_] if cast == PAGE_CAST:
            return ListParts("pages", f"/pages/{PAGE_CAST}", 2, {"cast": cast})
        case [page, cast, *_] if cast == PAGE_CAST:
            template = f"/pages/{{page-id}}/{PAGE_CAST}"
            return ListParts("page", template, 3, {"page": page, "cast": cast})
    return ListParts("page", "/pages/{page-id}", 2, {"page": rest[0]})


def _is_action(part: str) -> bool:
    return part.partition("(")[0].removeprefix("microsoft.graph.") in _ACTIONS
