"""Restart, doubt and sweep: what a full read no longer shows is deleted, nothing else."""

from datetime import timedelta

from store_world import MODEL, NOW, World

from fairlead.model.batch import BatchCounts
from fairlead.store import runs


async def test_a_full_read_sweeps_what_it_did_not_see(world: World) -> None:
    await world.put({"a": 1, "b": 1, "c": 1, "d": 1}, restart=True, settled=True)
    assert await world.put({"a": 1}, restart=True) == (0, 0, 0, 1)
    assert await world.live() == {"a": 1, "b": 1, "c": 1, "d": 1}
    assert await world.put({"b": 2, "e": 1}) == (1, 1, 0, 0)
    assert await world.put(settled=True) == (0, 0, 2, 0)
    assert await world.live() == {"a": 1, "b": 2, "e": 1}
    assert await world.counts() == {MODEL: 3}
    assert [(r.id, r.last_action) for r in await world.list()] == [
        ("a", "ADDED"),
        ("b", "UPDATED"),
        ("e", "ADDED"),
        ("c", "DELETED"),
        ("d", "DELETED"),
    ]


async def test_a_snapshot_is_one_batch(world: World) -> None:
    await world.put({"a": 1, "b": 1}, restart=True, settled=True)
    assert await world.put({"b": 1}, restart=True, settled=True) == (0, 0, 1, 1)
    assert await world.put({}, restart=True, settled=True) == (0, 0, 1, 0)
    assert await world.live() == {}
    assert await world.put({"a": 1}, restart=True, settled=True) == (1, 0, 0, 0)


async def test_incremental_batches_sweep_nothing(world: World) -> None:
    await world.put({"a": 1, "b": 1}, restart=True, settled=True)
    assert await world.put({"a": 2}, settled=True) == (0, 1, 0, 0)
    assert await world.put(settled=True) == (0, 0, 0, 0)
    assert await world.live() == {"a": 2, "b": 1}


async def test_a_restart_within_a_restart_begins_anew(world: World) -> None:
    await world.put({"a": 1, "b": 1, "c": 1})
    await world.put({"a": 1, "b": 1}, restart=True)
    await world.put({"a": 1}, restart=True)
    assert await world.put(settled=True) == (0, 0, 2, 0)
    assert await world.live() == {"a": 1}


async def test_doubt_survives_a_killed_run(world: World) -> None:
    await world.put({"a": 1, "b": 1, "c": 1})
    await world.put({"a": 1}, restart=True)
    old = world.run
    assert old
    async with world.db.write() as tx:
        world.run = await runs.claim(
            tx,
            old.id,
            owner="w2",
            lease=timedelta(minutes=1),
            now=NOW + timedelta(hours=1),
        )
    assert await world.put({"b": 1}) == (0, 0, 0, 1)
    assert await world.put(settled=True) == (0, 0, 1, 0)
    assert await world.live() == {"a": 1, "b": 1}


async def test_partitions_are_swept_apart(world: World) -> None:
    for name in ("p", "q"):
        await world.put({f"{name}1": 1, f"{name}2": 1}, partition=name)
    await world.put({"p1": 1}, partition="p", restart=True)
    await world.put({"q1": 1}, partition="q", restart=True)
    assert await world.put(partition="p", settled=True) == (0, 0, 1, 0)
    assert await world.live() == {"p1": 1, "q1": 1, "q2": 1}
    assert await world.put({"q2": 1}, partition="q", settled=True) == (0, 0, 0, 1)
    assert await world.live() == {"p1": 1, "q1": 1, "q2": 1}


async def test_what_moved_to_another_partition_is_not_swept(world: World) -> None:
    await world.put({"a": 1, "b": 1}, partition="p")
    await world.put(partition="p", restart=True)
    await world.put({"a": 1}, partition="q")
    assert await world.put(partition="p", settled=True) == (0, 0, 1, 0)
    assert await world.live() == {"a": 1}


async def test_deleted_then_swept_counts_once_and_restored_ones_stay(world: World) -> None:
    await world.put({"a": 1, "b": 1, "c": 1})
    await world.put(restart=True, delete=["a"])
    assert await world.put(delete=["b"]) == (0, 0, 1, 0)
    assert await world.put({"b": 1}) == (1, 0, 0, 0)
    assert await world.put(settled=True) == (0, 0, 1, 0)
    assert await world.live() == {"b": 1}


async def test_partitions_that_are_no_longer_chosen(world: World) -> None:
    for name in ("", "p", "q"):
        await world.put({f"{name}1": 1, f"{name}2": 1}, partition=name)
    assert await world.sweep_partitions({"", "p", "q", "new"}) == BatchCounts()
    assert await world.sweep_partitions({"", "q"}) == BatchCounts(deleted=2)
    assert await world.sweep_partitions({"", "q"}) == BatchCounts()
    assert await world.live() == {"1": 1, "2": 1, "q1": 1, "q2": 1}
    assert await world.counts() == {MODEL: 4}
    assert await world.put({"p1": 1}, partition="p") == (1, 0, 0, 0)
    assert world.run
    async with world.db.read() as tx:
        run = await runs.find(tx, world.run.id)
    assert run
    assert run.counts[MODEL] == BatchCounts(added=7, deleted=2)
    assert run.batches == 4


async def test_sweeping_a_stream_that_never_was(world: World) -> None:
    await world.start()
    assert await world.sweep_partitions(set()) == BatchCounts()
    assert await world.counts() == {}


async def test_a_reader_sees_swept_ones_after_everything_else(world: World) -> None:
    await world.put({f"r{n}": 1 for n in range(50)})
    last = (await world.list())[-1].position
    await world.put({"r7": 1}, restart=True, settled=True)
    seen = await world.list(after=last)
    assert {record.id for record in seen} == {f"r{n}" for n in range(50)} - {"r7"}
    positions = [record.position for record in seen]
    assert positions == list(range(last + 1, last + 50))
