"""What goes wrong, what was told of it, and how things stand, in both dialects."""

from datetime import timedelta
from typing import Any

from store_world import NOW, World, make_connection

from fairlead.model.connection import Fault
from fairlead.model.operation import Operation, OperationState, OperationType
from fairlead.model.run import RunKind, RunState, RunTrigger
from fairlead.model.schedule import ScheduleState
from fairlead.store import alerts, faults, operations, runs, schedules, standing
from fairlead.store.database import Tx
from fairlead.store.gauges import gauges
from fairlead.store.standing import SyncFreshness

HOUR = timedelta(hours=1)


def fault(number: int) -> Fault:
    return Fault(
        type="sync",
        code=f"code-{number}",
        message="m",
        log_id=f"l{number}",
        sync_name="notes",
        created_at=NOW + timedelta(seconds=number),
    )


def call(world: World, name: str, state: OperationState, **more: Any) -> Operation:
    values: dict[str, Any] = {
        "id": f"{name}-{world.environment.id}",
        "environment_id": world.environment.id,
        "type": OperationType.ACTION,
        "action": "run",
        "state": state,
        "title": "Run shout",
        "integration": "acme",
        "function": "shout",
        "error": {"code": "crashed", "message": "m", "who": "author"},
        "created_at": NOW,
    }
    return Operation(**(values | more))


async def here(world: World, tx: Tx) -> list[alerts.Trouble]:
    """Return the troubles of the world's own environment."""
    found = await alerts.troubles(tx, NOW - HOUR)
    return [each for each in found if each.environment_id == world.environment.id]


async def test_troubles_are_grouped(world: World) -> None:
    later = NOW + timedelta(minutes=1)
    mistaken = {"code": "x", "message": "m", "who": "caller"}
    async with world.db.write() as tx:
        second = await make_connection(tx, world.environment, world.integration, "c2")
        await faults.set_fault(tx, world.pk, fault(1))
        await faults.set_fault(tx, second.id, fault(2))
        await operations.write(
            tx,
            [
                call(world, "good", OperationState.SUCCESS, error=None),
                call(world, "old", OperationState.FAILED, created_at=NOW - timedelta(minutes=1)),
                call(world, "a", OperationState.FAILED, created_at=later),
                call(world, "b", OperationState.TIMEOUT, created_at=later),
                call(world, "c", OperationState.FAILED, created_at=later, error=mistaken),
            ],
        )
        found = {each.type: each for each in await here(world, tx)}
        assert (found["sync"].count, found["sync"].code) == (2, "code-2")
        assert (found["action"].count, found["action"].function) == (2, "shout")
        await operations.write(
            tx, [call(world, "z", OperationState.SUCCESS, created_at=later + HOUR)]
        )
        assert [each.type for each in await here(world, tx)] == ["sync"]


async def test_each_is_told_by_one(world: World) -> None:
    async with world.db.write() as tx:
        await faults.set_fault(tx, world.pk, fault(1))
        [trouble] = await here(world, tx)
        assert await alerts.open_one(tx, trouble, NOW)
        assert not await alerts.open_one(tx, trouble, NOW)
        known = (await alerts.told(tx))[trouble.key]
        assert (known.told, known.opened_at, known.function) == (1, NOW, "notes")
        assert await alerts.tell_again(tx, known, 3)
        assert not await alerts.tell_again(tx, known, 3)
        assert await alerts.resolve(tx, known)
        assert not await alerts.resolve(tx, known)


async def test_how_things_stand(world: World) -> None:
    environment_id = world.environment.id
    async with world.db.write() as tx:
        second = await make_connection(tx, world.environment, world.integration, "c2")
        for pk in (world.pk, second.id):
            await schedules.ensure(
                tx,
                id=f"s{pk}",
                environment_id=environment_id,
                connection_pk=pk,
                integration_key="acme",
                sync_name="notes",
                variant="base",
                frequency="every hour",
                state=ScheduleState.STARTED,
                next_run_at=NOW,
                now=NOW - 4 * HOUR,
            )
        run = await runs.enqueue(
            tx,
            id=f"run-{environment_id}",
            environment_id=environment_id,
            connection_pk=world.pk,
            kind=RunKind.SYNC,
            function="notes",
            trigger=RunTrigger.CALL,
            now=NOW,
        )
        assert run
        held = await runs.claim(tx, run.id, owner="me", lease=HOUR, now=NOW)
        assert held
        await runs.finish(tx, run.id, held.fencing_token, state=RunState.SUCCEEDED, now=NOW)
        await faults.set_fault(tx, second.id, fault(1))
    async with world.db.read() as tx:
        assert await standing.connections_of(tx, environment_id) == {"acme": 2}
        assert await standing.faulty_of(tx, environment_id) == {"acme": {"sync": 1, "any": 1}}
        last = (await standing.last_errors_of(tx, environment_id))["acme"]
        assert (last.log_id, last.connection_id, last.sync) == ("l1", "c2", "notes")
        assert await standing.freshness_of(tx, environment_id, NOW) == {
            "acme": [SyncFreshness("notes", "base", 2, 1, 0, 1, 1, NOW, NOW)]
        }
        found = {each.name: each.rows for each in await gauges(tx, NOW)}
    assert found["fairlead_connections"]["acme",] >= 2
    assert found["fairlead_faulty_connections"]["acme", "sync"] >= 1
    assert found["fairlead_oldest_waiting_run_seconds"]["sync",] >= 0
    assert found["fairlead_dead_letters"][()] >= 0
