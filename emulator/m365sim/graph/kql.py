"""The keyword query language, as far as searches for files, lists and sites use it.

https://learn.microsoft.com/sharepoint/dev/general-development/keyword-query-language-kql-syntax-reference:
words and phrases, `name:value` restrictions with `: = <> < > <= >=`, AND, OR, NOT, `-`, brackets.
Words side by side must all be there; restrictions of one property side by side are alternatives.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

Value = str | int | bool
Test = Callable[["Document"], bool]
Comparable = TypeVar("Comparable", int, str)

_TOKEN = re.compile(
    r"\s*(?:(?P<bracket>[()])|(?P<minus>-(?=\S))"
    r'|(?:(?P<name>[A-Za-z]\w*)(?P<sign><>|<=|>=|[:=<>]))?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s()"]+)))'
)
_WORD = re.compile(r"\w+")


class BadQuery(Exception):
    """A query cannot be read; the message says where."""


@dataclass(slots=True)
class Document:
    """Something that can be found: its text, and its managed properties by lower-case name."""

    title: str
    properties: Mapping[str, Value] = field(default_factory=dict)
    body: Callable[[], str] = str  # what else is searched, read when it is needed
    _words: list[str] | None = None

    def forget(self) -> None:
        """Give up the words that were read: of thousands of documents they would be gigabytes."""
        self._words = None

    def title_words(self) -> list[str]:
        """Return the words of its title, in lower case."""
        return _WORD.findall(self.title.lower())

    @property
    def text(self) -> str:
        """All that is searched."""
        return f"{self.title} {self.body()}".rstrip()

    def words(self) -> list[str]:
        """Return the words of its text, in lower case."""
        if self._words is None:
            self._words = _WORD.findall(self.text.lower())
        return self._words


@dataclass(frozen=True, slots=True)
class Query:
    """A query that was read."""

    terms: tuple[str, ...]  # the words and phrases searched for, without restrictions
    matches: Test
    needed: tuple[str, ...] = ()  # words that whatever fits must say, in lower case


def read_query(text: str) -> Query:
    """Read a query; BadQuery when brackets or operators do not fit together."""
    reader = _Reader(text)
    test = reader.alternatives()
    if reader.peek() is not None:
        raise BadQuery(f"Unexpected '{reader.peek()}' in the query.")
    needed = () if reader.has_alternatives else _WORD.findall(" ".join(reader.terms).lower())
    return Query(tuple(reader.terms), test, tuple(needed))


@dataclass(frozen=True, slots=True)
class _Restriction:
    name: str
    test: Test


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens = [found for found in _TOKEN.finditer(text) if found[0].strip()]
        self._at = 0
        self.terms: list[str] = []
        self.has_alternatives = False

    def peek(self) -> str | None:
        return self._tokens[self._at][0].strip() if self._at < len(self._tokens) else None

    def alternatives(self) -> Test:
        tests = [self._conjunction()]
        while self.peek() == "OR":
            self._at += 1
            self.has_alternatives = True
            tests.append(self._conjunction())
        return _any_of(tests)

    def _conjunction(self) -> Test:
        tests: list[Test] = []
        by_name: dict[str, list[Test]] = {}
        is_joined = False  # by a written AND: then it is no alternative
        while (ahead := self.peek()) is not None and ahead not in ("OR", ")"):
            if ahead == "AND":
                self._at += 1
                is_joined = True
                continue
            found = self._negated()
            if isinstance(found, _Restriction):
                if is_joined or found.name not in by_name:
                    by_name[found.name] = [found.test]
                    tests.append(_any_of(by_name[found.name]))
                else:
                    by_name[found.name].append(found.test)
            else:
                tests.append(found)
            is_joined = False
        if not tests or is_joined:
            raise BadQuery("A term is missing in the query.")
        return lambda document: all(test(document) for test in tests)

    def _negated(self) -> Test | _Restriction:
        if self.peek() not in ("NOT", "-"):
            return self._one()
        self._at += 1
        known = len(self.terms)
        found = self._one()
        del self.terms[known:]  # nothing that is highlighted
        test = found.test if isinstance(found, _Restriction) else found
        return lambda document: not test(document)

    def _one(self) -> Test | _Restriction:
        if self._at >= len(self._tokens):
            raise BadQuery("A term is missing in the query.")
        found = self._tokens[self._at]
        self._at += 1
        if found["bracket"] == "(":
            inner = self.alternatives()
            if self.peek() != ")":
                raise BadQuery("A bracket is not closed in the query.")
            self._at += 1
            return inner
        text = found["phrase"] if found["phrase"] is not None else found["word"]
        if text is None:
            raise BadQuery(f"Unexpected '{found[0].strip()}' in the query.")
        if found["name"]:
            name = found["name"].lower()
            return _Restriction(name, _restriction(name, found["sign"], text))
        if text.strip("*"):
            self.terms.append(text.rstrip("*"))
        return _text_test(text)


def _any_of(tests: list[Test]) -> Test:
    return lambda document: any(test(document) for test in tests)


def _text_test(text: str) -> Test:
    """Return the test for a word or phrase; a star at its end stands for any ending."""
    wanted = _WORD.findall(text.lower())
    is_open = text.endswith("*")
    if not wanted:
        return lambda _: True  # "*" alone finds everything
    return lambda document: (
        contains(document.title_words(), wanted, is_open=is_open)
        or contains(document.words(), wanted, is_open=is_open)
    )


def contains(words: list[str], wanted: list[str], *, is_open: bool) -> bool:
    """Tell whether words follow one another somewhere; `is_open`: the last may go on."""
    *ahead, last = wanted
    for start in range(len(words) - len(wanted) + 1):
        stop = start + len(ahead)
        end = words[stop]
        if words[start:stop] == ahead and (end.startswith(last) if is_open else end == last):
            return True
    return False


def _restriction(name: str, sign: str, text: str) -> Test:
    def test(document: Document) -> bool:
        value = document.properties.get(name)
        if value is None:
            return sign == "<>"
        return _compared(name, value, sign, text)

    return test


def _compared(name: str, value: Value, sign: str, text: str) -> bool:
    if isinstance(value, bool):
        return (value == (text.lower() in ("true", "1", "yes"))) is (sign != "<>")
    if isinstance(value, int):
        return text.isdigit() and _ordered(value, sign, int(text))
    actual, wanted = value.lower(), text.lower()
    if sign in ("<", ">", "<=", ">="):
        return _ordered(actual, sign, wanted)
    if name == "path":
        wanted = wanted.rstrip("/*")
        found = actual == wanted or actual.startswith(f"{wanted}/")
    elif sign in ("=", "<>"):
        found = actual == wanted
    else:
        needed = _WORD.findall(wanted)
        found = not needed or contains(_WORD.findall(actual), needed, is_open=wanted.endswith("*"))
    return found is (sign != "<>")


def _ordered(value: Comparable, sign: str, other: Comparable) -> bool:
    match sign:
        case "<":
            return value < other
        case ">":
            return value > other
        case "<=":
            return value <= other
        case ">=":
            return value >= other
        case "<>":
            return value != other
        case _:
            return value == other
