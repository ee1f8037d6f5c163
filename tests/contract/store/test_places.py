"""What lies below a record that moved lies elsewhere, too, though nobody says so."""

from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from store_world import MODEL, World

from fairlead.model.batch import BatchCounts, StoredBatch
from fairlead.model.content import Lineage, hashed
from fairlead.store import records

LINEAGE = Lineage("path", "name", ("url",), frozenset({"seen"}))


async def put(world: World, tree: Mapping[str, str], **more: Any) -> BatchCounts:
    """Commit records by their paths; each one's id is its name, its parent the name above."""
    upsert, parents = {}, {}
    for name, path in tree.items():
        above = path.split("/")[-2]
        values = {"id": name, "name": path.rpartition("/")[2], "path": path, "url": f"h{path}"}
        upsert[name] = hashed(values, LINEAGE.volatile)
        if above:
            parents[name] = above
    batch = StoredBatch(model=MODEL, upsert=upsert, parents=parents, lineage=LINEAGE, **more)
    return await world.commit(batch)


async def paths(world: World) -> dict[str, str]:
    return {
        record.id: record.content["path"]
        for record in await world.list()
        if record.deleted_at is None
    }


@pytest.fixture
async def tree(world: World) -> World:
    await put(world, {"a": "/a", "b": "/a/b", "c": "/a/b/c", "x": "/a/x", "z": "/z"}, restart=True)
    await world.put(settled=True)
    return world


async def test_a_new_name_is_carried_to_all_below(tree: World) -> None:
    before = {record.id: record.position for record in await tree.list()}
    batch = {"id": "a", "name": "new", "path": "/new", "url": "h/new", "seen": 0}
    counts = await tree.commit(
        StoredBatch(model=MODEL, upsert={"a": hashed(batch, LINEAGE.volatile)}, lineage=LINEAGE)
    )
    assert (counts.updated, counts.added, counts.deleted) == (4, 0, 0)
    assert await paths(tree) == {
        "a": "/new",
        "b": "/new/b",
        "c": "/new/b/c",
        "x": "/new/x",
        "z": "/z",
    }
    after = {record.id: record for record in await tree.list()}
    assert after["c"].last_action == "UPDATED"
    assert after["c"].position > max(before.values())
    assert after["z"].position == before["z"]
    # the vendor tells one of them as it is now: that is no change
    again = {"id": "c", "name": "c", "path": "/new/b/c", "url": "h/new/b/c", "seen": 99}
    told = StoredBatch(
        model=MODEL,
        upsert={"c": hashed(again, LINEAGE.volatile)},
        parents={"c": "b"},
        lineage=LINEAGE,
    )
    assert (await tree.commit(told)).unchanged == 1


async def test_what_came_along_in_the_batch_is_as_it_says(tree: World) -> None:
    # b moved out as a got another name
    values = {
        "a": {"id": "a", "name": "n", "path": "/n"},
        "b": {"id": "b", "name": "b", "path": "/z/b"},
    }
    batch = StoredBatch(
        model=MODEL,
        upsert={name: hashed(each, LINEAGE.volatile) for name, each in values.items()},
        parents={"b": "z"},
        lineage=LINEAGE,
    )
    assert (await tree.commit(batch)).updated == 4
    assert await paths(tree) == {"a": "/n", "x": "/n/x", "b": "/z/b", "c": "/z/b/c", "z": "/z"}


async def test_a_full_read_carries_nothing(tree: World) -> None:
    values = {"id": "a", "name": "n", "path": "/n"}
    batch = StoredBatch(
        model=MODEL,
        upsert={"a": hashed(values, LINEAGE.volatile)},
        lineage=LINEAGE,
        restart=True,
        settled=True,
    )
    # and so what it did not see is swept
    assert (await tree.commit(batch)).deleted == 4
    assert await paths(tree) == {"a": "/n"}


