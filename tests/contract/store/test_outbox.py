"""Outbox: every event leaves at least once, each attempt is on record."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from store_world import NOW, World

from fairlead.model.event import Delivery, Event
from fairlead.store import outbox
from fairlead.store.outbox import HIDDEN_FOR

MINUTE = timedelta(minutes=1)


def event(world: World, name: str = "e1", **more: Any) -> Event:
    values: dict[str, Any] = {
        "id": name,
        "environment_id": world.environment.id,
        "type": "sync",
        "connection_pk": world.pk,
        "payload": {"n": [1, None, "x\0y"]},
        "created_at": NOW,
    }
    return Event(**(values | more))


def delivery(name: str = "d1", attempt: int = 1, **more: Any) -> Delivery:
    values: dict[str, Any] = {
        "id": name,
        "event_id": "e1",
        "attempt": attempt,
        "url": "https://hook",
        "status": 500,
        "error": "no",
        "created_at": NOW,
    }
    return Delivery(**(values | more))


async def put(world: World, *events: Event) -> None:
    async with world.db.write() as tx:
        for one in events:
            await outbox.put(tx, one)


async def claim(world: World, now: datetime = NOW, limit: int = 10) -> list[tuple[Event, int]]:
    async with world.db.write() as tx:
        return await outbox.claim(tx, now, limit)


async def attempts(world: World) -> list[Delivery]:
    async with world.db.read() as tx:
        return await outbox.deliveries_of(tx, "e1")


async def test_an_event_is_delivered_once(world: World) -> None:
    await put(world, event(world))
    assert await claim(world) == [(event(world), 1)]
    arrived = delivery(status=200, error=None)
    async with world.db.write() as tx:
        await outbox.delivered(tx, "e1", arrived)
    assert await claim(world, NOW + 10 * HIDDEN_FOR) == []
    assert await attempts(world) == [arrived]


async def test_an_event_of_a_transaction_that_failed_was_never_there(world: World) -> None:
    with pytest.raises(RuntimeError):
        async with world.db.write() as tx:
            await outbox.put(tx, event(world))
            raise RuntimeError
    assert await claim(world) == []


async def test_what_a_dead_deliverer_claimed_comes_up_again(world: World) -> None:
    await put(world, event(world))
    await claim(world)
    assert await claim(world, NOW + HIDDEN_FOR - MINUTE) == []
    assert await claim(world, NOW + HIDDEN_FOR) == [(event(world), 2)]


async def test_postponed_and_given_up(world: World) -> None:
    await put(world, event(world))
    await claim(world)
    async with world.db.write() as tx:
        await outbox.postpone(tx, "e1", NOW + MINUTE, delivery("d1"))
    assert await claim(world, NOW + MINUTE / 2) == []
    assert await claim(world, NOW + MINUTE) == [(event(world), 2)]
    async with world.db.write() as tx:
        await outbox.dead(tx, "e1", delivery("d2", 2, status=None))
    assert await claim(world, NOW + 10 * HIDDEN_FOR) == []
    assert await attempts(world) == [delivery("d1"), delivery("d2", 2, status=None)]


async def test_what_a_clock_that_was_ahead_put_off_is_pulled_back(world: World) -> None:
    ahead = NOW + 60 * MINUTE
    await put(
        world,
        *(event(world, f"e{n}", created_at=ahead, connection_pk=None) for n in range(3)),
    )
    async with world.db.write() as tx:
        [one, _] = await outbox.claim(tx, ahead, 2)
        failed = delivery("d1").model_copy(update={"event_id": one[0].id})
        await outbox.postpone(tx, one[0].id, ahead + MINUTE, failed)
        waits = (timedelta(), MINUTE)
        # at its own time nothing is too far off, and what is being delivered stays hidden
        assert await outbox.pull_back(tx, ahead, waits) == 0
    async with world.db.write() as tx:
        assert await outbox.pull_back(tx, NOW, waits) == 3
    assert [attempt for _, attempt in await claim(world)] == [1]
    assert [attempt for _, attempt in await claim(world, NOW + MINUTE)] == [2, 2]


async def test_in_order_up_to_the_limit(world: World) -> None:
    await put(
        world,
        *(event(world, f"e{n}", created_at=NOW - n * MINUTE, connection_pk=None) for n in range(3)),
    )
    assert [one.id for one, _ in await claim(world, limit=2)] == ["e2", "e1"]
    assert [one.id for one, _ in await claim(world, limit=2)] == ["e0"]


async def test_several_deliverers_share(world: World) -> None:
    await put(world, *(event(world, f"e{n}", connection_pk=None) for n in range(20)))
    claimed = await asyncio.gather(*(claim(world, limit=5) for _ in range(6)))
    ids = [one.id for batch in claimed for one, _ in batch]
    assert len(ids) == len(set(ids))


async def test_a_note_on_an_event_that_is_gone(world: World) -> None:
    async with world.db.write() as tx:
        await outbox.delivered(tx, "e1", delivery())
    assert await attempts(world) == []


async def test_purge_takes_what_is_settled_and_old(world: World) -> None:
    await put(world, event(world), event(world, "e2"), event(world, "e3"))
    async with world.db.write() as tx:
        await outbox.delivered(tx, "e1", delivery())
        await outbox.dead(tx, "e2", delivery("d2", event_id="e2"))
        assert await outbox.purge(tx, NOW) == 0
        assert await outbox.purge(tx, NOW + MINUTE) == 2
    assert [one.id for one, _ in await claim(world)] == ["e3"]
    assert await attempts(world) == []


async def test_a_connections_events_come_one_after_the_other(world: World) -> None:
    first, second = (event(world, f"e{n}", created_at=NOW + n * MINUTE) for n in range(2))
    other = event(world, "o", connection_pk=None, created_at=NOW + MINUTE)
    await put(world, second, other, first)
    later = NOW + MINUTE
    assert {one.id for one, _ in await claim(world, later)} == {"e0", "o"}
    assert await claim(world, later) == []
    async with world.db.write() as tx:
        await outbox.postpone(tx, "e0", later + MINUTE, delivery("d1", event_id="e0"))
    # it waits for another attempt, and the next one with it
    assert await claim(world, later) == []
    async with world.db.write() as tx:
        await outbox.delivered(tx, "e0", delivery("d2", 2, event_id="e0", status=200))
    assert [one.id for one, _ in await claim(world, later)] == ["e1"]


async def test_what_was_given_up_is_listed_and_delivered_once_more(world: World) -> None:
    await put(world, event(world), event(world, "e2", created_at=NOW + MINUTE))
    async with world.db.write() as tx:
        await outbox.dead(tx, "e2", None)
    await claim(world)
    async with world.db.write() as tx:
        await outbox.dead(tx, event(world).id, delivery())
        letters = await outbox.dead_letters(tx, world.environment.id, 10)
        assert [(each.event.id, each.attempts) for each in letters] == [
            ("e2", 0),
            (event(world).id, 1),
        ]
        assert letters[0].last is None
        assert letters[1].last
        assert letters[1].last.status == 500
        assert await outbox.replay(tx, world.environment.id + 1, [], NOW) == 0
        assert await outbox.replay(tx, world.environment.id, ["e2"], NOW) == 1
        assert await outbox.replay(tx, world.environment.id, [], NOW) == 1
    assert await claim(world) == [(event(world), 1)]
