"""Environments and their keys."""

from store_world import NOW

from fairlead.store import Database, environments


async def ensure(db: Database, key_hash: str, name: str = "dev") -> int:
    async with db.write() as tx:
        environment = await environments.ensure_environment(
            tx, name=name, key_hash=key_hash, now=NOW
        )
    assert (environment.name, environment.created_at) == (name, NOW)
    return environment.id


async def test_environment_is_made_once_and_its_key_found(database: Database) -> None:
    first = await ensure(database, "h1")
    assert await ensure(database, "h1") == first
    async with database.read() as tx:
        found = await environments.find_by_key_hash(tx, "h1")
        assert found
        environment, key = found
        assert await environments.find(tx, first) == environment
        assert await environments.find(tx, first + 1) is None
    assert (environment.id, key.environment_id) == (first, first)
    assert (key.name, key.key_hash, key.scopes) == ("default", "h1", ("environment:*",))


async def test_a_changed_key_replaces_the_old(database: Database) -> None:
    await ensure(database, "old")
    await ensure(database, "new")
    async with database.read() as tx:
        assert await environments.find_by_key_hash(tx, "old") is None
        assert await environments.find_by_key_hash(tx, "new")


async def test_keys_belong_to_their_environment(database: Database) -> None:
    ids = [await ensure(database, "h1", "dev"), await ensure(database, "h2", "prod")]
    async with database.read() as tx:
        for key_hash, number in zip(("h1", "h2"), ids, strict=True):
            found = await environments.find_by_key_hash(tx, key_hash)
            assert found
            assert found[0].id == number
