"""Which objects of a cloud are kept, and which of their attributes.

An *entity* is an object of a class of ours that may change: it is a row of its own, and others
refer to it. All else (frozen dataclasses, moments, texts, containers) is a value within a row.
"""

from __future__ import annotations

import dis
import enum
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from functools import wraps
from typing import Any, TypeVar

from m365sim.clock import SystemClock, VirtualClock
from m365sim.files import Content, Drive, Item
from m365sim.files.blob import FileBlob, FillerBlob, MemoryBlob
from m365sim.files.enumeration import Rounds
from m365sim.files.mirror import Mirror, MirrorBlob
from m365sim.files.mirror_scan import Entry
from m365sim.files.synthetic import SyntheticBlob
from m365sim.history import History, Scribe
from m365sim.lists.generic import GenericList
from m365sim.lists.library import Library
from m365sim.notify import Notifier
from m365sim.tenant import Tenant
from m365sim.transfer.intake import Intake

#: Attributes that are not kept: they are journals, follow from others, or are of this process.
LEFT_OUT: dict[type, frozenset[str]] = {
    Content: frozenset({"history", "rounds", "_spool", "_kept_in"}),
    Drive: frozenset({"log", "_items", "_children", "_bytes", "_moved_on", "_first", "_holes"}),
    GenericList: frozenset({"_log", "_times", "_numbers", "_rounds"}),
    Library: frozenset({"_uids", "_numbers", "_known"}),
    Notifier: frozenset({"post", "_random", "_pumping"}),
    Intake: frozenset({"_file", "_hash"}),
    Mirror: frozenset({"_known", "_by_uid", "_scanner", "_looks"}),
}
#: Neither entities nor values: the new process has its own, or they are kept in another way.
SURROUNDINGS: tuple[type, ...] = (SystemClock, VirtualClock, Rounds, Tenant, History, Scribe)
BLOBS: tuple[type, ...] = (MemoryBlob, FileBlob, MirrorBlob)
#: Of our classes, values although they are not frozen: once made they are not changed.
_VALUES: tuple[type, ...] = (Item, Entry, FillerBlob, SyntheticBlob)


T = TypeVar("T")


def _per_class(ask: Callable[[type], T]) -> Callable[[type], T]:
    """Ask once for each class."""
    known: dict[type, T] = {}

    @wraps(ask)
    def answer(cls: type) -> T:
        if cls not in known:
            known[cls] = ask(cls)
        return known[cls]

    return answer


def is_ours(cls: type) -> bool:
    """Tell whether a class is one of the emulator's."""
    return cls.__module__.partition(".")[0] == "m365sim"


@_per_class
def is_entity(cls: type) -> bool:
    """Tell whether the objects of a class are rows of their own."""
    if not is_ours(cls) or issubclass(cls, (*SURROUNDINGS, *BLOBS, *_VALUES)):
        return False
    if issubclass(cls, (enum.Enum, BaseException, dict, list, tuple)):
        return False
    parameters = getattr(cls, "__dataclass_params__", None)
    return parameters is None or not parameters.frozen


@_per_class
def _left_out(cls: type) -> frozenset[str]:
    return frozenset(
        name for known, names in LEFT_OUT.items() if issubclass(cls, known) for name in names
    )


@_per_class
def _slots(cls: type) -> tuple[str, ...]:
    named = (name for one in cls.__mro__ for name in one.__dict__.get("__slots__", ()))
    return tuple(name for name in named if not name.startswith("__"))


def attributes(entity: Any) -> dict[str, Any]:
    """Return the attributes of an entity that are kept."""
    cls = type(entity)
    out = _left_out(cls)
    if (known := getattr(entity, "__dict__", None)) is not None:
        return {name: value for name, value in known.items() if name not in out}
    return {name: getattr(entity, name) for name in _slots(cls) if name not in out}


@_per_class
def expected(cls: type) -> frozenset[str]:
    """Return the attributes that an entity of a class must have, as this program makes it."""
    if is_dataclass(cls):
        return frozenset(one.name for one in fields(cls)) - _left_out(cls)
    return frozenset(_set_at_birth(cls)) - _left_out(cls)


def _set_at_birth(cls: type) -> Iterator[str]:
    for one in cls.__mro__:
        init = one.__dict__.get("__init__")
        if is_ours(one) and init is not None and hasattr(init, "__code__"):
            before: Any = None
            for step in dis.get_instructions(init):
                if step.opname == "STORE_ATTR" and _loads_self(before):
                    yield step.argval
                before = step


def _loads_self(step: Any) -> bool:
    """Tell whether an instruction leaves `self` on top; newer Pythons load two names at once."""
    if step is None or not step.opname.startswith("LOAD_FAST"):
        return False
    return step.argval == "self" or (isinstance(step.argval, tuple) and step.argval[-1] == "self")
