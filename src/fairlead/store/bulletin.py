"""Bulletin: short messages to all processes that share a database, heard by whoever listens now.

PostgreSQL: LISTEN and NOTIFY (https://www.postgresql.org/docs/current/sql-notify.html), on a
connection of its own that is held only while somebody listens. SQLite serves one process, so there
is nobody else to tell. A message that is posted while a listener's connection is down is lost.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg
import structlog
from sqlalchemy import func, select

from fairlead.errors import InternalError
from fairlead.store import dialect
from fairlead.store.database import Database, DatabaseDown

log = structlog.get_logger(__name__)

#: what PostgreSQL takes in one message
LONGEST_BYTES = 7_999
CONNECT_SECONDS = 10
#: a listener is waited for no longer; then others are not heard until it is there
READY_SECONDS = 5
#: between two attempts to listen again: from, to
PAUSE_SECONDS = (0.1, 5.0)


class Bulletin:
    """One channel; `heard` is called with each message, that of the own process too."""

    def __init__(self, db: Database, channel: str, heard: Callable[[str], None]) -> None:
        self._db = db
        self._channel = channel
        self._heard = heard
        self._listeners = 0
        self._task: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()

    async def post(self, message: str) -> None:
        """Tell all who listen; a message that is too long, or a database that is down, is logged.

        On SQLite nobody else can listen.
        """
        if self._db.dialect == "sqlite":
            return
        if len(message.encode()) > LONGEST_BYTES:
            log.warning("message too long for other processes", channel=self._channel)
            return
        try:
            async with self._db.write() as tx:
                await tx.execute(select(func.pg_notify(self._channel, message)))
        except (DatabaseDown, InternalError):
            log.warning("other processes not told", channel=self._channel)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Hear the other processes until the block ends."""
        self._listeners += 1
        try:
            if self._db.dialect == "postgresql":
                if self._task is None:
                    self._ready.clear()
                    self._task = asyncio.create_task(self._listen())
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._ready.wait(), READY_SECONDS)
            yield
        finally:
            self._listeners -= 1
            if self._listeners == 0 and self._task is not None:
                self._task.cancel()
                self._task = None

    async def _listen(self) -> None:
        pause, longest = PAUSE_SECONDS
        while True:
            try:
                connection = await asyncpg.connect(
                    dialect.plain_url(self._db.url), timeout=CONNECT_SECONDS
                )
            except (OSError, asyncpg.PostgresError) as error:
                log.warning(
                    "other processes not heard",
                    channel=self._channel,
                    reason=type(error).__name__,
                )
                await asyncio.sleep(pause)
                pause = min(2 * pause, longest)
                continue
            pause = PAUSE_SECONDS[0]
            try:
                await self._hear(connection)
            finally:
                connection.terminate()

    async def _hear(self, connection: Any) -> None:
        """Listen until the connection is gone."""
        gone = asyncio.Event()
        connection.add_termination_listener(lambda _: gone.set())
        try:
            await connection.add_listener(
                self._channel, lambda _connection, _pid, _channel, message: self._heard(message)
            )
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return
        self._ready.set()
        await gone.wait()
