"""Database: opens the engines and hands out transactions."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    AsyncExitStack,
    ExitStack,
    asynccontextmanager,
    contextmanager,
    nullcontext,
    suppress,
)
from typing import Any, TypeVar

from asyncpg import ForeignKeyViolationError, PostgresError
from sqlalchemy import Connection, Executable, Row
from sqlalchemy.engine import CursorResult
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as NoConnectionInTime
from sqlalchemy.ext.asyncio import AsyncConnection

from fairlead.errors import InternalError, NotFound
from fairlead.store import dialect
from fairlead.store.dialect import DialectName
from fairlead.store.prepared import Prepared
from fairlead.store.version import Version
from fairlead.vault.vault import Vault

T = TypeVar("T")

#: values for a statement's named places, or a list of such: the statement is run for each
Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None


def columns_of(row: Row[Any]) -> dict[str, Any]:
    """Return a row as column -> value."""
    return dict(row._mapping)  # noqa: SLF001  # SQLAlchemy's underscore only keeps the name free


class DatabaseDown(Exception):
    """The database gives no connection now."""


def _down(error: Exception) -> DatabaseDown:
    # the kind alone: their words may quote the URL
    return DatabaseDown(f"The database gives no connection: {type(error).__name__}")


@asynccontextmanager
async def _connected(
    opening: AbstractAsyncContextManager[AsyncConnection],
) -> AsyncIterator[AsyncConnection]:
    async with AsyncExitStack() as stack:
        try:
            connection = await stack.enter_async_context(opening)
        except (OSError, PostgresError, DBAPIError, NoConnectionInTime) as error:
            raise _down(error) from error
        yield connection


@contextmanager
def _opened(opening: AbstractContextManager[Connection]) -> Iterator[Connection]:
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(opening)
        except (OSError, DBAPIError, NoConnectionInTime) as error:
            raise _down(error) from error
        yield connection


def run_through(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that waits for nothing; InternalError if it does."""
    try:
        work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    work.close()
    raise InternalError("A transaction waited for something other than its database")


@contextmanager
def _orphans() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        if dialect.is_orphan(error.orig):
            raise NotFound("What this belongs to was deleted meanwhile") from error
        raise
    except (sqlite3.IntegrityError, ForeignKeyViolationError) as error:
        # of a statement that went to the driver itself
        if dialect.is_orphan(error):
            raise NotFound("What this belongs to was deleted meanwhile") from error
        raise


class Tx:
    """An open transaction."""

    __slots__ = ("_driver", "connection", "dialect", "vault")

    def __init__(
        self, connection: AsyncConnection, name: DialectName, vault: Vault | None = None
    ) -> None:
        self.connection = connection
        self.dialect: DialectName = name
        #: opens and seals what is secret inside rows that are read as a whole
        self.vault = vault
        self._driver: Any = None

    async def execute(
        self, statement: Executable, parameters: Parameters = None
    ) -> CursorResult[Any]:
        """Run a statement with these parameters; with a list of them, once for each.

        NotFound: a row was to be written whose owner (a connection, say) is gone.
        """
        with _orphans():
            return await self.connection.execute(statement, parameters)

    async def first(
        self, statement: Executable, parameters: Mapping[str, Any] | None = None
    ) -> Row[Any] | None:
        """Return the first row, None if there is none."""
        return (await self.execute(statement, parameters)).first()

    async def all(
        self, statement: Executable, parameters: Mapping[str, Any] | None = None
    ) -> Sequence[Row[Any]]:
        """Return all rows."""
        return (await self.execute(statement, parameters)).all()

    async def quick(
        self, prepared: Mapping[DialectName, Prepared], parameters: Mapping[str, Any]
    ) -> Any:
        """Return the first row of a prepared query, None if there is none."""
        one = prepared[self.dialect]
        if self.dialect == "sqlite":
            # the driver is in another thread: no way there is quick
            return await self.first(one.statement, parameters)
        values = await (await self.driver()).fetchrow(one.text, *one.values(parameters))
        return None if values is None else one.row(values)

    async def change(
        self, prepared: Mapping[DialectName, Prepared], parameters: Mapping[str, Any]
    ) -> int:
        """Run a prepared statement that changes rows; return how many. NotFound as in `execute`."""
        one = prepared[self.dialect]
        if self.dialect == "sqlite":
            return (await self.execute(one.statement, parameters)).rowcount
        driver = await self.driver()
        with _orphans():
            told = await driver.execute(one.text, *one.values(parameters))
        # `UPDATE 1`, `INSERT 0 1`
        return int(told.rpartition(" ")[2])

    async def driver(self) -> Any:
        """Return the driver's own connection, inside the open transaction."""
        if self._driver is None:
            self._driver = await self._found_driver()
        return self._driver

    async def _found_driver(self) -> Any:
        raw = await self.connection.get_raw_connection()
        connection = raw.driver_connection
        if self.dialect == "postgresql" and connection and not connection.is_in_transaction():
            # The transaction is begun by the first statement that goes the usual way.
            await self.connection.exec_driver_sql("SELECT 1")
        return connection

    async def scalar(self, statement: Executable) -> Any:
        """Return the first column of the first row, None if there is none."""
        return (await self.execute(statement)).scalar()

    async def count(self, statement: Executable) -> int:
        """Run a statement that changes rows; return how many it did."""
        return (await self.execute(statement)).rowcount


