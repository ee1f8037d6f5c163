"""A hundred changes cost what they cost, however large the library: requests, and rows looked at.

The whole run is counted: what it begins and ends with as well as its batches.
"""

import inspect
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
from mirror_stage import Plot, Stage
from mirror_story import Story
from sqlalchemy import text
from tales import Round, Tale
from tenant_life import TenantLife

from fairlead.model.run import RunState
from fairlead.store.database import Database, Tx
from m365sim.files.blob import MemoryBlob
from m365sim.files.item import SYSTEM
from m365sim.world import World

T = TypeVar("T")

#: entries of a page of the feed, if nobody says
PAGE = 200
CHANGES = 100
#: of PostgreSQL, in the transaction that asks: rows of `records` that were looked at
LOOKED_AT = text(
    "SELECT coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)"
    " FROM pg_stat_xact_user_tables WHERE relname = 'records'"
)


class Counted(Database):
    """A database that counts: thousands of steps of SQLite, or rows PostgreSQL looked at."""

    work = 0

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Tx]:
        async with super().write() as tx, self._counted(tx):
            yield tx

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Tx]:
        async with super().read() as tx, self._counted(tx):
            yield tx

    @asynccontextmanager
    async def glance(self) -> AsyncIterator[Tx]:
        if self.dialect == "postgresql":
            async with self.read() as tx:
                yield tx
            return
        async with super().glance() as tx, self._counted(tx):
            yield tx

    async def transact(self, work: Callable[[Tx], Coroutine[Any, Any, T]]) -> T:
        async def counted(tx: Tx) -> T:
            async with self._counted(tx):
                return await work(tx)

        return await super().transact(work if self.dialect == "postgresql" else counted)

    @asynccontextmanager
    async def _counted(self, tx: Tx) -> AsyncIterator[None]:
        if tx.dialect == "postgresql":
            # of a table as small as a test's, reading all of it from a disk would be the best plan
            await tx.execute(text("SET LOCAL random_page_cost = 1"))
            before = int(await tx.scalar(LOOKED_AT))
            yield
            self.work += int(await tx.scalar(LOOKED_AT)) - before
            return

        def step() -> int:
            self.work += 1
            return 0

        driver = await tx.driver()
        await _settled(driver.set_progress_handler(step, 1000))
        yield
        await _settled(driver.set_progress_handler(None, 0))


async def _settled(done: Any) -> None:
    if inspect.isawaitable(done):
        await done


class Quiet(Story):
    """A history that nobody reads along."""

    async def committed(self) -> None:
        """Hear nothing."""


@dataclass
class Library(TenantLife):
    """A library of many files."""

    def change_a_hundred(self) -> None:
        """Edit fifty files, add thirty and delete twenty."""
        [drive] = self.drives
        files = [item for item in drive.walk(drive.root) if not item.is_folder]
        step = len(files) // 70
        for number, file in enumerate(files[::step][:70]):
            if number < 50:
                drive.replace_content(file, MemoryBlob(b"edited"), SYSTEM)
            else:
                drive.delete(file)
        for number in range(30):
            drive.put_file(drive.root, f"added {number}.txt", MemoryBlob(b"new"), SYSTEM)


def plot_of(count: int) -> Plot:
    def life(world: World) -> Library:
        site = next(site for site in world.content.all_sites() if site.path == "/sites/people")
        drive = world.content.add_drive(site, "Archive", "Archive", synthetic_files=count)
        return Library(world, [drive])

    def nothing(*_: Any) -> dict[str, Any]:
        return {}

    return Plot(
        sync="drive-items",
        model="DriveItem",
        life=life,
        metadata=lambda _, life: {"driveIds": [life.drives[0].id]},
        truth=nothing,
        told=nothing,
    )


async def cost_of(stage: Stage, db: Counted, count: int) -> tuple[int, int]:
    """Mirror so many files, change a hundred; return the next run's requests and work."""
    story = Quiet(stage, plot_of(count), Tale())
    try:
        await story.begin()
        first = await story._run(Round())
        assert first.state is RunState.SUCCEEDED, first
        assert first.counts["DriveItem"].added >= count
        if db.dialect == "postgresql":
            async with db.write() as tx:
                # as the server does by itself, sooner or later; SQLite never does
                await tx.execute(text("ANALYZE"))
        story.people.change_a_hundred()
        story.requests, db.work = 0, 0
        run = await story._run(Round())
        work = db.work
    finally:
        story.world.close()
    counts = run.counts["DriveItem"]
    assert (counts.added, counts.deleted) == (30, 20)
    assert counts.updated >= CHANGES - 50
    return story.requests, work


@pytest.mark.parametrize(
    "large",
    [
        pytest.param(5_000, id="5000"),
        pytest.param(100_000, id="100000", marks=[pytest.mark.slow, pytest.mark.timeout(900)]),
    ],
)
async def test_work_follows_what_changed(database_url: str, large: int, quiet: None) -> None:
    stage = await Stage.open(database_url)
    await stage.db.close()
    stage.db = db = await Counted.open(database_url)
    try:
        _, small_work = await cost_of(stage, db, 500)
        requests, work = await cost_of(stage, db, large)
    finally:
        await stage.close()
    pages = -(-CHANGES // PAGE)
    assert requests <= pages + 3
    assert work <= small_work * 1.5 + 10, (small_work, work)
