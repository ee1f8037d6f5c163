"""Reads an address of `_api`: a site, and segments that may have arguments in parentheses.

https://www.odata.org/documentation/odata-version-3-0/url-conventions/; names count in any case,
quotes within texts are doubled, `@name` stands for a query option of that name, and
https://learn.microsoft.com/sharepoint/dev/solution-guidance/supporting-and-in-file-and-folder-with-the-resourcepath-api
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from m365sim.rest.errors import RestError, bad_query
from m365sim.rest.values import Guid, Moment

_API = re.compile(r"(?P<site>.*?)/_api(?:/(?P<rest>.*))?", re.IGNORECASE | re.DOTALL)
_TYPED = re.compile(r"(?P<type>guid|datetime)?'(?P<text>(?:[^']|'')*)'", re.IGNORECASE)
_NAMED = re.compile(r"\s*(?P<name>[A-Za-z_]\w*)\s*=\s*")
_BARE = re.compile(r"[^,()]+")


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of an address: `lists`, `getbytitle('T')`, `AddUsingPath(decodedurl='x')`."""

    name: str  # in lower case
    written: str
    arguments: tuple[Any, ...] = ()
    named: Mapping[str, Any] = field(default_factory=dict)  # names in lower case
    has_key: bool = False  # whether there were parentheses

    def argument(self, *names: str) -> Any:
        """Return the value of the first of some names, or else the first unnamed argument."""
        for name in names:
            if name in self.named:
                return self.named[name]
        return self.arguments[0] if self.arguments else None

    def text(self, *names: str) -> str:
        """Return an argument that must be a text."""
        found = self.argument(*names)
        if not isinstance(found, str):
            raise bad_query(f"The parameter of '{self.written}' is missing or no string.")
        return found

    def number(self, *names: str) -> int:
        """Return an argument that must be a number."""
        found = self.argument(*names)
        if isinstance(found, str) and found.isdigit():
            found = int(found)
        if isinstance(found, bool) or not isinstance(found, int):
            raise bad_query(f"The parameter of '{self.written}' is missing or no number.")
        return found

    def flag(self, *names: str, default: bool = False) -> bool:
        """Return an argument that may be given by name and must be true or false."""
        found = next((self.named[name] for name in names if name in self.named), default)
        if isinstance(found, str):
            found = found.lower() == "true"
        return bool(found)


def split(path: str) -> tuple[str, str] | None:
    """Split a decoded path into the site's path and what is asked of it."""
    found = _API.fullmatch(path)
    return (found["site"].rstrip("/"), found["rest"] or "") if found else None


def parse(rest: str, query: Mapping[str, str]) -> list[Segment]:
    """Read what follows `_api/`."""
    segments, at = [], 0
    while at < len(rest):
        if rest[at] == "/":
            at += 1
            continue
        stop = at
        while stop < len(rest) and rest[stop] not in "(/":
            stop += 1
        name = rest[at:stop]
        if stop < len(rest) and rest[stop] == "(":
            arguments, named, stop = _arguments(rest, stop + 1, query)
            segments.append(Segment(name.lower(), name, arguments, named, True))
        else:
            segments.append(Segment(name.lower(), name))
        at = stop
    return segments


def literal(text: str) -> Any:
    """Read a single value as it is written in addresses and filters."""
    found = _TYPED.fullmatch(text.strip())
    if found is not None:
        return _typed(found)
    return _bare(text)


def _arguments(
    rest: str, at: int, query: Mapping[str, str]
) -> tuple[tuple[Any, ...], dict[str, Any], int]:
    unnamed: list[Any] = []
    named: dict[str, Any] = {}
    while at < len(rest) and rest[at] != ")":
        if rest[at] in ", ":
            at += 1
            continue
        name = ""
        if (found := _NAMED.match(rest, at)) is not None:
            name, at = found["name"].lower(), found.end()
        if (quoted := _TYPED.match(rest, at)) is not None:
            value, at = _typed(quoted), quoted.end()
        elif (bare := _BARE.match(rest, at)) is not None:
            value, at = _unaliased(bare[0], query), bare.end()
        else:
            raise _malformed(rest)
        if name:
            named[name] = value
        else:
            unnamed.append(value)
    if at >= len(rest):
        raise _malformed(rest)
    return tuple(unnamed), named, at + 1


def _unaliased(text: str, query: Mapping[str, str]) -> Any:
    if not text.startswith("@"):
        return _bare(text)
    given = query.get(text.strip())
    if given is None:
        raise bad_query(f"The parameter alias '{text}' is not defined.")
    if given.startswith("{"):
        try:
            return orjson.loads(given)
        except orjson.JSONDecodeError as broken:
            raise bad_query(f"The parameter alias '{text}' is malformed.") from broken
    return literal(given)


def _typed(found: re.Match[str]) -> Any:
    text = found["text"].replace("''", "'")
    match (found["type"] or "").lower():
        case "guid":
            return Guid(text.strip("{}").lower())
        case "datetime":
            return Moment(text)
    return text


def _bare(text: str) -> Any:
    text = text.strip()
    match text.lower():
        case "true":
            return True
        case "false":
            return False
        case "null":
            return None
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


def _malformed(rest: str) -> RestError:
    return bad_query(f"The expression '{rest}' is not valid.")
