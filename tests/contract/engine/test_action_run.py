"""An action's run: what goes in, what comes out, how it fails."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from engine_world import Book, World

from fairlead.errors import (
    ActionFailed,
    CallerError,
    FunctionCrashed,
    FunctionTimedOut,
    InternalError,
    InvalidInput,
    NotFound,
    OutputInvalid,
    Rejected,
)
from fairlead.model.exchange import Request
from fairlead.model.run import RunKind, RunState
from fairlead.store import connections, runs


async def call(world: World, action: Any, raw: object = {"days": 3}, **options: Any) -> Any:
    world.library.action = action
    return await world.engine().run_action(world.connection, "lend", raw, **options)


async def test_the_output_is_returned_and_written_down(world: World) -> None:
    async def lend(ctx: Any, days: int) -> Book:
        await world.library.send(Request(url="/lend"))
        return Book(id="a", title=f"for {days} days")

    assert await call(world, lend) == {"id": "a", "title": "for 3 days"}
    run = await world.latest("lend")
    assert (run.kind, run.state, run.requests) == (RunKind.ACTION, RunState.SUCCEEDED, 1)
    assert (run.input, run.output) == ({"days": 3}, {"id": "a", "title": "for 3 days"})


async def test_bad_input_names_its_issues_and_opens_no_run(world: World) -> None:
    with pytest.raises(InvalidInput) as caught:
        await call(world, None, {"days": "many"})
    assert caught.value.issues[0]["path"] == ["days"]
    async with world.db.read() as tx:
        assert await runs.latest(tx, world.connection.id, "lend") is None


async def test_an_unknown_action_is_not_found(world: World) -> None:
    with pytest.raises(NotFound, match="no action 'steal'"):
        await world.engine().run_action(world.connection, "steal", None)


async def refuses(ctx: Any, days: int) -> Book:
    raise ActionFailed("The book is lent.", payload={"until": "Monday"})


async def rejected(ctx: Any, days: int) -> Book:
    raise Rejected("No.", provider_status=403, request_id="r-1")


async def crashes(ctx: Any, days: int) -> Book:
    return [][days]  # type: ignore[no-any-return]


async def exits(ctx: Any, days: int) -> Book:
    raise SystemExit


async def wrong(ctx: Any, days: int) -> Any:
    return {"id": 5}


async def gives_up(ctx: Any, days: int) -> Any:
    raise TimeoutError("its own")


@pytest.mark.parametrize(
    ("action", "kind", "code", "words"),
    [
        (refuses, ActionFailed, "action_failed", "The book is lent."),
        (rejected, Rejected, "provider_rejected", "No."),
        (crashes, FunctionCrashed, "function_crashed", "lend raised IndexError"),
        (exits, FunctionCrashed, "function_crashed", "lend raised SystemExit"),
        (gives_up, FunctionCrashed, "function_crashed", "lend raised TimeoutError: its own"),
        (wrong, OutputInvalid, "output_invalid", "lend returned what its schema forbids"),
    ],
)
async def test_failures_are_raised_and_written_down(
    world: World, action: Any, kind: Any, code: str, words: str
) -> None:
    with pytest.raises(kind):
        await call(world, action)
    run = await world.latest("lend")
    assert run.state is RunState.FAILED
    assert run.failure is not None
    assert run.failure.code == code
    assert words in run.failure.message
    assert (await world.connection_now()).errors == ()


async def test_an_action_has_a_time_limit(world: World) -> None:
    async def sleeps(ctx: Any, days: int) -> Book:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(FunctionTimedOut, match=r"longer than 0\.05 s"):
        await call(world, sleeps, limit=timedelta(seconds=0.05))
    run = await world.latest("lend")
    assert run.failure is not None
    assert (run.failure.code, run.failure.who) == ("function_timed_out", "author")


async def test_a_caller_that_leaves_ends_the_run(world: World) -> None:
    begun = asyncio.Event()

    async def sleeps(ctx: Any, days: int) -> Book:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    task = asyncio.create_task(call(world, sleeps))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await world.latest("lend")).state is RunState.CANCELLED


async def test_two_calls_at_once_are_two_runs(world: World) -> None:
    async def lend(ctx: Any, days: int) -> Book:
        await asyncio.sleep(0)
        return Book(id="a", title="b")

    world.library.action = lend
    engine = world.engine()
    await asyncio.gather(
        *(engine.run_action(world.connection, "lend", {"days": n}) for n in range(3))
    )
    async with world.db.read() as tx:
        found = await runs.list_for(tx, environment_id=world.environment.id, function="lend")
    assert len(found) == 3


def transactions(world: World, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note every transaction from now on."""
    begun: list[str] = []

    def noting(kind: str, do: Any) -> Any:
        def noted(*given: Any) -> Any:
            begun.append(kind)
            return do(*given)

        return noted

    for kind in ("write", "transact", "read", "glance"):
        monkeypatch.setattr(world.db, kind, noting(kind, getattr(world.db, kind)))
    return begun


