"""Content: how a record is stored and compared, and how its place follows from those above it."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any
from urllib.parse import unquote

import orjson

#: bytes of a content hash
HASH_BYTES = 16


@dataclass(frozen=True, slots=True)
class Lineage:
    """A record's place is that of the record above it, a slash and the record's own name."""

    #: field of the place, as it is written
    path: str
    #: field of the name, as it is written
    name: str
    #: fields that begin with what the record above has there (a URL); others may begin otherwise
    begun: tuple[str, ...] = ()
    #: fields that do not count as a change
    volatile: frozenset[str] = frozenset()


def hashed(values: Mapping[str, Any], volatile: frozenset[str]) -> tuple[bytes, bytes]:
    """Return a record's hash and content: canonical JSON; the hash leaves out volatile fields."""
    content = orjson.dumps(values, option=orjson.OPT_SORT_KEYS)
    counted = content
    if volatile:
        steady = {key: value for key, value in values.items() if key not in volatile}
        counted = orjson.dumps(steady, option=orjson.OPT_SORT_KEYS)
    return blake2b(counted, digest_size=HASH_BYTES).digest(), content


@dataclass(frozen=True, slots=True)
class Move:
    """Where a record lies now, and what its fields, and those of what lies below, began with."""

    path: str
    #: (field, beginning before, beginning now)
    begun: tuple[tuple[str, str, str], ...] = ()


def move_of(before: bytes, after: bytes, lineage: Lineage) -> Move | None:
    """Return how a record moved; None if it lies where it did."""
    old, new = orjson.loads(before), orjson.loads(after)
    path = new.get(lineage.path)
    if not isinstance(path, str) or path == old.get(lineage.path):
        return None
    changed = ((field, old.get(field), new.get(field)) for field in lineage.begun)
    return Move(path, tuple((field, str(a), str(b)) for field, a, b in changed if a and b))


def settled_above(told: bytes, above: bytes, lineage: Lineage) -> Move | None:
    """Return how to move a record that was told before the one above it; None if it lies right.

    Without knowing what the one above had been: a field counts as begun by it if the rest of it is
    the record's own name.
    """
    old, new = orjson.loads(told), orjson.loads(above)
    path, name = new.get(lineage.path), old.get(lineage.name, "")
    if not isinstance(path, str) or old.get(lineage.path) == f"{path}/{name}":
        return None
    begun: list[tuple[str, str, str]] = []
    for field in lineage.begun:
        before, _, last = str(old.get(field) or "").rpartition("/")
        if before and unquote(last) == name and new.get(field):
            begun.append((field, before, str(new[field])))
    return Move(path, tuple(begun))


def carried(
    content: bytes, above: Move, lineage: Lineage
) -> tuple[Move, tuple[bytes, bytes] | None]:
    """Return the move of what lies below `above`, with its new hash and content.

    None for these if it is right already; what lies further below may still not be: in an
    enumeration that is no snapshot, a folder may be told with its new place, and what is in it,
    a page earlier, with the old one.
    """
    values = orjson.loads(content)
    path = f"{above.path}/{values.get(lineage.name, '')}"
    move = Move(path, above.begun)
    if values.get(lineage.path) == path:
        return move, None
    values[lineage.path] = path
    for field, before, now in above.begun:
        value = values.get(field)
        if isinstance(value, str) and value.startswith(f"{before}/"):
            values[field] = now + value[len(before) :]
    return move, hashed(values, lineage.volatile)
