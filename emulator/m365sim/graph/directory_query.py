"""The `$filter`, `$search`, `$orderby` and `$count` of users, groups and their members.

https://learn.microsoft.com/graph/aad-advanced-queries: some of it works only with the header
`ConsistencyLevel: eventual`, and with `$count=true` in the address.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from m365sim.graph.call import Call
from m365sim.graph.reply import GraphError

Shape = dict[str, Any]
Test = Callable[[Shape], bool]

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<mark>[(),:])|(?P<word>[A-Za-z_$][\w/$.]*)"
    r"|(?P<literal>[\w:.+-]+))"
)
_SEARCHED = re.compile(r'"(\w+):([^"]*)"')
_SEARCHABLE = frozenset({"displayName", "mail", "userPrincipalName", "mailNickname", "description"})
_ORDERED = {"displayName": False, "userPrincipalName": False, "createdDateTime": True}
_ENDING = frozenset({"mail", "userPrincipalName", "proxyAddresses", "otherMails"})
_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "ge": operator.ge,
    "le": operator.le,
    "gt": operator.gt,
    "lt": operator.lt,
}
_CONSTANTS = {"true": True, "false": False, "null": None}


@dataclass(frozen=True, slots=True)
class DirectoryQuery:
    """What is asked of a collection of the directory."""

    call: Call
    is_count: bool = False  # `/$count`: how many alone

    @property
    def is_eventual(self) -> bool:
        """Whether the caller takes answers from the index, which can do more."""
        return self.call.headers.get("consistencylevel", "").strip().lower() == "eventual"

    @property
    def counts(self) -> bool:
        """Whether the answer tells how many there are; without the header that is ignored."""
        return self.is_eventual and self.call.query.get("$count", "").lower() == "true"

    def apply(self, shapes: list[Shape]) -> list[Shape]:
        """Return those that are asked for, in the order asked for."""
        if self.is_count and not self.is_eventual:
            raise GraphError(400, "Request_BadRequest", "$count is not currently supported.")
        text, order = self.call.query.get("$filter"), self.call.query.get("$orderby")
        if text is not None:
            condition = _Filter(text, shapes)
            if condition.is_advanced or order is not None:
                self._need_advanced()
            shapes = [shape for shape in shapes if condition.test(shape)]
        if (wanted := self.call.query.get("$search")) is not None:
            shapes = [shape for shape in shapes if self._is_found(shape, wanted)]
        return self._sorted(shapes, order) if order is not None else shapes

    def _need_advanced(self) -> None:
        if not self.is_eventual or not (self.counts or self.is_count):
            raise unsupported()

    def _is_found(self, shape: Shape, wanted: str) -> bool:
        if not self.is_eventual:
            raise GraphError(
                400,
                "Request_UnsupportedQuery",
                "Request with $search query parameter only works through MSGraph with a special"
                " request header: 'ConsistencyLevel: eventual'",
            )
        terms = _SEARCHED.findall(wanted)
        if not terms or any(name not in _SEARCHABLE for name, _ in terms):
            raise GraphError(400, "Request_BadRequest", "Syntax error: invalid $search clause.")
        found = [_has_words(str(shape.get(name) or ""), text) for name, text in terms]
        return any(found) if " OR " in wanted else all(found)

    def _sorted(self, shapes: list[Shape], order: str) -> list[Shape]:
        for criterion in reversed(order.split(",")):
            name, _, direction = criterion.strip().partition(" ")
            if name not in _ORDERED or direction.strip().lower() not in ("", "asc", "desc"):
                raise unsupported("Sorting not supported for current query.")
            if _ORDERED[name]:
                self._need_advanced()
            shapes = sorted(
                shapes,
                key=lambda shape, name=name: str(shape.get(name) or "").lower(),  # type: ignore[misc]
                reverse=direction.strip().lower() == "desc",
            )
        return shapes


def unsupported(message: str = "Unsupported Query.") -> GraphError:
    """Make the error for a query that the directory does not answer, or not without the header."""
    return GraphError(400, "Request_UnsupportedQuery", message)


def _has_words(text: str, wanted: str) -> bool:
    """Tell whether each word that is looked for begins a word of a text."""
    words = re.findall(r"\w+", text.lower())
    return all(
        any(word.startswith(one) for word in words) for one in re.findall(r"\w+", wanted.lower())
    )


class _Filter:
    """A condition; `is_advanced` tells whether it needs the index."""

    def __init__(self, text: str, shapes: list[Shape]) -> None:
        self.is_advanced = False
        self._known = {name for shape in shapes for name in shape}
        self._tokens: list[tuple[str, str]] = []
        at = 0
        while at < len(text.rstrip()):
            found = _TOKEN.match(text, at)
            if found is None:
                raise self._bad()
            self._tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
            at = found.end()
        self._at = 0
        self.test = self._any()
        if self._at < len(self._tokens):
            raise self._bad()

    def _any(self) -> Test:
        tests = [self._all()]
        while self._take("or"):
            tests.append(self._all())
        return lambda shape: any(test(shape) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._take("and"):
            tests.append(self._one())
        return lambda shape: all(test(shape) for test in tests)

    def _one(self) -> Test:
        if self._take("not"):
            self.is_advanced = True
            inner = self._one()
            return lambda shape: not inner(shape)
        if self._take("("):
            test = self._any()
            self._need("(", ")")
            return test
        name = self._need("word")
        if name.lower() in ("startswith", "endswith"):
            return self._function(name.lower(), None)
        if name.endswith("/any"):
            return self._lambda(name.removesuffix("/any"))
        return self._comparison(self._path(name))

    def _function(self, name: str, variable: str | None) -> Test:
        self._need("mark", "(")
        path = self._need("word")
        wanted = self._after_comma().lower()
        if variable is None:
            self._path(path)
        elif path != variable:
            raise self._bad()
        if name == "endswith":
            self.is_advanced = True
            if variable is None and path not in _ENDING:
                raise unsupported()
        method = str.endswith if name == "endswith" else str.startswith
        if variable is not None:
            return lambda shape: method(str(shape[""]).lower(), wanted)
        return lambda shape: method(str(shape.get(path) or "").lower(), wanted)

    def _after_comma(self) -> str:
        self._need("mark", ",")
        text = self._literal()
        self._need("mark", ")")
        return str(text)

    def _lambda(self, path: str) -> Test:
        """Read `groupTypes/any(c:c eq 'Unified')`."""
        self._path(path)
        self._need("mark", "(")
        variable = self._need("word")
        self._need("mark", ":")
        head = self._need("word")
        if head.lower() in ("startswith", "endswith"):
            inner = self._function(head.lower(), variable)
        elif head == variable:
            inner = self._comparison("")
        else:
            raise self._bad()
        self._need("mark", ")")
        return lambda shape: any(inner({"": one}) for one in shape.get(path) or ())

    def _comparison(self, path: str) -> Test:
        name = self._need("word").lower()
        if name == "in":
            return self._in(path)
        if name not in _COMPARED:
            raise self._bad()
        counted = path.endswith("/$count")
        if name == "ne" or counted:
            self.is_advanced = True
        wanted = self._literal()
        if counted:
            path, wanted = path.removesuffix("/$count"), int(wanted)
            return lambda shape: _COMPARED[name](len(shape.get(path) or ()), wanted)
        return lambda shape: _holds(name, shape.get(path), wanted)

    def _in(self, path: str) -> Test:
        self._need("mark", "(")
        options = [self._literal()]
        while self._take(","):
            options.append(self._literal())
        self._need("mark", ")")
        return lambda shape: any(_holds("eq", shape.get(path), one) for one in options)

    def _literal(self) -> Any:
        if self._at >= len(self._tokens):
            raise self._bad()
        kind, text = self._tokens[self._at]
        self._at += 1
        if kind == "text":
            return text[1:-1].replace("''", "'")
        if kind == "word" and text.lower() in _CONSTANTS:
            return _CONSTANTS[text.lower()]
        if kind == "literal":
            return text
        raise self._bad()

    def _path(self, name: str) -> str:
        if self._known and name.removesuffix("/$count") not in self._known:
            raise unsupported()
        return name

    def _take(self, wanted: str) -> bool:
        if self._at < len(self._tokens):
            kind, text = self._tokens[self._at]
            if kind in ("word", "mark") and text.lower() == wanted:
                self._at += 1
                return True
        return False

    def _need(self, kind: str, wanted: str | None = None) -> str:
        if self._at >= len(self._tokens):
            raise self._bad()
        found, text = self._tokens[self._at]
        if (wanted is None and found != kind) or (wanted is not None and text != wanted):
            raise self._bad()
        self._at += 1
        return text

    @staticmethod
    def _bad() -> GraphError:
        return GraphError(400, "BadRequest", "Invalid filter clause")


def _holds(name: str, value: Any, wanted: Any) -> bool:
    if isinstance(value, str) and isinstance(wanted, str):
        return _COMPARED[name](value.lower(), wanted.lower())
    if name in ("eq", "ne"):
        return _COMPARED[name](value, wanted)
    return False
