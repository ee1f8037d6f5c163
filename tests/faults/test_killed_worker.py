"""A worker process that dies: nothing is lost, nothing is done twice, somebody goes on."""

import asyncio
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from engine_world import World, until

from fairlead.engine.targets import targets_of
from fairlead.model.clock import SystemClock
from fairlead.model.run import Run, RunState
from fairlead.store.database import Database
from fairlead.store.dialect import plain_url
from fairlead.store.migrate import upgrade

pytestmark = pytest.mark.faults

PROGRAM = Path(__file__).with_name("shelf_worker.py")
SIZE = 5
KILLS = 3


@dataclass
class Shelf:
    """One connection whose sync is due, and the worker processes that run it."""

    world: World
    url: str
    fetches: Path
    pages: int
    lease: float = 1.0
    workers: list[asyncio.subprocess.Process] = field(default_factory=list)

    async def worker(self) -> asyncio.subprocess.Process:
        """Start one more worker process."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(PROGRAM),
            self.url,
            str(self.fetches),
            str(self.pages),
            str(self.lease),
            stdout=asyncio.subprocess.PIPE,
        )
        self.workers.append(process)
        return process

    async def run(self) -> Run | None:
        from fairlead.store import runs

        async with self.world.db.read() as tx:
            return await runs.latest(tx, self.world.connection.id, "books")

    async def batches(self) -> int:
        run = await self.run()
        return run.batches if run else 0

    async def finished(self) -> Run:
        async def over() -> bool:
            run = await self.run()
            return run is not None and run.state.is_over

        await until(over, seconds=30)
        run = await self.run()
        assert run is not None
        return run

    def fetched(self) -> Counter[int]:
        """Return page -> how often it was fetched, by whatever process."""
        return Counter(int(line.split()[1]) for line in self.fetches.read_text().splitlines())

    def check(self, run: Run, *, deaths: int) -> None:
        """Check what holds however often workers died."""
        assert run.state is RunState.SUCCEEDED
        assert run.fencing_token <= deaths + 1
        # a batch's counters commit with it: none was committed twice
        assert run.batches == self.pages
        assert run.counts["Book"].added == self.pages * SIZE
        assert run.counts["Book"].unchanged == run.counts["Book"].updated == 0
        fetched = self.fetched()
        assert sorted(fetched) == list(range(self.pages))
        assert sum(fetched.values()) - self.pages <= deaths

    async def check_records(self) -> None:
        stored = await self.world.stored()
        assert [(r.id, r.content["title"], r.last_action) for r in stored] == [
            (f"{p}-{i}", f"Book {i} of page {p}", "ADDED")
            for p in range(self.pages)
            for i in range(SIZE)
        ]
        assert len({r.position for r in stored}) == len(stored)


async def make_shelf(url: str, folder: Path, *, pages: int = 120) -> AsyncIterator[Shelf]:
    db = await Database.open(url)
    world = await World.open(db, clock=SystemClock())
    async with db.write() as tx:
        await targets_of(tx, world.setup, world.connection, create=True)
    shelf = Shelf(world, url, folder / "fetches", pages)
    shelf.fetches.touch()
    yield shelf
    for process in shelf.workers:
        if process.returncode is None:
            process.kill()
        await process.communicate()
    await db.close()


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
