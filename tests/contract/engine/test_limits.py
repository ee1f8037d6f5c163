"""What a run may take, what is seen of it meanwhile, and what is left of it later."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from engine_world import START, Book, World, page, until
from sqlalchemy import select

from fairlead.api.sync_status import status_out
from fairlead.engine.scheduler import purge
from fairlead.engine.sync_run import run_sync
from fairlead.engine.targets import adopt, targets_of
from fairlead.errors import OutputInvalid
from fairlead.model.batch import BatchCounts
from fairlead.model.exchange import Request
from fairlead.model.run import RunState
from fairlead.sdk import Batch
from fairlead.sdk.testing import Exchange, ReplayedResponse
from fairlead.store import runs, schedules, tables
from fairlead.store.database import Database

BOOKS = [("books", "base")]


def given(world: World, **settings: Any) -> None:
    for name, value in settings.items():
        object.__setattr__(world.settings, name, value)


async def one_page(ctx: Any) -> AsyncIterator[Batch[Book]]:
    yield page(0)


async def test_a_sync_that_takes_too_long_fails_and_goes_on_next_time(world: World) -> None:
    seen: list[int] = []

    async def endless(ctx: Any) -> AsyncIterator[Batch[Book]]:
        seen.append(ctx.checkpoint.page)
        yield page(ctx.checkpoint.page)
        world.advance(hours=25)
        await asyncio.Event().wait()

    run = await world.run(endless)
    assert (run.state, run.failure and run.failure.code) == (
        RunState.FAILED,
        "function_timed_out",
    )
    assert "FAIRLEAD_SYNC_HOURS" in ((run.failure and run.failure.message) or "")
    await world.run(endless)
    assert seen == [0, 1]
    assert len(await world.titles()) == 6


async def test_a_wait_for_the_vendor_is_seen_while_it_lasts(world: World) -> None:
    go = asyncio.Event()

    async def throttled(ctx: Any) -> AsyncIterator[Batch[Book]]:
        yield page(0)
        await ctx.api.send(Request(url="wait:90"))
        await go.wait()
        yield page(1)

    world.library.sync = throttled
    attempt = await world.claimed()
    running = asyncio.create_task(run_sync(world.setup, attempt))

    async def waits() -> bool:
        progress = (await world.find(attempt.run.id)).progress
        return progress is not None and progress.until == START + timedelta(seconds=90)

    await until(waits)
    (status,) = await world.engine().status(world.environment, "shelf", "reader", BOOKS)
    assert status.latest_run
    assert status.latest_run.batches == 1
    assert status.latest_run.progress
    assert status.latest_run.progress.waiting == "the vendor limits requests"
    go.set()
    await running
    assert (await world.find(attempt.run.id)).progress is None


async def test_progress_tells_how_far_it_is_and_when_it_will_be_over(world: World) -> None:
    go = asyncio.Event()

    async def counted(ctx: Any) -> AsyncIterator[Batch[Book]]:
        ctx.expect(12)
        async with await ctx.api.send(Request(url="/books")) as answer:
            await answer.read()
        yield page(0)
        world.advance(minutes=10)
        await ctx.api.send(Request(url="wait:30 no answer"))
        await go.wait()

    async def shelf(request: Request) -> Any:
        return ReplayedResponse(Exchange(url=request.url, body=b"x" * 1500), request)

    world.setup.gateway.send = shelf  # type: ignore[attr-defined]
    world.library.sync = counted
    attempt = await world.claimed()
    running = asyncio.create_task(run_sync(world.setup, attempt))

    async def waits() -> bool:
        progress = (await world.find(attempt.run.id)).progress
        return progress is not None and progress.waiting is not None

    await until(waits)
    (status,) = await world.engine().status(world.environment, "shelf", "reader", BOOKS)
    execution = status_out(status)["latestExecution"]
    assert execution["progress"] == {
        "phase": "reading",
        "waiting": "the vendor is not available; the request is tried again",
        "until": "2026-11-24T08:10:30.000Z",
        "items": 3,
        "pages": 1,
        "requests": 1,
        "bytes": 1500,
        "total": 12,
        # three in ten minutes, nine to come
        "eta": "2026-11-24T08:40:00.000Z",
    }
    go.set()
    await running


async def test_a_queued_run_says_what_it_waits_for(world: World) -> None:
    await world.queued()
    engine = world.engine()

    async def progress() -> Any:
        (status,) = await engine.status(world.environment, "shelf", "reader", BOOKS)
        return status_out(status)["latestExecution"]["progress"]

    told = await progress()
    assert (told["phase"], told["waiting"]) == ("queued", "all slots are taken")
    await world.claimed(await world.queued(function="loans"))
    told = await progress()
    assert told["waiting"] == "another run of this connection comes first"


async def test_a_batch_that_is_too_large_is_refused(world: World) -> None:
    given(world, batch_bytes=1000)

    async def large(ctx: Any) -> AsyncIterator[Batch[Book]]:
        yield Batch(upsert=[Book(id="a", title="x" * 2000)])

    run = await world.run(large)
    assert run.failure
    assert (run.failure.code, run.failure.who) == ("batch_too_large", "author")


async def test_an_output_that_is_too_large_is_refused(world: World) -> None:
    given(world, action_output_bytes=1000)

    async def lend(ctx: Any, days: int) -> Book:
        return Book(id="a", title="x" * days)

    world.library.action = lend
    engine = world.engine()
    assert await engine.run_action(world.connection, "lend", {"days": 10})
    with pytest.raises(OutputInvalid) as caught:
        await engine.run_action(world.connection, "lend", {"days": 1000})
    assert caught.value.code == "output_too_large"


async def test_old_runs_go_but_the_last_ones_of_a_sync_stay(world: World) -> None:
    async def broken(ctx: Any) -> AsyncIterator[Batch[Book]]:
        raise ValueError
        yield

    states: list[str] = []
    for script in (one_page, broken, one_page, broken, broken):
        states.append((await world.run(script)).state.value)
        world.advance(hours=1)
    world.advance(days=31)
    await purge(world.setup, world.queue)
    async with world.db.read() as tx:
        left = await runs.list_for(tx, environment_id=world.environment.id)
    assert [run.state.value for run in left] == ["failed", "succeeded"]
    (status,) = await world.engine().status(world.environment, "shelf", "reader", BOOKS)
    assert (status.type, status.status) == ("INCREMENTAL", "ERROR")


async def test_records_that_never_change_are_emptied(world: World) -> None:
    await world.run(one_page)
    world.advance(days=8)
    await purge(world.setup, world.queue)
    assert all(record.pruned_at is None for record in await world.stored())
    given(world, record_prune_days=7)
    await purge(world.setup, world.queue)
    assert all(record.pruned_at is not None for record in await world.stored())


async def test_slots_of_many_syncs_are_apart_and_stay_where_they_are(world: World) -> None:
    given(world, schedule_spread=0.5)
    async with world.db.write() as tx:
        (books, _) = await targets_of(tx, world.setup, world.connection, create=True)
    world.library.sync = one_page
    offset = books.schedule.offset(0.5)
    assert timedelta() < offset < timedelta(minutes=30)
    slots = []
    for _ in range(3):
        async with world.db.write() as tx:
            await schedules.claim_due(tx, world.clock.now(), 10, spread=0.5)
            schedule = await schedules.find(tx, world.connection.id, "books")
        assert schedule
        assert schedule.next_run_at
        slots.append(schedule.next_run_at - START)
        world.advance(seconds=(schedule.next_run_at - world.clock.now()).total_seconds())
    assert slots == [offset + timedelta(hours=number) for number in (1, 2, 3)]


async def test_a_sync_that_is_new_to_many_connections_begins_by_and_by(world: World) -> None:
    given(world, schedule_spread=0.5)
    await adopt(world.setup)
    async with world.db.read() as tx:
        schedule = await schedules.find(tx, world.connection.id, "books")
    assert schedule
    assert schedule.next_run_at == START + schedule.offset(0.5)


async def test_records_are_sealed_if_that_is_set(database: Database) -> None:
    world = await World.open(database, encrypt_records=True)
    assert (await world.run(one_page)).state is RunState.SUCCEEDED
    async with world.db.read() as tx:
        kept = await tx.all(select(tables.records.c.content))
    assert {bytes(row.content)[:1] for row in kept} == {b"\x02"}
    again = await world.run(one_page)
    assert again.counts["Book"] == BatchCounts(unchanged=len(kept))
    await world.close()
