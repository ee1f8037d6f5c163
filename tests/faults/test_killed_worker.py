"""A worker process that dies: nothing is lost, nothing is done twice, somebody goes on."""

import asyncio
import random
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from engine_world import World, until
from shelf import PROGRAM, Shelf, make_shelf

from fairlead.model.run import RunState
from fairlead.store.dialect import plain_url
from fairlead.store.migrate import upgrade

pytestmark = pytest.mark.faults

KILLS = 3


@pytest.fixture(params=["sqlite", "postgresql"])
async def shelf(
    request: pytest.FixtureRequest, tmp_path: Path, make_postgresql: Callable[[], str]
) -> AsyncIterator[Shelf]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/fairlead.sqlite"
    else:
        url = await asyncio.to_thread(make_postgresql)
    await upgrade(url)
    async for each in make_shelf(url, tmp_path):
        yield each


async def test_kill_9_at_random_batches(shelf: Shelf) -> None:
    marks = sorted(random.sample(range(1, shelf.pages - 10), KILLS))
    print("killed after batches", marks)  # noqa: T201 - to repeat a failure
    for mark in marks:
        worker = await shelf.worker()

        async def reached(mark: int = mark) -> bool:
            return await shelf.batches() >= mark

        await until(reached, seconds=30)
        worker.send_signal(signal.SIGKILL)
        assert await worker.wait() == -signal.SIGKILL
    await shelf.worker()
    run = await shelf.finished()
    shelf.check(run, deaths=KILLS)
    await shelf.check_records()


async def test_sigterm_drains(shelf: Shelf) -> None:
    worker = await shelf.worker()

    async def some() -> bool:
        return await shelf.batches() >= 5

    await until(some, seconds=30)
    worker.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(worker.wait(), 10) == 0
    run = await shelf.run()
    assert run is not None
    assert (run.state, run.lease_owner) == (RunState.QUEUED, None)
    # the batch under way was committed, so nothing was fetched in vain
    assert sum(shelf.fetched().values()) == run.batches < shelf.pages
    await shelf.worker()
    shelf.check(await shelf.finished(), deaths=1)
    assert max(shelf.fetched().values()) == 1
    await shelf.check_records()


async def test_another_worker_takes_over(
    tmp_path: Path, make_postgresql: Callable[[], str]
) -> None:
    url = await asyncio.to_thread(make_postgresql)
    await upgrade(url)
    async for shelf in make_shelf(url, tmp_path):
        both = [await shelf.worker(), await shelf.worker()]
        for worker in both:
            assert worker.stdout is not None
            assert (await worker.stdout.readline()).strip() == b"ready"

        async def some(shelf: Shelf = shelf) -> bool:
            return await shelf.batches() >= 5

        await until(some, seconds=30)
        run: Any = await shelf.run()
        (dead,) = [w for w in both if f"-{w.pid}-" in run.lease_owner]
        dead.kill()
        await dead.wait()
        # its ticket stays taken in the queue, and would block the connection for ever
        shelf.check(await shelf.finished(), deaths=1)
        await shelf.check_records()

        # the survivor serves the connection's next run too
        world = shelf.world
        engine_run = await world.queued()

        async def served(world: World = world, run_id: str = engine_run.id) -> bool:
            return (await world.find(run_id)).state.is_over

        await until(served, seconds=20)


async def test_a_database_that_cuts_every_connection(
    tmp_path: Path, make_postgresql: Callable[[], str]
) -> None:
    url = await asyncio.to_thread(make_postgresql)
    await upgrade(url)
    async for shelf in make_shelf(url, tmp_path):
        await shelf.worker()
        cuts = 2
        for mark in (20, 60):

            async def reached(shelf: Shelf = shelf, mark: int = mark) -> bool:
                return await shelf.batches() >= mark

            await until(reached, seconds=30)
            connection = await asyncpg.connect(plain_url(url))
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            await connection.close()
        shelf.check(await shelf.finished(), deaths=cuts)
        await shelf.check_records()


async def test_sqlite_has_one_worker(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/fairlead.sqlite"
    await upgrade(url)
    async for shelf in make_shelf(url, tmp_path, pages=1):
        first = await shelf.worker()
        assert first.stdout is not None
        await first.stdout.readline()
        second = await asyncio.create_subprocess_exec(
            sys.executable,
            str(PROGRAM),
            url,
            str(shelf.fetches),
            "1",
            "1",
            stderr=asyncio.subprocess.PIPE,
        )
        _, errors = await second.communicate()
        assert second.returncode == 1
        assert b"Another process runs syncs on" in errors
        assert b"PostgreSQL" in errors
