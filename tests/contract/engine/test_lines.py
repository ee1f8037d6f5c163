"""Whose turn it is: the urgent first, one run of a connection at a time, nobody starved."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from engine_world import Book, World, make_connection, page, until

from fairlead.engine.engine import Engine
from fairlead.engine.line import put_in
from fairlead.engine.queue import Ticket
from fairlead.engine.worker import Worker
from fairlead.model.clock import SystemClock
from fairlead.model.connection import Connection
from fairlead.model.run import Run, RunKind, RunState, RunTrigger
from fairlead.sdk import Batch
from fairlead.store import lines, runs
from fairlead.store.database import Database
from fairlead.store.migrate import upgrade

MANY = 1000


async def one_page(ctx: Any) -> AsyncIterator[Batch[Book]]:
    yield page(0, size=1)


@pytest.fixture(params=["sqlite", "postgresql"])
async def real(
    request: pytest.FixtureRequest, tmp_path: Path, make_postgresql: Callable[[], str]
) -> AsyncIterator[World]:
    """A world with the machine's clock, a database of its own and one slot."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/fairlead.sqlite"
    else:
        url = await asyncio.to_thread(make_postgresql)
    await upgrade(url)
    db = await Database.open(url)
    world = await World.open(db, clock=SystemClock(), tick_seconds=0.05, worker_slots=1)
    yield world
    await world.close()
    await db.close()


async def many(world: World, number: int, connection: Connection) -> list[Run]:
    """Put so many runs of one connection in, in one transaction."""
    made = []
    async with world.db.write() as tx:
        for each in range(number):
            run = await runs.enqueue(
                tx,
                id=f"{connection.connection_id}-{each:04}",
                environment_id=world.environment.id,
                connection_pk=connection.id,
                kind=RunKind.SYNC,
                function="books",
                variant=f"v{each}",
                trigger=RunTrigger.CALL,
                now=world.clock.now(),
            )
            assert run is not None
            made.append(run)
    return made


def gated(world: World) -> tuple[list[str], asyncio.Event]:
    """Make the sync write down whose it is and wait, until the event is set."""
    served: list[str] = []
    gate = asyncio.Event()

    async def books(ctx: Any) -> AsyncIterator[Batch[Book]]:
        served.append(ctx.metadata.shelves[0] if ctx.metadata.shelves else "reader")
        await gate.wait()
        yield page(0, size=1)

    world.library.sync = books
    return served, gate


async def another(world: World, name: str) -> Connection:
    return await make_connection(
        world.db,
        world.vault,
        world.integration,
        name,
        world.clock.now(),
        metadata={"shelves": [name]},
    )


def durable(world: World) -> Engine:
    return world.engine(queue=None)


@pytest.mark.parametrize("trigger", [RunTrigger.CALL, RunTrigger.SCHEDULE])
async def test_a_thousand_runs_delay_another_connections_by_one(
    real: World, trigger: RunTrigger
) -> None:
    served, gate = gated(real)
    engine = durable(real)
    await engine.start(work=True)
    await many(real, MANY, real.connection)
    # the sweep finds them, as if every ticket had been lost
    await until(lambda: len(served) == 1, seconds=20)
    other = await another(real, "other")
    waiting = await real.queued(connection_pk=other.id, trigger=trigger)
    await put_in(real.setup, engine._running_queue(), [waiting])
    gate.set()

    async def done() -> bool:
        async with real.db.read() as tx:
            run = await runs.latest(tx, other.id, "books")
        return run is not None and run.state is RunState.SUCCEEDED

    await until(done, seconds=20)
    await engine.stop()
    # one was under way when it came, and no other went before
    assert served[:2] == ["reader", "other"]


async def test_actions_then_what_was_called_then_what_is_due(real: World) -> None:
    served, gate = gated(real)
    engine = durable(real)
    await engine.start(work=True)
    await engine.trigger(real.environment, "shelf", "reader", [("books", "base")])
    await until(lambda: served == ["reader"], seconds=20)
    fresh = []
    for name, trigger in (
        ("due", RunTrigger.SCHEDULE),
        ("also due", RunTrigger.SCHEDULE),
        ("told", RunTrigger.NOTICE),
        ("called", RunTrigger.CALL),
    ):
        connection = await another(real, name)
        fresh.append(await real.queued(connection_pk=connection.id, trigger=trigger))
    queue = engine._running_queue()
    await put_in(real.setup, queue, fresh)
    gate.set()
    await until(lambda: len(served) == 5, seconds=20)
    await engine.stop()
    assert served[1:] == ["told", "called", "due", "also due"]


