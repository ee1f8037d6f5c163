"""Checkpoints: loaded as committed."""

from random import Random

import orjson
import pytest
from sqlalchemy import func, select
from store_world import World, stored

from fairlead.store import checkpoints
from fairlead.store.tables import checkpoint_patches


async def load(world: World, sync_name: str = "files", variant: str = "base") -> bytes | None:
    async with world.db.read() as tx:
        return await checkpoints.load(tx, world.pk, sync_name, variant)


async def test_a_checkpoint_follows_its_batches(world: World) -> None:
    assert await load(world) is None
    await world.put({"a": 1}, checkpoint=b'{"n":1}')
    await world.put({"b": 1})
    assert await load(world) == b'{"n":1}'
    await world.put(checkpoint=b'{"n":2}')
    assert await load(world) == b'{"n":2}'
    assert await load(world, variant="v2") is None
    assert await load(world, sync_name="lists") is None


async def test_clear(world: World) -> None:
    await world.put(checkpoint=b"1")
    await world.put(checkpoint=b"2", variant="v2")
    async with world.db.write() as tx:
        await checkpoints.clear(tx, world.pk, "files")
        await checkpoints.clear(tx, world.pk, "files")
    assert await load(world) is None
    assert await load(world, variant="v2") == b"2"


async def written(world: World) -> tuple[int, int]:
    """Return how many patches there are, and their bytes."""
    query = select(
        func.count(), func.coalesce(func.sum(func.length(checkpoint_patches.c.content)), 0)
    )
    async with world.db.read() as tx:
        row = await tx.first(query)
    assert row is not None
    return row[0], int(row[1])


async def test_of_ten_thousand_positions_only_what_changed_is_written(world: World) -> None:
    links = {f"drive-{n}": f"https://graph.example/delta?token={n:0400}" for n in range(10_000)}
    whole = orjson.dumps({"links": links})
    assert len(whole) > 4_000_000
    await world.put({"a": 1}, checkpoint=whole)
    for n in range(50):
        links[f"drive-{n * 97}"] = f"https://graph.example/delta?token=new-{n:0390}"
        whole = orjson.dumps({"links": links})
        await world.put(checkpoint=whole)
        assert await load(world) == whole
    count, size = await written(world)
    assert count == 50
    assert size < 50 * 500
    # another process, which wrote none of them
    checkpoints._last.clear()
    del links["drive-5000"]
    links["drive-new"] = "x"
    await world.put(checkpoint=orjson.dumps({"links": links}))
    assert await load(world) == orjson.dumps({"links": links})
    async with world.db.write() as tx:
        await checkpoints.clear(tx, world.pk, "files")
    assert (await load(world), await written(world)) == (None, (0, 0))


async def test_patches_of_any_kind(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "LARGE", 100)
    monkeypatch.setattr(checkpoints, "MOST_PATCHES", 3)
    random = Random(7)
    content = random.randbytes(400)
    for step in range(40):
        at = random.randrange(len(content))
        cut = random.choice([0, 0, 1, 30])
        content = (
            content[:at] + random.randbytes(random.choice([0, 1, 20, 300])) + content[at + cut :]
        )
        if step % 13 == 12:
            content = content[:50]  # small: written whole
        if step % 7 == 6:
            checkpoints._last.clear()
        await world.put(checkpoint=content)
        assert await load(world) == content
        assert (await written(world))[0] <= 3


async def test_an_undone_batch_leaves_no_trace(world: World) -> None:
    first, second, third = (b"a" * 70_000 + bytes([n]) + b"b" * 70_000 for n in range(3))
    await world.put(checkpoint=first)

    class Cut(Exception):
        pass

    with pytest.raises(Cut):
        async with world.db.write() as tx:
            await world.commit_in(tx, stored(checkpoint=second))
            raise Cut
    assert await load(world) == first
    await world.put(checkpoint=third)
    assert await load(world) == third
