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

    #: field of the place, as it is written; "" = there is none, only what `begun` names
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


def _path(values: Mapping[str, Any], lineage: Lineage) -> Any:
    return values.get(lineage.path) if lineage.path else ""


def move_of(before: bytes, after: bytes, lineage: Lineage) -> Move | None:
    """Return how a record moved; None if it lies where it did."""
    old, new = orjson.loads(before), orjson.loads(after)
    path = _path(new, lineage)
    changed = [(field, old.get(field), new.get(field)) for field in lineage.begun]
    begun = tuple((field, str(a), str(b)) for field, a, b in changed if a and b)
    if not isinstance(path, str):
        return None
    if path == _path(old, lineage) and all(a == b for _, a, b in begun):
        return None
    return Move(path, begun)


def place_of(above: bytes, lineage: Lineage) -> Move | None:
    """Return where a record lies, for what was told before it; None if it does not say."""
    new = orjson.loads(above)
    path = _path(new, lineage)
    if not isinstance(path, str):
        return None
    return Move(path, tuple((name, "", str(new[name])) for name in lineage.begun if new.get(name)))


def carried(
    content: bytes, above: Move, lineage: Lineage
) -> tuple[Move, tuple[bytes, bytes] | None]:
    """Return the move of what lies below `above`, with its new hash and content.

    None for these if it is right already; what lies further below may still not be: in an
    enumeration that is no snapshot, a folder may be told with its new place, and what is in it,
    a page earlier, with the old one.
    """
    values = orjson.loads(content)
    name = values.get(lineage.name, "")
    path = f"{above.path}/{name}" if lineage.path else ""
    is_right = _path(values, lineage) == path
    if lineage.path:
        values[lineage.path] = path
    begun: list[tuple[str, str, str]] = []
    for field, before, now in above.begun:
        value = values.get(field)
        if not isinstance(value, str):
            continue
        last = value.rpartition("/")[2]
        if unquote(last) == name:
            told = f"{now}/{last}"
        elif before and value.startswith(f"{before}/"):
            told = now + value[len(before) :]
        else:
            continue
        is_right = is_right and told == value
        values[field] = told
        begun.append((field, value, told))
    move = Move(path, tuple(begun))
    return move, None if is_right else hashed(values, lineage.volatile)
