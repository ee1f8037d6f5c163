"""The bulletin: processes that share a database hear each other, while they listen."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from fairlead.store import Database
from fairlead.store.bulletin import LONGEST_BYTES, Bulletin
from fairlead.store.dialect import plain_url

CHANNEL = "fairlead_test"
SECONDS = 10


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[Database]:
    """Another process's database."""
    database = await Database.open(database_url)
    yield database
    await database.close()


@asynccontextmanager
async def ear(database: Database) -> AsyncIterator[asyncio.Queue[str]]:
    heard: asyncio.Queue[str] = asyncio.Queue()
    async with Bulletin(database, CHANNEL, heard.put_nowait).listening():
        yield heard


def quiet(_: str) -> None:
    raise AssertionError("nobody listens here")


async def test_another_process_is_heard(database: Database, other: Database) -> None:
    speaker = Bulletin(other, CHANNEL, quiet)
    async with ear(database) as heard:
        await speaker.post("one")
        await speaker.post("ä" * LONGEST_BYTES)
        await speaker.post("two")
        if database.dialect == "sqlite":
            # one process serves the file: there is nobody to be heard
            assert heard.empty()
            return
        async with asyncio.timeout(SECONDS):
            # what is too long is left out, and hinders nothing
            assert [await heard.get(), await heard.get()] == ["one", "two"]


async def test_a_lost_connection_is_made_again(postgresql_url: str) -> None:
    database = await Database.open(postgresql_url)
    speaker = Bulletin(database, CHANNEL, quiet)
    async with asyncio.timeout(SECONDS), ear(database) as heard:
        connection = await asyncpg.connect(plain_url(postgresql_url))
        killed = await connection.fetchval(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE query LIKE 'LISTEN%' AND datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert killed == 1
        await connection.close()
        number = 0
        while heard.empty():
            number += 1
            await speaker.post(str(number))
            await asyncio.sleep(0.02)
        assert int(await heard.get()) >= 1
    await database.close()


async def test_a_database_that_is_down_keeps_nobody(postgresql_url: str) -> None:
    gone = Database(postgresql_url.replace("/test_", "/gone_"))
    async with asyncio.timeout(SECONDS):
        # only what is said is lost
        await Bulletin(gone, CHANNEL, quiet).post("one")
    await gone.close()
