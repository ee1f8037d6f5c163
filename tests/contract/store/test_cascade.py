"""Deleting takes everything along, in each table there is."""

from typing import Any

import pytest
from sqlalchemy import func, select
from store_world import MODEL, NOW, World, make_connection, make_world

from fairlead.model.connection import Fault
from fairlead.model.credentials import SealedCredentials
from fairlead.model.event import Delivery, Event
from fairlead.model.schedule import ScheduleState
from fairlead.store import (
    connection_tokens,
    connections,
    integrations,
    outbox,
    recordings,
    schedules,
)
from fairlead.store.tables import metadata

OF_A_CONNECTION = {
    "connections",
    "connection_tokens",
    "faults",
    "schedules",
    "runs",
    "run_recordings",
    "checkpoints",
    "checkpoint_patches",
    "deliveries",
    "streams",
    "partitions",
    "records",
}


async def fill(world: World) -> None:
    await world.put({"a": 1, "b": 2}, checkpoint=b"a" * 70_000, partition="p")
    await world.put(checkpoint=b"a" * 70_000 + b"b")
    await world.put(model="Other", checkpoint=b"{}")
    async with world.db.write() as tx:
        await connections.set_fault(
            tx, world.pk, Fault(type="auth", code="c", message="m", log_id="l", created_at=NOW)
        )
        token = SealedCredentials(envelope=b"e")
        await connection_tokens.put(tx, world.pk, "https://further.example", token, NOW)
        await schedules.ensure(
            tx,
            id=f"s{world.pk}",
            environment_id=world.environment.id,
            connection_pk=world.pk,
            integration_key="acme",
            sync_name="files",
            frequency="every hour",
            state=ScheduleState.STARTED,
            next_run_at=NOW,
            now=NOW,
        )
        assert world.run
        await recordings.put(tx, world.run, b"envelope", NOW)
        for name in (f"e{world.pk}", f"told{world.pk}"):
            event = Event(
                id=name,
                environment_id=world.environment.id,
                type="auth",
                connection_pk=world.pk,
                payload={},
                created_at=NOW,
            )
            await outbox.put(tx, event)
        attempt = Delivery(
            id=f"d{world.pk}",
            event_id=name,
            attempt=1,
            url="https://a.example",
            status=200,
            error=None,
            created_at=NOW,
        )
        await outbox.delivered(tx, name, attempt)


async def sizes(world: World) -> dict[str, int]:
    async with world.db.read() as tx:
        return {
            table.name: await tx.scalar(select(func.count()).select_from(table))
            for table in metadata.sorted_tables
        }


@pytest.mark.parametrize("whole", ["connection", "integration"])
async def test_nothing_of_a_connection_is_left(world: World, whole: str) -> None:
    await fill(world)
    before = await sizes(world)
    assert all(before[name] for name in OF_A_CONNECTION)
    other = await make_world(world.db)
    await fill(other)
    async with world.db.write() as tx:
        if whole == "connection":
            await connections.delete(tx, other.pk)
        else:
            assert await integrations.delete(tx, other.environment.id, "acme")
    after = await sizes(world)
    assert {name: after[name] for name in OF_A_CONNECTION} == {
        name: before[name] for name in OF_A_CONNECTION
    }
    assert after["integrations"] - before["integrations"] == (whole == "connection")
    # what is to be announced of it stays, and nothing else
    assert after["events"] == before["events"] + 1
    assert await world.live() == {"a": 1, "b": 2}


async def test_a_number_is_never_given_twice(world: World) -> None:
    numbers: list[Any] = [world.pk]
    for _ in range(3):
        async with world.db.write() as tx:
            await connections.delete(tx, numbers[-1])
            connection = await make_connection(tx, world.environment, world.integration, "c1")
        numbers.append(connection.id)
    assert numbers == sorted(set(numbers))


async def test_a_connection_made_anew_goes_on_beyond_old_cursors(world: World) -> None:
    await world.put({"a": 1, "b": 2})
    last = (await world.list())[-1].position
    async with world.db.write() as tx:
        await connections.delete(tx, world.pk)
        world.connection = await make_connection(tx, world.environment, world.integration, "c1")
    world.run = None
    world.now = NOW.replace(second=NOW.second + 1)
    await world.put({"c": 3})
    assert [record.id for record in await world.list(after=last)] == ["c"]
    assert await world.counts() == {MODEL: 1}
