"""An attempt's steps: what ends them, and when."""

import asyncio
import contextlib
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from fairlead.engine import attempt as room
from fairlead.engine.attempt import Attempt, Stop, Stopped
from fairlead.engine.setup import Setup
from fairlead.model.run import Run, RunKind, RunState, RunTrigger


@pytest.fixture
async def attempt() -> Attempt:
    run = Run(
        id="r",
        environment_id=1,
        connection_pk=1,
        kind=RunKind.SYNC,
        function="books",
        trigger=RunTrigger.CALL,
        state=RunState.RUNNING,
        fencing_token=4,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    return Attempt(cast("Setup", None), run)


async def answer(value: Any) -> Any:
    await asyncio.sleep(0)
    return value


async def test_a_step_returns_what_the_work_returns(attempt: Attempt) -> None:
    attempt.check()
    assert await attempt.step(answer(3)) == 3
    assert attempt.token == 4


async def test_a_step_raises_what_the_work_raises(attempt: Attempt) -> None:
    async def broken() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await attempt.step(broken())


async def test_an_end_stops_the_step_and_cancels_the_work(attempt: Attempt) -> None:
    cleaned = False

    async def endless() -> None:
        nonlocal cleaned
        try:
            await asyncio.Event().wait()
        finally:
            cleaned = True

    step = asyncio.ensure_future(attempt.step(endless()))
    await asyncio.sleep(0)
    attempt.end(Stop.CANCELLED)
    with pytest.raises(Stopped) as caught:
        await step
    assert caught.value.reason is Stop.CANCELLED
    assert cleaned
    with pytest.raises(Stopped):
        attempt.check()


async def test_work_that_is_done_counts_even_if_the_attempt_ended(attempt: Attempt) -> None:
    async def last() -> int:
        attempt.end(Stop.LEASE_LOST)
        return 1

    assert await attempt.step(last()) == 1
    with pytest.raises(Stopped):
        attempt.check()


async def test_a_drain_lets_the_step_finish_and_begins_no_other(attempt: Attempt) -> None:
    go = asyncio.Event()
    step = asyncio.ensure_future(attempt.step(go.wait()))
    await asyncio.sleep(0)
    attempt.drain()
    go.set()
    assert await step
    with pytest.raises(Stopped) as caught:
        attempt.check()
    assert caught.value.reason is Stop.DRAINED


async def test_work_that_ignores_its_cancellation_is_left_behind(
    attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_CANCEL_SECONDS", 0.01)
    go = asyncio.Event()

    async def stubborn() -> None:
        while not go.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await go.wait()

    step = asyncio.ensure_future(attempt.step(stubborn()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    attempt.end(Stop.CANCELLED)
    with pytest.raises(Stopped):
        await step
    go.set()


async def test_a_cancelled_caller_takes_the_work_along(attempt: Attempt) -> None:
    ended = asyncio.Event()

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    step = asyncio.ensure_future(attempt.step(endless()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    step.cancel()
    with pytest.raises(asyncio.CancelledError):
        await step
    assert ended.is_set()


async def test_requests_are_counted(attempt: Attempt) -> None:
    attempt.count_request()
    attempt.count_request()
    assert attempt.unwritten_requests == 2


def test_a_cancellation_is_noticed_within_a_second() -> None:
    assert room._LOOK_SECONDS <= 0.5