async def test_a_run_that_is_due_and_then_called_for_waits_no_longer(real: World) -> None:
    served, gate = gated(real)
    engine = durable(real)
    await engine.start(work=True)
    await engine.trigger(real.environment, "shelf", "reader", [("books", "base")])
    await until(lambda: served == ["reader"], seconds=20)
    fresh = []
    for name in ("first", "second", "third"):
        connection = await another(real, name)
        fresh.append(await real.queued(connection_pk=connection.id, trigger=RunTrigger.SCHEDULE))
    await put_in(real.setup, engine._running_queue(), fresh)
    (called,) = await engine.trigger(real.environment, "shelf", "third", [("books", "base")])
    assert (called.id, called.trigger) == (fresh[2].id, RunTrigger.CALL)
    gate.set()
    await until(lambda: len(served) == 4, seconds=20)
    await engine.stop()
    assert served[1:] == ["third", "first", "second"]


@pytest.fixture
async def working(world: World) -> World:
    """A world whose queue serves in this event loop."""
    world.library.sync = one_page
    await world.queue.start(Worker(world.setup, world.queue).serve)
    return world


async def test_the_next_of_a_line_begins_when_the_one_before_ends(working: World) -> None:
    served, gate = gated(working)
    fresh = await many(working, 5, working.connection)
    await put_in(working.setup, working.queue, fresh)
    await until(lambda: len(served) == 1)
    # a ticket out of turn is let go
    await working.queue.enqueue(Ticket.of(fresh[3]))
    gate.set()

    async def all_over() -> bool:
        return all([(await working.find(run.id)).state.is_over for run in fresh])

    await until(all_over)
    order = sorted([await working.find(run.id) for run in fresh], key=lambda run: run.id)
    assert [run.state for run in order] == [RunState.SUCCEEDED] * 5
    ends = [(run.started_at, run.finished_at) for run in order]
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(ends))


async def test_a_run_cancelled_before_its_turn_makes_room(working: World) -> None:
    first, second = await many(working, 2, working.connection)
    async with working.db.write() as tx:
        await runs.request_cancel(tx, first.id, working.clock.now())
    # its ticket is still there
    await working.queue.enqueue(Ticket.of(first))

    async def over() -> bool:
        return (await working.find(second.id)).state is RunState.SUCCEEDED

    await until(over)


async def test_of_a_line_only_the_first_waits_in_the_queue(world: World) -> None:
    one, two = await many(world, 2, world.connection)
    due = await world.queued(function="loans", trigger=RunTrigger.SCHEDULE)
    action = await world.queued(kind=RunKind.ACTION, function="lend", retries=0)
    called = await world.queued(kind=RunKind.ACTION, function="lend")
    ids = [run.id for run in (one, two, due, action, called)]
    async with world.db.read() as tx:
        # actions have a line of their own; whoever is waited for stands in none
        assert await lines.heads(tx, ids) == {one.id, action.id}
        assert {run.id for run in await lines.waiting(tx, 10)} == {one.id, action.id}
        assert len(await lines.waiting(tx, 1)) == 1
        assert (await lines.following(tx, two)) == one
    held = await world.claimed(one)
    async with world.db.read() as tx:
        assert await lines.heads(tx, ids) == {action.id}
        assert (await lines.following(tx, one)) == two
    async with world.db.write() as tx:
        assert not await lines.hold(tx, two, world.clock.now())
        assert await lines.hold(tx, held.run, world.clock.now())
        # whoever holds it no more is dead
        assert await lines.hold(tx, two, world.clock.now() + world.setup.lease * 2)


async def test_two_workers_begin_one_run_of_a_connection(world: World) -> None:
    served, gate = gated(world)
    fresh = await many(world, 4, world.connection)
    workers = [Worker(world.setup, world.queue) for _ in range(4)]
    serving = [
        asyncio.create_task(worker.serve(run.id, 0))
        for worker, run in zip(workers, fresh, strict=True)
    ]
    await until(lambda: sum(task.done() for task in serving) == 3 and bool(served))
    assert len(served) == 1
    gate.set()
    await asyncio.gather(*serving)
