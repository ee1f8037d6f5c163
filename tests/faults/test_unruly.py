"""Functions that do not behave end with a clear error, and the runs beside them go on."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from engine_world import World, make_connection, until

from fairlead.model.clock import SystemClock
from fairlead.model.connection import Connection
from fairlead.model.run import Run, RunState
from fairlead.store import runs
from fairlead.store.database import Database
from fairlead.store.migrate import upgrade

pytestmark = pytest.mark.faults

PROGRAM = Path(__file__).with_name("unruly_worker.py")
PAGES = 20


class Zoo:
    """Connections whose syncs are as they are called, and the processes that run them."""

    def __init__(self, world: World, url: str) -> None:
        self.world = world
        self.url = url
        self.workers: list[asyncio.subprocess.Process] = []
        self.connections: dict[str, Connection] = {}

    async def admit(self, name: str) -> Run:
        world = self.world
        self.connections[name] = await make_connection(
            world.db,
            world.vault,
            world.integration,
            name,
            world.clock.now(),
            metadata={"shelves": [name]},
        )
        return await world.queued(connection_pk=self.connections[name].id)

    async def worker(self) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(PROGRAM), self.url, stderr=asyncio.subprocess.DEVNULL
        )
        self.workers.append(process)
        return process

    async def over(self, name: str) -> Run:
        run: Run | None = None

        async def is_over() -> bool:
            nonlocal run
            async with self.world.db.read() as tx:
                run = await runs.latest(tx, self.connections[name].id, "books")
            return run is not None and run.state.is_over

        await until(is_over, seconds=40)
        assert run is not None
        return run

    async def check_polite(self) -> None:
        """The run beside it is as if nothing had happened."""
        run = await self.over("polite")
        assert (run.state, run.batches) == (RunState.SUCCEEDED, PAGES)
        assert run.counts["Book"].added == PAGES


@pytest.fixture(params=["sqlite", "postgresql"])
async def zoo(
    request: pytest.FixtureRequest, tmp_path: Path, make_postgresql: Callable[[], str]
) -> AsyncIterator[Zoo]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/fairlead.sqlite"
    else:
        url = await asyncio.to_thread(make_postgresql)
    await upgrade(url)
    db = await Database.open(url)
    zoo = Zoo(await World.open(db, clock=SystemClock()), url)
    yield zoo
    for process in zoo.workers:
        if process.returncode is None:
            process.kill()
        await process.wait()
    await db.close()


async def test_a_function_that_loops_is_interrupted(zoo: Zoo) -> None:
    await zoo.admit("spins")
    await zoo.admit("polite")
    worker = await zoo.worker()
    run = await zoo.over("spins")
    assert run.state is RunState.FAILED
    assert run.failure is not None
    assert (run.failure.code, run.failure.who) == ("function_blocked", "author")
    assert run.failure.message.startswith("books blocked the process")
    # what it stored stays
    assert run.batches == 4
    await zoo.check_polite()
    assert worker.returncode is None


async def test_a_function_that_cannot_be_interrupted_costs_its_process_only(zoo: Zoo) -> None:
    await zoo.admit("blocks")
    polite = await zoo.admit("polite")
    worker = await zoo.worker()
    assert await asyncio.wait_for(worker.wait(), 40) == 70
    run = await zoo.over("blocks")
    assert run.failure is not None
    assert (run.failure.code, run.failure.who) == ("function_blocked", "author")
    # handed on at once: its lease would have run for half a minute
    found = await zoo.world.find(polite.id)
    assert (found.state, found.lease_owner) == (RunState.QUEUED, None)
    await zoo.worker()
    await zoo.check_polite()


async def test_a_function_that_hoards_memory_is_found_out(zoo: Zoo) -> None:
    await zoo.admit("hoards")
    await zoo.admit("polite")
    codes = []
    while len(codes) < 6:
        # as a supervisor does
        worker = await zoo.worker()
        waited = asyncio.ensure_future(worker.wait())
        ended = asyncio.ensure_future(zoo.over("hoards"))
        await asyncio.wait({waited, ended}, return_when=asyncio.FIRST_COMPLETED)
        if ended.done():
            waited.cancel()
            break
        ended.cancel()
        codes.append(worker.returncode)
    assert set(codes) == {75}
    run = await zoo.over("hoards")
    assert run.failure is not None
    assert (run.failure.code, run.failure.who) == ("worker_out_of_memory", "author")
    await asyncio.wait_for(worker.wait(), 40)
    await zoo.worker()
    await zoo.check_polite()
