"""Names that make a repeat harmless, and the queue of tests."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from fairlead.engine.queue import InlineQueue, Ticket
from fairlead.engine.scheduler import schedule_id, scheduled_run_id
from fairlead.model.run import Run, RunKind, RunState, RunTrigger
from fairlead.model.schedule import Schedule, ScheduleState

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def run(
    trigger: RunTrigger = RunTrigger.SCHEDULE, token: int = 0, kind: RunKind = RunKind.SYNC
) -> Run:
    return Run(
        id="r",
        environment_id=1,
        connection_pk=7,
        kind=kind,
        function="books",
        trigger=trigger,
        state=RunState.QUEUED,
        fencing_token=token,
        created_at=NOON,
    )


def test_a_ticket_names_the_run_and_the_attempt() -> None:
    assert Ticket.of(run(token=3)) == Ticket("r", 3, RunKind.SYNC, 3)
    assert Ticket.of(run(token=3)).name == "r:3"


def test_who_waits_for_an_answer_comes_first() -> None:
    triggers = [RunTrigger.CALL, RunTrigger.NOTICE, RunTrigger.SCHEDULE]
    assert [Ticket.of(run(trigger)).priority for trigger in triggers] == [2, 2, 3]
    assert Ticket.of(run(kind=RunKind.ACTION)).priority == 1


def test_ids_are_made_of_what_they_stand_for() -> None:
    assert schedule_id(1, "books", "base") == schedule_id(1, "books", "base")
    others = {schedule_id(1, "books", "x"), schedule_id(2, "books", "base")}
    assert schedule_id(1, "books", "base") not in others
    schedule = Schedule(
        id="s",
        environment_id=1,
        connection_pk=1,
        integration_key="k",
        sync_name="books",
        frequency="1h",
        state=ScheduleState.STARTED,
        next_run_at=NOON,
        created_at=NOON,
        updated_at=NOON,
    )
    assert scheduled_run_id(schedule, NOON) == scheduled_run_id(schedule, NOON)
    later = scheduled_run_id(schedule, NOON + timedelta(microseconds=1))
    assert later != scheduled_run_id(schedule, NOON)


async def test_an_inline_queue_without_a_handler_serves_nothing() -> None:
    queue = InlineQueue()
    await queue.enqueue(Ticket("r", 0))
    await queue.idle()
    assert await queue.taken() == []
    await queue.give_up("r", 0)
    await queue.purge(NOON)


async def test_stop_waits_for_what_is_served() -> None:
    queue, order = InlineQueue(), []

    async def handler(run_id: str, attempt: int) -> None:
        await asyncio.sleep(0)
        order.append(run_id)

    await queue.start(handler)
    await queue.enqueue(Ticket("a", 0))
    await queue.enqueue(Ticket("b", 0))
    await queue.stop()
    assert order == ["a", "b"]


@pytest.mark.parametrize("again", [False, True])
async def test_again_is_again(again: bool) -> None:
    queue, served = InlineQueue(), []

    async def handler(run_id: str, attempt: int) -> None:
        served.append(run_id)

    await queue.start(handler)
    await queue.enqueue(Ticket("a", 0))
    await queue.enqueue(Ticket("a", 0), again=again)
    await queue.idle()
    assert len(served) == 1 + again
