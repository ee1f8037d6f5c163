"""The refresh lock: one holder, in one process and across processes."""

import asyncio
import os
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from fairlead.errors import InternalError
from fairlead.store import Database
from fairlead.store.locks import HOLDERS, refresh_lock

HOLD_FOR_EVER = """
import asyncio, sys
from fairlead.store import Database
from fairlead.store.locks import refresh_lock

async def main():
    db = await Database.open(sys.argv[1])
    async with refresh_lock(db, 7):
        print("held", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def is_free(db: Database, pk: int) -> bool:
    try:
        async with asyncio.timeout(0.05), refresh_lock(db, pk):
            return True
    except TimeoutError:
        return False


async def test_one_holder_at_a_time(database: Database) -> None:
    inside = most = 0

    async def hold() -> None:
        nonlocal inside, most
        async with refresh_lock(database, 1):
            inside += 1
            most = max(most, inside)
            for _ in range(3):
                await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(hold() for _ in range(12)))
    assert most == 1


async def test_other_connections_are_free(database: Database) -> None:
    async with refresh_lock(database, 1):
        assert not await is_free(database, 1)
        assert await is_free(database, 2)
    assert await is_free(database, 1)


async def test_released_on_error_and_cancellation(database: Database) -> None:
    with pytest.raises(RuntimeError):
        async with refresh_lock(database, 1):
            raise RuntimeError
    held = asyncio.Event()

    async def hold() -> None:
        async with refresh_lock(database, 1):
            held.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(hold())
    await held.wait()
    assert not await is_free(database, 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(5), refresh_lock(database, 1):
        pass


async def test_more_holders_than_connections_wait_for_their_turn(database: Database) -> None:
    done = 0

    async def hold(pk: int) -> None:
        nonlocal done
        async with refresh_lock(database, pk):
            done += 1

    async with asyncio.timeout(20):
        await asyncio.gather(*(hold(pk) for pk in range(3 * HOLDERS)))
    assert done == 3 * HOLDERS


async def test_two_databases_of_one_process_exclude_each_other(database_url: str) -> None:
    """Two `Database` objects stand for two processes: they share nothing but the server."""
    async with AsyncExitStack() as stack:
        one, two = [await Database.open(database_url) for _ in range(2)]
        stack.push_async_callback(one.close)
        stack.push_async_callback(two.close)
        async with refresh_lock(one, 1):
            assert not await is_free(two, 1)
            assert await is_free(two, 2)
        async with asyncio.timeout(5), refresh_lock(two, 1):
            pass


async def test_a_killed_process_lets_go(database_url: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLD_FOR_EVER, database_url, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    assert await process.stdout.readline() == b"held\n"
    db = await Database.open(database_url)
    assert not await is_free(db, 7)
    os.kill(process.pid, signal.SIGKILL)
    async with asyncio.timeout(10), refresh_lock(db, 7):
        pass
    await process.wait()
    await db.close()


async def test_no_connection_for_a_lock(tmp_path: Path) -> None:
    db = Database(f"postgresql://someone:s3cr3t@/x?host={tmp_path}")
    with pytest.raises(InternalError, match="refresh lock") as caught:
        async with refresh_lock(db, 1):
            pass
    assert "s3cr3t" not in caught.value.message
    await db.close()


@pytest.fixture
def in_the_way(sqlite_url: str) -> str:
    """URL of a database beside which lies a file where the folder of locks would be."""
    Path(f"{sqlite_url.removeprefix('sqlite:///')}-locks").write_text("in the way")
    return sqlite_url


async def test_no_place_for_a_lock(in_the_way: str) -> None:
    db = await Database.open(in_the_way)
    with pytest.raises(InternalError, match="beside the database"):
        async with refresh_lock(db, 1):
            pass
    await db.close()
