"""Shows objects with what is asked for of them: selected, expanded, filtered, sorted, in pages."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, takewhile
from typing import Any
from urllib.parse import parse_qs, quote

from m365sim.lists import SharePointList
from m365sim.lists.problems import Throttled
from m365sim.lists.sharepoint_list import VIEW_THRESHOLD
from m365sim.rest.address import Segment
from m365sim.rest.call import Call
from m365sim.rest.errors import bad_query
from m365sim.rest.query import Filter, Tree, number, option, order, sort_key, tree
from m365sim.rest.tables import Kind, Node, Tables
from m365sim.rest.values import Entity, Feed

_PAGE = 100  # items of a list, unless `$top` says otherwise
_MAX_PAGE = 5000


class Shaper:
    """Shows what an address leads to."""

    def __init__(self, tables: Tables, call: Call) -> None:
        self._tables = tables
        self._call = call

    def shown(self, node: Node) -> Entity | Feed:
        """Show the addressed object, or the addressed page of a collection."""
        query = self._call.query
        wanted, expand = tree(option(query, "select")), tree(option(query, "expand"))
        kind = self._tables.kinds[node.kind]
        if kind.members is None:
            return self.entity(node, wanted, expand)
        nodes, link = self._page(kind, node)
        return Feed([self.entity(one, wanted, expand) for one in nodes], link)

    def entity(self, node: Node, wanted: Tree, expand: Tree) -> Entity:
        """Show one object."""
        kind = self._tables.kinds[node.kind]
        links = self._tables.links(node.kind)
        values = self._selected(kind, node, wanted, expand, links)
        inner: dict[str, Any] = {}
        for name, below in expand.items():
            known = next((link for link in links if link.lower() == name.lower()), name)
            target = self._target(kind, node, name)
            if target is not None:
                inner[known] = self._expanded(target, wanted.get(name, {}), below)
            elif name not in values:
                raise bad_query(f"The field or property '{name}' does not exist.")
        tag = kind.etag(self._call, node) if kind.etag is not None else None
        rest = tuple(link for link in links if link not in inner)
        if wanted and "*" not in wanted:
            rest = ()
        return Entity(self._type(kind, node), node.uri, inner | values, rest, tag)

    def value(self, node: Node, path: str) -> Any:
        """Return what a path such as `Author/Title` leads to."""
        first, _, more = path.partition("/")
        kind = self._tables.kinds[node.kind]
        if more:
            target = self._target(kind, node, first)
            return None if target is None or target.of is None else self.value(target, more)
        found = self._picked(kind, node, dict(self._values(kind, node)), first)
        return found[1]

    def has_value(self, node: Node, name: str) -> bool:
        """Tell whether an object has a property of a name."""
        kind = self._tables.kinds[node.kind]
        return kind.values is not None and self._has(kind, self._values(kind, node), name)

    def property(self, node: Node, name: str) -> tuple[str, Any]:
        """Return a property of an object, and how it is spelled."""
        kind = self._tables.kinds[node.kind]
        return self._picked(kind, node, dict(self._values(kind, node)), name)

    def _selected(
        self, kind: Kind, node: Node, wanted: Tree, expand: Tree, links: tuple[str, ...]
    ) -> dict[str, Any]:
        everything = dict(self._values(kind, node))
        if not wanted:
            return everything
        values: dict[str, Any] = dict(everything) if "*" in wanted else {}
        expanded = {name.lower() for name in expand}
        for name, below in wanted.items():
            if name == "*" or name.lower() in expanded:
                continue
            if below:
                raise bad_query(
                    f"The query to field '{name}/{next(iter(below))}' is not valid. The $select "
                    "query string must specify the target fields and the $expand query string "
                    f"must contains {name}."
                )
            if name in kind.of_some and not self._has(kind, everything, name):
                continue
            if name == "Id" and not self._has(kind, everything, name):
                continue  # Office365-REST-Python-Client asks files for an Id, which they lack
            if name.lower() not in {link.lower() for link in links}:
                spelled, value = self._picked(kind, node, everything, name)
                values[spelled] = value
        return values

    def _target(self, owner: Kind, node: Node, name: str) -> Node | None:
        step = self._tables.steps.get((node.kind, name.lower()))
        if step is not None and not step.is_function:
            return step.go(self._call, node, Segment(name.lower(), name))
        return owner.dynamic(self._call, node, name) if owner.dynamic is not None else None

    def _expanded(self, target: Node, wanted: Tree, expand: Tree) -> Any:
        kind = self._tables.kinds[target.kind]
        if kind.members is None:
            return None if target.of is None else self.entity(target, wanted, expand)
        members = kind.members(self._call, target)
        return Feed([self.entity(one, wanted, expand) for one in members])

    def _values(self, kind: Kind, node: Node) -> Any:
        return kind.values(self._call, node) if kind.values is not None else {}

    def _picked(self, kind: Kind, node: Node, values: dict[str, Any], name: str) -> tuple[str, Any]:
        if name in values:
            return name, values[name]
        wanted = name.lower()
        for spelled, value in values.items():
            if spelled.lower() == wanted:
                return spelled, value
        for spelled, extra in kind.extras.items():
            if spelled.lower() == wanted:
                return spelled, extra(self._call, node)
        raise bad_query(f"The field or property '{name}' does not exist.")

    @staticmethod
    def _has(kind: Kind, values: dict[str, Any], name: str) -> bool:
        return name.lower() in {known.lower() for known in (*values, *kind.extras)}

    def _type(self, kind: Kind, node: Node) -> str:
        return kind.type if isinstance(kind.type, str) else kind.type(node)

    # -- pages

    def _page(self, kind: Kind, node: Node) -> tuple[list[Node], str | None]:
        query = self._call.query
        sorting = order(option(query, "orderby"))
        directions = [down for path, down in sorting if path.lower() == "id"]
        by_id = not sorting or (len(sorting) == 1 and directions == [False])
        condition = Filter(text) if (text := option(query, "filter")) else None
        after = _skiptoken(option(query, "skiptoken")) if kind.after is not None else {}
        found: Iterator[Node]
        if kind.after is not None:
            ids = condition.ids if condition is not None else None
            _check_size(node.of, condition, sorting)
            start = max(after.get("p_ID", 0) if by_id else 0, ids.start - 1 if ids else 0)
            found = iter(kind.after(self._call, node, start))
            if ids is not None:
                found = takewhile(lambda one: one.of[1].id < ids.stop, found)
        else:
            found = iter(kind.members(self._call, node) if kind.members is not None else ())
        if condition is not None:
            found = (one for one in found if condition(self._reader(one)))
        skip = after.get("p_Index", 0) if kind.is_paged else number(query, "skip") or 0
        if sorting and not (by_id and kind.is_paged):
            whole = list(found)
            for path, down in reversed(sorting):
                whole.sort(key=self._key(path), reverse=down)
            found = iter(whole)
        top = number(query, "top")
        limit = min(_PAGE if top is None else top, _MAX_PAGE) if kind.is_paged else top
        page = list(islice(found, skip, None if limit is None else skip + limit))
        if not kind.is_paged or next(found, None) is None or not page:
            return page, None
        token = f"p_ID={page[-1].of[1].id}" if by_id else f"p_Index={skip + len(page)}"
        return page, self._next_link(f"Paged=TRUE&{token}")

    def _key(self, path: str) -> Any:
        return lambda one: sort_key(self.value(one, path))

    def _reader(self, one: Node) -> Any:
        return lambda path: self.value(one, path)

    def _next_link(self, token: str) -> str:
        kept = [
            f"{quote(key, safe='@')}={quote(value, safe='')}"
            for key, value in self._call.query.items()
            if key.lower() not in ("$skiptoken", "$skip")
        ]
        return f"{self._call.link}?" + "&".join([f"%24skiptoken={quote(token, safe='')}", *kept])


def entity_type(found: SharePointList) -> str:
    """Return the type of a list's items: `SP.Data.BooksListItem`."""
    return f"SP.Data.{entity_name(found)}Item"


