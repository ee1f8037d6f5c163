"""Schedules: ensured once, claimed on their grid, each by one."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from store_world import NOW, World, fresh, make_connection

from fairlead.errors import NotFound
from fairlead.model.schedule import Schedule, ScheduleState
from fairlead.store import connections, schedules

MINUTE = timedelta(minutes=1)


async def ensure(world: World, **more: Any) -> Schedule:
    values: dict[str, Any] = {
        "id": fresh("schedule"),
        "environment_id": world.environment.id,
        "connection_pk": world.pk,
        "integration_key": "acme",
        "sync_name": "files",
        "frequency": "every 5 minutes",
        "state": ScheduleState.STARTED,
        "next_run_at": NOW,
        "now": NOW,
    }
    async with world.db.write() as tx:
        return await schedules.ensure(tx, **(values | more))


async def claim(world: World, now: datetime, limit: int = 100) -> list[Schedule]:
    async with world.db.write() as tx:
        return await schedules.claim_due(tx, now, limit)


async def find(world: World, sync_name: str = "files", variant: str = "base") -> Schedule:
    async with world.db.read() as tx:
        schedule = await schedules.find(tx, world.pk, sync_name, variant)
    assert schedule
    return schedule


async def test_ensure_makes_one(world: World) -> None:
    first = await ensure(world, id="s1")
    assert first == await find(world)
    assert (first.id, first.state, first.next_run_at) == ("s1", ScheduleState.STARTED, NOW)
    again = await ensure(world, state=ScheduleState.PAUSED, next_run_at=None, now=NOW + MINUTE)
    assert again == first
    async with world.db.read() as tx:
        assert await schedules.find(tx, world.pk, "other") is None
        assert await schedules.find(tx, world.pk, "files", "v2") is None


async def test_ensure_follows_the_functions_frequency(world: World) -> None:
    first = await ensure(world)
    async with world.db.write() as tx:
        await schedules.set_frequency(tx, first.id, "every day", NOW, NOW)
    changed = await ensure(world, frequency="every hour")
    assert changed == await find(world)
    assert (changed.frequency, changed.frequency_override) == ("every hour", "every day")
    assert changed.interval == timedelta(days=1)


async def test_ensure_for_a_deleted_connection(world: World) -> None:
    with pytest.raises(NotFound):
        await ensure(world, connection_pk=10**9)


async def test_list_for(world: World) -> None:
    first = await ensure(world)
    second = await ensure(world, variant="v2", now=NOW + MINUTE)
    async with world.db.write() as tx:
        other = await make_connection(tx, world.environment, world.integration, "c9")
    third = await ensure(world, connection_pk=other.id, integration_key="b", now=NOW + 2 * MINUTE)
    env = world.environment.id
    async with world.db.read() as tx:
        assert await schedules.list_for(tx, environment_id=env) == [first, second, third]
        mine = await schedules.list_for(tx, environment_id=env, connection_pk=world.pk)
        assert mine == [first, second]
        assert await schedules.list_for(tx, environment_id=env, integration_key="b") == [third]
        assert await schedules.list_for(tx, environment_id=10**9) == []


@pytest.mark.parametrize(
    ("late", "slot"), [(0, 5), (1, 5), (4.99, 5), (5, 10), (17, 20), (60 * 24 * 3 + 1, 60 * 72 + 5)]
)
async def test_missed_slots_are_left_out(world: World, late: float, slot: float) -> None:
    before = await ensure(world)
    assert await claim(world, NOW + late * MINUTE) == [before]
    assert (await find(world)).next_run_at == NOW + slot * MINUTE
    assert await claim(world, NOW + late * MINUTE) == []


async def test_an_override_sets_the_grid(world: World) -> None:
    schedule = await ensure(world)
    async with world.db.write() as tx:
        await schedules.set_frequency(tx, schedule.id, "every hour", NOW, NOW)
    await claim(world, NOW)
    assert (await find(world)).next_run_at == NOW + 60 * MINUTE


async def test_what_is_not_due_or_paused_stays(world: World) -> None:
    schedule = await ensure(world)
    assert await claim(world, NOW - timedelta(microseconds=1)) == []
    async with world.db.write() as tx:
        await schedules.set_state(tx, schedule.id, ScheduleState.PAUSED, None, NOW)
    assert await claim(world, NOW + MINUTE) == []
    paused = await find(world)
    assert (paused.state, paused.next_run_at) == (ScheduleState.PAUSED, None)
    async with world.db.write() as tx:
        await schedules.set_state(tx, schedule.id, ScheduleState.STARTED, NOW, NOW)
    assert [due.id for due in await claim(world, NOW)] == [schedule.id]


async def test_longest_waiting_first_up_to_the_limit(world: World) -> None:
    for n in range(5):
        await ensure(world, id=f"s{n}", sync_name=f"f{n}", next_run_at=NOW - n * MINUTE)
    assert [due.id for due in await claim(world, NOW, 3)] == ["s4", "s3", "s2"]
    assert [due.id for due in await claim(world, NOW, 3)] == ["s1", "s0"]


async def test_of_several_tickers_each_gets_different_ones(world: World) -> None:
    wanted = {(await ensure(world, sync_name=f"f{n}")).id for n in range(20)}
    claimed = await asyncio.gather(*(claim(world, NOW, 4) for _ in range(8)))
    ids = [due.id for batch in claimed for due in batch]
    assert len(ids) == len(set(ids))
    while more := await claim(world, NOW, 4):
        ids += [due.id for due in more]
    assert sorted(ids) == sorted(wanted)


async def test_a_ticker_that_dies_claims_nothing(world: World) -> None:
    schedule = await ensure(world)
    with pytest.raises(RuntimeError):
        async with world.db.write() as tx:
            assert await schedules.claim_due(tx, NOW, 10)
            raise RuntimeError
    assert await claim(world, NOW) == [schedule]


async def test_changing_what_is_gone(world: World) -> None:
    async with world.db.write() as tx:
        with pytest.raises(NotFound):
            await schedules.set_state(tx, "nope", ScheduleState.PAUSED, None, NOW)
        with pytest.raises(NotFound):
            await schedules.set_frequency(tx, "nope", None, None, NOW)


async def test_a_deletion_waits_for_a_ticker_and_not_the_other_way_round(world: World) -> None:
    """Claiming and then writing below the connection used to deadlock with its deletion."""
    await ensure(world)

    async def remove() -> None:
        async with world.db.write() as tx:
            await connections.delete(tx, world.pk)

    async with world.db.write() as tx:
        assert await schedules.claim_due(tx, NOW, 10)
        removal = asyncio.create_task(remove())
        if world.db.dialect == "postgresql":
            await _somebody_waits(world)
        assert await world.enqueue(tx)
    await removal
    async with world.db.read() as tx:
        assert await connections.by_pk(tx, world.pk) is None


async def _somebody_waits(world: World) -> None:
    for _ in range(1000):
        async with world.db.read() as tx:
            waiting = await tx.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted"))
        if waiting:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the deletion never came to wait")
