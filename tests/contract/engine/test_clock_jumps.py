"""The machine's clock is set an hour forth or back: leases hold, and no slot is an hour late."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from engine_world import START, Book, World, page, until

from fairlead.engine.attempt import Attempt
from fairlead.engine.scheduler import enqueue_due, pull_back
from fairlead.engine.setup import Setup
from fairlead.engine.sync_run import run_sync
from fairlead.engine.targets import targets_of
from fairlead.engine.worker import Worker
from fairlead.model.clock import SteadyClock
from fairlead.model.run import RunState
from fairlead.sdk import Batch
from fairlead.store import runs, schedules
from fairlead.store.schedules import coming

HOUR = timedelta(hours=1)


class Machine:
    """A machine whose clock can be set, which its monotonic one does not see."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def setup(world: World, machine: Machine) -> Setup:
    return replace(world.setup, steady=SteadyClock(START, machine.monotonic))


@pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["forth", "back"])
async def test_nobody_takes_a_run_from_the_living(
    world: World, setup: Setup, machine: Machine, jump: timedelta
) -> None:
    gate, begun = asyncio.Event(), asyncio.Event()

    async def gated(ctx: Any) -> AsyncIterator[Batch[Book]]:
        yield page(0)
        begun.set()
        await gate.wait()
        yield page(1)

    world.library.sync = gated
    run = await world.queued()
    async with world.db.write() as tx:
        held = await setup.claim(tx, run.id)
    assert held is not None
    running = asyncio.create_task(run_sync(setup, Attempt(setup, held)))
    await begun.wait()
    world.advance(seconds=jump.total_seconds())
    # another process, whose clock was set too
    other = replace(setup, owner="other", steady=SteadyClock(START, machine.monotonic))
    async with world.db.read() as tx:
        assert await runs.expired(tx, other.lease_now(), 10) == []
    async with world.db.write() as tx:
        assert await other.claim(tx, run.id) is None
    gate.set()
    await running
    done = await world.find(run.id)
    assert (done.state, done.batches, done.fencing_token) == (RunState.SUCCEEDED, 2, 1)


async def test_leases_go_by_the_servers_clock(world: World, setup: Setup) -> None:
    await setup.settle()
    difference = abs(setup.lease_now() - datetime.now(UTC))
    if world.db.dialect == "postgresql":
        assert difference < timedelta(minutes=5)
    else:
        assert setup.lease_now() == START


async def test_a_dead_ones_lease_ends_although_the_clock_went_back(
    world: World, setup: Setup, machine: Machine
) -> None:
    run = await world.queued()
    async with world.db.write() as tx:
        assert await setup.claim(tx, run.id)
    world.advance(hours=-1)
    machine.seconds += 21
    async with world.db.write() as tx:
        taken = await replace(setup, owner="other").claim(tx, run.id)
    assert taken is not None
    assert taken.fencing_token == 2


async def test_slots_are_pulled_back_with_the_clock(world: World) -> None:
    async with world.db.write() as tx:
        await targets_of(tx, world.setup, world.connection, create=True)
    world.advance(hours=1)
    assert len(await enqueue_due(world.setup, world.queue)) == 1
    world.advance(hours=-1)
    # an hour without a run it would be
    assert await pull_back(world.setup) == 1
    async with world.db.read() as tx:
        (slot,) = await coming(tx, world.clock.now() - timedelta(seconds=1))
        found = await schedules.find(tx, world.connection.id, "books")
    assert found is not None
    assert slot.next_run_at == found.next_run_at
    assert found.next_run_at is not None
    assert found.next_run_at - world.clock.now() <= HOUR
    # what is right stays
    assert await pull_back(world.setup) == 0


async def test_the_tick_notices_a_clock_that_goes_back(
    world: World, setup: Setup, machine: Machine
) -> None:
    async with world.db.write() as tx:
        await targets_of(tx, world.setup, world.connection, create=True)
    quick = replace(setup, settings=setup.settings.model_copy(update={"tick_seconds": 0.01}))
    worker = Worker(quick, world.queue)
    worker.start_ticking()

    async def slot() -> datetime:
        async with world.db.read() as tx:
            found = await schedules.find(tx, world.connection.id, "books")
        assert found is not None
        assert found.next_run_at is not None
        return found.next_run_at

    async def moved_on() -> bool:
        return await slot() > START

    await until(moved_on, seconds=60)
    world.advance(hours=2)

    async def far() -> bool:
        return await slot() >= START + 3 * HOUR

    await until(far, seconds=60)
    world.advance(hours=-2)

    async def near() -> bool:
        return await slot() <= START + HOUR

    await until(near, seconds=60)
    await worker.drain()
