"""list_records and cursors: every filter, and readers that follow."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from store_world import NOW, World, stored

from fairlead.model.record import Record
from fairlead.store.records import decode_cursor, encode_cursor

SECOND = timedelta(seconds=1)


async def ids(world: World, **filters: Any) -> list[str]:
    return [record.id for record in await world.list(**filters)]


async def fill(world: World) -> None:
    """One change a second: a b c d added, b updated, c deleted."""
    steps: list[dict[str, Any]] = [
        {"values": {"a": 1}},
        {"values": {"b": 1}},
        {"values": {"c": 1}},
        {"values": {"d": 1}},
        {"values": {"b": 2}},
        {"delete": ["c"]},
    ]
    for n, step in enumerate(steps):
        world.now = NOW + n * SECOND
        await world.put(**step)


async def test_filters(world: World) -> None:
    await fill(world)
    assert await ids(world) == ["a", "d", "b", "c"]
    assert await ids(world, filters=frozenset({"added"})) == ["a", "d"]
    assert await ids(world, filters=frozenset({"updated"})) == ["b"]
    assert await ids(world, filters=frozenset({"deleted"})) == ["c"]
    assert await ids(world, filters=frozenset({"updated", "deleted"})) == ["b", "c"]
    assert await ids(world, filters=frozenset({"added", "updated", "deleted"})) == [*"adbc"]
    assert await ids(world, ids=["c", "a", "unknown"]) == ["a", "c"]
    assert await ids(world, ids=["c", "b"], filters=frozenset({"updated"})) == ["b"]
    assert await ids(world, limit=2) == ["a", "d"]


async def test_an_unknown_model_is_an_empty_list(world: World) -> None:
    assert await world.list(model="Unknown", modified_after=NOW) == []
    await world.put()
    assert await world.list(modified_after=NOW) == []


@pytest.mark.parametrize(
    ("after", "found"),
    [
        (NOW - timedelta(days=9999), "adbc"),
        (NOW - timedelta(microseconds=1), "adbc"),
        (NOW, "dbc"),
        (NOW + 3 * SECOND - timedelta(microseconds=1), "dbc"),
        (NOW + 3 * SECOND, "bc"),
        (NOW + 4 * SECOND, "c"),
        (NOW + 5 * SECOND, ""),
        (NOW + timedelta(days=9999), ""),
    ],
)
async def test_modified_after(world: World, after: datetime, found: str) -> None:
    await fill(world)
    assert await ids(world, modified_after=after) == [*found]
    everything = await world.list()
    cursor = everything[1].position
    assert await ids(world, modified_after=after, after=cursor) == [c for c in found if c in "bc"]


async def test_paging_shows_each_record_once(world: World) -> None:
    await world.put({f"r{n:03}": n for n in range(100)})
    seen: list[Record] = []
    cursor = 0
    while page := await world.list(after=cursor, limit=7):
        assert len(page) <= 7
        cursor = decode_cursor(encode_cursor(page[-1]))
        seen += page
    assert seen == await world.list()


async def test_a_record_that_changes_while_paging_is_seen_again(world: World) -> None:
    await world.put({"a": 1, "b": 1, "c": 1})
    first = await world.list(limit=2)
    await world.put({"a": 2})
    rest = await world.list(after=first[-1].position)
    assert [(r.id, r.content["value"]) for r in rest] == [("c", 1), ("a", 2)]


async def test_a_reader_that_follows_while_writers_commit_misses_nothing(world: World) -> None:
    await world.start()
    writers_done = asyncio.Event()

    async def write(n: int) -> None:
        for k in range(6):
            values = {f"own-{n}-{k}": 1, f"shared-{k}": f"{n}"}
            await world.commit(stored(values, delete=[f"own-{n}-{k - 2}"]))

    async def read() -> dict[str, Record]:
        mirror: dict[str, Record] = {}
        cursor = 0
        while True:
            is_last_look = writers_done.is_set()
            page = await world.list(after=cursor, limit=5)
            for record in page:
                assert record.position > cursor
                cursor = record.position
                mirror[record.id] = record
            if not page and is_last_look:
                return mirror
            await asyncio.sleep(0)

    async def write_all() -> None:
        await asyncio.gather(*(write(n) for n in range(5)))
        writers_done.set()

    *mirrors, _ = await asyncio.gather(read(), read(), write_all())
    truth = {record.id: record for record in await world.list()}
    assert mirrors == [truth, truth]
