"""Differences between SQLite and PostgreSQL: engines, clauses that one of them lacks, locks.

SQLite: https://www.sqlite.org/wal.html, https://www.sqlite.org/pragma.html
PostgreSQL: https://www.postgresql.org/docs/current/explicit-locking.html
"""

import asyncio
import sqlite3
import time
from datetime import datetime
from threading import Thread
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakKeyDictionary, WeakSet

from asyncpg import PostgresError
from sqlalchemy import (
    URL,
    ColumnElement,
    Engine,
    Table,
    bindparam,
    create_engine,
    event,
    func,
    make_url,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from fairlead.errors import OperatorError
from fairlead.store.tables import connections

if TYPE_CHECKING:
    from fairlead.store.database import Tx

DialectName = Literal["sqlite", "postgresql"]
NAMES: tuple[DialectName, ...] = ("sqlite", "postgresql")

#: seconds that SQLite waits for a writer in another process
BUSY_SECONDS = 10.0
READERS = 8
#: connections of one process to PostgreSQL
POOL = 10
OVERFLOW = 10
#: number of the advisory lock that a migration holds
SCHEMA_LOCK = 0x666C_7363

_WAL = "PRAGMA journal_mode = WAL"
_PRAGMAS = (
    "PRAGMA synchronous = NORMAL",
    "PRAGMA foreign_keys = ON",
    # negative: KiB
    "PRAGMA cache_size = -32768",
    "PRAGMA wal_autocheckpoint = 4000",
)


def name_of(url: str) -> DialectName:
    """Return which dialect the URL speaks."""
    return "sqlite" if url.startswith("sqlite") else "postgresql"


def async_url(url: str) -> URL:
    """Return the URL with the driver that we use."""
    parsed = _parsed(url)
    if name_of(url) == "sqlite":
        return parsed.set(drivername="sqlite+aiosqlite")
    return parsed.set(drivername="postgresql+asyncpg")


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        # their words quote the URL, and that holds a password
        raise OperatorError(
            "FAIRLEAD_DATABASE_URL cannot be read; correct it, for example "
            "postgresql://user:password@host:5432/name, with @ : / percent-encoded in the password",
            code="invalid_setting",
        ) from None


def plain_url(url: str) -> str:
    """Return the PostgreSQL URL as its own driver reads it."""
    return _parsed(url).set(drivername="postgresql").render_as_string(hide_password=False)


def engines(url: str) -> tuple[AsyncEngine, AsyncEngine]:
    """Return the engine for reading and the one for writing; they may share a pool."""
    if name_of(url) == "sqlite":
        return _sqlite(url, "BEGIN", READERS), _sqlite(url, "BEGIN IMMEDIATE", 1)
    # hide_parameters: errors are logged, and parameters may be anything
    engine = create_async_engine(
        async_url(url),
        pool_size=POOL,
        max_overflow=OVERFLOW,
        pool_pre_ping=True,
        hide_parameters=True,
    )
    return engine.execution_options(postgresql_readonly=True), engine


def _sqlite(url: str, begin: str, connections_kept: int) -> AsyncEngine:
    # isolation_level None keeps the driver from opening transactions by its own rules, so that
    # ours begin exactly where we say: with IMMEDIATE, a writer never fails half way for want of
    # the write lock. https://docs.python.org/3/library/sqlite3.html#transaction-control
    engine = create_async_engine(
        async_url(url),
        pool_size=connections_kept,
        max_overflow=0,
        hide_parameters=True,
        connect_args={"isolation_level": None, "timeout": BUSY_SECONDS},
    )

    _prepare_each(engine.sync_engine, begin)

    @event.listens_for(engine.sync_engine, "connect")
    def _note_thread(connection: Any, _record: object) -> None:
        _THREADS.setdefault(engine, WeakSet()).add(connection.driver_connection._thread)  # noqa: SLF001

    return engine


#: those in which the driver works
_THREADS: WeakKeyDictionary[AsyncEngine, WeakSet[Thread]] = WeakKeyDictionary()


async def ended(engine: AsyncEngine) -> None:
    """Return when no thread of a disposed engine has anything to say any more.

    Whoever is cancelled while a statement runs leaves it to its thread, which would tell of it to
    a loop that is closed.
    """
    for thread in list(_THREADS.get(engine, ())):
        await asyncio.to_thread(thread.join, BUSY_SECONDS)


def inline(url: str, begin: str) -> Engine | None:
    """Return an engine that works in the caller's thread; None: this database has none.

    A row by its key takes SQLite ten microseconds, and another thread is ten times as far. Without
    `begin` (what opens a transaction) it can only read.
    """
    if name_of(url) != "sqlite":
        return None
    engine = create_engine(
        _parsed(url).set(drivername="sqlite"),
        # of those that read, one is held to tell the version
        pool_size=1 if begin else 2,
        max_overflow=READERS,
        hide_parameters=True,
        # readers wait for nobody, and one thread at a time uses each
        connect_args={
            "isolation_level": None,
            "timeout": BUSY_SECONDS if begin else 1.0,
            "check_same_thread": False,
        },
    )
    _prepare_each(engine, begin)
    return engine


def _prepare_each(engine: Engine, begin: str) -> None:
    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        _enter_wal(cursor)
        for pragma in _PRAGMAS:
            cursor.execute(pragma)
        if begin in {"", "BEGIN"}:
            cursor.execute("PRAGMA query_only = ON")
        cursor.close()

    if begin:

        @event.listens_for(engine, "begin")
        def _begin(connection: Any) -> None:
            connection.exec_driver_sql(begin)


def _enter_wal(cursor: Any) -> None:
    """Switch to the write-ahead log; the first connection to a new file does it for all."""
    # Whoever changes the mode needs the file for itself, and SQLite does not wait for that as it
    # does for a writer: https://www.sqlite.org/wal.html
    give_up_at = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            cursor.execute(_WAL)
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > give_up_at:
                raise
            time.sleep(0.01)
        else:
            return


async def probe(engine: AsyncEngine) -> None:
    """Ask the database for an answer; OperatorError says why there is none."""
    try:
        async with engine.connect() as connection:
            await connection.exec_driver_sql("SELECT 1")
    except (SQLAlchemyError, OSError, PostgresError) as error:
        reason = str(getattr(error, "orig", None) or error).partition("\n")[0]
        where = engine.url.render_as_string(hide_password=True)
        raise OperatorError(
            f"The database {where} does not answer ({reason}); "
            "start it, or correct FAIRLEAD_DATABASE_URL",
            code="database_unavailable",
        ) from error


def is_orphan(cause: BaseException | None) -> bool:
    """Say whether a foreign key was violated: 23503 in PostgreSQL, a name in SQLite."""
    return (
        getattr(cause, "sqlite_errorname", "") == "SQLITE_CONSTRAINT_FOREIGNKEY"
        or getattr(cause, "sqlstate", "") == "23503"
    )


def insert(tx: "Tx", table: Table) -> Any:
    """Return an INSERT that has `on_conflict_do_nothing` and `on_conflict_do_update`."""
    return insert_of(tx.dialect, table)


def insert_of(name: DialectName, table: Table) -> Any:
    """Return the same for a dialect."""
    return sqlite.insert(table) if name == "sqlite" else postgresql.insert(table)


def by_index(tx: "Tx", name: str) -> str:
    """Return what, behind a table's name, has SQLite use an index; PostgreSQL has statistics."""
    return f"INDEXED BY {name}" if tx.dialect == "sqlite" else ""


def contains(tx: "Tx", column: ColumnElement[Any], part: str) -> ColumnElement[bool]:
    """Return the condition that the text has `part` in it, case and wildcards taken literally."""
    find = func.instr if tx.dialect == "sqlite" else func.strpos
    return find(column, part) > 0


#: built once: each batch of a sync begins with it
_HOLD = (
    select(connections.c.id)
    .where(connections.c.id == bindparam("pk"))
    .with_for_update(read=True, key_share=True)
)


async def hold_connection(tx: "Tx", connection_pk: int) -> None:
    """Keep the connection's row from being deleted until the transaction ends.

    Taken before anything below the connection is locked: a deletion locks in that order too, so
    the two can never wait for each other. SQLite's only writer needs no such thing.
    """
    if tx.dialect == "postgresql":
        await tx.execute(_HOLD, {"pk": connection_pk})


async def database_time(tx: "Tx") -> datetime | None:
    """Return the database server's time; None of a file, which has none."""
    if tx.dialect == "sqlite":
        return None
    found: datetime = await tx.scalar(select(func.clock_timestamp()))
    return found


async def lock_line(tx: "Tx", connection_pk: int) -> None:
    """Let nobody else begin a run of the connection until the transaction ends.

    Commits of its batches go on: they only keep the row from being deleted.
    """
    if tx.dialect == "postgresql":
        await tx.execute(
            select(connections.c.id)
            .where(connections.c.id == connection_pk)
            .with_for_update(key_share=True)
        )


async def hold_schema(connection: AsyncConnection) -> None:
    """Keep other processes from migrating until the transaction ends (SQLite's write lock does)."""
    if connection.dialect.name == "postgresql":
        await connection.execute(select(func.pg_advisory_xact_lock(SCHEMA_LOCK)))
