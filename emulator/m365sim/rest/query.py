"""`$select`, `$expand`, `$filter` and `$orderby`, as far as `_api` knows them.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/use-odata-query-operations-in-sharepoint-rest-requests
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from m365sim.rest.address import literal
from m365sim.rest.errors import bad_query
from m365sim.rest.values import Moment

Tree = dict[str, "Tree"]
Read = Callable[[str], Any]
Condition = Callable[[Read], bool]

_TOKEN = re.compile(
    r"\s*(?P<text>(?:guid|datetime)?'(?:[^']|'')*')|\s*(?P<sign>[(),])|\s*(?P<word>[^\s(),']+)",
    re.IGNORECASE,
)
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
_FUNCTIONS = frozenset({"startswith", "substringof"})


def option(query: Mapping[str, str], name: str) -> str | None:
    """Return a query option; its name counts in any case."""
    wanted = f"${name}"
    return next((value for key, value in query.items() if key.lower() == wanted), None)


def number(query: Mapping[str, str], name: str) -> int | None:
    """Return a query option that must be a number."""
    text = option(query, name)
    if text is None or text == "":
        return None
    if not text.isdigit():
        raise bad_query(f"The query parameter '${name}' is not valid.")
    return int(text)


def tree(text: str | None) -> Tree:
    """Read `Title,Author/Title` into what is asked for of each part."""
    found: Tree = {}
    for path in (text or "").split(","):
        below = found
        for name in path.strip().split("/"):
            if name:
                below = below.setdefault(name, {})
    return found


def order(text: str | None) -> list[tuple[str, bool]]:
    """Read `$orderby`: paths, and whether each runs downwards."""
    found = []
    for part in (text or "").split(","):
        path, _, direction = part.strip().partition(" ")
        if path:
            found.append((path, direction.strip().lower() == "desc"))
    return found


def sort_key(value: Any) -> tuple[int, Any]:
    """Return what a value is sorted by; nothing comes first, case does not count."""
    if value is None:
        return (0, 0)
    if isinstance(value, (bool, int, float)):
        return (1, value)
    return (2, str(value).lower())


class Filter:
    """A condition on objects."""

    def __init__(self, text: str) -> None:
        self.paths: list[str] = []
        self._bounds: list[tuple[str, int]] = []  # of the id, all of which must hold
        self._has_alternatives = False
        self._tokens = _tokens(text)
        self._at = 0
        self._condition = self._either()
        if self._at != len(self._tokens):
            raise self._broken()

    def __call__(self, read: Read) -> bool:
        """Tell whether an object, read by paths, fulfils it."""
        return self._condition(read)

    @property
    def ids(self) -> range:
        """The numbers among which all that fits must be: what an index is good for."""
        low, high = 1, 2**62
        for sign, wanted in () if self._has_alternatives else self._bounds:
            if sign in ("gt", "ge", "eq"):
                low = max(low, wanted + (sign == "gt"))
            if sign in ("lt", "le", "eq"):
                high = min(high, wanted - (sign == "lt"))
        return range(low, max(low, high + 1))

    def _either(self) -> Condition:
        left = self._both()
        while self._takes("or"):
            self._has_alternatives = True
            left = _or(left, self._both())
        return left

    def _both(self) -> Condition:
        left = self._single()
        while self._takes("and"):
            left = _and(left, self._single())
        return left

    def _single(self) -> Condition:
        if self._takes("not"):
            self._has_alternatives = True
            inner = self._single()
            return lambda read: not inner(read)
        if self._takes("("):
            inner = self._either()
            self._expect(")")
            return inner
        word = self._next()
        if word.lower() in _FUNCTIONS:
            condition = self._function(word.lower())
            if self._takes("eq"):
                wanted = bool(literal(self._next()))
                return lambda read: condition(read) is wanted
            return condition
        self.paths.append(word)
        sign = self._next().lower()
        compare = _COMPARISONS.get(sign)
        if compare is None:
            raise self._broken()
        value = literal(self._next())
        if word.lower() == "id" and isinstance(value, int):
            self._bounds.append((sign, value))
        return lambda read: _compared(compare, read(word), value)

    def _function(self, name: str) -> Condition:
        self._expect("(")
        first = self._next()
        self._expect(",")
        second = self._next()
        self._expect(")")
        path, text = (first, second) if name == "startswith" else (second, first)
        self.paths.append(path)
        wanted = str(literal(text)).lower()
        if name == "startswith":
            return lambda read: str(read(path) or "").lower().startswith(wanted)
        return lambda read: wanted in str(read(path) or "").lower()

    def _takes(self, word: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at].lower() == word:
            self._at += 1
            return True
        return False

    def _expect(self, word: str) -> None:
        if not self._takes(word):
            raise self._broken()

    def _next(self) -> str:
        if self._at >= len(self._tokens):
            raise self._broken()
        self._at += 1
        return self._tokens[self._at - 1]

    @staticmethod
    def _broken() -> Exception:
        return bad_query('The expression of the query option "$filter" is not valid.')


def _or(left: Condition, right: Condition) -> Condition:
    return lambda read: left(read) or right(read)


def _and(left: Condition, right: Condition) -> Condition:
    return lambda read: left(read) and right(read)


def _tokens(text: str) -> list[str]:
    found, at = [], 0
    text = text.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise bad_query('The expression of the query option "$filter" is not valid.')
        found.append(match[match.lastgroup or 0])
        at = match.end()
    return found


def _compared(compare: Callable[[Any, Any], bool], found: Any, wanted: Any) -> bool:
    if found is None or wanted is None:
        return compare is operator.ne if found is not wanted else compare is operator.eq
    if isinstance(found, list):
        return any(_compared(compare, one, wanted) for one in found)
    if isinstance(found, (bool, int, float)) or isinstance(wanted, (bool, int, float)):
        try:
            return compare(float(found), float(wanted))
        except ValueError:
            return False
    if isinstance(wanted, Moment) or isinstance(found, Moment):
        return compare(_moment(found), _moment(wanted))
    return compare(str(found).lower(), str(wanted).lower())


def _moment(text: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError as broken:
        raise bad_query(f"'{text}' is no date and time.") from broken
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