@pytest.mark.parametrize("was_known", [True, False])
async def test_a_full_read_told_of_the_contents_before_the_folder_moved(
    world: World, *, was_known: bool
) -> None:
    """A full read is no snapshot, and what is told of the folder later will be no news."""
    if was_known:
        await put(world, {"a": "/a", "b": "/a/b", "c": "/a/b/c"}, restart=True, settled=True)
    await put(world, {"z": "/z", "b": "/a/b", "c": "/a/b/c"}, restart=True)
    values = {"id": "a", "name": "new", "path": "/z/new", "url": "h/z/new"}
    told = StoredBatch(
        model=MODEL,
        upsert={"a": hashed(values, LINEAGE.volatile)},
        parents={"a": "z"},
        lineage=LINEAGE,
        settled=True,
    )
    assert (await world.commit(told)).updated == 2 + was_known
    assert await paths(world) == {
        "z": "/z",
        "a": "/z/new",
        "b": "/z/new/b",
        "c": "/z/new/b/c",
    }
    urls = {record.id: record.content["url"] for record in await world.list()}
    assert urls["c"] == "h/z/new/b/c"


async def test_a_move_goes_on_below_what_lies_right_already(tree: World) -> None:
    # b was told after a had its new name, c before it, and a itself last
    told = {
        "b": {"id": "b", "name": "b", "path": "/new/b"},
        "c": {"id": "c", "name": "c", "path": "/a/b/c"},
        "a": {"id": "a", "name": "new", "path": "/new"},
    }
    for together in (["b", "c"], ["a"]):
        await tree.commit(
            StoredBatch(
                model=MODEL,
                upsert={name: hashed(told[name], LINEAGE.volatile) for name in together},
                parents={"b": "a", "c": "b"},
                lineage=LINEAGE,
            )
        )
    assert (await paths(tree))["c"] == "/new/b/c"


async def test_the_dead_stay_where_they_were(tree: World) -> None:
    await tree.put(delete=["x"])
    values = {"id": "a", "name": "n", "path": "/n"}
    batch = StoredBatch(
        model=MODEL, upsert={"a": hashed(values, LINEAGE.volatile)}, lineage=LINEAGE
    )
    await tree.commit(batch)
    dead = next(record for record in await tree.list() if record.id == "x")
    assert dead.content["path"] == "/a/x"
    assert dead.last_action == "DELETED"


async def test_what_goes_along_with_a_move_is_not_told_as_moved(tree: World) -> None:
    values = {"id": "a", "name": "n", "path": "/n"}
    counts = await tree.commit(
        StoredBatch(
            model=MODEL,
            upsert={"a": hashed(values, LINEAGE.volatile)},
            lineage=LINEAGE,
            delete_under=["b"],
            settled=True,
        )
    )
    # a and x moved; b and c below it are gone, and are counted once
    assert (counts.updated, counts.deleted) == (2, 2)
    assert await paths(tree) == {"a": "/n", "x": "/n/x", "z": "/z"}


async def test_alive_names_the_live_ones(tree: World) -> None:
    await tree.put(delete=["x"])
    async with tree.db.read() as tx:
        found = await records.alive(
            tx, connection_pk=tree.pk, model=MODEL, ids=["a", "x", "nothing"]
        )
        none = await records.alive(tx, connection_pk=tree.pk, model="Other", ids=["a"])
    assert found == {"a"}
    assert none == set()


def test_content_is_canonical() -> None:
    digest, content = hashed({"b": 1, "a": 2, "seen": 3}, LINEAGE.volatile)
    assert orjson.loads(content) == {"a": 2, "b": 1, "seen": 3}
    assert content.startswith(b'{"a"')
    assert digest == hashed({"a": 2, "b": 1, "seen": 4}, LINEAGE.volatile)[0]


async def test_what_a_page_of_a_full_read_tells_together_is_told_once(world: World) -> None:
    """One who reads on after each batch hears of what is new, and never that it was updated."""
    await put(world, {"z": "/z"}, restart=True)
    values = {
        "a": {"id": "a", "name": "a", "path": "/a", "url": "h/a"},
        "b": {"id": "b", "name": "b", "path": "/new/b", "url": "h/new/b"},
    }
    told = StoredBatch(
        model=MODEL,
        upsert={name: hashed(each, LINEAGE.volatile) for name, each in values.items()},
        parents={"b": "a"},
        lineage=LINEAGE,
        settled=True,
    )
    counts = await world.commit(told)
    assert (counts.added, counts.updated) == (2, 0)
    assert {record.id: record.last_action for record in await world.list()} == dict.fromkeys(
        "zab", "ADDED"
    )
    assert (await paths(world))["b"] == "/new/b"
