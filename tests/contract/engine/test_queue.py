"""Every queue keeps its promises: in this event loop, and on DBOS over each dialect."""

import asyncio
import sqlite3
import sys
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from engine_world import until

from fairlead.engine.dbos_queue import DbosQueue
from fairlead.engine.queue import InlineQueue, Queue, Ticket
from fairlead.errors import InternalError, OperatorError
from fairlead.model.run import RunKind
from fairlead.settings import Settings

SLOTS = 3


class Served:
    """A handler that writes down what it served, and may be held up."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.now = self.most = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self._mine: set[str] = set()

    def tickets(self, number: int, *, kind: RunKind = RunKind.SYNC) -> list[Ticket]:
        """Return new tickets."""
        made = [Ticket(str(uuid.uuid4()), 0, kind) for _ in range(number)]
        self._mine |= {ticket.run_id for ticket in made}
        return made

    async def __call__(self, run_id: str, attempt: int) -> None:
        if run_id not in self._mine:
            # left over from another test
            return
        self.now += 1
        self.most = max(self.most, self.now)
        await self.gate.wait()
        self.names.append(f"{run_id}:{attempt}")
        self.now -= 1


@pytest.fixture(scope="module")
def urls(
    make_postgresql: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """One database a dialect for the whole file: the queue's tables take a second to make."""
    path = tmp_path_factory.mktemp("queue") / "fairlead.sqlite"
    return {"sqlite": f"sqlite:///{path}", "postgresql": make_postgresql()}


Make = Callable[..., Queue]


@pytest.fixture(params=["sqlite", "postgresql"])
def make_durable(request: pytest.FixtureRequest, urls: dict[str, str]) -> Make:
    settings = Settings(database_url=urls[request.param], worker_slots=SLOTS)

    def make(executor_id: str = "test") -> Queue:
        return DbosQueue(settings, executor_id=executor_id)

    return make


@pytest.fixture(params=["inline", "sqlite", "postgresql"])
def make(request: pytest.FixtureRequest, urls: dict[str, str]) -> Make:
    if request.param == "inline":
        return InlineQueue
    settings = Settings(database_url=urls[request.param], worker_slots=SLOTS)
    return lambda: DbosQueue(settings, executor_id="test")


@pytest.fixture
async def served() -> Served:
    return Served()


@pytest.fixture
async def queue(make: Make, served: Served) -> AsyncIterator[Queue]:
    queue = make()
    await queue.start(served)
    yield queue
    served.gate.set()
    await queue.stop()


@pytest.fixture
async def durable(make_durable: Make, served: Served) -> AsyncIterator[Queue]:
    queue = make_durable()
    await queue.start(served)
    yield queue
    served.gate.set()
    await queue.stop()


async def test_a_ticket_is_served_once_however_often_it_is_put_in(
    queue: Queue, served: Served
) -> None:
    first, last = served.tickets(2)
    for _ in range(3):
        await queue.enqueue(first)
    await until(lambda: first.name in served.names)
    await queue.enqueue(first)
    await queue.enqueue(last)
    await until(lambda: last.name in served.names)
    assert served.names.count(first.name) == 1


async def test_a_served_ticket_can_be_put_in_again(queue: Queue, served: Served) -> None:
    (ticket,) = served.tickets(1)
    await queue.enqueue(ticket, again=True)
    await until(lambda: served.names == [ticket.name])

    async def put_again() -> bool:
        # the first may still be on its way out
        await queue.enqueue(ticket, again=True)
        return len(served.names) > 1

    await until(put_again)
    assert set(served.names) == {ticket.name}


async def test_tickets_are_served_side_by_side(queue: Queue, served: Served) -> None:
    served.gate.clear()
    for ticket in served.tickets(SLOTS):
        await queue.enqueue(ticket)
    await until(lambda: served.now == SLOTS)


async def test_stop_waits_for_those_under_way(make: Make, served: Served) -> None:
    queue = make()
    await queue.start(served)
    served.gate.clear()
    (ticket,) = served.tickets(1)
    await queue.enqueue(ticket)
    await until(lambda: served.now == 1)
    stopping = asyncio.create_task(queue.stop())
    await asyncio.sleep(0)
    served.gate.set()
    await stopping
    assert served.names == [ticket.name]


async def test_a_process_has_so_many_slots(durable: Queue, served: Served) -> None:
    served.gate.clear()
    many = served.tickets(SLOTS * 2)
    for ticket in many:
        await durable.enqueue(ticket)
    await until(lambda: served.now == SLOTS)
    served.gate.set()
    await until(lambda: len(served.names) == len(many))
    assert served.most == SLOTS


