"""A connection whose sync is due, and worker processes to be killed that run it."""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from engine_world import World, until

from fairlead.engine.targets import targets_of
from fairlead.model.clock import SystemClock
from fairlead.model.run import Run, RunState
from fairlead.store import records, runs
from fairlead.store.database import Database

PROGRAM = Path(__file__).parent.parent / "faults" / "shelf_worker.py"


@dataclass
class Shelf:
    """One connection whose sync is due, and the worker processes that run it."""

    world: World
    url: str
    fetches: Path
    pages: int
    #: records of a page
    size: int = 5
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
            str(self.size),
            stdout=asyncio.subprocess.PIPE,
        )
        self.workers.append(process)
        return process

    async def run(self) -> Run | None:
        async with self.world.db.read() as tx:
            return await runs.latest(tx, self.world.connection.id, "books")

    async def batches(self) -> int:
        run = await self.run()
        return run.batches if run else 0

    async def reaches(self, batches: int, *, seconds: float = 30) -> None:
        """Wait until so many batches are committed."""

        async def reached() -> bool:
            return await self.batches() >= batches

        await until(reached, seconds=seconds)

    async def owner(self) -> asyncio.subprocess.Process:
        """Wait until a living worker is at it, and return it."""
        found: list[asyncio.subprocess.Process] = []

        async def known() -> bool:
            run = await self.run()
            owner = (run and run.lease_owner) or ""
            found[:] = [w for w in self.workers if w.returncode is None and f"-{w.pid}-" in owner]
            return bool(found)

        await until(known, seconds=60)
        return found[0]

    async def finished(self, *, seconds: float = 30) -> Run:
        """Wait for the run's end and return it."""

        async def over() -> bool:
            run = await self.run()
            return run is not None and run.state.is_over

        await until(over, seconds=seconds)
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
        assert run.counts["Book"].added == self.pages * self.size
        assert run.counts["Book"].unchanged == run.counts["Book"].updated == 0
        fetched = self.fetched()
        assert sorted(fetched) == list(range(self.pages))
        assert sum(fetched.values()) - self.pages <= deaths

    async def check_records(self) -> None:
        """Check that each record is there, once, in the order it came."""
        stored = []
        after = 0
        while True:
            async with self.world.db.read() as tx:
                some = await records.list_records(
                    tx,
                    connection_pk=self.world.connection.id,
                    model="Book",
                    limit=10_000,
                    after=after,
                )
            stored += some
            if len(some) < 10_000:
                break
            after = some[-1].position
        assert [(r.id, r.content["title"], r.last_action) for r in stored] == [
            (f"{p}-{i}", f"Book {i} of page {p}", "ADDED")
            for p in range(self.pages)
            for i in range(self.size)
        ]
        assert len({r.position for r in stored}) == len(stored)


async def make_shelf(
    url: str, folder: Path, *, pages: int = 120, size: int = 5
) -> AsyncIterator[Shelf]:
    """Make one in a migrated database, and end its workers at the end."""
    db = await Database.open(url)
    world = await World.open(db, clock=SystemClock())
    async with db.write() as tx:
        await targets_of(tx, world.setup, world.connection, create=True)
    shelf = Shelf(world, url, folder / "fetches", pages, size)
    shelf.fetches.touch()
    yield shelf
    for process in shelf.workers:
        if process.returncode is None:
            process.kill()
        await process.communicate()
    await db.close()
