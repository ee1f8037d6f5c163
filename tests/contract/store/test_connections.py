"""Connections: renewed, found, changed; and what is wrong with them."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from store_world import NOW, World, make_connection, make_integration

from fairlead.errors import InternalError, NotFound
from fairlead.model.connect_session import EndUser, Organization
from fairlead.model.connection import Connection, Fault
from fairlead.model.credentials import SealedCredentials
from fairlead.store import connections, integrations

LATER = NOW + timedelta(minutes=1)
USER = EndUser(
    id="u1", email="Ada@Example.org", display_name="Ada L", organization=Organization(id="org1")
)
FULL: dict[str, Any] = {
    "end_user": USER,
    "tags": {"plan": "x"},
    "metadata": {"siteIds": ["a"]},
    "connection_config": {"tenant": "t1"},
    "webhook_url_override": "https://hook",
}
GONE = 10**9


async def upsert(world: World, name: str = "c2", **more: Any) -> tuple[Connection, bool]:
    sealed = SealedCredentials(envelope=b"e", expires_at=LATER, refreshable=True)
    async with world.db.write() as tx:
        return await connections.upsert(
            tx,
            environment_id=world.environment.id,
            integration=world.integration,
            connection_id=name,
            **({"sealed": sealed, "now": NOW} | more),
        )


async def listed(world: World, **filters: Any) -> list[str]:
    async with world.db.read() as tx:
        found = await connections.list_all(tx, world.environment.id, **filters)
    return [connection.connection_id for connection in found]


async def reload(world: World, pk: int) -> Connection:
    async with world.db.read() as tx:
        connection = await connections.by_pk(tx, pk)
    assert connection
    return connection


async def test_round_trip(world: World) -> None:
    connection, is_created = await upsert(world, **FULL)
    assert is_created
    assert connection == Connection(
        id=connection.id,
        environment_id=world.environment.id,
        integration_id=world.integration.id,
        integration_key="acme",
        provider="acme",
        connection_id="c2",
        created_at=NOW,
        updated_at=NOW,
        **FULL,
    )
    environment_id = world.environment.id
    async with world.db.read() as tx:
        assert await connections.by_pk(tx, connection.id) == connection
        assert await connections.find(tx, environment_id, "acme", "c2") == connection
        assert await connections.find(tx, environment_id, "acme", "c3") is None
        assert await connections.find(tx, environment_id, "other", "c2") is None
        assert await connections.find(tx, GONE, "acme", "c2") is None
        assert await connections.by_pk(tx, GONE) is None
        assert await connections.find_any(tx, environment_id, "c2") == [connection]
        sealed = await connections.sealed(tx, connection.id)
    assert sealed == SealedCredentials(envelope=b"e", expires_at=LATER, refreshable=True)


async def test_renewing_keeps_what_is_not_given_anew(world: World) -> None:
    first, _ = await upsert(world, **FULL)
    bare = SealedCredentials(envelope=b"new")
    second, is_created = await upsert(world, sealed=bare, now=LATER)
    assert not is_created
    assert second == first.model_copy(update={"connection_config": {}, "updated_at": LATER})
    async with world.db.read() as tx:
        assert await connections.sealed(tx, first.id) == bare
    other = EndUser(id="u2")
    third, _ = await upsert(
        world,
        end_user=other,
        tags={"a": "b"},
        metadata={},
        connection_config={"n": 1},
        webhook_url_override="https://other",
        now=LATER,
    )
    assert third.id == first.id
    assert (third.end_user, third.tags, third.metadata) == (other, {"a": "b"}, {})
    assert third.connection_config == {"n": 1}
    assert third.webhook_url_override == "https://other"
    assert await listed(world, end_user_id="u1") == []
    assert await listed(world, end_user_id="u2") == ["c2"]


async def test_one_name_on_two_integrations(world: World) -> None:
    async with world.db.write() as tx:
        other = await make_integration(tx, world.vault, world.environment, "other")
        await make_connection(tx, world.environment, other, "c1")
    async with world.db.read() as tx:
        found = await connections.find_any(tx, world.environment.id, "c1")
    assert [connection.integration_key for connection in found] == ["acme", "other"]


async def test_two_upserts_at_once_make_one(world: World) -> None:
    made = await asyncio.gather(*(upsert(world, "new", tags={"n": str(n)}) for n in range(6)))
    assert len({connection.id for connection, _ in made}) == 1
    assert sum(is_created for _, is_created in made) == 1


async def test_upsert_on_a_deleted_integration(world: World) -> None:
    async with world.db.write() as tx:
        await integrations.delete(tx, world.environment.id, "acme")
    with pytest.raises(NotFound):
        await upsert(world)


async def test_list_filters_and_pages(world: World) -> None:
    await upsert(world, "c2", **FULL)
    await upsert(world, "50%_off", end_user=EndUser(id="u2", display_name="Bob"))
    await upsert(world, "c4", tags={"plan": "xy", 'od"d': 'va"l,"plan":"x"', 'od"plan': "x"})
    async with world.db.write() as tx:
        other = await make_integration(tx, world.vault, world.environment, "other")
        await make_connection(tx, world.environment, other, "c5")
    assert await listed(world) == ["c5", "c4", "50%_off", "c2", "c1"]
    assert await listed(world, limit=2, page=1) == ["50%_off", "c2"]
    assert await listed(world, limit=2, page=3) == []
    assert await listed(world, connection_id="c2") == ["c2"]
    assert await listed(world, end_user_id="u1") == ["c2"]
    assert await listed(world, organization_id="org1") == ["c2"]
    assert await listed(world, integration_keys=["other"]) == ["c5"]
    assert await listed(world, integration_keys=["other", "acme"], end_user_id="u2") == ["50%_off"]
    assert await listed(world, integration_keys=[]) == []
    assert await listed(world, tags={"plan": "x"}) == ["c2"]
    assert await listed(world, tags={'od"d': 'va"l,"plan":"x"', "plan": "xy"}) == ["c4"]
    assert await listed(world, tags={"PLAN": "x"}) == []
    assert await listed(world, search="example.ORG") == ["c2"]
    assert await listed(world, search="BOB") == ["50%_off"]
    assert await listed(world, search="%_") == ["50%_off"]
    assert await listed(world, search="_%") == []
    async with world.db.read() as tx:
        assert await connections.list_all(tx, GONE) == []


async def test_changes(world: World) -> None:
    pk = world.pk
    async with world.db.write() as tx:
        await connections.set_metadata(tx, pk, {"a": 1, "b": {"c": 2}}, LATER)
        await connections.merge_metadata(tx, pk, {"b": 3, "d": None}, LATER)
        await connections.touch_fetched(tx, pk, LATER)
        await connections.patch(
            tx,
            pk,
            changes={"end_user": USER, "tags": {"t": "1"}, "webhook_url_override": None},
            now=LATER,
        )
        fresh = SealedCredentials(envelope=b"fresh", expires_at=LATER, refreshable=True)
        await connections.set_sealed(tx, pk, fresh, LATER)
    connection = await reload(world, pk)
    assert connection.metadata == {"a": 1, "b": 3, "d": None}
    assert connection.last_fetched_at == LATER
    assert connection.updated_at == LATER
    assert (connection.end_user, connection.tags) == (USER, {"t": "1"})
    async with world.db.read() as tx:
        assert await connections.sealed(tx, pk) == fresh
    assert await listed(world, search="ada l") == ["c1"]
    async with world.db.write() as tx:
        await connections.patch(tx, pk, changes={"end_user": None}, now=LATER)
    assert (await reload(world, pk)).end_user is None
    assert await listed(world, search="ada l") == []


async def test_merging_into_no_metadata(world: World) -> None:
    async with world.db.write() as tx:
        await connections.merge_metadata(tx, world.pk, {"a": 1}, LATER)
    assert (await reload(world, world.pk)).metadata == {"a": 1}


async def test_merges_at_once_lose_nothing(world: World) -> None:
    async def merge(n: int) -> None:
        async with world.db.write() as tx:
            await connections.merge_metadata(tx, world.pk, {f"k{n}": n}, LATER)

    await asyncio.gather(*(merge(n) for n in range(10)))
    assert (await reload(world, world.pk)).metadata == {f"k{n}": n for n in range(10)}


async def test_changing_what_is_gone(world: World) -> None:
    async with world.db.write() as tx:
        await connections.delete(tx, world.pk)
        await connections.delete(tx, world.pk)
        await connections.touch_fetched(tx, world.pk, LATER)
        fresh = SealedCredentials(envelope=b"fresh")
        for change in (
            connections.set_metadata(tx, world.pk, {}, LATER),
            connections.merge_metadata(tx, world.pk, {}, LATER),
            connections.patch(tx, world.pk, changes={"tags": {}}, now=LATER),
            connections.patch(tx, world.pk, changes={"end_user": None}, now=LATER),
            connections.set_sealed(tx, world.pk, fresh, LATER),
            connections.sealed(tx, world.pk),
        ):
            with pytest.raises(NotFound):
                await change
        with pytest.raises(InternalError, match="connection_id"):
            await connections.patch(tx, world.pk, changes={"connection_id": "x"}, now=LATER)


def fault(kind: str, sync_name: str | None = None, code: str = "x") -> Fault:
    return Fault(type=kind, code=code, message="m", log_id="l", sync_name=sync_name, created_at=NOW)


async def test_faults_are_set_replaced_and_cleared(world: World) -> None:
    async with world.db.write() as tx:
        await connections.set_fault(tx, world.pk, fault("auth"))
        await connections.set_fault(tx, world.pk, fault("sync", "files"))
        await connections.set_fault(tx, world.pk, fault("sync", "lists"))
        await connections.set_fault(tx, world.pk, fault("auth", code="y"))
    found = (await reload(world, world.pk)).errors
    assert found == (fault("auth", code="y"), fault("sync", "files"), fault("sync", "lists"))
    async with world.db.write() as tx:
        assert await connections.clear_fault(tx, world.pk, "sync", "files")
        assert not await connections.clear_fault(tx, world.pk, "sync", "files")
        assert await connections.clear_fault(tx, world.pk, "auth")
    assert (await reload(world, world.pk)).errors == (fault("sync", "lists"),)
    assert await listed(world) == ["c1"]


async def test_a_fault_of_a_deleted_connection(world: World) -> None:
    with pytest.raises(NotFound):
        async with world.db.write() as tx:
            await connections.set_fault(tx, GONE, fault("auth"))
