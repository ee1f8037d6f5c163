"""Pruning empties content in the order of change and leaves everything else."""

from datetime import timedelta
from typing import Any

from store_world import MODEL, World

from fairlead.store import pruning
from fairlead.store.pruning import Pruned


async def prune(world: World, until: int, limit: int = 10) -> Pruned:
    async with world.db.write() as tx:
        return await pruning.prune(
            tx, world.pk, MODEL, "base", until=until, limit=limit, now=world.now
        )


async def contents(world: World) -> dict[str, Any]:
    return {record.id: record.content.get("value") for record in await world.list()}


async def test_step_by_step_up_to_a_position(world: World) -> None:
    await world.put({"a": 1, "b": 1, "c": 1})
    positions = [record.position for record in await world.list()]
    assert await prune(world, positions[1], limit=1) == Pruned(1, positions[0])
    assert await prune(world, positions[1]) == Pruned(1, positions[1])
    assert await prune(world, positions[1]) == Pruned()
    assert await contents(world) == {"a": None, "b": None, "c": 1}
    assert [record.position for record in await world.list()] == positions
    assert await world.counts() == {MODEL: 3}


async def test_what_is_saved_again_comes_back_as_news(world: World) -> None:
    await world.put({"a": 1, "b": 1})
    await prune(world, 2**62)
    assert await world.put({"a": 1}) == (0, 1, 0, 0)
    assert await contents(world) == {"b": None, "a": 1}
    assert [record.pruned_at is None for record in await world.list()] == [False, True]


async def test_what_did_not_change_for_long_is_pruned(world: World) -> None:
    await world.put({"a": 1})
    world.now += timedelta(days=2)
    await world.put({"b": 1})
    async with world.db.write() as tx:
        (key,) = [each for each in await pruning.all_streams(tx) if each[0] == world.pk]
        before = world.now - timedelta(days=1)
        older = {"before": before, "limit": 10, "now": world.now}
        assert await pruning.prune_older(tx, key, **older) == 1
        assert await pruning.prune_older(tx, key, **older) == 0
        assert await pruning.prune_older(tx, (world.pk, "None", "base"), **older) == 0
    assert await contents(world) == {"a": None, "b": 1}
