"""What is gone with all that lies below it: one statement, and nothing that was moved away."""

import pytest
from store_world import MODEL, World, fresh, stored

from fairlead.store.deletions import Breaker

TREE = {"f": None, "f/a": "f", "g": "f", "g/b": "g", "g/c": "g", "h": None, "h/d": "h"}


async def plant(world: World, parents: dict[str, str | None], **more: object) -> None:
    batch = stored(
        dict.fromkeys(parents, 1),
        parents={name: parent for name, parent in parents.items() if parent},
        **more,
    )
    await world.commit(batch)


@pytest.fixture
async def tree(world: World) -> World:
    await plant(world, TREE)
    return world


async def test_everything_below_goes_when_the_partition_is_settled(tree: World) -> None:
    counts = await tree.commit(stored(delete_under=["f"]))
    assert counts.deleted == 1
    assert "f/a" in await tree.live()
    assert await tree.put(settled=True) == (0, 0, 4, 0)
    assert set(await tree.live()) == {"h", "h/d"}
    assert await tree.counts() == {MODEL: 2}
    assert await tree.put(settled=True) == (0, 0, 0, 0)


async def test_what_moved_out_by_then_is_spared_with_what_lies_below_it(tree: World) -> None:
    await tree.commit(stored(delete_under=["f"]))
    moved = stored({"g": 2}, parents={"g": "h"}, settled=True)
    assert (await tree.commit(moved)).deleted == 1
    assert set(await tree.live()) == {"g", "g/b", "g/c", "h", "h/d"}


async def test_what_came_back_by_then_keeps_what_lies_below_it(tree: World) -> None:
    await tree.commit(stored(delete_under=["f"]))
    assert await tree.put({"f": 1}, settled=True) == (1, 0, 0, 0)
    assert set(await tree.live()) == set(TREE)


async def test_what_is_unknown_itself_still_takes_what_lies_below(tree: World) -> None:
    await plant(tree, {"u/x": "u"})
    assert (await tree.commit(stored(delete_under=["u"], settled=True))).deleted == 1
    assert set(await tree.live()) == set(TREE)


async def test_a_folder_below_itself_ends(world: World) -> None:
    await plant(world, {"a": "b", "b": "a"})
    assert (await world.commit(stored(delete_under=["a"], settled=True))).deleted == 2
    assert await world.live() == {}


async def test_other_partitions_are_left_alone(world: World) -> None:
    for name in ("p", "q"):
        await plant(world, {f"{name}/x": "f"}, partition=name)
    await world.commit(stored(delete_under=["f"], partition="p", settled=True))
    assert set(await world.live()) == {"q/x"}


async def test_a_full_read_forgets_what_was_to_be_cascaded(tree: World) -> None:
    await tree.commit(stored(delete_under=["f"]))
    await plant(tree, TREE, restart=True, settled=True)
    assert set(await tree.live()) == set(TREE)


async def test_a_cascade_of_too_many_is_held_back(world: World) -> None:
    await plant(world, {"f": None} | {f"f/{n}": "f" for n in range(300)})
    await world.start(function=fresh("again"))
    counts = await world.commit(stored(delete_under=["f"], settled=True))
    assert (counts.deleted, counts.held) == (1, 300)
    world.breaker = Breaker(floor=1000)
    await world.start(function=fresh("again"))
    assert await world.put(restart=True, settled=True) == (0, 0, 300, 0)
