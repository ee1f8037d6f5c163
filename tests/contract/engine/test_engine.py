"""The engine as it is deployed: on its durable queue, over each dialect."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from engine_world import Book, World, page, until

from fairlead.engine.engine import Engine
from fairlead.errors import InternalError, OperatorError
from fairlead.model.clock import SystemClock
from fairlead.model.run import Run, RunState
from fairlead.sdk import Batch
from fairlead.store import runs
from fairlead.store.database import Database
from fairlead.store.migrate import upgrade

BOOKS = [("books", "base")]


@pytest.fixture(params=["sqlite", "postgresql"])
async def real(
    request: pytest.FixtureRequest, tmp_path: Path, make_postgresql: Callable[[], str]
) -> AsyncIterator[World]:
    """A world with the machine's clock and a database of its own."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/fairlead.sqlite"
    else:
        url = await asyncio.to_thread(make_postgresql)
    await upgrade(url)
    db = await Database.open(url)
    world = await World.open(db, clock=SystemClock(), tick_seconds=0.05)
    yield world
    await world.close()
    await db.close()


def durable(world: World) -> Engine:
    return world.engine(queue=None)


async def two_pages(ctx: Any) -> AsyncIterator[Batch[Book]]:
    for number in range(ctx.checkpoint.page, 2):
        yield page(number)


async def over(world: World, run_id: str) -> Run:
    async def is_over() -> bool:
        return (await world.find(run_id)).state.is_over

    await until(is_over)
    return await world.find(run_id)


async def test_a_connection_is_synced_and_then_on_demand(real: World) -> None:
    real.library.sync = two_pages
    engine = durable(real)
    await engine.start(work=True)
    async with real.db.write() as tx:
        await engine.on_established(tx, real.connection)

    async def appeared() -> bool:
        return len(await real.titles()) == 6

    await until(appeared)
    (run,) = await engine.trigger(real.environment, "shelf", "reader", BOOKS)
    done = await over(real, run.id)
    assert done.state is RunState.SUCCEEDED
    (status,) = await engine.status(real.environment, "shelf", "reader", BOOKS)
    assert (status.type, status.status) == ("INCREMENTAL", "SUCCESS")
    await engine.stop()


async def test_work_survives_between_a_front_and_a_worker(real: World) -> None:
    real.library.sync = two_pages
    front = durable(real)
    await front.start(work=False)
    (run,) = await front.trigger(real.environment, "shelf", "reader", BOOKS)
    await front.stop()
    assert (await real.find(run.id)).state is RunState.QUEUED
    worker = durable(real)
    await worker.start(work=True)
    assert (await over(real, run.id)).state is RunState.SUCCEEDED
    await worker.stop()


async def test_a_run_without_a_ticket_is_found_at_the_start(real: World) -> None:
    # the process died between the transaction and the queue
    run = await real.queued()
    engine = durable(real)
    await engine.start(work=True)
    assert (await over(real, run.id)).state is RunState.SUCCEEDED
    await engine.stop()


async def test_a_drained_run_goes_on_at_the_next_start(real: World) -> None:
    fetching, go = asyncio.Event(), asyncio.Event()

    async def gated(ctx: Any) -> AsyncIterator[Batch[Book]]:
        for number in range(ctx.checkpoint.page, 3):
            if number == 1:
                fetching.set()
                await go.wait()
            yield page(number)

    real.library.sync = gated
    engine = durable(real)
    await engine.start(work=True)
    (run,) = await engine.trigger(real.environment, "shelf", "reader", BOOKS)
    await fetching.wait()
    stopping = asyncio.create_task(engine.stop())
    await asyncio.sleep(0)
    go.set()
    await stopping
    released = await real.find(run.id)
    assert (released.state, released.batches) == (RunState.QUEUED, 2)

    again = durable(real)
    await again.start(work=True)
    done = await over(real, run.id)
    assert (done.state, done.batches, done.fencing_token) == (RunState.SUCCEEDED, 3, 2)
    await again.stop()


async def test_a_reset_frees_the_connection_for_its_successor(real: World) -> None:
    async def endless(ctx: Any) -> AsyncIterator[Batch[Book]]:
        yield page(0)
        await asyncio.Event().wait()

    real.library.sync = endless
    engine = durable(real)
    await engine.start(work=True)
    (first,) = await engine.trigger(real.environment, "shelf", "reader", BOOKS)

    async def one_in() -> bool:
        return (await real.find(first.id)).batches == 1

    await until(one_in)
    real.library.sync = two_pages
    (second,) = await engine.trigger(real.environment, "shelf", "reader", BOOKS, reset=True)
    assert (await over(real, second.id)).state is RunState.SUCCEEDED
    assert (await real.find(first.id)).state is RunState.CANCELLED
    await engine.stop()


async def test_a_process_runs_one_engine(real: World) -> None:
    engine = durable(real)
    await engine.start(work=True)
    with pytest.raises((InternalError, OperatorError)):
        await durable(real).start(work=True)
    # the refused one took nothing away
    (run,) = await engine.trigger(real.environment, "shelf", "reader", BOOKS)
    assert (await over(real, run.id)).state is RunState.SUCCEEDED
    await engine.stop()


async def test_many_connections_side_by_side(real: World) -> None:
    from engine_world import make_connection

    real.library.sync = two_pages
    engine = durable(real)
    wanted = set()
    for number in range(12):
        connection = await make_connection(
            real.db, real.vault, real.integration, f"r{number}", real.clock.now()
        )
        wanted.add(connection.id)
    await engine.start(work=True)

    async def all_over() -> bool:
        async with real.db.read() as tx:
            found = await runs.list_for(
                tx, environment_id=real.environment.id, states=[RunState.SUCCEEDED]
            )
        return {run.connection_pk for run in found} >= wanted

    await until(all_over, seconds=20)
    await engine.stop()
