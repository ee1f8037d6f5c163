"""Schedules: due, on their grid, once however many tick; and the sweep that loses nothing."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from engine_world import START, Book, World, make_connection, page, until

from fairlead.engine import targets, worker
from fairlead.engine.queue import InlineQueue, Taken, Ticket
from fairlead.engine.scheduler import enqueue_due, purge, reclaim, sweep
from fairlead.engine.targets import targets_of
from fairlead.engine.worker import Worker
from fairlead.errors import ReconnectRequired
from fairlead.model.run import RunKind, RunState, RunTrigger
from fairlead.model.schedule import Schedule, ScheduleState
from fairlead.sdk import Batch
from fairlead.store import runs, schedules
from fairlead.store.database import Database


async def one_page(ctx: Any) -> AsyncIterator[Batch[Book]]:
    yield page(0)


class SpyQueue(InlineQueue):
    """Remembers what it was told, and has what it is said to have taken."""

    def __init__(self) -> None:
        super().__init__()
        self.put: list[tuple[str, bool]] = []
        self.pending: list[Taken] = []
        self.given_up: list[tuple[str, int]] = []
        self.purged: list[datetime] = []

    async def enqueue(self, ticket: Ticket, *, again: bool = False) -> None:
        self.put.append((ticket.name, again))
        await super().enqueue(ticket, again=again)

    async def taken(self) -> list[Taken]:
        return self.pending

    async def give_up(self, run_id: str, attempt: int) -> None:
        self.given_up.append((run_id, attempt))

    async def purge(self, before: datetime) -> None:
        self.purged.append(before)


@pytest.fixture
async def ready(world: World) -> World:
    """A world whose connection has its schedules and whose queue serves."""
    world.library.sync = one_page
    async with world.db.write() as tx:
        await targets_of(tx, world.setup, world.connection, create=True)
    await world.queue.start(Worker(world.setup, world.queue).serve)
    return world


async def schedule(world: World, name: str = "books") -> Schedule:
    async with world.db.read() as tx:
        found = await schedules.find(tx, world.connection.id, name)
    assert found is not None
    return found


async def test_a_new_connection_runs_at_once_what_starts_by_itself(ready: World) -> None:
    started = await ready.tick()
    assert [(run.function, run.trigger) for run in started] == [("books", RunTrigger.SCHEDULE)]
    assert (await ready.latest()).state is RunState.SUCCEEDED
    assert (await schedule(ready, "loans")).state is ScheduleState.PAUSED


async def test_then_it_runs_on_the_grid(ready: World) -> None:
    await ready.tick()
    assert await ready.tick() == []
    ready.advance(minutes=59)
    assert await ready.tick() == []
    ready.advance(minutes=1)
    assert len(await ready.tick()) == 1
    assert (await schedule(ready)).next_run_at == START + timedelta(hours=2)


async def test_missed_slots_are_left_out(ready: World) -> None:
    await ready.tick()
    ready.advance(hours=5, minutes=10)
    assert len(await ready.tick()) == 1
    assert (await schedule(ready)).next_run_at == START + timedelta(hours=6)


async def test_two_tickers_start_one_run(ready: World) -> None:
    both = await asyncio.gather(
        *(enqueue_due(ready.setup, ready.queue) for _ in range(4)),
    )
    await ready.queue.idle()
    assert sorted(len(started) for started in both) == [0, 0, 0, 1]
    async with ready.db.read() as tx:
        assert len(await runs.list_for(tx, environment_id=ready.environment.id)) == 1


async def test_a_slot_started_twice_is_one_run(ready: World) -> None:
    first = await ready.tick()
    slot = await schedule(ready)
    async with ready.db.write() as tx:
        # as if the slot had not been noted
        await schedules.set_state(tx, slot.id, ScheduleState.STARTED, START, START)
    assert await ready.tick() == []
    async with ready.db.read() as tx:
        found = await runs.list_for(tx, environment_id=ready.environment.id)
    assert [run.id for run in found] == [run.id for run in first]


async def test_a_sync_never_overlaps_itself(ready: World) -> None:
    running = await ready.claimed()
    assert await ready.tick() == []
    assert (await schedule(ready)).next_run_at == START + timedelta(hours=1)
    assert (await ready.latest()).id == running.run.id


async def test_runs_of_one_connection_never_overlap(ready: World) -> None:
    at_work = most = 0

    async def watched(ctx: Any) -> AsyncIterator[Batch[Book]]:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        yield page(0)
        await asyncio.sleep(0)
        at_work -= 1

    ready.library.sync = watched
    for function in ("books", "loans"):
        await ready.queue.enqueue(Ticket.of(await ready.queued(function=function)))
    await ready.queue.idle()
    assert most == 1


async def test_a_paused_sync_is_not_due(ready: World) -> None:
    slot = await schedule(ready)
    async with ready.db.write() as tx:
        await schedules.set_state(tx, slot.id, ScheduleState.PAUSED, None, START)
    ready.advance(days=2)
    assert await ready.tick() == []


async def test_many_due_at_once_are_all_started(ready: World) -> None:
    from fairlead.engine import scheduler

    for number in range(5):
        connection = await make_connection(
            ready.db, ready.vault, ready.integration, f"reader-{number}", START
        )
        async with ready.db.write() as tx:
            await targets_of(tx, ready.setup, connection, create=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scheduler, "_LIMIT", 2)
        assert len(await ready.tick()) == 6


async def test_a_functions_new_frequency_reaches_old_schedules(ready: World) -> None:
    async with ready.db.write() as tx:
        await schedules.ensure(
            tx,
            id=(await schedule(ready)).id,
            environment_id=ready.environment.id,
            connection_pk=ready.connection.id,
            integration_key="shelf",
            sync_name="books",
            frequency="every 5m",
            state=ScheduleState.STARTED,
            next_run_at=START,
            now=START,
        )
    async with ready.db.write() as tx:
        await targets_of(tx, ready.setup, ready.connection, create=True)
    assert (await schedule(ready)).frequency == "1h"


async def test_syncs_that_a_pack_has_learnt_since_are_adopted(world: World) -> None:
    await make_connection(world.db, world.vault, world.integration, "second", START)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(targets, "_PAGE", 1)
        await targets.adopt(world.setup)
        await targets.adopt(world.setup)
    async with world.db.read() as tx:
        found = await schedules.list_for(tx, environment_id=world.environment.id)
    assert sorted(each.sync_name for each in found) == ["books", "books", "loans", "loans"]


async def test_the_tick_adopts_at_its_start(database: Database) -> None:
    world = await World.open(database, tick_seconds=0.01)
    world.library.sync = one_page
    engine = world.engine()
    await engine.start(work=True)

    async def has_run() -> bool:
        return await world.titles() != {}

    await until(has_run)
    await engine.stop()


async def test_an_adoption_that_takes_long_keeps_nobody_waiting(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.library.sync = one_page
    async with world.db.write() as tx:
        await targets_of(tx, world.setup, world.connection, create=True)
    begun, going_on = asyncio.Event(), asyncio.Event()

    async def slow(_: object) -> None:
        begun.set()
        await going_on.wait()

    monkeypatch.setattr(worker, "adopt", slow)
    engine = world.engine()
    await engine.start(work=True)

    async def has_run() -> bool:
        return await world.titles() != {}

    await until(has_run)
    assert begun.is_set()
    await engine.stop()
    assert not going_on.is_set()


async def test_an_adoption_that_fails_is_tried_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await World.open(database, tick_seconds=0.01)
    world.library.sync = one_page
    tries: list[str] = []

    async def flaky(setup: Any) -> None:
        tries.append("")
        if len(tries) == 1:
            raise OSError("away")
        await targets.adopt(setup)

    monkeypatch.setattr(worker, "adopt", flaky)
    engine = world.engine()
    await engine.start(work=True)

    async def has_run() -> bool:
        return await world.titles() != {}

    await until(has_run)
    await engine.stop()
    assert len(tries) == 2


async def test_connections_that_lack_nothing_cost_a_query_a_page(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_connection(world.db, world.vault, world.integration, "second", START)
    await targets.adopt(world.setup)
    pages, frequencies = [], schedules.frequencies

    async def noted(tx: Any, pks: Any) -> Any:
        pages.append(len(pks))
        return await frequencies(tx, pks)

    monkeypatch.setattr(schedules, "frequencies", noted)
    monkeypatch.setattr(world.db, "write", None)
    await targets.adopt(world.setup)
    assert pages == [2]


async def test_a_renewed_connection_tries_again_what_failed(ready: World) -> None:
    async def refused(ctx: Any) -> AsyncIterator[Batch[Book]]:
        for batch in ():
            yield batch
        raise ReconnectRequired

    ready.library.sync = refused
    await ready.tick()
    assert (await ready.latest()).state is RunState.FAILED
    ready.advance(minutes=1)
    assert await ready.tick() == []
    ready.library.sync = one_page
    async with ready.db.write() as tx:
        await ready.engine().on_established(tx, await ready.connection_now())
    (run,) = await ready.tick()
    assert (await ready.find(run.id)).state is RunState.SUCCEEDED
    async with ready.db.write() as tx:
        await ready.engine().on_established(tx, await ready.connection_now())
    assert await ready.tick() == []


async def test_a_run_whose_ticket_was_lost_gets_it_again(ready: World) -> None:
    run = await ready.queued()
    await ready.sweep()
    assert (await ready.find(run.id)).state is RunState.QUEUED
    ready.advance(seconds=6)
    await ready.sweep()
    await ready.queue.idle()
    assert (await ready.find(run.id)).state is RunState.SUCCEEDED


async def test_an_expired_lease_is_continued_by_a_new_attempt(ready: World) -> None:
    dead = await ready.claimed(owner="dead")
    await ready.sweep()
    assert (await ready.find(dead.run.id)).fencing_token == 1
    ready.advance(seconds=21)
    await ready.sweep()
    await ready.queue.idle()
    run = await ready.find(dead.run.id)
    assert (run.state, run.fencing_token) == (RunState.SUCCEEDED, 2)


async def test_two_sweepers_give_one_new_attempt(ready: World) -> None:
    dead = await ready.claimed(owner="dead")
    ready.advance(seconds=21)
    await asyncio.gather(*(ready.sweep() for _ in range(4)))
    await ready.queue.idle()
    assert (await ready.find(dead.run.id)).fencing_token == 2


async def test_an_interrupted_action_is_closed_not_repeated(ready: World) -> None:
    run = await ready.queued(kind=RunKind.ACTION, function="lend", input={"days": 3})
    await ready.claimed(run, owner="dead")
    ready.advance(minutes=1)
    await asyncio.gather(ready.sweep(), ready.sweep())
    closed = await ready.find(run.id)
    assert closed.state is RunState.FAILED
    assert closed.failure is not None
    assert (closed.failure.code, closed.failure.who) == ("interrupted", "caller")


async def test_tickets_of_the_dead_are_given_up(ready: World) -> None:
    queue = SpyQueue()
    now = ready.clock.now()
    dead = await ready.claimed(owner="dead")
    queue.pending = [Taken(dead.run.id, 0, now), Taken("gone", 3, now)]
    await sweep(ready.setup, queue)
    # a ticket without its run can be of nobody; the other's lease still runs
    assert queue.given_up == [("gone", 3)]
    ready.advance(seconds=21)
    queue.pending = queue.pending[:1]
    await sweep(ready.setup, queue)
    assert queue.given_up[1:] == [(dead.run.id, 0)]
    assert queue.put == [(f"{dead.run.id}:1", True)]


async def test_tickets_of_the_living_are_left_alone(ready: World) -> None:
    queue = SpyQueue()
    queued = await ready.queued(function="loans")
    running = await ready.claimed()
    over = await ready.claimed(await ready.queued(function="leaflets"))
    now = ready.clock.now()
    async with ready.db.write() as tx:
        await runs.finish(tx, over.run.id, 1, state=RunState.SUCCEEDED, now=now)
    ids = [(queued.id, 0), (running.run.id, 0), (over.run.id, 0)]
    queue.pending = [Taken(run_id, attempt, now) for run_id, attempt in ids]
    await sweep(ready.setup, queue)
    assert queue.given_up == []
    ready.advance(seconds=6)
    await sweep(ready.setup, queue)
    # its taker had time enough to give it back
    assert queue.given_up == [(over.run.id, 0)]


async def test_a_ticket_taken_and_never_used_is_given_up_after_a_lease(ready: World) -> None:
    queue = SpyQueue()
    run = await ready.queued()
    queue.pending = [Taken(run.id, 0, ready.clock.now())]
    ready.advance(seconds=19)
    await sweep(ready.setup, queue)
    assert queue.given_up == []
    ready.advance(seconds=2)
    await sweep(ready.setup, queue)
    assert queue.given_up == [(run.id, 0)]


async def test_the_only_process_waits_for_no_lease(ready: World) -> None:
    dead = await ready.claimed(owner="before the crash")
    action = await ready.claimed(await ready.queued(kind=RunKind.ACTION, function="lend"))
    await reclaim(ready.setup)
    assert (await ready.find(dead.run.id)).state is RunState.QUEUED
    # an action may have acted
    assert (await ready.find(action.run.id)).state is RunState.RUNNING


async def test_served_tickets_are_forgotten_after_a_day(ready: World) -> None:
    queue = SpyQueue()
    await purge(ready.setup, queue)
    assert queue.purged == [START - timedelta(days=1)]


async def test_the_tick_survives_a_database_that_is_away(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fairlead.engine import worker as room

    world = await World.open(database, tick_seconds=0.01)
    calls = 0

    async def shaky(setup: Any, queue: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise ConnectionError("no route to database")

    monkeypatch.setattr(room, "enqueue_due", shaky)
    worker = Worker(world.setup, world.queue)
    worker.start_ticking()
    await until(lambda: calls >= 3)
    await worker.drain()


async def test_waking_the_tick_needs_no_waiting(database: Database) -> None:
    world = await World.open(database, tick_seconds=60)
    world.library.sync = one_page
    engine = world.engine()
    await engine.start(work=True)
    await until(lambda: True)
    async with world.db.write() as tx:
        await engine.on_established(tx, world.connection)
    await engine.start_syncs(world.environment, "shelf", None)

    async def is_over() -> bool:
        async with world.db.read() as tx:
            run = await runs.latest(tx, world.connection.id, "books")
        return run is not None and run.state.is_over

    await until(is_over)
    await engine.stop()
