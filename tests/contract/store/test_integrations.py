"""Integrations: their secrets come back as they went in."""

from typing import Any

import pytest
from pydantic import SecretStr
from store_world import LEASE, NOW, World, make_integration

from fairlead.errors import Conflict, InternalError, NotFound
from fairlead.model.integration import Integration
from fairlead.model.schedule import ScheduleState
from fairlead.store import integrations, schedules

FULL: dict[str, Any] = {
    "client_id": "id",
    "client_secret": SecretStr("s3cr3t"),
    "scopes": ("a", "b"),
    "webhook_secret": "hook",
    "forward_webhooks": False,
    "config": {"k": "v"},
    "custom": {"x": "y"},
}


async def made(world: World, key: str = "full") -> Integration:
    async with world.db.write() as tx:
        return await make_integration(tx, world.vault, world.environment, key, **FULL)


async def find(world: World, key: str) -> Integration | None:
    async with world.db.read() as tx:
        return await integrations.find(tx, world.vault, world.environment.id, key)


async def test_round_trip(world: World) -> None:
    integration = await made(world)
    assert integration == Integration(
        id=integration.id,
        environment_id=world.environment.id,
        unique_key="full",
        provider="acme",
        display_name="Acme",
        created_at=NOW,
        updated_at=NOW,
        **(FULL | {"webhook_secret": SecretStr("hook")}),
    )
    assert await find(world, "full") == integration
    async with world.db.read() as tx:
        assert await integrations.by_id(tx, world.vault, integration.id) == integration
        assert await integrations.by_id(tx, world.vault, 10**9) is None
        everything = await integrations.list_all(tx, world.vault, world.environment.id)
        assert everything == [world.integration, integration]
        assert await integrations.list_all(tx, world.vault, 10**9) == []
    assert await find(world, "other") is None


async def test_a_key_is_taken_once(world: World) -> None:
    await made(world)
    with pytest.raises(Conflict, match="full"):
        await made(world)


async def test_update_changes_what_is_named(world: World) -> None:
    before = await made(world)
    changes = {"display_name": "New", "client_secret": SecretStr("n3w"), "scopes": ["c"]}
    later = NOW + LEASE
    async with world.db.write() as tx:
        after = await integrations.update(tx, world.vault, before, changes=changes, now=later)
    assert after == before.model_copy(
        update={
            "display_name": "New",
            "client_secret": SecretStr("n3w"),
            "scopes": ("c",),
            "updated_at": later,
        }
    )
    assert await find(world, "full") == after
    async with world.db.write() as tx:
        cleared = await integrations.update(
            tx, world.vault, after, changes={"client_secret": None, "scopes": None}, now=later
        )
    assert cleared.client_secret is None
    assert cleared.scopes is None
    assert cleared.webhook_secret == SecretStr("hook")


async def test_a_new_key_keeps_secrets_and_schedules(world: World) -> None:
    async with world.db.write() as tx:
        await schedules.ensure(
            tx,
            id="s1",
            environment_id=world.environment.id,
            connection_pk=world.pk,
            integration_key="acme",
            sync_name="files",
            frequency="every hour",
            state=ScheduleState.STARTED,
            next_run_at=NOW,
            now=NOW,
        )
    before = await made(world)
    async with world.db.write() as tx:
        renamed = await integrations.update(
            tx, world.vault, before, changes={"unique_key": "renamed"}, now=NOW
        )
        await integrations.update(
            tx, world.vault, world.integration, changes={"unique_key": "acme-2"}, now=NOW
        )
    assert renamed == before.model_copy(update={"unique_key": "renamed"})
    assert await find(world, "renamed") == renamed
    assert await find(world, "full") is None
    async with world.db.read() as tx:
        schedule = await schedules.find(tx, world.pk, "files")
        assert schedule
        assert schedule.integration_key == "acme-2"


async def test_update_refuses(world: World) -> None:
    integration = await made(world)

    async def change(**changes: Any) -> None:
        async with world.db.write() as tx:
            await integrations.update(tx, world.vault, integration, changes=changes, now=NOW)

    with pytest.raises(Conflict):
        await change(unique_key="acme")
    with pytest.raises(InternalError, match="provider"):
        await change(provider="other")
    async with world.db.write() as tx:
        assert await integrations.delete(tx, world.environment.id, "full")
    with pytest.raises(NotFound):
        await change(display_name="x")


async def test_delete_says_whether_it_was_there(world: World) -> None:
    await made(world)
    for is_there in (True, False):
        async with world.db.write() as tx:
            assert await integrations.delete(tx, world.environment.id, "full") is is_there
    assert await find(world, "acme")