async def test_calls_at_once_share_two_transactions(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, everybody = 0, asyncio.Event()

    async def lend(ctx: Any, days: int) -> Book:
        nonlocal there
        there += 1
        if there == 16:
            everybody.set()
        await everybody.wait()
        return Book(id="a", title=f"{days}")

    world.library.action = lend
    engine = world.engine()
    begun = transactions(world, monkeypatch)
    calls = (engine.run_action(world.connection, "lend", {"days": n}) for n in range(16))
    titles = [found["title"] for found in await asyncio.gather(*calls)]
    assert titles == [f"{n}" for n in range(16)]
    # all were opened by the first, and ended by the second
    if world.db.dialect == "sqlite":
        assert begun == ["transact", "transact"]
    else:
        # where the first uses the second for its work
        assert begun == ["transact", "write"] * 2
    async with world.db.read() as tx:
        found = await runs.list_for(tx, environment_id=world.environment.id, function="lend")
    assert [run.state for run in found] == [RunState.SUCCEEDED] * 16


async def test_a_connection_that_was_changed_meanwhile_is_looked_up_again(world: World) -> None:
    async def lend(ctx: Any, days: int) -> Book:
        return Book(id="a", title=ctx.connection.metadata["shelf"])

    world.library.action = lend
    async with world.db.write() as tx:
        later = world.clock.now() + timedelta(seconds=1)
        await connections.set_metadata(tx, world.connection.id, {"shelf": "top"}, later)
    assert world.connection.metadata is None
    output = await world.engine().run_action(world.connection, "lend", {"days": 1})
    assert output["title"] == "top"


async def test_a_connection_that_was_deleted_meanwhile_is_unknown(world: World) -> None:
    async with world.db.write() as tx:
        await connections.delete(tx, world.connection.id)
    with pytest.raises(CallerError, match="There is no connection") as caught:
        await world.engine().run_action(world.connection, "lend", {"days": 1})
    assert caught.value.code == "unknown_connection"


async def test_a_connection_that_never_stands_still(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stale(*_: Any) -> Any:
        return world.connection

    async with world.db.write() as tx:
        later = world.clock.now() + timedelta(seconds=1)
        await connections.set_metadata(tx, world.connection.id, {}, later)
    monkeypatch.setattr(connections, "find", stale)
    with pytest.raises(InternalError, match="could not be opened"):
        await world.engine().run_action(world.connection, "lend", {"days": 1})


async def test_a_caller_that_leaves_while_its_run_is_opened(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = world.engine()
    begun, do = asyncio.Event(), world.db.transact

    async def transact(work: Any) -> Any:
        begun.set()
        return await do(work)

    monkeypatch.setattr(world.db, "transact", transact)
    task = asyncio.create_task(engine.run_action(world.connection, "lend", {"days": 1}))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await engine.stop()
    assert (await world.latest("lend")).state is RunState.CANCELLED
