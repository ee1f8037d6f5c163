"""Checkpoints: loaded as committed."""

from store_world import World

from fairlead.store import checkpoints


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
