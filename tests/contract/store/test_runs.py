"""Runs: one of a sync at a time, leases, and fencing tokens that end an old holder's power."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from store_world import LEASE, MODEL, NOW, World, make_connection, stored, world_of

from fairlead.errors import LeaseLost, NotFound
from fairlead.model.batch import BatchCounts
from fairlead.model.run import Run, RunFailure, RunKind, RunState, RunTrigger
from fairlead.store import checkpoints, connections, lines, records, runs, streams
from fairlead.store.database import Tx

SECOND = timedelta(seconds=1)


async def enqueue(world: World, **more: Any) -> Run | None:
    async with world.db.write() as tx:
        return await world.enqueue(tx, **more)


async def find(world: World, run_id: str) -> Run | None:
    async with world.db.read() as tx:
        return await runs.find(tx, run_id)


async def claim(world: World, run_id: str, **more: Any) -> Run | None:
    values: dict[str, Any] = {"owner": "w1", "lease": LEASE, "now": NOW}
    async with world.db.write() as tx:
        return await runs.claim(tx, run_id, **(values | more))


async def finish(world: World, run: Run, state: RunState = RunState.SUCCEEDED, **more: Any) -> Run:
    async with world.db.write() as tx:
        return await runs.finish(
            tx, run.id, run.fencing_token, state=state, **({"now": NOW} | more)
        )


async def test_enqueue_round_trip(world: World) -> None:
    run = await enqueue(world, id="r1", input={"a": [1, None]}, is_reset=True, variant="v")
    assert run == Run(
        id="r1",
        environment_id=world.environment.id,
        connection_pk=world.pk,
        kind=RunKind.SYNC,
        function="files",
        variant="v",
        trigger=RunTrigger.CALL,
        state=RunState.QUEUED,
        is_reset=True,
        input={"a": [1, None]},
        created_at=NOW,
    )
    assert await find(world, "r1") == run
    assert await find(world, "r2") is None


async def test_a_sync_is_queued_or_running_once(world: World) -> None:
    first = await enqueue(world)
    assert first
    assert await enqueue(world) is None
    assert await enqueue(world, variant="v2")
    assert await enqueue(world, function="lists")
    running = await claim(world, first.id)
    assert running
    assert await enqueue(world) is None
    await finish(world, running)
    assert await enqueue(world)


async def test_actions_run_side_by_side(world: World) -> None:
    assert await enqueue(world, kind=RunKind.ACTION)
    assert await enqueue(world, kind=RunKind.ACTION)


async def test_an_id_is_used_once(world: World) -> None:
    run = await enqueue(world, id="r1")
    assert run
    running = await claim(world, "r1")
    assert running
    await finish(world, running)
    assert await enqueue(world, id="r1") is None


async def test_of_many_enqueues_at_once_one_wins(world: World) -> None:
    made = await asyncio.gather(*(enqueue(world) for _ in range(8)))
    assert len([run for run in made if run]) == 1


async def test_enqueue_for_a_deleted_connection(world: World) -> None:
    async with world.db.write() as tx:
        await connections.delete(tx, world.pk)
    with pytest.raises(NotFound):
        await enqueue(world)


async def test_claim_takes_a_queued_run_once(world: World) -> None:
    await enqueue(world, id="r1")
    claimed = await asyncio.gather(*(claim(world, "r1", owner=f"w{n}") for n in range(6)))
    (run,) = [run for run in claimed if run]
    assert (run.state, run.fencing_token) == (RunState.RUNNING, 1)
    assert (run.started_at, run.lease_until) == (NOW, NOW + LEASE)
    assert run == await find(world, "r1")
    assert await claim(world, "nope") is None


async def test_an_expired_lease_is_taken_over(world: World) -> None:
    await enqueue(world, id="r1")
    old = await claim(world, "r1")
    assert old
    assert await claim(world, "r1", now=NOW + LEASE) is None
    later = NOW + LEASE + SECOND
    new = await claim(world, "r1", owner="w2", now=later)
    assert new
    assert (new.fencing_token, new.lease_owner, new.lease_until) == (2, "w2", later + LEASE)
    assert new.started_at == NOW


async def test_heartbeat_extends(world: World) -> None:
    run = await world.start()
    async with world.db.write() as tx:
        beat = await runs.heartbeat(tx, run.id, 1, lease=LEASE, now=NOW + SECOND)
    assert beat.lease_until == NOW + SECOND + LEASE
    assert not beat.is_cancel_requested
    assert await claim(world, run.id, now=NOW + LEASE + SECOND) is None


async def test_finish_round_trip(world: World) -> None:
    run = await world.start()
    failure = RunFailure(code="c", message="m", who="vendor", request_id="q")
    over = await finish(world, run, RunState.FAILED, failure=failure, output=[1])
    assert over == await find(world, run.id)
    assert (over.state, over.failure, over.output) == (RunState.FAILED, failure, [1])
    assert (over.finished_at, over.lease_owner, over.lease_until) == (NOW, None, None)
    assert await claim(world, run.id, now=NOW + 10 * LEASE) is None


async def test_release_puts_it_back(world: World) -> None:
    run = await world.start()
    async with world.db.write() as tx:
        released = await runs.release(tx, run.id, 1)
    assert (released.state, released.lease_owner) == (RunState.QUEUED, None)
    async with world.db.read() as tx:
        assert await lines.waiting(tx, 10) == [released]
    again = await claim(world, run.id)
    assert again
    assert again.fencing_token == 2


async def test_add_requests(world: World) -> None:
    run = await world.start()
    async with world.db.write() as tx:
        await runs.add_requests(tx, run.id, 1, 3)
        await runs.add_requests(tx, run.id, 1, 4)
    found = await find(world, run.id)
    assert found
    assert found.requests == 7


Act = Callable[[Tx, World, Run], Awaitable[object]]
ACTS: dict[str, Act] = {
    "heartbeat": lambda tx, _, run: runs.heartbeat(
        tx, run.id, run.fencing_token, lease=LEASE, now=NOW
    ),
    "finish": lambda tx, _, run: runs.finish(
        tx, run.id, run.fencing_token, state=RunState.SUCCEEDED, now=NOW
    ),
    "release": lambda tx, _, run: runs.release(tx, run.id, run.fencing_token),
    "add_counts": lambda tx, _, run: runs.add_counts(
        tx, run, model="File", counts=BatchCounts(), batches=1
    ),
    "add_requests": lambda tx, _, run: runs.add_requests(tx, run.id, run.fencing_token, 1),
    "commit_batch": lambda tx, world, run: records.commit_batch(
        tx,
        connection_pk=world.pk,
        sync_name="files",
        run_id=run.id,
        fencing_token=run.fencing_token,
        batch=stored({"late": 1}, checkpoint=b"late"),
        now=NOW,
    ),
    "sweep_partitions": lambda tx, world, run: records.sweep_partitions(
        tx,
        connection_pk=world.pk,
        model=MODEL,
        keep=set(),
        run_id=run.id,
        fencing_token=run.fencing_token,
        now=NOW,
    ),
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("why", ["taken over", "over", "released", "future token", "deleted"])
async def test_who_lost_the_lease_changes_nothing(world: World, act: str, why: str) -> None:
    await world.put({"a": 1})
    run = world.run
    assert run
    if why == "taken over":
        assert await claim(world, run.id, owner="w2", now=NOW + 2 * LEASE)
    elif why == "over":
        await finish(world, run)
    elif why == "released":
        async with world.db.write() as tx:
            await runs.release(tx, run.id, 1)
    elif why == "future token":
        run = run.model_copy(update={"fencing_token": 2})
    else:
        async with world.db.write() as tx:
            await connections.delete(tx, world.pk)
    before = await find(world, run.id), await world.list()
    with pytest.raises(LeaseLost):
        async with world.db.write() as tx:
            await ACTS[act](tx, world, run)
    assert (await find(world, run.id), await world.list()) == before


async def test_a_batch_commits_only_for_its_own_connection(world: World) -> None:
    run = await world.start()
    async with world.db.write() as tx:
        other = await make_connection(tx, world.environment, world.integration, "c2")
    world.connection = other
    with pytest.raises(LeaseLost):
        await world.commit(stored({"a": 1}))
    assert await find(world, run.id) == run


async def test_a_takeover_waits_for_the_batch_under_way(world: World) -> None:
    """Whoever claims sees either all of the old holder's batch, or stops it."""
    run = await world.start()
    committing = asyncio.Event()
    go_on = asyncio.Event()

    async def commit() -> None:
        async with world.db.write() as tx:
            await world.commit_in(tx, stored({"a": 1}))
            committing.set()
            await go_on.wait()

    async def take_over() -> Run | None:
        await committing.wait()
        asyncio.get_running_loop().call_later(0.05, go_on.set)
        return await claim(world, run.id, owner="w2", now=NOW + 2 * LEASE)

    _, taken = await asyncio.gather(commit(), take_over())
    assert taken
    assert taken.batches == 1
    assert taken.counts == {MODEL: BatchCounts(added=1)}


