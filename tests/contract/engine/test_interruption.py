"""Cut, cancelled, fenced, drained: nothing is lost, nothing is done twice."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from engine_world import Book, Place, World, page, until

from fairlead.engine.attempt import Stop
from fairlead.engine.queue import Ticket
from fairlead.engine.sync_run import run_sync
from fairlead.engine.worker import Worker
from fairlead.errors import LeaseLost
from fairlead.model.record import Record
from fairlead.model.run import RunState
from fairlead.sdk import Batch
from fairlead.store import checkpoints, records, runs

PAGES = 5


class Cut(BaseException):
    """What a power cut would look like to the code above: nothing handles it."""


def pages(fetched: list[int], *, cut_before: int | None = None) -> Any:
    async def script(ctx: Any) -> AsyncIterator[Batch[Book]]:
        for number in range(ctx.checkpoint.page, PAGES):
            fetched.append(number)
            if number == cut_before:
                raise Cut
            yield page(
                number, size=2, restart=number == 0, settled=number == PAGES - 1, partition="p"
            )

    return script


def content(stored: list[Record]) -> list[Any]:
    """Return everything of the records that the number of attempts must not change."""
    return [
        (r.id, r.partition, r.content, r.first_seen_at, r.last_modified_at, r.position)
        for r in stored
    ]


@pytest.mark.parametrize("cut", range(PAGES + 1))
async def test_a_run_cut_before_any_batch_equals_the_uncut_one(world: World, cut: int) -> None:
    fetched: list[int] = []
    run = await world.queued()
    world.library.sync = pages(fetched, cut_before=cut)
    if cut < PAGES:
        with pytest.raises(Cut):
            await run_sync(world.setup, await world.claimed(run))
        assert (await world.find(run.id)).state is RunState.RUNNING
        assert len(await world.stored()) == cut * 2
        world.advance(minutes=5)
        world.library.sync = pages(fetched)
    await run_sync(world.setup, await world.claimed(run))

    done = await world.find(run.id)
    assert done.state is RunState.SUCCEEDED
    assert done.batches == PAGES
    assert (done.counts["Book"].added, done.counts["Book"].unchanged) == (PAGES * 2, 0)
    stored = await world.stored()
    assert [r.id for r in stored] == [f"{p}-{i}" for p in range(PAGES) for i in range(2)]
    assert len({r.position for r in stored}) == PAGES * 2
    assert len(fetched) == PAGES + (cut < PAGES)


@pytest.mark.parametrize("cut", range(PAGES))
async def test_a_commit_that_fails_leaves_nothing_of_its_batch(
    world: World, cut: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, seen = records.commit_batch, 0

    async def failing(tx: Any, **batch: Any) -> Any:
        nonlocal seen
        counts = await real(tx, **batch)
        seen += 1
        if seen == cut + 1:
            # everything was written, nothing is committed
            raise Cut
        return counts

    fetched: list[int] = []
    run = await world.queued()
    world.library.sync = pages(fetched)
    monkeypatch.setattr(records, "commit_batch", failing)
    with pytest.raises(Cut):
        await run_sync(world.setup, await world.claimed(run))
    assert len(await world.stored()) == cut * 2
    world.advance(minutes=5)
    await run_sync(world.setup, await world.claimed(run))
    done = await world.find(run.id)
    assert (done.state, done.batches) == (RunState.SUCCEEDED, PAGES)
    assert len(await world.titles()) == PAGES * 2
    assert len(fetched) == PAGES + 1


async def test_a_zombie_commits_nothing(world: World) -> None:
    resumed = asyncio.Event()

    async def slow(ctx: Any) -> AsyncIterator[Batch[Book]]:
        yield page(0)
        await resumed.wait()
        yield Batch(upsert=[Book(id="zombie", title="z")], checkpoint=Place(page=99))

    world.library.sync = slow
    run = await world.queued()
    zombie = asyncio.create_task(run_sync(world.setup, await world.claimed(run)))

    async def first_batch_in() -> bool:
        return (await world.find(run.id)).batches == 1

    await until(first_batch_in)
    world.advance(minutes=5)
    heir = await world.claimed(run, owner="heir")
    assert heir.token == 2
    resumed.set()
    await zombie

    assert "zombie" not in await world.titles()
    now = await world.find(run.id)
    assert (now.state, now.lease_owner, now.batches) == (RunState.RUNNING, "heir", 1)
    async with world.db.read() as tx:
        assert await checkpoints.load(tx, world.connection.id, "books") == b'{"page":1}'
    world.library.sync = pages([])
    await run_sync(world.setup, heir)
    assert (await world.find(run.id)).state is RunState.SUCCEEDED


async def test_a_zombie_can_neither_finish_nor_fail_the_run(world: World) -> None:
    async def fails(ctx: Any) -> AsyncIterator[Batch[Book]]:
        world.advance(minutes=5)
        await world.claimed(await world.latest(), owner="heir")
        yield Batch(delete=5)  # type: ignore[arg-type]

    world.library.sync = fails
    attempt = await world.claimed()
    await run_sync(world.setup, attempt)
    assert (await world.find(attempt.run.id)).lease_owner == "heir"
    assert (await world.connection_now()).errors == ()


async def test_a_worker_notices_that_its_lease_is_lost(world: World) -> None:
    stopped = asyncio.Event()

    async def endless(ctx: Any) -> AsyncIterator[Batch[Book]]:
        yield page(0)
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    world.library.sync = endless
    run = await world.queued()
    zombie = asyncio.create_task(run_sync(world.setup, await world.claimed(run)))

    async def first_batch_in() -> bool:
        return (await world.find(run.id)).batches == 1

    await until(first_batch_in)
    world.advance(minutes=5)
    await world.claimed(run, owner="heir")
    await asyncio.wait_for(stopped.wait(), 3)
    await zombie
    assert (await world.find(run.id)).lease_owner == "heir"


async def test_the_lease_is_extended_while_a_batch_takes_long(database: Any) -> None:
    world = await World.open(database, lease_seconds=1.0)
    go = asyncio.Event()

    async def slow(ctx: Any) -> AsyncIterator[Batch[Book]]:
        await go.wait()
        yield page(0)

    world.library.sync = slow
    attempt = await world.claimed()
    task = asyncio.create_task(run_sync(world.setup, attempt))
    world.advance(seconds=0.8)
    expected = world.clock.now() + timedelta(seconds=1)

    async def extended() -> bool:
        return (await world.find(attempt.run.id)).lease_until == expected

    await until(extended, seconds=3)
    go.set()
    await task
    assert (await world.find(attempt.run.id)).state is RunState.SUCCEEDED


async def test_a_cancelled_run_stops(world: World) -> None:
    cleaned = asyncio.Event()

    async def endless(ctx: Any) -> AsyncIterator[Batch[Book]]:
        yield page(0)
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.set()

    world.library.sync = endless
    attempt = await world.claimed()
    task = asyncio.create_task(run_sync(world.setup, attempt))

    async def first_batch_in() -> bool:
        return (await world.find(attempt.run.id)).batches == 1

    await until(first_batch_in)
    # as another process would ask
    async with world.db.write() as tx:
        assert await runs.request_cancel(tx, attempt.run.id, world.clock.now())
    await asyncio.wait_for(task, 3)
    assert cleaned.is_set()
    run = await world.find(attempt.run.id)
    assert (run.state, run.batches) == (RunState.CANCELLED, 1)
    assert len(await world.titles()) == 3
    # on purpose, so nothing is wrong with the connection
    assert (await world.connection_now()).errors == ()


async def test_a_clean_up_that_fails_or_hangs_does_not_change_how_the_run_ended(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fairlead.engine import attempt as steps
    from fairlead.engine import sync_run as room

    monkeypatch.setattr(room, "_CLOSE_SECONDS", 0.05)
    monkeypatch.setattr(steps, "_CANCEL_SECONDS", 0.05)
    hung = asyncio.Event()

    async def clumsy(ctx: Any) -> AsyncIterator[Batch[Book]]:
        try:
            yield page(0)
            await asyncio.Event().wait()
        finally:
            raise ValueError("clumsy")

    async def stuck(ctx: Any) -> AsyncIterator[Batch[Book]]:
        try:
            yield page(0)
            await asyncio.Event().wait()
        finally:
            await hung.wait()

    async def greedy(ctx: Any) -> AsyncIterator[Batch[Book]]:
        try:
            yield page(0)
            yield page(1)
        except GeneratorExit:
            yield page(2)

    for script in (clumsy, stuck, greedy):
        world.library.sync = script
        attempt = await world.claimed()
        task = asyncio.create_task(run_sync(world.setup, attempt))

        async def one_in(run_id: str = attempt.run.id) -> bool:
            return (await world.find(run_id)).batches >= 1

        await until(one_in)
        attempt.end(Stop.CANCELLED)
        await asyncio.wait_for(task, 5)
        ended = (await world.find(attempt.run.id)).state
        assert ended is RunState.CANCELLED or script is greedy
    hung.set()


async def test_a_queued_run_is_cancelled_at_once(world: World) -> None:
    engine = world.engine()
    run = await world.queued()
    assert await engine.cancel(run.id)
    assert (await world.find(run.id)).state is RunState.CANCELLED
    assert not await engine.cancel(run.id)
    assert not await engine.cancel("no such run")


async def test_cancel_through_the_engine_is_immediate_in_the_same_process(world: World) -> None:
    async def endless(ctx: Any) -> AsyncIterator[Batch[Book]]:
        yield page(0)
        await asyncio.Event().wait()

    world.library.sync = endless
    engine = world.engine()
    await engine.start(work=True)
    (run,) = await engine.trigger(world.environment, "shelf", "reader", [("books", "base")])

    async def first_batch_in() -> bool:
        return (await world.find(run.id)).batches == 1

    await until(first_batch_in)
    assert await engine.cancel(run.id)
    await world.queue.idle()
    assert (await world.find(run.id)).state is RunState.CANCELLED
    await engine.stop()


async def test_draining_finishes_the_batch_and_releases_the_rest(world: World) -> None:
    fetched: list[int] = []
    fetching, go = asyncio.Event(), asyncio.Event()

    async def gated(ctx: Any) -> AsyncIterator[Batch[Book]]:
        for number in range(ctx.checkpoint.page, PAGES):
            fetched.append(number)
            if number == 1:
                fetching.set()
                await go.wait()
            yield page(number)

    world.library.sync = gated
    engine = world.engine()
    await engine.start(work=True)
    (run,) = await engine.trigger(world.environment, "shelf", "reader", [("books", "base")])
    await fetching.wait()
    stopping = asyncio.create_task(engine.stop())
    await asyncio.sleep(0)
    go.set()
    await stopping

    released = await world.find(run.id)
    assert (released.state, released.batches) == (RunState.QUEUED, 2)
    assert released.lease_owner is None
    assert fetched == [0, 1]

    again = world.engine()
    await again.start(work=True)
    await until(lambda: len(fetched) == PAGES)
    await world.queue.idle()
    assert (await world.find(run.id)).state is RunState.SUCCEEDED
    assert fetched == list(range(PAGES))
    await again.stop()


async def test_a_batch_that_takes_too_long_is_dropped_by_the_drain(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fairlead.engine import worker

    monkeypatch.setattr(worker, "DRAIN_SECONDS", 0.05)

    async def endless(ctx: Any) -> AsyncIterator[Batch[Book]]:
        yield page(0)
        await asyncio.Event().wait()

    world.library.sync = endless
    engine = world.engine()
    await engine.start(work=True)
    (run,) = await engine.trigger(world.environment, "shelf", "reader", [("books", "base")])

    async def first_batch_in() -> bool:
        return (await world.find(run.id)).batches == 1

    await until(first_batch_in)
    await engine.stop()
    assert (await world.find(run.id)).state is RunState.QUEUED


async def test_an_error_of_ours_is_tried_again_from_the_last_batch(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = records.commit_batch, 0

    async def commit(tx: Any, **batch: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise ConnectionResetError("database went away")
        return await real(tx, **batch)

    monkeypatch.setattr(records, "commit_batch", commit)
    fetched: list[int] = []
    world.library.sync = pages(fetched)
    await world.queue.start(Worker(world.setup, world.queue).serve)
    run = await world.queued()
    await world.queue.enqueue(Ticket.of(run))
    await world.queue.idle()
    broken = await world.find(run.id)
    assert (broken.state, broken.batches, broken.failure) == (RunState.QUEUED, 2, None)
    world.advance(seconds=6)
    await world.sweep()
    await world.queue.idle()
    done = await world.find(run.id)
    assert (done.state, done.batches) == (RunState.SUCCEEDED, PAGES)
    assert len(fetched) == PAGES + 1


async def test_an_error_of_ours_that_stays_fails_the_run_and_the_worker_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, broken = records.commit_batch, True

    async def commit(tx: Any, **batch: Any) -> Any:
        if broken:
            raise RuntimeError("disk on fire")
        return await real(tx, **batch)

    monkeypatch.setattr(records, "commit_batch", commit)
    world.library.sync = pages([])
    worker = Worker(world.setup, world.queue)
    first = await world.queued()
    for attempt in range(4):
        assert (await world.find(first.id)).state is RunState.QUEUED
        await worker.serve(first.id, attempt)
    failed = await world.find(first.id)
    assert failed.failure is not None
    assert (failed.failure.code, failed.failure.who) == ("internal_error", "us")
    assert "disk on fire" in failed.failure.message
    assert [fault.code for fault in (await world.connection_now()).errors] == ["internal_error"]
    broken = False
    second = await world.queued()
    await worker.serve(second.id, 0)
    assert (await world.find(second.id)).state is RunState.SUCCEEDED


async def test_a_database_that_is_gone_leaves_the_run_to_its_lease(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(*_: Any, **__: Any) -> Any:
        raise ConnectionResetError

    world.library.sync = pages([])
    worker = Worker(world.setup, world.queue)
    run = await world.queued()
    with monkeypatch.context() as patch:
        patch.setattr(records, "commit_batch", gone)
        patch.setattr(runs, "release", gone)
        await worker.serve(run.id, 0)
    assert (await world.find(run.id)).state is RunState.RUNNING
    world.advance(seconds=21)
    await worker.serve(run.id, 1)
    assert (await world.find(run.id)).state is RunState.SUCCEEDED


async def test_a_run_that_kills_every_worker_is_given_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fairlead.engine import worker as room

    monkeypatch.setattr(room, "_MOST_ATTEMPTS", 2)
    run = await world.queued()
    for _ in range(2):
        await world.claimed(run)
        world.advance(minutes=5)
    await Worker(world.setup, world.queue).serve(run.id, 2)
    failed = await world.find(run.id)
    assert failed.failure is not None
    assert failed.failure.code == "interrupted"
    assert failed.failure.message.startswith("It was interrupted 2 times")


async def test_an_old_ticket_starts_nothing(world: World) -> None:
    worker = Worker(world.setup, world.queue)
    run = await world.queued()
    attempt = await world.claimed(run)
    async with world.db.write() as tx:
        await runs.release(tx, run.id, attempt.token)
    await worker.serve(run.id, 0)
    assert (await world.find(run.id)).state is RunState.QUEUED
    await worker.serve(run.id, 1)
    assert (await world.find(run.id)).state is RunState.SUCCEEDED


async def test_the_first_reason_to_stop_counts(world: World) -> None:
    attempt = await world.claimed()
    attempt.end(Stop.CANCELLED)
    attempt.end(Stop.LEASE_LOST)
    await run_sync(world.setup, attempt)
    assert (await world.find(attempt.run.id)).state is RunState.CANCELLED


async def test_a_commit_without_the_lease_is_refused(world: World) -> None:
    attempt = await world.claimed()
    async with world.db.write() as tx:
        await runs.release(tx, attempt.run.id, attempt.token)
    with pytest.raises(LeaseLost):
        async with world.db.write() as tx:
            await runs.heartbeat(
                tx,
                attempt.run.id,
                attempt.token,
                lease=world.setup.lease,
                now=world.clock.now(),
            )
