"""One purse for all processes, in both dialects."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from fairlead.model.budget import Allowance, Priority, Purse, Settlement, Told, Toll, Want
from fairlead.store import budgets
from fairlead.store.database import Database, Tx

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
ALLOWANCE = Allowance(name="acme", toll=lambda request: Toll(1), account="t", limits=(1_000,))


@pytest.fixture
def key() -> str:
    return uuid.uuid4().hex


@pytest.fixture
async def others(database: Database) -> AsyncIterator[list[Database]]:
    """Eight processes' own doors to the database."""
    doors = [await Database.open(database.url) for _ in range(8)]
    yield doors
    for door in doors:
        await door.close()


async def settle(
    db: Database, key: str, settlement: Settlement, now: datetime = NOW
) -> tuple[Purse, dict[Priority, int]]:
    async def work(tx: Tx) -> tuple[Purse, dict[Priority, int]]:
        return await budgets.settle(tx, key, ALLOWANCE, settlement, now)

    return await db.transact(work)


async def test_many_at_once_get_what_is_there_and_no_more(others: list[Database], key: str) -> None:
    await settle(others[0], key, Settlement(told=Told(1_000, 1_000, NOW)))
    wish = Settlement(wanted={Priority.INTERACTIVE: Want(1, 9)})
    asked = [partial(settle, db, key, wish) for db in others]
    found = await asyncio.gather(*(ask() for ask in asked))
    assert sum(given[Priority.INTERACTIVE] for _, given in found) == 40
    # what one gives back, another gets
    await settle(others[0], key, Settlement(spent=-7))
    _, given = await settle(others[1], key, wish)
    assert given == {Priority.INTERACTIVE: 7}


async def test_a_purse_comes_back_as_it_was_written(database: Database, key: str) -> None:
    pause = NOW + timedelta(seconds=17, microseconds=250_001)
    told = Told(900, 33, pause)
    written, _ = await settle(database, key, Settlement(paused_until=pause, spent=3, told=told))
    assert (written.limit, written.left, written.left_until) == (900, 33, pause)
    async with database.glance() as tx:
        assert await budgets.paused_until(tx, key) == pause
        assert await budgets.paused_until(tx, "nobody's") is None
    again, _ = await settle(database, key, Settlement())
    assert again == written


async def test_what_was_not_used_for_long_is_forgotten(database: Database, key: str) -> None:
    old = f"{key}-old"
    await settle(database, old, Settlement(paused_until=NOW), NOW - timedelta(days=8))
    await settle(database, key, Settlement(told=Told(1_000, 1_000, NOW)))
    await settle(database, key, Settlement(spent=30))
    async with database.write() as tx:
        assert await budgets.forget(tx, NOW - timedelta(days=7)) >= 1
    kept, _ = await settle(database, key, Settlement())
    assert kept.level == 10