def entity_name(found: SharePointList) -> str:
    """Return the name that a list has in types: `BooksList`, `Shared_x0020_Documents`."""
    name = found.folder.rpartition("/")[2]
    encoded = "".join(c if c.isalnum() else f"_x{ord(c):04x}_" for c in name)
    encoded = encoded[:1].upper() + encoded[1:]
    return encoded + ("List" if found.folder.startswith("Lists/") else "")


def _skiptoken(text: str | None) -> dict[str, int]:
    if text is None:
        return {}
    parts = parse_qs(text)
    return {
        name: int(parts[name][0])
        for name in ("p_ID", "p_Index")
        if name in parts and parts[name][0].isdigit()
    }


def _check_size(
    found: SharePointList, condition: Filter | None, sorting: list[tuple[str, bool]]
) -> None:
    """Refuse to look at too many items by a column that has no index."""
    if not found.is_large():
        return
    ids = condition.ids if condition is not None else None
    if ids is not None and min(ids.stop - 1, found.last) - ids.start < VIEW_THRESHOLD:
        return
    for path in (*(condition.paths if condition else ()), *(path for path, _ in sorting)):
        name = path.partition("/")[0]
        if name.lower() == "id":
            continue
        column = found.schema.columns.get(name) or found.schema.columns.get(name.removesuffix("Id"))
        if column is None or not column.indexed:
            raise Throttled("The list view threshold is exceeded.")
