"""The `$filter` and `$orderby` of list items.

https://learn.microsoft.com/graph/filter-query-parameter; list items know comparisons and
`startswith` over `fields/{name}`, with `and`, `or`, `not` and brackets.
"""

from __future__ import annotations

import math
import operator
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

from m365sim.lists.problems import Unacceptable
from m365sim.lists.values import read_moment

#: Returns what an item has at a path such as `fields/Title`.
Value = Callable[[str], Any]
Test = Callable[[Value], bool]

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<mark>[(),])"
    r"|(?P<moment>\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d)?)?)|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<word>[A-Za-z_][\w/]*))"
)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)?")
_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
_CONSTANTS = {"true": True, "false": False, "null": None}


class Filter:
    """A condition on list items, and the paths it looks at."""

    def __init__(self, text: str) -> None:
        self.paths: list[str] = []
        self._bounds: list[tuple[str, float]] = []
        self._alternatives = False
        self._tokens = list(_split(text))
        self._at = 0
        self._test = self._any()
        if self._at < len(self._tokens):
            raise _invalid()

    def __call__(self, value: Value) -> bool:
        return self._test(value)

    @property
    def ids(self) -> range:
        """The item ids among which all that match must be: what an index of them is good for."""
        low, high = 0, sys.maxsize - 1
        for operation, number in () if self._alternatives else self._bounds:
            if operation in ("gt", "ge", "eq"):
                low = max(low, math.ceil(number))
            if operation in ("lt", "le", "eq"):
                high = min(high, math.floor(number))
        return range(low, high + 1)

    def _any(self) -> Test:
        tests = [self._all()]
        while self._take("word", "or"):
            self._alternatives = True
            tests.append(self._all())
        return lambda value: any(test(value) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._take("word", "and"):
            tests.append(self._one())
        return lambda value: all(test(value) for test in tests)

    def _one(self) -> Test:
        if self._take("word", "not"):
            self._alternatives = True
            inner = self._one()
            return lambda value: not inner(value)
        if self._take("mark", "("):
            inner = self._any()
            self._need("mark", ")")
            return inner
        name = self._need("word")
        if self._take("mark", "("):
            return self._function(name)
        return self._comparison(name)

    def _function(self, name: str) -> Test:
        if name.lower() != "startswith":
            raise _invalid()
        path = self._path(self._need("word"))
        self._need("mark", ",")
        start = self._need("text").lower()
        self._need("mark", ")")
        return lambda value: str(value(path) or "").lower().startswith(start)

    def _comparison(self, name: str) -> Test:
        path = self._path(name)
        operation = self._need("word").lower()
        if operation not in _COMPARISONS or self._at >= len(self._tokens):
            raise _invalid()
        kind, wanted = self._tokens[self._at]
        self._at += 1
        if kind == "word":
            if wanted.lower() not in _CONSTANTS:
                raise _invalid()
            wanted = _CONSTANTS[wanted.lower()]
        elif kind == "number":
            wanted = float(wanted)
            if path.lower() in ("id", "fields/id"):
                self._bounds.append((operation, wanted))
        elif kind == "moment" or (kind == "text" and _MOMENT.fullmatch(wanted)):
            wanted = read_moment(wanted)
        elif kind == "mark":
            raise _invalid()
        return lambda value: _compare(value(path), operation, wanted)

    def _path(self, path: str) -> str:
        self.paths.append(path)
        return path

    def _take(self, kind: str, text: str) -> bool:
        if self._at < len(self._tokens):
            found, value = self._tokens[self._at]
            if found == kind and value.lower() == text:
                self._at += 1
                return True
        return False

    def _need(self, kind: str, text: str | None = None) -> str:
        if self._at >= len(self._tokens) or self._tokens[self._at][0] != kind:
            raise _invalid()
        value: str = self._tokens[self._at][1]
        if text is not None and value != text:
            raise _invalid()
        self._at += 1
        return value


def read_order(text: str) -> list[tuple[str, bool]]:
    """Read the paths to sort by; the second value of each tells whether downwards."""
    order = []
    for criterion in text.split(",") if text else ():
        path, _, direction = criterion.strip().partition(" ")
        if not path or direction.strip().lower() not in ("", "asc", "desc"):
            raise Unacceptable(f"The orderby clause '{criterion.strip()}' is not valid.")
        order.append((path, direction.strip().lower() == "desc"))
    return order


def sort_key(value: Any) -> tuple[int, Any]:
    """Return what to sort a value by: nothing first, then numbers, then texts in any case."""
    if value is None:
        return (0, 0)
    if isinstance(value, (int, float)):
        return (1, value)
    return (2, str(value).lower())


def _compare(value: Any, operation: str, wanted: Any) -> bool:
    if isinstance(value, list):  # one of several is enough
        return any(_compare(one, operation, wanted) for one in value)
    if wanted is None or value is None:
        same = value is None and wanted is None
        return operation in ("eq", "ne") and same == (operation == "eq")
    left, right = _comparable(value, wanted)
    return bool(_COMPARISONS[operation](left, right))


def _comparable(value: Any, wanted: Any) -> tuple[Any, Any]:
    if isinstance(value, (int, float)) or isinstance(wanted, (int, float)):
        try:
            return float(value), float(wanted)
        except (TypeError, ValueError):
            pass
    return str(value).lower(), str(wanted).lower()


def _split(text: str) -> Iterator[tuple[str, Any]]:
    at = 0
    while at < len(text.rstrip()):
        found = _TOKEN.match(text, at)
        if found is None:
            raise _invalid()
        at = found.end()
        kind = found.lastgroup or ""
        value = found[kind]
        if kind == "text":
            value = value[1:-1].replace("''", "'")
        yield kind, value


def _invalid() -> Unacceptable:
    return Unacceptable("Invalid filter clause")
