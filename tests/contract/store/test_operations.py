"""Operations and their messages: found by each filter, page by page, and forgotten in time."""

from datetime import timedelta
from typing import Any

import pytest
from store_world import NOW, World, make_world

from fairlead.errors import InvalidInput
from fairlead.model.operation import Level, Message, Operation, OperationState, OperationType
from fairlead.model.run import RunKind, RunState, RunTrigger
from fairlead.store import operations, runs
from fairlead.store.operations import Sealed, Tally, Wanted

HOUR = timedelta(hours=1)


def operation(world: World, name: str, **more: Any) -> Operation:
    values: dict[str, Any] = {
        "id": f"{name}-{world.environment.id}",
        "environment_id": world.environment.id,
        "type": OperationType.PROXY,
        "action": "call",
        "state": OperationState.SUCCESS,
        "title": "GET /x → 200",
        "integration": "acme",
        "connection_id": "c1",
        "created_at": NOW,
        "started_at": NOW,
        "ended_at": NOW,
    }
    return Operation(**(values | more))


async def put(world: World, *found: Operation, steps: tuple[Sealed, ...] = ()) -> None:
    async with world.db.write() as tx:
        await operations.write(tx, found, steps)


async def names(world: World, wanted: Wanted, **more: Any) -> list[str]:
    async with world.db.read() as tx:
        found = await operations.search(tx, world.environment.id, wanted, **({"limit": 10} | more))
    return [each.id.partition("-")[0] for each in found]


async def test_each_filter_narrows(world: World) -> None:
    other = await make_world(world.db)
    await put(
        world,
        operation(world, "a"),
        operation(
            world,
            "b",
            type=OperationType.SYNC,
            action="run",
            state=OperationState.FAILED,
            title="Run notes",
            function="notes",
            integration="other",
            connection_id="c2",
            error={"code": "vendor_down", "message": "The vendor is DOWN"},
            created_at=NOW + HOUR,
        ),
        operation(other, "z"),
    )
    assert await names(world, Wanted()) == ["b", "a"]
    assert await names(world, Wanted(types=[OperationType.SYNC])) == ["b"]
    assert await names(world, Wanted(actions=["call"])) == ["a"]
    assert await names(world, Wanted(states=[OperationState.FAILED])) == ["b"]
    assert await names(world, Wanted(integration="other")) == ["b"]
    assert await names(world, Wanted(connection_id="c1")) == ["a"]
    assert await names(world, Wanted(function="notes")) == ["b"]
    assert await names(world, Wanted(since=NOW + HOUR)) == ["b"]
    assert await names(world, Wanted(until=NOW + HOUR)) == ["a"]
    assert await names(world, Wanted(search="Is Down")) == ["b"]
    assert await names(world, Wanted(search="/x")) == ["a"]
    assert await names(world, Wanted(search="%")) == []
    async with world.db.read() as tx:
        assert await operations.find(tx, world.environment.id, f"z-{other.environment.id}") is None


