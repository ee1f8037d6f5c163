"""What a process remembers of credentials, and how it forgets."""

import asyncio
from datetime import timedelta

import pytest
from fake_vendor import INVALID_GRANT, renewing, token_of

from fairlead.errors import (
    NotFound,
    ReconnectRequired,
)
from fairlead.store import connections


async def test_opened_credentials_are_remembered_for_half_a_minute(world):
    connection = await world.delegated(minutes=60)
    await world.freshener.fresh_credentials(connection)
    async with world.db.write() as tx:
        await connections.delete(tx, connection.id)
    world.clock.advance(timedelta(seconds=29))
    assert token_of(await world.freshener.fresh_credentials(connection)) == "at-0"
    world.clock.advance(timedelta(seconds=1))
    with pytest.raises(NotFound):
        await world.freshener.fresh_credentials(connection)


async def test_never_beyond_the_margin(world):
    renewing(world.transport)
    connection = await world.delegated(minutes=15.1)
    await world.freshener.fresh_credentials(connection)
    world.clock.advance(timedelta(seconds=10))
    assert token_of(await world.freshener.fresh_credentials(connection)) == "at-1"


async def test_forget_empties_it_at_once(world):
    connection = await world.delegated(minutes=60)
    await world.freshener.fresh_credentials(connection)
    async with world.db.write() as tx:
        await connections.delete(tx, connection.id)
    world.freshener.forget(connection.id)
    with pytest.raises(NotFound):
        await world.freshener.fresh_credentials(connection)


async def test_forget_lifts_the_back_off(world):
    world.transport.answer = lambda _: INVALID_GRANT
    connection = await world.delegated(minutes=-1)
    with pytest.raises(ReconnectRequired):
        await world.freshener.fresh_credentials(connection)
    renewing(world.transport)
    world.freshener.forget(connection.id)
    assert token_of(await world.freshener.fresh_credentials(connection)) == "at-2"


async def test_what_was_read_before_a_forget_is_not_remembered(world):
    connection = await world.delegated(minutes=60)
    reader = asyncio.create_task(world.freshener.fresh_credentials(connection))
    await asyncio.sleep(0)
    world.freshener.forget(connection.id)
    assert token_of(await reader) == "at-0"
    assert world.freshener._renewals.cached((connection.id, "")) is None


async def test_memory_is_bounded(monkeypatch):
    from datetime import UTC, datetime

    from fairlead.connect import remembered

    monkeypatch.setattr(remembered, "_MOST", 3)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    kept = remembered.Remembered()
    for pk in range(5):
        kept.put(pk, pk, now + timedelta(seconds=1))
    assert [kept.get(pk, now) for pk in range(5)] == [None, None, 2, 3, 4]
    assert kept.get(4, now + timedelta(seconds=1)) is None