async def test_the_urgent_come_first_whoever_came_before(durable: Queue, served: Served) -> None:
    served.gate.clear()
    for ticket in served.tickets(SLOTS):
        await durable.enqueue(ticket)
    await until(lambda: served.now == SLOTS)
    ranked = [
        Ticket(ticket.run_id, 0, RunKind.SYNC, priority)
        for ticket, priority in zip(served.tickets(9), (3, 3, 3, 2, 2, 2, 1, 1, 1), strict=True)
    ]
    for ticket in ranked:
        await durable.enqueue(ticket)
    served.gate.set()
    await until(lambda: len(served.names) == SLOTS + 9)
    order = served.names[SLOTS:]
    # so many begin at once as there are slots, in no order among themselves
    for at, urgency in enumerate((1, 2, 3)):
        wanted = {ticket.name for ticket in ranked if ticket.priority == urgency}
        assert set(order[at * SLOTS : (at + 1) * SLOTS]) == wanted


async def test_an_action_waits_for_no_sync(durable: Queue, served: Served) -> None:
    served.gate.clear()
    syncs = served.tickets(SLOTS * 2)
    for ticket in syncs:
        await durable.enqueue(ticket)
    await until(lambda: served.now == SLOTS)
    (action,) = served.tickets(1, kind=RunKind.ACTION)
    await durable.enqueue(action)
    await until(lambda: served.now == SLOTS + 1)


async def test_tickets_outlive_the_process_that_put_them_in(
    make_durable: Make, served: Served
) -> None:
    (ticket,) = served.tickets(1)
    front = make_durable()
    await front.start(None)
    await front.enqueue(ticket)
    await front.stop()
    assert served.names == []
    back = make_durable()
    await back.start(served)
    await until(lambda: served.names == [ticket.name])
    await back.stop()


async def test_what_is_taken_can_be_seen_and_given_up(durable: Queue, served: Served) -> None:
    served.gate.clear()
    (stuck,) = served.tickets(1)
    await durable.enqueue(stuck)
    await until(lambda: served.now == 1)
    (taken,) = await durable.taken()
    assert (taken.run_id, taken.attempt) == (stuck.run_id, 0)
    assert abs(datetime.now(UTC) - taken.taken_at) < timedelta(seconds=30)
    await durable.give_up(stuck.run_id, 0)
    assert await durable.taken() == []


async def test_a_handler_that_raises_does_not_stop_the_queue(
    make_durable: Make, served: Served
) -> None:
    queue = make_durable()
    bad, good = served.tickets(2)

    async def handler(run_id: str, attempt: int) -> None:
        if run_id == bad.run_id:
            raise RuntimeError("no")
        await served(run_id, attempt)

    await queue.start(handler)
    await queue.enqueue(bad)
    await queue.enqueue(good)
    await until(lambda: served.names == [good.name])
    await queue.stop()


async def test_served_tickets_are_forgotten(durable: Queue, served: Served) -> None:
    (ticket,) = served.tickets(1)
    await durable.enqueue(ticket)

    async def is_served() -> bool:
        return served.names == [ticket.name] and not await durable.taken()

    await until(is_served)
    await durable.purge(datetime.now(UTC) - timedelta(hours=1))
    await durable.enqueue(ticket)
    await durable.purge(datetime.now(UTC) + timedelta(hours=1))
    # forgotten, so it counts as new
    await durable.enqueue(ticket)
    await until(lambda: served.names == [ticket.name] * 2)


async def test_a_process_has_one_queue(durable: Queue, make_durable: Make) -> None:
    with pytest.raises(InternalError, match="runs an engine already"):
        await make_durable().start(None)


async def test_a_queue_that_cannot_start_leaves_room_for_another(
    make_durable: Make, tmp_path: Path, served: Served
) -> None:
    nowhere = Settings(database_url=f"sqlite:///{tmp_path}/no/such/folder/f.sqlite")
    with pytest.raises(Exception, match="unable to open"):
        await DbosQueue(nowhere, executor_id="x").start(served)
    queue = make_durable()
    await queue.start(served)
    await queue.stop()


async def test_an_old_sqlite_is_named_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 40, 1))
    monkeypatch.setitem(sys.modules, "pysqlite3", None)
    queue = DbosQueue(Settings(database_url=f"sqlite:///{tmp_path}/f.sqlite"), executor_id="x")
    with pytest.raises(OperatorError, match=r"needs 3\.42.*pysqlite3.*PostgreSQL"):
        await queue.start(None)


async def test_a_current_sqlite_is_used_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    from fairlead.engine import dbos_queue

    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 45, 0))
    assert dbos_queue._sqlite_module() is sqlite3
