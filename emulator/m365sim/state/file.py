"""The state file: opened or made, read into a cloud, and brought up to date with it."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from m365sim import __version__
from m365sim.bad_file import BadFile
from m365sim.clock import SystemClock
from m365sim.entra.keys import adopt_key, key_to_keep
from m365sim.state.blobs import Blobs
from m365sim.state.codec import Unreadable
from m365sim.state.graph import Graph
from m365sim.tenant import Directory, Tenant

if TYPE_CHECKING:
    from m365sim.world import World

APPLICATION_ID = 0x6D333635  # "m365", in the header of the SQLite file
FORMAT = 1  # of the tables
_SCHEMA = (
    "CREATE TABLE about (name TEXT PRIMARY KEY, value) WITHOUT ROWID",
    "CREATE TABLE entities (number INTEGER PRIMARY KEY, class TEXT NOT NULL, state BLOB NOT NULL)",
    """CREATE TABLE history (
        owner INTEGER NOT NULL, number INTEGER NOT NULL, kind TEXT NOT NULL, at INTEGER NOT NULL,
        state BLOB NOT NULL, PRIMARY KEY (owner, number)
    )""",
    "CREATE TABLE blobs (number INTEGER PRIMARY KEY, content BLOB NOT NULL)",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {FORMAT}",
)

#: Makes a world without content for the first tenant of a directory; the number is that of starts.
Found = Callable[[Directory, Tenant, int], "World"]


class StateFile:
    """The file that a cloud is kept in. Only one process has it at a time."""

    def __init__(self, path: Path, database: sqlite3.Connection) -> None:
        self.path = path
        self.is_touched = False  # whether anything was asked of the cloud since the last commit
        self._database = database
        self._blobs = Blobs(database, files_beside(path))
        self._graph = Graph(database, self._blobs)
        self._world: World | None = None
        self._said: dict[str, object] = {}

    @property
    def is_new(self) -> bool:
        """Whether there is nothing in it yet."""
        (tables,) = self._database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        return bool(tables == 0)

    def begin(self, world: World) -> World:
        """Keep a cloud in this file, which has none yet; return the cloud."""
        self._database.execute("BEGIN IMMEDIATE")
        for statement in _SCHEMA:
            self._database.execute(statement)
        pem, der = key_to_keep()
        self._say(
            version=__version__,
            cloud=world.cloud.name,
            starts=1,
            key=pem,
            certificate=der,
        )
        self._attach(world)
        self.commit()
        return world

    def read(self, found: Found, cloud: str) -> World:
        """Return the cloud that the file holds; `found` makes the world to put it into."""
        with self._naming_faults():
            about = dict(self._database.execute("SELECT name, value FROM about"))
            if about["cloud"] != cloud:
                raise BadFile(self.path, None, f"holds a tenant of the cloud {about['cloud']}")
            tenants = [Tenant(**one) for one in json.loads(about["tenants"])]
            adopt_key(about["key"], about["certificate"])
            directory = Directory()
            for tenant in tenants:
                directory.add_tenant(tenant)
            starts = int(about["starts"]) + 1
            world = found(directory, tenants[0], starts)
            for tenant in tenants[1:]:
                world.add_tenant(tenant, seed=-starts)  # other ids than at the start before
            _set_clock(world, about)
            self._attach(world)
            self._graph.read(world)
        self._say(starts=starts)
        self._tidy()
        for one in world.tenants.values():
            for mirror in one.content.mirrors:
                mirror.rescan()
        self.commit()
        return world

    def commit(self) -> None:
        """Write whatever is not in the file yet, all of it or, if that fails, nothing."""
        if self._world is None:
            return
        self.is_touched = False
        world = self._world
        if len(self._blobs.contents) < len(world.tenants):
            self._attach(world)
        try:
            self._graph.write(world)
            self._say(
                tenants=json.dumps([asdict(one.tenant) for one in world.tenants.values()]),
                **self._graph.roots(world),
                **_clock_state(world),
            )
        except BaseException:
            self._database.rollback()
            raise
        self._database.commit()

    def rows(self) -> dict[str, int]:
        """Count the rows of every table."""
        tables = ("about", "entities", "history", "blobs")
        counts = (self._database.execute(f"SELECT count(*) FROM {one}") for one in tables)  # noqa: S608
        return {one: count.fetchone()[0] for one, count in zip(tables, counts, strict=True)}

    def close(self) -> None:
        """Commit, and let another process have the file."""
        self.commit()
        self._world = None
        self._database.close()

    def abandon(self) -> None:
        """Let go of the file without a commit; if there is nothing in it, delete it."""
        self._database.rollback()
        self._world = None
        is_empty = False
        with contextlib.suppress(sqlite3.DatabaseError):
            is_empty = self.is_new
        self._database.close()
        if is_empty:
            self.path.unlink(missing_ok=True)

    def _attach(self, world: World) -> None:
        self._world = world
        world.state = self
        self._blobs.folder.mkdir(mode=0o700, exist_ok=True)
        for one in world.tenants.values():
            one.content.keep_in(self._blobs.folder)
            self._blobs.contents[one.tenant.id] = one.content

    def _say(self, **values: object) -> None:
        news = {name: value for name, value in values.items() if self._said.get(name) != value}
        self._database.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", news.items())
        self._said |= news

    def _tidy(self) -> None:
        """Delete large files that nothing in the state file names any more."""
        named = self._graph.spooled
        for left in self._blobs.folder.iterdir():
            if left.name not in named:
                left.unlink()

    @contextmanager
    def _naming_faults(self) -> Iterator[None]:
        try:
            yield
        except Unreadable as wrong:
            reason = f"was written by m365sim {self._version()} and does not fit {__version__}"
            raise BadFile(self.path, None, f"{reason}: {wrong}") from wrong
        except sqlite3.DatabaseError as broken:
            raise BadFile(self.path, None, f"is damaged: {broken}") from broken
        except (KeyError, TypeError, ValueError) as broken:
            raise BadFile(self.path, None, f"is damaged: {broken!r}") from broken

    def _version(self) -> str:
        with contextlib.suppress(sqlite3.DatabaseError, TypeError):
            query = "SELECT value FROM about WHERE name = 'version'"
            return str(self._database.execute(query).fetchone()[0])
        return "?"


@contextmanager
def opened(path: Path) -> Iterator[StateFile]:
    """Open a state file, or make an empty one; a `BadFile` if it is none or in use.

    It stays open, unless the block raises.
    """
    kept = _open(path)
    try:
        yield kept
    except BaseException:
        kept.abandon()
        raise


def _open(path: Path) -> StateFile:
    try:
        if not path.exists():
            # Passwords, secrets and tokens are in it.
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        database = sqlite3.connect(
            path, timeout=0, isolation_level="IMMEDIATE", check_same_thread=False
        )
    except (OSError, sqlite3.OperationalError) as refused:
        reason = getattr(refused, "strerror", None) or str(refused)
        raise BadFile(path, None, f"cannot be used: {reason}") from refused
    try:
        _check(path, database)
    except sqlite3.OperationalError as busy:
        database.close()
        is_locked = "locked" in str(busy)
        reason = "is in use by another process" if is_locked else f"cannot be used: {busy}"
        raise BadFile(path, None, reason) from busy
    except sqlite3.DatabaseError as broken:
        database.close()
        raise BadFile(path, None, f"is no state file of m365sim: {broken}") from broken
    except BadFile:
        database.close()
        raise
    return StateFile(path, database)


def files_beside(path: Path) -> Path:
    """Return the folder for bytes too large for rows."""
    return path.with_name(path.name + ".files")


def _check(path: Path, database: sqlite3.Connection) -> None:
    database.execute("PRAGMA locking_mode = EXCLUSIVE")
    database.execute("PRAGMA journal_mode = WAL")
    # A crash of the process loses nothing; one of the machine may lose the last commits.
    database.execute("PRAGMA synchronous = NORMAL")
    database.execute("BEGIN IMMEDIATE")
    database.execute("COMMIT")
    if database.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
        return
    (application,) = database.execute("PRAGMA application_id").fetchone()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise BadFile(path, None, "is a SQLite file, but no state file of m365sim")
    if version != FORMAT:
        age = "a newer" if version > FORMAT else "an older"
        raise BadFile(path, None, f"was written by {age} m365sim, in format {version}")


def _clock_state(world: World) -> dict[str, object]:
    if isinstance(world.clock, SystemClock):
        return {"clock": "system", "moment": world.clock.offset.total_seconds()}
    return {"clock": "virtual", "moment": world.clock.now().isoformat()}


def _set_clock(world: World, about: dict[str, Any]) -> None:
    """Let the clock stand where it stood, or run ahead as far as it did."""
    if about["clock"] == "system":
        if isinstance(world.clock, SystemClock):
            world.clock.advance(timedelta(seconds=about["moment"]) - world.clock.offset)
        return
    left = datetime.fromisoformat(about["moment"]) - world.clock.now()
    if left > timedelta():
        world.clock.advance(left)
