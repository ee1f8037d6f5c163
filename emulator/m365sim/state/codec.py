"""Writes entities as bytes and reads them back: pickles that can name nothing but our own classes.

https://docs.python.org/3/library/pickle.html#persistence-of-external-objects: what is kept
elsewhere (other entities, the bytes of files, the clock) is written as a reference.
"""

from __future__ import annotations

import io
import pickle
import sys
from collections import deque
from collections.abc import Callable
from types import FunctionType, LambdaType, MethodType
from typing import Any
from weakref import WeakKeyDictionary

from m365sim.clock import SystemClock, VirtualClock
from m365sim.files.enumeration import Rounds
from m365sim.history import History, Scribe
from m365sim.state.shape import BLOBS, is_entity
from m365sim.tenant import Tenant

PROTOCOL = 5
Reference = tuple[Any, ...]

_PLAIN = (str, int, float, bytes, bool, type(None))
#: What a file may name besides our own classes.
_OTHERS = {
    ("datetime", "datetime"),
    ("datetime", "date"),
    ("datetime", "timedelta"),
    ("datetime", "timezone"),
    ("builtins", "set"),
    ("builtins", "frozenset"),
    ("builtins", "bytearray"),
    ("collections", "deque"),
    ("collections", "Counter"),
    ("collections", "OrderedDict"),
    ("uuid", "UUID"),
    ("uuid", "SafeUUID"),
    ("pathlib", "PosixPath"),
    ("pathlib", "WindowsPath"),
    ("pathlib._local", "PosixPath"),
    ("pathlib._local", "WindowsPath"),
    ("weakref", "WeakKeyDictionary"),
}


class Unreadable(Exception):
    """The bytes do not say what they should; the message says what is wrong."""


class Unkeepable(TypeError):
    """An object cannot be kept: a mistake of ours, which tests must find."""


class Writer:
    """Writes values and entities; the callables give references to what is elsewhere."""

    def __init__(
        self,
        number: Callable[[Any], int],
        blob: Callable[[Any], Reference],
        surroundings: Callable[[str, Any], Reference],
    ) -> None:
        self._number = number
        self._blob = blob
        self._surroundings = surroundings
        self._kinds: dict[type, str] = {}

    def write(self, value: Any) -> tuple[bytes, list[int]]:
        """Return a value as bytes, and the numbers of the entities that it refers to."""
        refers_to: list[int] = []
        target = io.BytesIO()
        pickler = _Pickler(target, lambda one: self._reference(one, refers_to))
        pickler.dump(value)
        return target.getvalue(), refers_to

    def _reference(self, value: Any, refers_to: list[int]) -> Reference | None:
        cls = type(value)
        kind = self._kinds.get(cls)
        if kind is None:
            kind = self._kinds[cls] = _kind(cls)
        match kind:
            case "":
                return None
            case "entity":
                number = self._number(value)
                refers_to.append(number)
                return ("entity", number)
            case "tenant":
                return ("tenant", value.id)
            case "blob":
                return self._blob(value)
            case "method":
                if not is_entity(type(value.__self__)):
                    raise Unkeepable(f"a method of {value.__self__!r} cannot be kept")
                number = self._number(value.__self__)
                refers_to.append(number)
                return ("method", number, value.__func__.__name__)
            case "function":
                raise Unkeepable(f"the function {value.__qualname__} cannot be kept")
        return self._surroundings(kind, value)


def _kind(cls: type) -> str:
    if issubclass(cls, _PLAIN):
        return ""
    for known, kind in (
        (Tenant, "tenant"),
        ((SystemClock, VirtualClock), "clock"),
        (Rounds, "rounds"),
        (History, "history"),
        (Scribe, "scribe"),
        (BLOBS, "blob"),
        (MethodType, "method"),
        ((FunctionType, LambdaType), "function"),
    ):
        if issubclass(cls, known):
            return kind
    return "entity" if is_entity(cls) else ""


class _Pickler(pickle.Pickler):
    def __init__(self, target: io.BytesIO, reference: Callable[[Any], Reference | None]) -> None:
        super().__init__(target, PROTOCOL)
        self._reference = reference

    def persistent_id(self, obj: Any) -> Reference | None:
        return self._reference(obj)

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, WeakKeyDictionary):
            return WeakKeyDictionary, (dict(obj.items()),)
        return NotImplemented


class Reader(pickle.Unpickler):
    """Reads what a `Writer` wrote; `resolve` finds what references stand for."""

    def __init__(self, raw: bytes, resolve: Callable[[Reference], Any]) -> None:
        super().__init__(io.BytesIO(raw))
        self._resolve = resolve

    def persistent_load(self, pid: Any) -> Any:
        return self._resolve(pid)

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _OTHERS:
            return super().find_class(module, name)
        found = find_ours(module, name)
        if is_entity(found):
            raise Unreadable(f"{name} within another object")
        return found

    def read(self) -> Any:
        """Return the value; `Unreadable` for whatever is no value of ours."""
        try:
            return self.load()
        except Unreadable:
            raise
        except (pickle.UnpicklingError, EOFError, ValueError, KeyError, IndexError) as broken:
            raise Unreadable(str(broken)) from broken
        except (AttributeError, TypeError, ImportError) as broken:
            raise Unreadable(str(broken)) from broken


def find_ours(module: str, name: str) -> type:
    """Return the class of ours that a file names; `Unreadable` when there is none."""
    found: Any = sys.modules.get(module) if module.startswith("m365sim.") else None
    for part in name.split("."):
        found = getattr(found, part, None)
    if not isinstance(found, type) or found.__module__ != module:
        raise Unreadable(f"there is no class {module}.{name}")
    return found


def snapshot(value: Any) -> Any:
    """Copy the containers of a value; the copy equals the value until something changes."""
    match value:
        case dict() | WeakKeyDictionary():  # Counter and OrderedDict, too
            return {key: snapshot(inner) for key, inner in value.items()}
        case list():
            return [snapshot(inner) for inner in value]
        case deque():
            return deque(map(snapshot, value))
        case set():
            return set(value)
        case bytearray():
            return bytes(value)
    return value