async def test_pages_miss_nothing_and_show_nothing_twice(world: World) -> None:
    many = [
        operation(world, f"n{number}", created_at=NOW + timedelta(seconds=number // 3))
        for number in range(10)
    ]
    await put(world, *many)
    seen: list[str] = []
    before = None
    while True:
        async with world.db.read() as tx:
            page = await operations.search(
                tx, world.environment.id, Wanted(), before=before, limit=4
            )
        seen += [each.id for each in page]
        if len(page) < 4:
            break
        before = operations.place_in(operations.place_of(page[-1]))
    assert sorted(seen) == sorted(each.id for each in many)
    for wrong in ("x", "bzp4", "é", "cDoxOg=="):
        with pytest.raises(InvalidInput):
            operations.place_in(wrong)


async def test_a_later_state_takes_the_place_of_an_earlier_one(world: World) -> None:
    begun = operation(world, "a", state=OperationState.RUNNING, ended_at=None)
    await put(world, begun)
    ended = operation(
        world, "a", title="done \0", meta={"n": 1}, started_at=NOW + HOUR, ended_at=NOW + HOUR
    )
    # both in one batch, too
    await put(world, begun, ended)
    async with world.db.read() as tx:
        found = await operations.find(tx, world.environment.id, begun.id)
    assert found is not None
    assert (found.state, found.title, found.meta) == (OperationState.SUCCESS, "done ", {"n": 1})
    assert (found.started_at, found.ended_at) == (NOW, NOW + HOUR)
    # nobody writes over another environment's
    other = await make_world(world.db)
    await put(other, operation(other, "x", id=begun.id, title="stolen"))
    async with world.db.read() as tx:
        again = await operations.find(tx, world.environment.id, begun.id)
    assert again == found


async def test_messages_come_in_order_and_by_level(world: World) -> None:
    one = operation(world, "a")

    def step(text: str, level: Level = Level.INFO) -> Sealed:
        message = Message(
            operation_id=one.id,
            environment_id=world.environment.id,
            created_at=NOW,
            level=level,
            type="log",
            source="user",
            context="script",
            text=text,
        )
        return Sealed(message, b"sealed")

    await put(world, one, steps=(step("First"), step("second", Level.ERROR), step("third")))

    async def texts(**more: Any) -> list[str]:
        async with world.db.read() as tx:
            found = await operations.messages_of(tx, one.id, **({"limit": 9} | more))
        assert all(each.envelope == b"sealed" for each in found)
        return [each.message.text for each in found]

    assert await texts() == ["First", "second", "third"]
    assert await texts(levels=[Level.ERROR]) == ["second"]
    assert await texts(search_for="FIRST") == ["First"]
    async with world.db.read() as tx:
        [first] = await operations.messages_of(tx, one.id, limit=1)
    assert await texts(after=first.message.id) == ["second", "third"]


async def test_what_is_old_goes(world: World) -> None:
    old, young = operation(world, "a"), operation(world, "b", created_at=NOW + HOUR)
    message = Message(
        operation_id=old.id,
        environment_id=world.environment.id,
        created_at=NOW,
        level=Level.INFO,
        type="log",
        source="user",
        context="script",
        text="old",
    )
    await put(world, old, young, steps=(Sealed(message, None),))
    async with world.db.write() as tx:
        await operations.purge(tx, NOW + HOUR, 100)
    assert await names(world, Wanted()) == ["b"]
    async with world.db.read() as tx:
        assert await operations.messages_of(tx, old.id, limit=9) == []


async def test_what_a_dead_process_left_open_is_ended(world: World) -> None:
    async with world.db.write() as tx:
        run = await runs.enqueue(
            tx,
            id=f"run-{world.environment.id}",
            environment_id=world.environment.id,
            connection_pk=world.pk,
            kind=RunKind.ACTION,
            function="shout",
            trigger=RunTrigger.CALL,
            now=NOW,
        )
        assert run
        held = await runs.claim(tx, run.id, owner="me", lease=HOUR, now=NOW)
        assert held
    open_: dict[str, Any] = {"state": OperationState.RUNNING, "ended_at": None}
    action = {"type": OperationType.ACTION, "action": "run"}
    await put(
        world,
        operation(world, "run", **open_, **action),
        operation(world, "lost", **open_, **action),
        operation(world, "young", **open_, **action | {"started_at": NOW + 2 * HOUR}),
    )

    async def states() -> dict[str, str]:
        async with world.db.write() as tx:
            await operations.settle(tx, NOW + HOUR, 100)
            found = await operations.search(tx, world.environment.id, Wanted(), limit=9)
        return {each.id.partition("-")[0]: each.state.value for each in found}

    assert await states() == {"run": "running", "lost": "timeout", "young": "running"}
    async with world.db.write() as tx:
        await runs.finish(tx, held.id, held.fencing_token, state=RunState.FAILED, now=NOW)
    assert (await states())["run"] == "failed"


async def test_a_tally_by_integration_and_type(world: World) -> None:
    failed = {"state": OperationState.FAILED}
    await put(
        world,
        operation(world, "a"),
        operation(world, "b", **failed),
        operation(world, "c", **failed, created_at=NOW - HOUR),
        operation(world, "d", state=OperationState.RUNNING),
        operation(world, "e", integration=None),
    )
    async with world.db.read() as tx:
        assert await operations.tally(tx, world.environment.id, NOW) == [
            Tally("acme", OperationType.PROXY, 1, 1)
        ]


async def test_a_database_that_will_not_have_it_says_so(world: World) -> None:
    assert await operations.keep(world.db, [operation(world, "a")], [])
    assert not await operations.keep(world.db, [operation(world, "b", environment_id=10**9)], [])
