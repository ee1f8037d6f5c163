"""What a batch costs the database follows what changed, not how much is stored."""

from collections.abc import Awaitable
from typing import TypeVar

from sqlalchemy import text
from store_world import MODEL, World, stored

from fairlead.model.batch import BatchCounts
from fairlead.store.database import Tx
from fairlead.store.record_lists import raw_rows

T = TypeVar("T")

#: of PostgreSQL, in the transaction that asks: rows of `records` that were looked at
LOOKED_AT = text(
    "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables"
    " WHERE relname = 'records'"
)


async def work_of(tx: Tx, work: Awaitable[T]) -> tuple[T, int]:
    """Await something; return how many hundred steps SQLite took, or rows PostgreSQL looked at."""
    if tx.dialect == "postgresql":
        # of a table as small as a test's, reading all of it from a disk would be the best plan
        await tx.execute(text("SET LOCAL random_page_cost = 1"))
        before = int(await tx.scalar(LOOKED_AT) or 0)
        result = await work
        return result, int(await tx.scalar(LOOKED_AT)) - before
    steps = [0]

    def step() -> int:
        steps[0] += 1
        return 0

    driver = await tx.driver()
    await driver.set_progress_handler(step, 100)
    result = await work
    await driver.set_progress_handler(None, 0)
    return result, steps[0]


async def hundred_changes(world: World, version: int) -> int:
    """Change fifty records, add thirty and delete twenty, as a delta's last page tells of them."""
    values = {f"r{n:05}": f"changed {version}" for n in range(50)}
    values |= {f"new-{version}-{n}": 1 for n in range(30)}
    gone = [f"r{n:05}" for n in range(100 + 20 * version, 120 + 20 * version)]
    async with world.db.write() as tx:
        batch = stored(values, delete=gone, settled=True, checkpoint=b"{}")
        counts, work = await work_of(tx, world.commit_in(tx, batch))
    assert counts == BatchCounts(added=30, updated=50, deleted=20)
    return work


async def test_a_hundred_changes_cost_the_same_in_a_large_library(world: World) -> None:
    async def fill(start: int, stop: int) -> None:
        for low in range(start, stop, 1000):
            await world.put({f"r{n:05}": n for n in range(low, low + 1000)}, settled=True)

    await fill(0, 1000)
    await hundred_changes(world, 0)
    small = await hundred_changes(world, 1)
    await fill(1000, 15_000)
    async with world.db.write() as tx:
        # as the server does by itself, sooner or later
        await tx.execute(text("ANALYZE records"))
    large = await hundred_changes(world, 2)
    assert large <= small * 1.3, (small, large)


async def test_the_last_page_costs_what_the_first_one_does(world: World) -> None:
    for low in range(0, 12_000, 1000):
        await world.put({f"r{n:05}": n for n in range(low, low + 1000)})
    first_of_all = (await world.list(limit=1))[0].position

    async def page(number: int) -> int:
        after = first_of_all - 1 + (number - 1) * 100
        which = {"connection_pk": world.pk, "model": MODEL, "after": after, "limit": 100}
        async with world.db.write() as tx:
            rows, work = await work_of(tx, raw_rows(tx, **which))
        assert [row[7] for row in rows] == [*range(after + 1, after + 101)]
        return work

    await page(1)
    assert await page(120) <= await page(1) + 1