async def test_a_long_batch_blocks_no_heartbeat_and_no_takeover(postgresql_url: str) -> None:
    """A batch that waits for its stream is overtaken, and then refused whole."""
    async with world_of(postgresql_url) as world:
        await world.put({"a": 1}, checkpoint=b"1")
        run = world.run
        assert run
        committing = asyncio.Event()

        async def commit() -> None:
            async with world.db.write() as tx:
                committing.set()
                await world.commit_in(tx, stored({"b": 1}, checkpoint=b"2"))

        async with world.db.write() as tx:
            assert await streams.find(tx, world.pk, MODEL, "base")
            task = asyncio.create_task(commit())
            await committing.wait()
            async with asyncio.timeout(5):
                await wait_for_blocked(world)
                await asyncio.create_task(beat(world, run))
                take_over = claim(world, run.id, owner="w2", now=NOW + 2 * LEASE)
                assert await asyncio.create_task(take_over)
        with pytest.raises(LeaseLost):
            await task
        assert await world.live() == {"a": 1}
        async with world.db.read() as tx:
            assert await checkpoints.load(tx, world.pk, "files") == b"1"


async def beat(world: World, run: Run) -> Run:
    async with world.db.write() as tx:
        return await runs.heartbeat(tx, run.id, run.fencing_token, lease=LEASE, now=NOW)


