"""The values of OData 3 as `_api` has them: texts that are more than texts, objects, entities.

https://www.odata.org/documentation/odata-version-3-0/json-verbose-format/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any


class Guid(str):
    """A GUID."""

    __slots__ = ()


class Moment(str):
    """A moment, in ISO 8601."""

    __slots__ = ()

    @classmethod
    def of(cls, seconds: float) -> Moment:
        """Write seconds since 1970."""
        return cls(_written(int(seconds)))


@lru_cache(maxsize=4096)
def _written(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Long(str):
    """A number of 64 bits, which JSON carries as text."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Complex:
    """An object without an address."""

    type: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Several:
    """Some values of one type."""

    type: str
    values: list[Any]


@dataclass(frozen=True, slots=True)
class Entity:
    """An object with an address."""

    type: str
    uri: str  # below `_api/`
    values: Mapping[str, Any]
    links: tuple[str, ...] = ()  # what could be expanded
    etag: str | None = None

    def address(self, base: str) -> str:
        """Return the whole address; that of another web is whole already."""
        return self.uri if "://" in self.uri else f"{base}/{self.uri}"


@dataclass(frozen=True, slots=True)
class Feed:
    """Some entities, and where there are more."""

    entities: list[Entity]
    next_link: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What a request is answered with; a property or a function gives its value a name."""

    value: Any
    name: str = ""
    status: int = 200
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
