"""Transactions: all or nothing, readers wait for nobody, writers take turns."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import DBAPIError
from store_world import NOW

from fairlead.errors import InternalError, InvalidInput, OperatorError
from fairlead.store import Database, Tx
from fairlead.store.migrate import current, upgrade
from fairlead.store.tables import environments


async def add(tx: Tx, name: str) -> None:
    await tx.execute(insert(environments).values(name=name, created_at=NOW))


async def names(db: Database) -> list[str]:
    async with db.read() as tx:
        query = select(environments.c.name).order_by(environments.c.name)
        return [row.name for row in await tx.all(query)]


async def test_write_commits_on_exit(database: Database) -> None:
    async with database.write() as tx:
        await add(tx, "a")
        assert await names(database) == []
    assert await names(database) == ["a"]


async def test_a_glance_sees_the_last_commit_and_cannot_write(database: Database) -> None:
    query = select(environments.c.name)
    async with database.write() as tx:
        await add(tx, "a")
        async with database.glance() as glance:
            assert await glance.first(query) is None
    async with database.glance() as glance:
        assert await glance.scalar(query) == "a"
        with pytest.raises(DBAPIError):
            await add(glance, "b")
    # several at a time, each left open while others come and go
    async with database.glance() as one, database.glance() as other:
        assert await one.scalar(query) == await other.scalar(query) == "a"


async def test_write_rolls_back_on_any_exception(database: Database) -> None:
    with pytest.raises(RuntimeError):
        async with database.write() as tx:
            await add(tx, "a")
            raise RuntimeError
    assert await names(database) == []
    async with database.write() as tx:
        await add(tx, "b")
    assert await names(database) == ["b"]


async def test_cancelled_write_leaves_nothing_and_blocks_nobody(database: Database) -> None:
    written = asyncio.Event()

    async def write() -> None:
        async with database.write() as tx:
            await add(tx, "a")
            written.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write())
    await written.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(5), database.write() as tx:
        await add(tx, "b")
    assert await names(database) == ["b"]


async def test_a_read_cannot_write_and_its_connection_can_again(database: Database) -> None:
    for _ in range(3):
        with pytest.raises(DBAPIError):
            async with database.read() as tx:
                await add(tx, "a")
    async with database.write() as tx:
        await add(tx, "b")
    assert await names(database) == ["b"]


async def test_nested_write_is_an_error_and_the_outer_one_survives(database: Database) -> None:
    async with database.write() as tx:
        await add(tx, "a")
        with pytest.raises(InternalError):
            async with database.write():
                pass
    assert await names(database) == ["a"]


async def test_many_writers_and_readers_at_once(database: Database) -> None:
    async def bump(n: int) -> None:
        async with database.write() as tx:
            await add(tx, f"e{n}")
        async with database.read() as tx:
            assert await tx.scalar(
                select(func.count()).select_from(environments).where(environments.c.name == f"e{n}")
            )

    await asyncio.gather(*(bump(n) for n in range(40)))
    assert len(await names(database)) == 40


async def test_sqlite_writers_take_turns(sqlite_url: str) -> None:
    db = await Database.open(sqlite_url)
    inside = 0

    async def write(n: int) -> None:
        nonlocal inside
        async with db.write() as tx:
            inside += 1
            assert inside == 1
            await add(tx, f"e{n}")
            inside -= 1

    await asyncio.gather(*(write(n) for n in range(10)))
    await db.close()


async def test_two_sqlite_processes_share_a_file(sqlite_url: str) -> None:
    """The second one waits for the first one's lock instead of failing."""
    one, two = await Database.open(sqlite_url), await Database.open(sqlite_url)
    entered = asyncio.Event()

    async def first() -> None:
        async with one.write() as tx:
            await add(tx, "a")
            entered.set()
            await names(two)

    async def second() -> None:
        await entered.wait()
        async with two.write() as tx:
            await add(tx, "b")

    await asyncio.gather(first(), second())
    assert await names(one) == ["a", "b"]
    await one.close()
    await two.close()


async def test_sqlite_is_set_up_as_documented(sqlite_url: str) -> None:
    db = await Database.open(sqlite_url)
    wanted = {"journal_mode": "wal", "synchronous": 1, "foreign_keys": 1, "busy_timeout": 10_000}
    async with db.write() as tx:
        for pragma, value in wanted.items():
            found = (await tx.connection.exec_driver_sql(f"PRAGMA {pragma}")).scalar()
            assert (pragma, found) == (pragma, value)
    await db.close()


@pytest.mark.parametrize("attempt", [Database.open, upgrade, current])
async def test_a_database_that_does_not_answer(
    tmp_path: Path, postgresql_server: str, attempt: Callable[[str], Awaitable[Any]]
) -> None:
    socket = postgresql_server.partition("?")[2]
    for url in (
        f"sqlite:///{tmp_path}/no/such/folder/file",
        f"postgresql://someone:s3cr3t@/x?host={tmp_path}",
        f"postgresql://someone:s3cr3t@/no_such_database?{socket}",
        "postgresql://someone:s3cr3t@127.0.0.1:1/x",
    ):
        with pytest.raises(OperatorError, match="does not answer") as caught:
            await attempt(url)
        assert caught.value.code == "database_unavailable"
        assert "s3cr3t" not in caught.value.message


async def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text("Dear diary, " * 1000)
    with pytest.raises(OperatorError, match="not a database"):
        await Database.open(f"sqlite:///{path}")
    assert path.read_text().startswith("Dear diary")


@pytest.mark.parametrize("text", ["a\0b", "a\ud800"])
async def test_text_that_no_column_holds_is_the_callers_error(
    database: Database, text: str
) -> None:
    with pytest.raises(InvalidInput):
        async with database.write() as tx:
            await add(tx, text)
    async with database.write() as tx:
        await add(tx, "ünï\U0001f600'\"\\%_")
    assert await names(database) == ["ünï\U0001f600'\"\\%_"]


async def test_closing_waits_for_what_a_cancelled_reader_left_running(database_url: str) -> None:
    before = set(threading.enumerate())
    db = await Database.open(database_url)
    begun = asyncio.Event()

    async def read() -> None:
        async with db.read() as tx:
            begun.set()
            while True:
                await tx.scalar(select(func.count()).select_from(environments))

    reading = asyncio.create_task(read())
    await begun.wait()
    reading.cancel()
    await asyncio.wait({reading})
    await db.close()
    left = [thread.name for thread in set(threading.enumerate()) - before]
    assert not [name for name in left if "_connection_worker_thread" in name]


async def test_the_version_tells_of_every_commit(database: Database, database_url: str) -> None:
    if database.dialect != "sqlite":
        assert database.version() is None
        return
    first = database.version()
    assert database.version() == first is not None
    async with database.write() as tx:
        await add(tx, "a")
        assert database.version() == first
    second = database.version()
    assert second != first
    await database.transact(lambda tx: add(tx, "b"))
    third = database.version()
    assert third not in {first, second}
    other = await Database.open(database_url)
    async with other.write() as tx:
        await add(tx, "c")
    await other.close()
    assert database.version() not in {first, second, third}


async def test_a_database_that_cannot_be_asked_tells_no_version(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/nowhere/x.sqlite")
    assert database.version() is None
    await database.close()
