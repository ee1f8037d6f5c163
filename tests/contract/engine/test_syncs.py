"""What the API asks of syncs: trigger, pause, start, status, frequency."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from engine_world import START, Book, World, make_connection, make_integration, page, until

from fairlead.engine.engine import Engine
from fairlead.errors import FairleadError, InternalError, InvalidInput, NotFound, Unavailable
from fairlead.model.batch import BatchCounts
from fairlead.model.run import RunState, RunTrigger
from fairlead.sdk import Batch
from fairlead.store import checkpoints

BOOKS = [("books", "base")]


async def one_page(ctx: Any) -> AsyncIterator[Batch[Book]]:
    yield page(ctx.checkpoint.page)


@pytest.fixture
async def engine(world: World) -> AsyncIterator[Engine]:
    world.library.sync = one_page
    engine = world.engine()
    await engine.start(work=False)
    # serves what is triggered, but does not tick: the clock stands still
    await world.queue.start(engine._worker.serve)
    yield engine
    await engine.stop()


async def trigger(engine: Engine, world: World, **options: Any) -> Any:
    (run,) = await engine.trigger(world.environment, "shelf", "reader", BOOKS, **options)
    return run


async def status(engine: Engine, world: World) -> Any:
    (found,) = await engine.status(world.environment, "shelf", "reader", BOOKS)
    return found


async def test_a_triggered_sync_runs_at_once(world: World, engine: Engine) -> None:
    run = await trigger(engine, world)
    assert (run.state, run.trigger) == (RunState.QUEUED, RunTrigger.CALL)
    await world.queue.idle()
    assert (await world.find(run.id)).state is RunState.SUCCEEDED


async def test_no_name_means_every_sync_and_no_connection_every_connection(
    world: World, engine: Engine
) -> None:
    await make_connection(world.db, world.vault, world.integration, "second", START)
    started = await engine.trigger(world.environment, "shelf", None)
    assert sorted((run.connection_pk, run.function) for run in started) == [
        (pk, name)
        for pk in sorted({run.connection_pk for run in started})
        for name in ("books", "loans")
    ]
    assert len({run.connection_pk for run in started}) == 2


async def test_a_trigger_while_it_runs_returns_that_run(world: World, engine: Engine) -> None:
    go = asyncio.Event()

    async def slow(ctx: Any) -> AsyncIterator[Batch[Book]]:
        await go.wait()
        yield page(0)

    world.library.sync = slow
    first = await trigger(engine, world)
    again = await trigger(engine, world)
    assert again.id == first.id

    async def runs() -> bool:
        return (await world.find(first.id)).state is RunState.RUNNING

    await until(runs)
    assert (await trigger(engine, world)).id == first.id
    go.set()
    await world.queue.idle()
    assert (await trigger(engine, world)).id != first.id


async def test_many_triggers_at_once_give_one_run(world: World, engine: Engine) -> None:
    started = await asyncio.gather(*(trigger(engine, world) for _ in range(8)))
    assert len({run.id for run in started}) == 1


@pytest.mark.parametrize(
    ("key", "connection", "names", "kind", "code", "status_code"),
    [
        ("nothing", None, [], InvalidInput, "unknown_provider_config", 400),
        ("shelf", "nobody", [], NotFound, "unknown_connection", 404),
        ("shelf", "reader", [("novels", "base")], InvalidInput, "no_syncs_found", 400),
        ("shelf", "reader", [("books", "blue")], InvalidInput, "no_syncs_found", 400),
        ("shelf", None, [*BOOKS, ("novels", "base")], InvalidInput, "no_syncs_found", 400),
    ],
)
async def test_what_does_not_exist_is_named(
    world: World,
    engine: Engine,
    key: str,
    connection: str | None,
    names: Any,
    kind: type[FairleadError],
    code: str,
    status_code: int,
) -> None:
    for call in (engine.trigger, engine.pause, engine.start_syncs, engine.status):
        with pytest.raises(kind) as caught:
            await call(world.environment, key, connection, names)
        assert (caught.value.code, caught.value.status) == (code, status_code)
        assert "correct" in caught.value.message


async def test_an_integration_without_connections_has_nothing_to_do(
    world: World, engine: Engine
) -> None:
    await make_integration(world.db, world.vault, world.environment, "empty", START)
    assert await engine.trigger(world.environment, "empty", None, BOOKS) == []
    assert await engine.status(world.environment, "empty", None) == []


async def test_another_environments_integration_is_unknown(world: World, engine: Engine) -> None:
    other = world.environment.model_copy(update={"id": world.environment.id + 1})
    with pytest.raises(InvalidInput, match="no integration 'shelf'"):
        await engine.trigger(other, "shelf", "reader")


async def test_reset_begins_from_nothing(world: World, engine: Engine) -> None:
    await trigger(engine, world)
    await world.queue.idle()
    run = await trigger(engine, world, reset=True)
    await world.queue.idle()
    done = await world.find(run.id)
    assert done.is_reset
    assert done.counts["Book"] == BatchCounts(unchanged=3)


async def test_empty_cache_brings_everything_back_as_added(world: World, engine: Engine) -> None:
    await trigger(engine, world)
    await world.queue.idle()
    run = await trigger(engine, world, reset=True, empty_cache=True)
    await world.queue.idle()
    assert (await world.find(run.id)).counts["Book"] == BatchCounts(added=3)
    assert {record.last_action for record in await world.stored()} == {"ADDED"}


async def test_reset_cancels_what_runs(world: World, engine: Engine) -> None:
    async def endless(ctx: Any) -> AsyncIterator[Batch[Book]]:
        yield page(7)
        await asyncio.Event().wait()

    world.library.sync = endless
    first = await trigger(engine, world)

    async def one_in() -> bool:
        return (await world.find(first.id)).batches == 1

    await until(one_in)
    world.library.sync = one_page
    second = await trigger(engine, world, reset=True)
    assert second.id != first.id
    assert (await world.find(first.id)).state is RunState.CANCELLED
    await world.queue.idle()
    assert (await world.find(second.id)).state is RunState.SUCCEEDED
    async with world.db.read() as tx:
        assert await checkpoints.load(tx, world.connection.id, "books") == b'{"page":1}'


async def test_reset_replaces_what_is_queued(world: World, engine: Engine) -> None:
    queued = await world.queued()
    second = await trigger(engine, world, reset=True)
    assert (await world.find(queued.id)).state is RunState.CANCELLED
    await world.queue.idle()
    assert (await world.find(second.id)).state is RunState.SUCCEEDED


async def test_pause_starts_no_more_and_trigger_still_works(world: World, engine: Engine) -> None:
    await engine.pause(world.environment, "shelf", "reader", BOOKS)
    assert await world.tick() == []
    assert (await status(engine, world)).status == "PAUSED"
    assert (await status(engine, world)).next_run_at is None
    run = await trigger(engine, world)
    await world.queue.idle()
    assert (await world.find(run.id)).state is RunState.SUCCEEDED


async def test_start_keeps_the_grid(world: World, engine: Engine) -> None:
    await engine.trigger(world.environment, "shelf", "reader", [])
    await world.queue.idle()
    await engine.pause(world.environment, "shelf", "reader", BOOKS)
    world.advance(minutes=20)
    await engine.start_syncs(world.environment, "shelf", "reader", BOOKS)
    assert await world.tick() == []
    assert (await status(engine, world)).next_run_at == START + timedelta(hours=1)


async def test_start_runs_at_once_if_a_slot_was_missed(world: World, engine: Engine) -> None:
    await world.tick()
    await engine.pause(world.environment, "shelf", "reader", BOOKS)
    world.advance(hours=2, minutes=20)
    await engine.start_syncs(world.environment, "shelf", "reader", BOOKS)
    assert len(await world.tick()) == 1
    assert (await status(engine, world)).next_run_at == START + timedelta(hours=3)


async def test_start_begins_what_never_ran(world: World, engine: Engine) -> None:
    await engine.start_syncs(world.environment, "shelf", "reader", [("loans", "base")])
    assert "loans" in [run.function for run in await world.tick()]


async def test_start_of_a_started_sync_changes_nothing(world: World, engine: Engine) -> None:
    await engine.trigger(world.environment, "shelf", "reader", BOOKS)
    before = await status(engine, world)
    world.advance(minutes=5)
    await engine.start_syncs(world.environment, "shelf", "reader", BOOKS)
    assert (await status(engine, world)).next_run_at == before.next_run_at


async def test_status_before_the_first_run(world: World, engine: Engine) -> None:
    found = await status(engine, world)
    assert (found.type, found.status, found.frequency) == ("INITIAL", "SUCCESS", "every 1h")
    assert (found.finished_at, found.latest_run, found.latest_result) == (None, None, {})
    assert (found.record_count, found.checkpoint) == ({"Book": 0}, None)


async def test_status_after_a_run(world: World, engine: Engine) -> None:
    run = await trigger(engine, world)
    await world.queue.idle()
    found = await status(engine, world)
    assert (found.connection_id, found.name, found.variant) == ("reader", "books", "base")
    assert (found.type, found.status) == ("INCREMENTAL", "SUCCESS")
    assert found.finished_at == START
    assert found.latest_run.id == run.id
    assert found.latest_result == {"Book": BatchCounts(added=3)}
    assert (found.record_count, found.checkpoint) == ({"Book": 3}, {"page": 1})


async def test_status_while_it_is_queued_or_runs(world: World, engine: Engine) -> None:
    go = asyncio.Event()

    async def slow(ctx: Any) -> AsyncIterator[Batch[Book]]:
        await go.wait()
        yield page(0)

    await trigger(engine, world)
    await world.queue.idle()
    world.library.sync = slow
    world.advance(seconds=1)
    await trigger(engine, world)
    found = await status(engine, world)
    assert (found.status, found.latest_result) == ("RUNNING", {"Book": BatchCounts(added=3)})
    go.set()


async def test_status_after_a_failure(world: World, engine: Engine) -> None:
    async def broken(ctx: Any) -> AsyncIterator[Batch[Book]]:
        yield page(0)
        raise Unavailable

    world.library.sync = broken
    await trigger(engine, world)
    await world.queue.idle()
    found = await status(engine, world)
    assert (found.type, found.status) == ("INITIAL", "ERROR")
    assert found.latest_run.failure.code == "provider_unavailable"
    assert found.record_count == {"Book": 3}


async def test_asking_for_status_writes_nothing(world: World, engine: Engine) -> None:
    await status(engine, world)
    assert await world.tick() == []


async def test_a_frequency_can_be_overridden_and_given_back(world: World, engine: Engine) -> None:
    args = (world.environment, "shelf", "reader", BOOKS[0])
    assert await engine.set_frequency(*args, "every 15 minutes") == "every 15 minutes"
    found = await status(engine, world)
    assert found.frequency == "every 15 minutes"
    assert found.next_run_at == START + timedelta(minutes=15)
    assert await engine.set_frequency(*args, None) == "1h"
    assert (await status(engine, world)).next_run_at == START + timedelta(hours=1)
    with pytest.raises(InvalidInput, match="30 seconds"):
        await engine.set_frequency(*args, "1s")
    with pytest.raises(InvalidInput, match="not a frequency"):
        await engine.set_frequency(*args, "sometimes")


async def test_a_paused_sync_with_a_new_frequency_stays_paused(
    world: World, engine: Engine
) -> None:
    await engine.pause(world.environment, "shelf", "reader", BOOKS)
    await engine.set_frequency(world.environment, "shelf", "reader", BOOKS[0], "30s")
    assert (await status(engine, world)).next_run_at is None


async def test_an_engine_that_is_not_started_says_so(world: World) -> None:
    with pytest.raises(InternalError, match="not started"):
        await world.engine().trigger(world.environment, "shelf", "reader")


async def test_stopping_twice_or_unstarted_is_harmless(world: World) -> None:
    engine = world.engine()
    await engine.stop()
    await engine.start(work=True)
    await engine.stop()
    await engine.stop()
