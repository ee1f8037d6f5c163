"""Actions that nobody waits for: their end is announced, and they are repeated only if asked."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from engine_world import Book, World, until

from fairlead.engine import async_action
from fairlead.engine.attempt import Stop
from fairlead.engine.queue import Ticket
from fairlead.engine.worker import Worker
from fairlead.errors import ActionFailed, MissingScope, Throttled
from fairlead.model.run import Run, RunFailure, RunKind, RunState
from fairlead.store import outbox, runs


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(async_action, "RETRY_SECONDS", 0.0)


@pytest.fixture
async def worker(world: World) -> Worker:
    worker = Worker(world.setup, world.queue)
    await world.queue.start(worker.serve)
    return worker


async def started(world: World, action: Any, retries: int = 0) -> Run:
    world.library.action = action
    return await async_action.enqueue_action(
        world.setup, world.queue, world.connection, "lend", {"days": 3}, retries=retries
    )


async def over(world: World, run: Run) -> Run:
    await world.queue.idle()
    return await world.find(run.id)


async def announced(world: World) -> list[dict[str, Any]]:
    async with world.db.write() as tx:
        return [event.payload for event, _ in await outbox.claim(tx, world.clock.now(), 100)]


async def lent(ctx: Any, days: int) -> Book:
    return Book(id="a", title=f"for {days} days")


def failing(times: int, error: Callable[[], Exception]) -> tuple[Any, list[int]]:
    """Return an action that fails so often, and how often it was called."""
    calls: list[int] = []

    async def lend(ctx: Any, days: int) -> Book:
        calls.append(days)
        if len(calls) <= times:
            raise error()
        return Book(id="a", title="at last")

    return lend, calls


async def test_its_end_is_announced_with_where_the_result_is(world: World, worker: Worker) -> None:
    run = await started(world, lent)
    assert (run.kind, run.state, run.retries) == (RunKind.ACTION, RunState.QUEUED, 0)
    done = await over(world, run)
    assert (done.state, done.output) == (RunState.SUCCEEDED, {"id": "a", "title": "for 3 days"})
    assert await announced(world) == [
        {
            "from": "nango",
            "type": "async_action",
            "connectionId": "reader",
            "providerConfigKey": "shelf",
            "payload": {"id": run.id, "statusUrl": f"/action/{run.id}"},
        }
    ]


async def test_a_failure_is_repeated_as_often_as_asked(world: World, worker: Worker) -> None:
    lend, calls = failing(2, lambda: ActionFailed("Not now."))
    done = await over(world, await started(world, lend, retries=2))
    assert (done.state, len(calls), done.failure) == (RunState.SUCCEEDED, 3, None)
    lend, calls = failing(9, lambda: Throttled("Slow down.", retry_after=0.01))
    done = await over(world, await started(world, lend, retries=1))
    assert (done.state, len(calls)) == (RunState.FAILED, 2)
    assert done.failure is not None
    assert (done.failure.code, done.failure.kind) == ("throttled", "Throttled")
    # each is told of once
    assert len(await announced(world)) == 1


async def test_what_nobody_mends_meanwhile_is_not_repeated(world: World, worker: Worker) -> None:
    lend, calls = failing(9, MissingScope)
    done = await over(world, await started(world, lend, retries=5))
    assert (done.state, len(calls)) == (RunState.FAILED, 1)


async def test_an_action_whose_pack_is_gone_fails(world: World, worker: Worker) -> None:
    run = await world.queued(kind=RunKind.ACTION, function="stolen", retries=3)
    await world.queue.enqueue(Ticket.of(run))
    done = await over(world, run)
    assert done.failure is not None
    assert (done.failure.code, done.failure.who) == ("unknown_action", "operator")


async def endless(ctx: Any, days: int) -> Book:
    await asyncio.Event().wait()
    raise AssertionError


async def begun(world: World, run: Run) -> None:
    async def is_running() -> bool:
        return (await world.find(run.id)).state is RunState.RUNNING

    await until(is_running)


async def test_it_can_be_cancelled(world: World, worker: Worker) -> None:
    run = await started(world, endless)
    await begun(world, run)
    async with world.db.write() as tx:
        await runs.request_cancel(tx, run.id, world.clock.now())
    assert (await over(world, run)).state is RunState.CANCELLED
    assert len(await announced(world)) == 1


@pytest.mark.parametrize(("retries", "state"), [(0, RunState.FAILED), (1, RunState.QUEUED)])
async def test_a_process_that_stops_repeats_it_only_if_asked(
    world: World, worker: Worker, retries: int, state: RunState
) -> None:
    run = await started(world, endless, retries)
    await begun(world, run)
    worker._attempts[run.id].end(Stop.DRAINED)
    stopped = await over(world, run)
    assert stopped.state is state
    if stopped.failure:
        assert (stopped.failure.code, stopped.failure.who) == ("interrupted", "caller")


@pytest.mark.parametrize(("retries", "state"), [(0, RunState.FAILED), (1, RunState.SUCCEEDED)])
async def test_a_process_that_died_repeats_it_only_if_asked(
    world: World, worker: Worker, retries: int, state: RunState
) -> None:
    world.library.action = lent
    run = await world.queued(
        kind=RunKind.ACTION, function="lend", input={"days": 3}, retries=retries
    )
    await world.claimed(run, owner="dead")
    world.advance(seconds=21)
    await world.sweep()
    done = await over(world, run)
    assert done.state is state
    assert len(await announced(world)) == 1


async def test_an_error_of_ours_ends_it_and_is_told(
    world: World, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any) -> None:
        raise RuntimeError("no disk")

    monkeypatch.setattr(async_action, "ActionCall", broken)
    done = await over(world, await started(world, lent))
    assert done.failure == RunFailure(
        code="internal_error",
        message="An error of ours ended it: RuntimeError: no disk",
        who="us",
        kind="InternalError",
        status=500,
    )
    assert len(await announced(world)) == 1


async def test_actions_of_a_connection_follow_one_another(world: World, worker: Worker) -> None:
    at_work = most = 0

    async def watched(ctx: Any, days: int) -> Book:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        await asyncio.sleep(0)
        at_work -= 1
        return Book(id="a", title="t")

    made = [await started(world, watched) for _ in range(5)]
    for run in made:
        assert (await over(world, run)).state is RunState.SUCCEEDED
    assert most == 1
