"""A lock for one connection's refresh: one holder at a time, across processes.

PostgreSQL: a session-level advisory lock on a connection of its own, which the server releases when
the holder dies (https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS).
SQLite serves one process, so a lock in memory is enough.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary

import asyncpg

from fairlead.errors import InternalError
from fairlead.store import dialect
from fairlead.store.database import Database

#: high half of the lock's number, so that ours meet nobody else's in the same database
NAMESPACE = 0x666C_7266
#: connections to PostgreSQL that one process spends on these locks
HOLDERS = 8
CONNECT_SECONDS = 10
CLOSE_SECONDS = 2


class _Local:
    """Locks of this process for one database, each alive while somebody uses it."""

    def __init__(self) -> None:
        self.locks: dict[int, tuple[asyncio.Lock, int]] = {}
        self.holders = asyncio.Semaphore(HOLDERS)

    @asynccontextmanager
    async def hold(self, pk: int) -> AsyncIterator[None]:
        lock, users = self.locks.get(pk, (asyncio.Lock(), 0))
        self.locks[pk] = lock, users + 1
        try:
            async with lock:
                yield
        finally:
            lock, users = self.locks[pk]
            if users == 1:
                del self.locks[pk]
            else:
                self.locks[pk] = lock, users - 1


_local: WeakKeyDictionary[Database, _Local] = WeakKeyDictionary()


@asynccontextmanager
async def refresh_lock(db: Database, pk: int) -> AsyncIterator[None]:
    """Hold the connection's refresh lock; waits until its holder lets go or dies."""
    local = _local.setdefault(db, _Local())
    # First come, first served inside the process: one of us at most waits at the server.
    async with local.hold(pk):
        if db.dialect == "sqlite":
            yield
        else:
            async with local.holders, _advisory(db.url, pk):
                yield


@asynccontextmanager
async def _advisory(url: str, pk: int) -> AsyncIterator[None]:
    try:
        connection = await asyncpg.connect(dialect.plain_url(url), timeout=CONNECT_SECONDS)
    except (OSError, asyncpg.PostgresError) as error:
        raise InternalError("The database gave no connection for a refresh lock") from error
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", (NAMESPACE << 32) | pk)
        yield
    finally:
        # The lock goes with the session; a close that hangs is cut.
        try:
            await connection.close(timeout=CLOSE_SECONDS)
        except (OSError, TimeoutError):
            connection.terminate()
