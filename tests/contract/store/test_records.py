"""commit_batch: what one batch does to records, counters and checkpoint."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event
from store_world import MODEL, NOW, World, make_connection, stored

from fairlead.errors import OutputInvalid
from fairlead.model.batch import BatchCounts, StoredBatch
from fairlead.model.clock import epoch_us
from fairlead.store import records, runs

SECOND = timedelta(seconds=1)


async def test_added_updated_unchanged_deleted(world: World) -> None:
    assert await world.put({"a": 1, "b": 2}) == (2, 0, 0, 0)
    assert await world.put({"a": 1, "b": 3, "c": 4}) == (1, 1, 0, 1)
    assert await world.put(delete=["a", "unknown"]) == (0, 0, 1, 0)
    assert await world.put(delete=["a"]) == (0, 0, 0, 0)
    assert await world.live() == {"b": 3, "c": 4}
    assert await world.counts() == {MODEL: 2}
    assert world.run
    async with world.db.read() as tx:
        run = await runs.find(tx, world.run.id)
    assert run
    assert run.counts == {MODEL: BatchCounts(added=3, updated=1, deleted=1, unchanged=1)}
    assert run.batches == 4


async def test_a_record_through_its_life(world: World) -> None:
    await world.put({"a": 1}, partition="p")
    (first,) = await world.list()
    assert first.model_dump() == {
        "id": "a",
        "model": MODEL,
        "variant": "base",
        "partition": "p",
        "content": {"id": "a", "value": 1},
        "first_seen_at": NOW,
        "last_modified_at": NOW,
        "deleted_at": None,
        "pruned_at": None,
        "last_action": "ADDED",
        "position": epoch_us(NOW) + 1,
    }
    world.now = NOW + SECOND
    await world.put({"a": 2}, partition="p")
    (second,) = await world.list()
    changed: dict[str, Any] = {
        "content": {"id": "a", "value": 2},
        "last_modified_at": NOW + SECOND,
        "last_action": "UPDATED",
        "position": first.position + 1,
    }
    assert second == first.model_copy(update=changed)
    world.now = NOW + 2 * SECOND
    await world.put(delete=["a"], partition="p")
    (third,) = await world.list()
    changed |= {
        "last_modified_at": world.now,
        "deleted_at": world.now,
        "last_action": "DELETED",
        "position": first.position + 2,
    }
    assert third == first.model_copy(update=changed)
    world.now = NOW + 3 * SECOND
    assert await world.put({"a": 2}, partition="p") == (1, 0, 0, 0)
    (fourth,) = await world.list()
    changed |= {
        "last_modified_at": world.now,
        "deleted_at": None,
        "last_action": "ADDED",
        "position": first.position + 3,
    }
    assert fourth == first.model_copy(update=changed)


async def test_unchanged_moves_nothing(world: World) -> None:
    await world.put({"a": 1, "b": 2})
    before = await world.list()
    world.now = NOW + SECOND
    assert await world.put({"b": 2, "a": 1}) == (0, 0, 0, 2)
    assert await world.list() == before


async def test_order_of_appearance_is_order_of_positions(world: World) -> None:
    ids = [f"{n * 7919 % 2500:05}" for n in range(2500)]
    assert await world.put(dict.fromkeys(ids, 1)) == (2500, 0, 0, 0)
    assert [record.id for record in await world.list()] == ids
    changes = dict.fromkeys(ids[::2], 2) | {"new": 1}
    assert await world.put(changes, delete=ids[1::2]) == (1, 1250, 1250, 0)
    assert [record.id for record in await world.list()] == [*changes, *ids[1::2]]
    assert await world.counts() == {MODEL: 1251}


async def test_a_delete_beats_an_upsert_of_the_same_batch(world: World) -> None:
    assert await world.put({"a": 1, "b": 1}, delete=["a", "a"]) == (1, 0, 0, 0)
    assert await world.put({"b": 2}, delete=["b", "b"]) == (0, 0, 1, 0)
    assert await world.live() == {}
    assert await world.counts() == {MODEL: 0}


async def test_a_delete_in_a_named_partition_spares_what_moved_away(world: World) -> None:
    await world.put({"a": 1, "b": 1}, partition="left")
    before = await world.list()
    assert await world.put({"a": 1}, partition="right") == (0, 0, 0, 1)
    assert await world.put(delete=["a", "b"], partition="left") == (0, 0, 1, 0)
    after = {record.id: record for record in await world.list()}
    assert after["a"] == before[0].model_copy(update={"partition": "right"})
    # without a partition a delete means the record, wherever it is
    assert await world.put(delete=["a"]) == (0, 0, 1, 0)


async def test_streams_are_apart(world: World) -> None:
    await world.put({"a": 1})
    await world.put({"a": 2}, variant="v2")
    await world.put({"a": 3}, model="Folder")
    first = world.connection
    async with world.db.write() as tx:
        world.connection = await make_connection(tx, world.environment, world.integration, "c2")
    await world.start()
    await world.put({"a": 4})
    assert await world.live() == {"a": 4}
    world.connection = first
    assert await world.live() == {"a": 1}
    assert await world.counts() == {MODEL: 1, f"{MODEL}::v2": 1, "Folder": 1}
    assert [r.content["value"] for r in await world.list(variant="v2")] == [2]
    assert [r.content["value"] for r in await world.list(model="Folder")] == [3]


async def test_empty_batch_keeps_its_checkpoint_and_is_counted(world: World) -> None:
    assert await world.put(checkpoint=b"x") == (0, 0, 0, 0)
    assert await world.counts() == {MODEL: 0}
    assert world.run
    async with world.db.read() as tx:
        run = await runs.find(tx, world.run.id)
    assert run
    assert run.batches == 1


async def test_a_clock_that_goes_back_does_not_take_records_along(world: World) -> None:
    await world.put({"a": 1})
    world.now = NOW - timedelta(hours=1)
    await world.put({"b": 1}, delete=["a"])
    world.now = NOW + SECOND
    await world.put({"c": 1})
    times = [record.last_modified_at for record in await world.list()]
    assert times == [NOW, NOW, NOW + SECOND]


IDS = ["", "a\0b", "\ud800", "x" * 1025, "ü" * 600]


@pytest.mark.parametrize("record_id", IDS, ids=range(len(IDS)))
@pytest.mark.parametrize("where", ["upsert", "delete"])
async def test_ids_that_cannot_be_stored(world: World, record_id: str, where: str) -> None:
    batch = (
        StoredBatch(model=MODEL, upsert={"ok": (b"h", b"{}"), record_id: (b"h", b"{}")})
        if where == "upsert"
        else StoredBatch(model=MODEL, delete=["ok", record_id])
    )
    with pytest.raises(OutputInvalid, match="id"):
        await world.commit(batch)
    assert await world.list() == []
    assert await world.put({"ok": 1}) == (1, 0, 0, 0)


async def test_strange_ids_and_large_content(world: World) -> None:
    values: dict[str, Any] = {
        "b!x/01A": "x" * 3_000_000,
        "'; DROP TABLE records; --": None,
        '"\\ \t\n': ["\0", {"deep": 1.5}],
        "é\U0001f600": "ünï\U0001f600",
        "e\u0301": 1,
        "x" * 1024: True,
        "{1,2}": 0,
        "NULL": "NULL",
    }
    assert await world.put(values) == (len(values), 0, 0, 0)
    assert await world.put(values) == (0, 0, 0, len(values))
    assert await world.live() == values
    assert await world.put(delete=list(values)) == (0, 0, len(values), 0)


async def test_writers_of_one_stream_follow_one_another(world: World) -> None:
    await world.start()

    async def commit(n: int) -> None:
        await world.commit(stored({f"{n}-{k}": 1 for k in range(20)}))

    await asyncio.gather(*(commit(n) for n in range(12)))
    found = await world.list()
    positions = [record.position for record in found]
    assert positions == list(range(positions[0], positions[0] + 240))
    assert len({record.id for record in found}) == 240
    assert await world.counts() == {MODEL: 240}


async def test_a_small_batch_does_not_depend_on_the_librarys_size(world: World) -> None:
    """Work is counted in statements of each commit, and none of them may scan the records."""
    await world.put({f"r{n}": 1 for n in range(3000)}, partition="p", restart=True, settled=True)
    if world.db.dialect == "postgresql":
        async with world.db.write() as tx:
            await tx.connection.exec_driver_sql("ANALYZE")
    plans = []
    async with world.db.write() as tx:
        raw = await tx.connection.get_raw_connection()
        driver = raw.driver_connection
        assert driver
        statements: list[str] = []

        @event.listens_for(tx.connection.sync_connection, "before_cursor_execute")
        def _note(conn: Any, cursor: Any, statement: str, *_: Any) -> None:
            statements.append(statement)

        await world.commit_in(
            tx, stored({"r1": 2, "r2": 1}, delete=["r3"], partition="p", settled=True)
        )
        assert not [one for one in statements if "records" in one]
        if world.db.dialect == "sqlite":
            for query in (
                "SELECT id FROM records WHERE stream_id = 1 AND id IN (SELECT value FROM json_each('[]'))",
                "SELECT id FROM records WHERE stream_id = 1 AND position > 5 ORDER BY position",
                "SELECT id FROM records WHERE stream_id = 1 AND partition_id IN (1) AND deleted_us IS NULL",
            ):
                rows = await driver.execute_fetchall(f"EXPLAIN QUERY PLAN {query}")
                plans += [str(row[3]) for row in rows if "records" in str(row[3])]
        else:
            await driver.execute("SET LOCAL enable_seqscan = on")
            rows = await driver.fetch(
                "EXPLAIN SELECT id FROM records WHERE stream_id = 1 AND id = ANY($1::text[])", ["a"]
            )
            plans += [str(row[0]) for row in rows]
    assert plans
    assert not [plan for plan in plans if "SCAN records" in plan or "Seq Scan" in plan]


async def test_delete_stream_keeps_readers_going(world: World) -> None:
    await world.put({"a": 1, "b": 1}, partition="p")
    last = (await world.list())[-1].position
    async with world.db.write() as tx:
        await records.delete_stream(tx, world.pk, MODEL, "base")
    assert await world.list() == []
    assert await world.counts() == {MODEL: 0}
    assert await world.put({"a": 1}, partition="p") == (1, 0, 0, 0)
    assert [record.id for record in await world.list(after=last)] == ["a"]
    async with world.db.write() as tx:
        await records.delete_stream(tx, world.pk, "Unknown", "base")


async def test_what_begins_so_is_replaced(world: World) -> None:
    before = {"d/1_a": 1, "d/1_b": 1, "d/10_a": 1, "d/2_a": 1, "e/1_é": 1, "e/11_a": 1}
    await world.put(before, partition="p")
    await world.put({"d/1_elsewhere": 1}, partition="q")
    done = await world.put({"d/1_b": 2, "d/1_c": 1}, partition="p", replace=["d/1_", "e/1_"])
    assert done == (1, 1, 2, 0)
    assert await world.live() == {
        "d/1_b": 2,
        "d/1_c": 1,
        "d/10_a": 1,
        "d/2_a": 1,
        "e/11_a": 1,
        "d/1_elsewhere": 1,
    }
    assert await world.put(partition="p", replace=["d/2_", "none"]) == (0, 0, 1, 0)
    assert await world.put(partition="p", replace=["d/2_"]) == (0, 0, 0, 0)
