"""Connections known to the proxy: asked for once, forgotten at once."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from fairlead.api import known
from fairlead.model.clock import ManualClock


class Shelf:
    """Stands for the database: counts the questions, answers when told."""

    def __init__(self):
        self.questions = 0
        self.gate = asyncio.Event()
        self.answer = SimpleNamespace(connection_id="c1")

    @asynccontextmanager
    async def glance(self):
        yield self


@pytest.fixture
def shelf(monkeypatch):
    shelf = Shelf()

    async def find(tx, environment_id, key, connection_id):
        shelf.questions += 1
        answer = shelf.answer
        await shelf.gate.wait()
        return answer

    monkeypatch.setattr(known.connections, "find", find)
    return shelf


@pytest.fixture
def clock():
    return ManualClock(datetime(2026, 1, 1, tzinfo=UTC))


async def asking(connections, times=1):
    tasks = [asyncio.create_task(connections.find(1, "k", "c1")) for _ in range(times)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


async def test_callers_at_the_same_time_ask_once(shelf, clock):
    connections = known.KnownConnections(shelf, clock)
    tasks = await asking(connections, 64)
    shelf.gate.set()
    assert set(map(id, await asyncio.gather(*tasks))) == {id(shelf.answer)}
    assert shelf.questions == 1
    await connections.find(1, "k", "c1")
    assert shelf.questions == 1
    clock.advance(timedelta(seconds=1))
    await connections.find(1, "k", "c1")
    assert shelf.questions == 2


async def test_a_caller_that_goes_away_takes_nothing_from_the_others(shelf, clock):
    connections = known.KnownConnections(shelf, clock)
    first, second = await asking(connections, 2)
    first.cancel()
    await asyncio.sleep(0)
    shelf.gate.set()
    assert await second is shelf.answer


async def test_what_was_asked_before_a_change_is_not_remembered(shelf, clock):
    connections = known.KnownConnections(shelf, clock)
    (before,) = await asking(connections)
    shelf.answer = None
    connections.forget()
    (after,) = await asking(connections)
    shelf.gate.set()
    assert await before is not None
    assert await after is None
    assert await connections.find(1, "k", "c1") is None
    assert shelf.questions == 3, "a missing one is asked for each time"
