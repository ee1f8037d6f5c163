"""What agents propose is decided once, and made once: in both dialects."""

from datetime import timedelta
from typing import Any

import pytest
from engine_world import Book, World

from fairlead.engine import proposals
from fairlead.engine.line import put_in
from fairlead.engine.worker import Worker
from fairlead.errors import Conflict, InvalidInput, NotFound
from fairlead.model.proposal import Proposal, ProposalState
from fairlead.model.run import RunState
from fairlead.store import outbox, runs
from fairlead.store import proposals as stored

KEY = 7


@pytest.fixture
async def calls(world: World) -> list[int]:
    """Begin to work; return what the action was called with."""
    made: list[int] = []

    async def lend(ctx: Any, days: int) -> Book:
        made.append(days)
        return Book(id="a", title=f"for {days} days")

    world.library.action = lend
    await world.queue.start(Worker(world.setup, world.queue).serve)
    return made


async def proposed(world: World, days: int = 3) -> Proposal:
    return await proposals.propose(
        world.setup, world.connection, "lend", {"days": days}, key_id=KEY, key_name="agent"
    )


async def announced(world: World) -> list[Any]:
    async with world.db.write() as tx:
        found = await outbox.claim(tx, world.clock.now(), 100)
        for event, _ in found:
            await outbox.dead(tx, event.id, None)
    return [(event.type, event.payload.get("operation")) for event, _ in found]


async def approve(world: World, which: str, **more: Any) -> Any:
    where = world.connection.environment_id
    return await proposals.approve(world.setup, where, which, by="somebody", **more)


async def deny(world: World, which: str) -> Proposal:
    where = world.connection.environment_id
    return await proposals.deny(world.setup, where, which, by="somebody")


async def test_an_approved_call_is_made_once(world: World, calls: list[int]) -> None:
    proposal = await proposed(world)
    assert (await proposed(world)).id == proposal.id
    assert calls == []
    world.advance(seconds=1)
    decided, run = await approve(world, proposal.id)
    assert (decided.state, decided.decided_by) == (ProposalState.APPROVED, "somebody")
    assert (run.id, run.retries) == (proposal.id, 0)
    world.advance(seconds=1)
    await put_in(world.setup, world.queue, [run])
    await world.queue.idle()
    for again in (approve, deny):
        with pytest.raises(Conflict, match="approved already"):
            await again(world, proposal.id)
    assert calls == [3]
    done = await world.find(run.id)
    assert (done.state, done.output["title"]) == (RunState.SUCCEEDED, "for 3 days")
    first = await announced(world)
    assert first == [("approval", "requested")]
    assert await announced(world) == [("approval", "approved")]
    assert await announced(world) == [("async_action", None)]


async def test_a_denied_call_is_not_made(world: World, calls: list[int]) -> None:
    proposal = await proposed(world)
    await deny(world, proposal.id)
    with pytest.raises(Conflict, match="denied already"):
        await approve(world, proposal.id)
    async with world.db.read() as tx:
        assert await runs.find(tx, proposal.id) is None
    assert calls == []


async def test_what_nobody_decides_in_time_is_over(world: World, calls: list[int]) -> None:
    proposal = await proposed(world)
    world.advance(hours=24)
    with pytest.raises(Conflict, match="too late"):
        await approve(world, proposal.id)
    await proposals.expire(world.setup)
    await proposals.expire(world.setup)
    where = world.connection.environment_id
    async with world.db.read() as tx:
        found = await stored.find(tx, where, proposal.id)
        assert found
        assert found.state is ProposalState.EXPIRED
        listed = await stored.listed(tx, where, state=ProposalState.EXPIRED, limit=5)
        assert [one.id for one in listed] == [proposal.id]
    assert await announced(world) == [("approval", "requested")]
    assert await announced(world) == [("approval", "expired")]
    world.advance(days=31)
    await proposals.expire(world.setup)
    async with world.db.read() as tx:
        assert await stored.find(tx, where, proposal.id) is None
    assert calls == []


async def test_who_asks_does_not_decide(world: World, calls: list[int]) -> None:
    proposal = await proposed(world)
    with pytest.raises(Conflict) as refused:
        await approve(world, proposal.id, key_id=KEY)
    assert refused.value.code == "own_approval"
    with pytest.raises(NotFound, match="no approval 'x'"):
        await approve(world, "x")
    with pytest.raises(NotFound):
        await proposals.deny(world.setup, 10**6, proposal.id, by="somebody")
    assert calls == []


async def test_what_could_not_be_made_is_not_kept(
    world: World, calls: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidInput):
        await proposals.propose(
            world.setup, world.connection, "lend", {"days": "x"}, key_id=KEY, key_name="agent"
        )
    monkeypatch.setattr(proposals, "MOST_WAITING", 1)
    first = await proposed(world)
    with pytest.raises(Conflict) as full:
        await proposed(world, days=4)
    assert full.value.code == "too_many_waiting_approvals"
    assert first.expires_at - first.created_at == timedelta(hours=24)
    assert calls == []