class _InlineTx(Tx):
    """An open transaction whose statements run at once, in this thread."""

    __slots__ = ("_inline",)

    def __init__(
        self, connection: Connection, name: DialectName, vault: Vault | None = None
    ) -> None:
        self._inline = connection
        self.dialect = name
        self.vault = vault

    async def execute(
        self, statement: Executable, parameters: Parameters = None
    ) -> CursorResult[Any]:
        with _orphans():
            return self._inline.execute(statement, parameters)

    async def quick(
        self, prepared: Mapping[DialectName, Prepared], parameters: Mapping[str, Any]
    ) -> Any:
        one = prepared[self.dialect]
        values = self._found().execute(one.text, one.values(parameters)).fetchone()
        return None if values is None else one.row(values)

    async def change(
        self, prepared: Mapping[DialectName, Prepared], parameters: Mapping[str, Any]
    ) -> int:
        one = prepared[self.dialect]
        with _orphans():
            changed: int = self._found().execute(one.text, one.values(parameters)).rowcount
        return changed

    async def driver(self) -> Any:
        return self._found()

    def _found(self) -> Any:
        return self._inline.connection.driver_connection


class Database:
    """One database: SQLite file or PostgreSQL.

    On SQLite one writer at a time in this process (another process waits up to ten seconds);
    readers see the last commit and wait for nobody.
    """

    def __init__(self, url: str, vault: Vault | None = None) -> None:
        self.url = url
        self._vault = vault
        self.dialect: DialectName = dialect.name_of(url)
        self._readers, self._writers = dialect.engines(url)
        self._inline = dialect.inline(url, "")
        self._inline_writer = dialect.inline(url, "BEGIN IMMEDIATE")
        self._version = None if self._inline is None else Version(self._inline)
        self._writer = ThreadPoolExecutor(1, "fairlead-writer")
        self._turn = asyncio.Lock() if self.dialect == "sqlite" else None
        self._writing: set[asyncio.Task[Any] | None] = set()

    @classmethod
    async def open(cls, url: str, vault: Vault | None = None) -> "Database":
        """Open `sqlite:///path` or `postgresql://...`; OperatorError if it does not answer.

        Without the vault, connections are read without what is secret in their configs, and cannot
        be written with such.
        """
        database = cls(url, vault)
        try:
            await dialect.probe(database._readers)  # our own
        except BaseException:
            await database.close()
            raise
        return database

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Tx]:
        """Open a transaction; it commits on exit and rolls back on any exception.

        DatabaseDown if there is no connection to be had. Nothing is retried. A second one inside
        the same task would wait for itself for ever, so that is an error.
        """
        task = self._refuse_nesting()
        turn: AbstractAsyncContextManager[Any] = self._turn or nullcontext()
        async with turn:
            self._writing.add(task)
            try:
                async with _connected(self._writers.begin()) as connection:
                    yield Tx(connection, self.dialect, self._vault)
            finally:
                self._writing.discard(task)

    async def transact(self, work: Callable[[Tx], Coroutine[Any, Any, T]]) -> T:
        """Run `work` in one writing transaction and return its result; as `write` otherwise.

        On SQLite it runs whole in the writer's thread, where a statement costs a tenth of what it
        costs from here; so it must wait for nothing but the transaction it is given.
        """
        if self._inline_writer is None:
            async with self.write() as tx:
                return await work(tx)
        self._refuse_nesting()
        assert self._turn is not None
        async with self._turn:
            loop = asyncio.get_running_loop()
            writing = loop.run_in_executor(self._writer, self._run_inline, work)
            try:
                return await asyncio.shield(writing)
            finally:
                # whoever is cancelled meanwhile gives the turn back when the writer is done
                while not writing.done():
                    with suppress(asyncio.CancelledError):
                        await asyncio.wait({writing})

    def _refuse_nesting(self) -> "asyncio.Task[Any] | None":
        """Return the task that runs now; InternalError if it is writing already."""
        task = asyncio.current_task()
        if task in self._writing:
            raise InternalError("A write transaction was opened inside another one")
        return task

    def _run_inline(self, work: Callable[[Tx], Coroutine[Any, Any, T]]) -> T:
        assert self._inline_writer is not None
        with _opened(self._inline_writer.begin()) as connection:
            return run_through(work(_InlineTx(connection, self.dialect, self._vault)))

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Tx]:
        """Open a transaction that can only read; DatabaseDown likewise."""
        async with _connected(self._readers.connect()) as connection:
            yield Tx(connection, self.dialect, self._vault)

    @asynccontextmanager
    async def glance(self) -> AsyncIterator[Tx]:
        """Read a few rows by their keys, and nothing longer; each statement sees the last commit.

        On SQLite that happens in this thread, which is far quicker than asking another.
        """
        if self._inline is None:
            async with self.read() as tx:
                yield tx
            return
        with _opened(self._inline.connect()) as connection:
            yield _InlineTx(connection, self.dialect, self._vault)

    def version(self) -> int | None:
        """Return a number that is another one once anything was committed since, by anybody.

        None: this database tells no such thing, or not now.
        """
        return None if self._version is None else self._version.now()

    async def close(self) -> None:
        """Close every connection."""
        if self._version is not None:
            self._version.close()
        self._writer.shutdown()
        for engine in (self._inline, self._inline_writer):
            if engine is not None:
                engine.dispose()
        await self._readers.dispose()
        await self._writers.dispose()
        await dialect.ended(self._readers)
        await dialect.ended(self._writers)
