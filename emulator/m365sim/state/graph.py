"""The entities of a cloud as rows: which of them changed, and how they come back."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from m365sim.files import Drive
from m365sim.files.mirror import Mirror
from m365sim.lists.generic import GenericList
from m365sim.lists.library import Library
from m365sim.state.blobs import Blobs
from m365sim.state.codec import (
    Reader,
    Reference,
    Unkeepable,
    Unreadable,
    Writer,
    find_ours,
    snapshot,
)
from m365sim.state.journal import (
    Entry,
    Kept,
    news_of_drive,
    news_of_list,
    replay_drive,
    replay_list,
)
from m365sim.state.shape import attributes, expected, is_entity
from m365sim.transfer.intake import Intake

if TYPE_CHECKING:
    from m365sim.world import World


@dataclass(slots=True)
class Record:
    """What is in the file of one entity."""

    entity: Any  # held, so that its address in memory stands for no other
    number: int
    attributes: dict[str, Any] | None = None  # as they were written; None = never
    refers_to: list[int] = field(default_factory=list)
    history_refers_to: list[int] = field(default_factory=list)
    history: Kept = field(default_factory=Kept)
    looks: int = -1  # of a mirrored folder


class Graph:
    """Every entity that can be reached from the worlds of a cloud."""

    def __init__(self, database: sqlite3.Connection, blobs: Blobs) -> None:
        self._database = database
        self._blobs = blobs
        self._records: dict[int, Record] = {}  # by address in memory
        self._by_number: dict[int, Record] = {}
        self._next = 1
        self._writer = Writer(self._number, blobs.reference, self._surroundings)
        self._world: World | None = None
        self.spooled: set[str] = set()  # names of large files that were read of

    # -- writing

    def write(self, world: World) -> None:
        """Write the entities and histories that differ from what is in the file."""
        self._world = world
        roots = [self._record(one).number for _, one in roots_of(world)]
        reached: set[int] = set(roots)
        waiting = list(roots)
        while waiting:
            record = self._by_number[waiting.pop()]
            self._update(record)
            for number in (*record.refers_to, *record.history_refers_to):
                if number not in reached:
                    reached.add(number)
                    waiting.append(number)
        if len(reached) < len(self._records):
            self._forget(reached)

    def roots(self, world: World) -> dict[str, int]:
        """Return the numbers of the entities from which all others are reached."""
        return {f"root {name}": self._record(one).number for name, one in roots_of(world)}

    def _surroundings(self, kind: str, value: Any) -> Reference:
        """Refer to what each process has of its own: of the cloud, or of a tenant."""
        if kind in ("clock", "history"):
            return (kind,)
        assert self._world is not None
        for tenant_id, one in self._world.tenants.items():
            if value in (one.content.rounds, one.content.history):
                return (kind, tenant_id)
        raise Unkeepable(f"a {type(value).__name__} of no tenant cannot be kept")

    def _update(self, record: Record) -> None:
        entity = record.entity
        if isinstance(entity, Intake):
            entity.flush()
        now = attributes(entity)
        if record.attributes is None or record.attributes != now:
            raw, record.refers_to = self._writer.write(now)
            record.attributes = {name: snapshot(value) for name, value in now.items()}
            cls = type(entity)
            name = f"{cls.__module__}:{cls.__qualname__}"
            self._database.execute(
                "INSERT OR REPLACE INTO entities VALUES (?, ?, ?)", (record.number, name, raw)
            )
        if isinstance(entity, Drive):
            self._append(record, *news_of_drive(entity, record.history))
        elif isinstance(entity, GenericList):
            self._append(record, *news_of_list(entity, record.history))
        elif isinstance(entity, Mirror) and entity.looks != record.looks:
            record.looks = entity.looks
            self._append(record, 0, iter([(1, "seen", 0, entity.seen())]))

    def _append(self, record: Record, first: int, entries: Iterator[Entry]) -> None:
        rows = []
        for number, kind, at, state in entries:
            raw, refers_to = self._writer.write(state)
            record.history_refers_to.extend(refers_to)
            rows.append((record.number, number, kind, at, raw))
        if rows or first == 0:
            self._database.execute(
                "DELETE FROM history WHERE owner = ? AND number > ?", (record.number, first)
            )
        self._database.executemany("INSERT INTO history VALUES (?, ?, ?, ?, ?)", rows)

    def _forget(self, reached: set[int]) -> None:
        for record in [one for one in self._records.values() if one.number not in reached]:
            del self._records[id(record.entity)]
            del self._by_number[record.number]
            for table, column in (("entities", "number"), ("history", "owner")):
                query = f"DELETE FROM {table} WHERE {column} = ?"  # noqa: S608 - two constants
                self._database.execute(query, (record.number,))

    def _number(self, entity: Any) -> int:
        return self._record(entity).number

    def _record(self, entity: Any, number: int | None = None) -> Record:
        known = self._records.get(id(entity))
        if known is None:
            known = Record(entity, self._next if number is None else number)
            self._next = max(self._next, known.number + 1)
            self._records[id(entity)] = self._by_number[known.number] = known
        return known

    # -- reading

    def read(self, world: World) -> None:
        """Put what the file holds into a cloud that has nothing yet."""
        self._world = world
        self._blobs.read()
        about = dict(self._database.execute("SELECT name, value FROM about"))
        given = {int(about[f"root {name}"]): root for name, root in roots_of(world)}
        rows = self._database.execute("SELECT number, class, state FROM entities").fetchall()
        for number, name, _ in rows:
            cls = _class_of(name)
            entity = given.get(number)
            if entity is not None and type(entity) is not cls:
                raise Unreadable(f"{name} in the place of {type(entity).__name__}")
            self._record(object.__new__(cls) if entity is None else entity, number)
        states = {number: self._read_attributes(number, raw) for number, _, raw in rows}
        self._come_to_life(states)
        for number, state in states.items():
            record = self._by_number[number]
            record.attributes = {name: snapshot(value) for name, value in state.items()}

    def _read_attributes(self, number: int, raw: bytes) -> dict[str, Any]:
        record = self._by_number[number]
        state = self._read(raw, record)
        cls = type(record.entity)
        if not isinstance(state, dict) or not expected(cls) <= state.keys():
            missing = sorted(expected(cls) - set(state if isinstance(state, dict) else ()))
            raise Unreadable(f"{cls.__name__} without {', '.join(missing)}")
        for name, value in state.items():
            setattr(record.entity, name, value)
        return state

    def _come_to_life(self, states: dict[int, dict[str, Any]]) -> None:
        """Bring back what is no attribute: histories, and what follows from them."""
        entities = [self._by_number[number] for number in states]
        for record in entities:
            if isinstance(record.entity, Mirror):
                record.entity.remember(self._seen(record))
        for record in entities:
            entity = record.entity
            match entity:
                case Drive():
                    record.history = replay_drive(entity, self._history(record))
                case GenericList():
                    record.history = replay_list(entity, self._history(record))
                case Library():
                    vars(entity).update(_uids=[], _numbers={}, _known=0)
                case Intake():
                    entity.resume()
                    if (name := entity.file_name) is not None:
                        self.spooled.add(name)

    def _seen(self, record: Record) -> list[Any]:
        return [one for _, _, _, entries in self._history(record) for one in entries]

    def _history(self, record: Record) -> Iterator[Entry]:
        query = "SELECT number, kind, at, state FROM history WHERE owner = ? ORDER BY number"
        for number, kind, at, raw in self._database.execute(query, (record.number,)).fetchall():
            yield number, kind, at, self._read(raw, record)

    def _read(self, raw: bytes, record: Record) -> Any:
        return Reader(raw, lambda reference: self._resolve(reference, record)).read()

    def _resolve(self, reference: Reference, record: Record) -> Any:
        match reference:
            case ("entity", int(number)):
                record.refers_to.append(number)
                return self._known(number).entity
            case ("method", int(number), str(name)):
                record.refers_to.append(number)
                return _method(self._known(number).entity, name)
            case ("spooled", str(name), _, _):
                self.spooled.add(name)
                return self._blobs.resolve(reference)
            case ("clock" | "history" | "tenant" | "scribe" | "rounds", *_):
                assert self._world is not None
                return _surroundings(self._world, reference)
        return self._blobs.resolve(reference)

    def _known(self, number: int) -> Record:
        known = self._by_number.get(number)
        if known is None:
            raise Unreadable(f"there is no entity {number}")
        return known


def roots_of(world: World) -> list[tuple[str, Any]]:
    """List the entities from which all others are reached, by names that do not change."""
    shared = [
        ("directory", world.directory),
        ("grants", world.grants),
        ("quirks", world.quirks),
        ("throttle", world.throttle),
    ]
    own = [
        (f"{part} {one.tenant.id}", getattr(one, part))
        for one in world.tenants.values()
        for part in ("content", "sharing", "lists", "notify", "rest")
    ]
    return shared + own


def _class_of(name: str) -> type:
    module, _, qualname = name.partition(":")
    found = find_ours(module, qualname)
    if not is_entity(found):
        raise Unreadable(f"{qualname} is not kept as a row")
    return found


def _method(entity: Any, name: str) -> Callable[..., Any]:
    found = getattr(type(entity), name, None)
    if name.startswith("__") or not callable(found):
        raise Unreadable(f"there is no method {name}")
    bound: Callable[..., Any] = getattr(entity, name)
    return bound


def _surroundings(world: World, reference: Reference) -> Any:
    kind, *names = reference
    if kind in ("clock", "history"):
        return getattr(world, kind)
    tenant = world.directory.tenants.get(names[0])
    if tenant is None:
        raise Unreadable(f"there is no tenant {names[0]}")
    if kind == "tenant":
        return tenant
    content = world.of(tenant.id).content
    return content.history if kind == "scribe" else content.rounds
