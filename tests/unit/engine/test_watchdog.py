"""The watchdog: it interrupts what blocks the loop, and leaves alone what does not."""

import asyncio
import contextlib
import os
import time
from typing import Any

import pytest

from fairlead.engine import watchdog
from fairlead.engine.failure import authors
from fairlead.engine.watchdog import EXIT_STUCK, Watchdog, resident_bytes
from fairlead.errors import FunctionTimedOut

LIMIT = 0.2


async def spins(seconds: float = 30.0) -> None:
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at:
        # what swallows its own errors is interrupted all the same
        with contextlib.suppress(Exception):
            int("1")


@pytest.fixture
async def dog() -> Any:
    dog = Watchdog(LIMIT)
    dog.start()
    yield dog
    dog.stop()


async def test_a_loop_is_interrupted_and_the_process_goes_on(dog: Watchdog) -> None:
    other = asyncio.create_task(asyncio.sleep(0, "served"))
    with pytest.raises(FunctionTimedOut, match="hot blocked the process") as caught:
        await authors("hot", spins())
    assert (caught.value.code, caught.value.who) == ("function_blocked", "author")
    assert await other == "served"
    # and watched on
    with pytest.raises(FunctionTimedOut):
        await authors("hot", spins())


async def test_what_awaits_may_take_long(dog: Watchdog) -> None:
    async def polite() -> str:
        for _ in range(30):
            await asyncio.sleep(LIMIT / 10)
        return "done"

    assert await authors("polite", polite()) == "done"


async def test_code_of_ours_is_not_interrupted(dog: Watchdog) -> None:
    await spins(LIMIT * 3)


async def test_memory_ends_it_sooner() -> None:
    assert resident_bytes() > 1_000_000
    dog = Watchdog(30.0, memory_bytes=1)
    dog._pause = 0.05
    dog.start()
    with pytest.raises(FunctionTimedOut):
        await authors("hungry", spins())
    dog.stop()


async def test_what_cannot_be_interrupted_costs_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended: list[int] = []
    handed: list[tuple[Any, str]] = []

    async def hand_on(task: Any, function: str) -> None:
        handed.append((task, function))
        raise RuntimeError("no database either")

    monkeypatch.setattr(os, "_exit", ended.append)
    monkeypatch.setattr(watchdog, "_interrupt", lambda thread: None)
    dog = Watchdog(LIMIT, hand_on=hand_on, grace_seconds=LIMIT)
    dog.start()
    await authors("deaf", spins(LIMIT * 8))
    dog.stop()
    assert ended == [EXIT_STUCK]
    assert handed == [(asyncio.current_task(), "deaf")]
