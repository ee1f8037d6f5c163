"""Too many deletions at once are held back, until another run agrees or somebody approves."""

from datetime import timedelta

import pytest
from store_world import MODEL, World
from store_world import stored as store

from fairlead.store import deletions, streams

MANY = {f"r{n:04}": 1 for n in range(400)}
HALF = dict(list(MANY.items())[:200])
MOST = dict(list(MANY.items())[:290])


async def held(world: World) -> int:
    async with world.db.read() as tx:
        return (await deletions.held_by_model(tx, world.pk)).get(MODEL, 0)


async def another_run(world: World, number: int) -> None:
    world.now += timedelta(hours=1)
    await world.start(function=f"files{number}")


@pytest.fixture
async def full(world: World) -> World:
    await world.put(MANY, restart=True, settled=True)
    await another_run(world, 2)
    return world


async def test_a_sweep_of_too_many_is_held_back(full: World) -> None:
    counts = await full.commit(store(HALF, restart=True, settled=True))
    assert (counts.deleted, counts.held, counts.unchanged) == (0, 200, 200)
    assert (await full.live(), await held(full)) == (MANY, 200)


async def test_another_run_that_agrees_confirms_and_the_same_one_does_not(full: World) -> None:
    await full.put(HALF, restart=True, settled=True)
    assert (await full.commit(store(HALF, restart=True, settled=True))).deleted == 0
    assert await held(full) == 200
    await another_run(full, 3)
    assert (await full.commit(store(HALF, restart=True, settled=True))).deleted == 200
    assert (await full.live(), await held(full)) == (HALF, 0)
    assert await full.counts() == {MODEL: 200}


async def test_what_is_seen_again_is_as_it_was(full: World) -> None:
    before = await full.list()
    await full.put(HALF, restart=True, settled=True)
    await another_run(full, 3)
    assert await full.put(MANY, restart=True, settled=True) == (0, 0, 0, 400)
    assert (await full.list(), await held(full)) == (before, 0)


async def test_what_is_seen_again_in_part_is_swept_in_part(full: World) -> None:
    await full.put(HALF, restart=True, settled=True)
    await another_run(full, 3)
    assert await full.put(MOST, restart=True, settled=True) == (0, 0, 110, 290)
    assert await full.live() == MOST


async def test_a_feed_that_takes_too_many_back_is_held_too(full: World) -> None:
    gone = [name for name in MANY if name not in HALF]
    first = await full.commit(store(delete=gone[:110]))
    second = await full.commit(store(delete=gone[110:]))
    assert (first.deleted, first.held, second.deleted, second.held) == (110, 0, 0, 90)
    await another_run(full, 3)
    assert (await full.commit(store(delete=gone))).deleted == 90
    assert await full.live() == HALF


async def test_few_records_and_small_shares_are_believed(full: World) -> None:
    assert (await full.commit(store(delete=list(MANY)[:120]))).deleted == 120
    await another_run(full, 3)
    assert (await full.commit(store(delete=list(MANY)[120:220]))).deleted == 100


async def test_a_breaker_may_be_set(full: World) -> None:
    full.breaker = deletions.Breaker(share=1)
    assert await full.put(restart=True, settled=True) == (0, 0, 400, 0)


async def test_partitions_no_longer_named_are_held_too(full: World) -> None:
    assert (await full.sweep_partitions(set())).held == 400
    assert (await full.sweep_partitions(set())).deleted == 0
    await another_run(full, 3)
    assert (await full.sweep_partitions(set())).deleted == 400
    assert (await full.live(), await held(full)) == ({}, 0)


async def test_approval_deletes_what_was_held(full: World) -> None:
    await full.put(HALF, restart=True, settled=True)
    async with full.db.write() as tx:
        stream = await streams.lock(tx, full.pk, MODEL, "base", full.now)
        assert await deletions.approve(tx, stream) == 200
        assert await deletions.approve(tx, stream) == 0
        await stream.save(tx)
    assert (await full.live(), await held(full)) == (HALF, 0)
    last = (await full.list())[-200:]
    assert {record.last_action for record in last} == {"DELETED"}
