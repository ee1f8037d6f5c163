"""Runs of actions that somebody waits for: opened and ended many at a time."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

import pytest
from store_world import LEASE, NOW, World, fresh, make_connection

from fairlead.model.connection import Connection
from fairlead.model.run import Run, RunKind, RunState, RunTrigger
from fairlead.store import called_runs, connections, runs
from fairlead.store.columns import Unstorable

SECOND = timedelta(seconds=1)


def opened(connection: Connection, raw: Any = None) -> called_runs.Opened:
    return called_runs.opened(
        connection,
        id=fresh("call"),
        function="lend",
        owner="w1",
        lease_until=NOW + LEASE,
        input=raw,
        now=NOW,
    )


async def write(world: World, *changes: called_runs.Change) -> Collection[str]:
    return await world.db.transact(lambda tx: called_runs.write(tx, changes))


async def found(world: World, run: Run) -> Run | None:
    async with world.db.read() as tx:
        return await runs.find(tx, run.id)


async def test_opened_and_ended(world: World) -> None:
    one, other = opened(world.connection, {"days": [1, None]}), opened(world.connection)
    assert set(await write(world, one, other)) == {one.run.id, other.run.id}
    assert await found(world, one.run) == one.run
    assert (one.run.kind, one.run.trigger) == (RunKind.ACTION, RunTrigger.CALL)

    # as one that was queued and then claimed
    async with world.db.write() as tx:
        queued = await world.enqueue(tx, kind=RunKind.ACTION, function="lend")
        assert queued
        claimed = await runs.claim(tx, queued.id, owner="w1", lease=LEASE, now=NOW)
    assert claimed == other.run.model_copy(update={"id": queued.id})

    later = NOW + SECOND
    await write(
        world,
        called_runs.ended(one.run, RunState.SUCCEEDED, output={"a": 1}, requests=3, now=later),
        called_runs.ended(other.run, RunState.CANCELLED, output=None, requests=0, now=later),
    )
    over = {"lease_owner": None, "lease_until": None, "finished_at": later}
    assert await found(world, one.run) == one.run.model_copy(
        update=over | {"state": RunState.SUCCEEDED, "output": {"a": 1}, "requests": 3}
    )
    assert await found(world, other.run) == other.run.model_copy(
        update=over | {"state": RunState.CANCELLED}
    )


async def test_opened_and_ended_at_once(world: World) -> None:
    one = opened(world.connection)
    end = called_runs.ended(one.run, RunState.CANCELLED, output=None, requests=0, now=NOW)
    await write(world, end, one)
    over = await found(world, one.run)
    assert over
    assert over.state is RunState.CANCELLED
    assert await write(world) == set()


async def test_not_on_a_connection_that_was_changed_or_deleted_since(world: World) -> None:
    async with world.db.write() as tx:
        gone = await make_connection(tx, world.environment, world.integration, fresh("gone"))
    async with world.db.write() as tx:
        await connections.set_metadata(tx, world.pk, {"a": 1}, NOW + SECOND)
        await connections.delete(tx, gone.id)
    stale, orphan = opened(world.connection), opened(gone)
    async with world.db.read() as tx:
        current = await connections.by_pk(tx, world.pk)
    assert current
    good = opened(current)
    assert set(await write(world, stale, orphan, good)) == {good.run.id}
    assert await found(world, stale.run) is None
    assert await found(world, orphan.run) is None


async def test_one_that_is_lost_is_not_ended(world: World) -> None:
    one = opened(world.connection)
    await write(world, one)
    async with world.db.write() as tx:
        taken = await runs.claim(tx, one.run.id, owner="w2", lease=LEASE, now=NOW + 2 * LEASE)
    assert taken
    end = called_runs.ended(one.run, RunState.SUCCEEDED, output=None, requests=1, now=NOW)
    await write(world, end)
    assert await found(world, one.run) == taken


async def test_what_no_column_holds_is_refused_before_anything_is_written(world: World) -> None:
    with pytest.raises(Unstorable, match="cannot be stored as JSON"):
        opened(world.connection, {"days": 2**70})
