"""A lock for one connection's refresh: one holder at a time, across processes.

PostgreSQL: a session-level advisory lock on a connection of its own, which the server releases when
the holder dies (https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS).
SQLite: a lock on a file in a folder beside the database, released when the holder dies, too
(https://man7.org/linux/man-pages/man2/flock.2.html): one process serves it, but a command may look
into it meanwhile.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
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
#: between two looks at a file that another process has locked: from, to
LOOK_SECONDS = (0.005, 0.1)


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
            async with _file(Path(db.url.removeprefix("sqlite:///") + "-locks") / str(pk)):
                yield
        else:
            async with local.holders, _advisory(db.url, pk):
                yield


@asynccontextmanager
async def _file(path: Path) -> AsyncIterator[None]:
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise InternalError(
            "The folder for refresh locks beside the database cannot be written; whoever runs "
            "fairlead must give it the right to",
            who="operator",
        ) from error
    try:
        pause, longest = LOOK_SECONDS
        while not _locked(descriptor):
            await asyncio.sleep(pause)
            pause = min(2 * pause, longest)
        yield
    finally:
        # the lock goes with it
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    if sys.platform == "win32":
        # no such locks: one process then, as ever with SQLite
        return True
    import fcntl  # noqa: PLC0415 - not on every platform

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


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