async def wait_for_blocked(world: World) -> None:
    """Return once some session waits for a lock."""
    query = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    while True:
        async with world.db.read() as tx:
            if await tx.scalar(query):
                return


async def test_deleting_a_connection_in_mid_batch_ends_well(postgresql_url: str) -> None:
    """Neither side may wait for the other for ever: one comes first."""
    async with world_of(postgresql_url) as world:
        await world.start()

        async def commit() -> None:
            for n in range(30):
                await world.commit(stored({f"r{n}": 1}, checkpoint=b"1", partition=f"p{n}"))

        async def delete() -> None:
            while not await world.counts():
                pass
            async with world.db.write() as tx:
                await connections.delete(tx, world.pk)

        async with asyncio.timeout(20):
            committed, _ = await asyncio.gather(commit(), delete(), return_exceptions=True)
        assert isinstance(committed, LeaseLost)
        assert await world.list() == []


async def test_cancel(world: World) -> None:
    await enqueue(world, id="queued", function="other")
    run = await world.start()
    async with world.db.write() as tx:
        assert await runs.request_cancel(tx, "queued", NOW)
        assert await runs.request_cancel(tx, run.id, NOW)
        assert not await runs.request_cancel(tx, "nope", NOW)
        beat = await runs.heartbeat(tx, run.id, 1, lease=LEASE, now=NOW)
    assert (beat.state, beat.is_cancel_requested) == (RunState.RUNNING, True)
    assert beat.finished_at is None
    cancelled = await find(world, "queued")
    assert cancelled
    assert (cancelled.state, cancelled.finished_at) == (RunState.CANCELLED, NOW)
    assert await claim(world, "queued") is None
    await finish(world, run, RunState.CANCELLED)
    async with world.db.write() as tx:
        assert not await runs.request_cancel(tx, run.id, NOW)


async def test_expired(world: World) -> None:
    ids = []
    for n in range(3):
        await enqueue(world, id=f"r{n}", function=f"f{n}")
        await claim(world, f"r{n}", now=NOW - n * SECOND)
        ids.append(f"r{n}")
    await enqueue(world, function="waiting")
    async with world.db.read() as tx:
        assert await runs.expired(tx, NOW + LEASE - 2 * SECOND, 10) == []
        found = await runs.expired(tx, NOW + LEASE + SECOND, 2)
    assert [run.id for run in found] == ["r2", "r1"]


async def test_latest_active_and_lists(world: World) -> None:
    first = await world.start()
    await finish(world, first)
    second = await enqueue(world, now=NOW + SECOND)
    assert second
    action = await enqueue(world, kind=RunKind.ACTION, function="act", now=NOW + 2 * SECOND)
    assert action
    env = world.environment.id
    async with world.db.read() as tx:
        assert await runs.latest(tx, world.pk, "files", "base") == second
        assert await runs.active(tx, world.pk, "files", "base") == second
        assert await runs.latest(tx, world.pk, "files", "v2") is None
        everything = await runs.list_for(tx, environment_id=env)
        assert [run.id for run in everything] == [action.id, second.id, first.id]
        some = await runs.list_for(
            tx, environment_id=env, connection_pk=world.pk, function="files", variant="base"
        )
        assert [run.id for run in some] == [second.id, first.id]
        over = await runs.list_for(tx, environment_id=env, states=[RunState.SUCCEEDED])
        assert [run.id for run in over] == [first.id]
        assert await runs.list_for(tx, environment_id=env, limit=1) == [action]
        assert await runs.list_for(tx, environment_id=10**9) == []
        # the action has a caller who waits
        assert [run.id for run in await lines.waiting(tx, 2)] == [second.id]
    running = await claim(world, second.id)
    assert running
    await finish(world, running)
    async with world.db.read() as tx:
        assert await runs.active(tx, world.pk, "files", "base") is None
