"""A sync's run, from its claim to its end."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from engine_world import Book, Place, World, page
from told import told

from fairlead.engine.sync_run import run_sync
from fairlead.errors import (
    FairleadError,
    ReconnectRequired,
    Rejected,
    Throttled,
    Unavailable,
)
from fairlead.model.exchange import Request
from fairlead.model.run import Run, RunState
from fairlead.sdk import Batch
from fairlead.store import checkpoints, connections


async def events(world: World) -> list[dict[str, Any]]:
    async with world.db.write() as tx:
        return [event.payload for event in await told(tx, world.clock.now())]


async def checkpoint(world: World) -> bytes | None:
    async with world.db.read() as tx:
        return await checkpoints.load(tx, world.connection.id, "books")


async def two_pages(ctx: Any) -> AsyncIterator[Batch[Book]]:
    yield page(0)
    yield page(1)


async def test_a_run_stores_what_the_generator_yields(world: World) -> None:
    run = await world.run(two_pages)
    assert run.state is RunState.SUCCEEDED
    assert run.batches == 2
    assert (run.counts["Book"].added, run.counts["Book"].updated) == (6, 0)
    assert run.finished_at is not None
    assert run.lease_owner is None
    assert await world.titles() == {
        f"{p}-{i}": f"Book {i} of page {p}" for p in range(2) for i in range(3)
    }
    assert await checkpoint(world) == b'{"page":2}'


async def test_the_product_hears_of_it_once_per_model(world: World) -> None:
    await world.run(two_pages)
    assert await events(world) == [
        {
            "from": "nango",
            "type": "sync",
            "connectionId": "reader",
            "providerConfigKey": "shelf",
            "syncName": "books",
            "syncVariant": "base",
            "model": "Book",
            "syncType": "INITIAL",
            "checkpoints": {"from": None, "to": {"page": 2}},
            "success": True,
            "responseResults": {"added": 6, "updated": 0, "deleted": 0},
            "modifiedAfter": "2026-11-24T08:00:00.000Z",
            "queryTimeStamp": "2026-11-24T08:00:00.000Z",
        }
    ]


async def test_a_run_that_changed_nothing_is_not_announced(world: World) -> None:
    await world.run(two_pages)
    await events(world)
    again = await world.run(two_pages)
    assert again.counts["Book"].unchanged == 6
    assert await events(world) == []


async def test_a_first_run_is_announced_even_if_empty(world: World) -> None:
    async def nothing(ctx: Any) -> AsyncIterator[Batch[Book]]:
        for batch in ():
            yield batch

    await world.run(nothing)
    (event,) = await events(world)
    assert event["responseResults"] == {"added": 0, "updated": 0, "deleted": 0}


async def test_a_later_run_is_incremental_and_starts_at_its_checkpoint(world: World) -> None:
    await world.run(two_pages)
    await events(world)
    seen = []

    async def more(ctx: Any) -> AsyncIterator[Batch[Book]]:
        seen.append(ctx.checkpoint.page)
        yield page(2)

    await world.run(more)
    (event,) = await events(world)
    assert seen == [2]
    assert event["syncType"] == "INCREMENTAL"
    assert event["checkpoints"] == {"from": {"page": 2}, "to": {"page": 3}}


async def test_requests_are_counted(world: World) -> None:
    async def busy(ctx: Any) -> AsyncIterator[Batch[Book]]:
        for number in range(3):
            await world.library.send(Request(url="/books"))
            yield page(number)
        await world.library.send(Request(url="/bye"))

    assert (await world.run(busy)).requests == 4


async def test_counters_show_while_it_runs(world: World) -> None:
    seen = []

    async def slow(ctx: Any) -> AsyncIterator[Batch[Book]]:
        await world.library.send(Request(url="/books"))
        yield page(0)
        seen.append(await world.latest())
        yield page(1)

    await world.run(slow)
    assert seen[0].state is RunState.RUNNING
    assert (seen[0].batches, seen[0].requests, seen[0].counts["Book"].added) == (1, 1, 3)


async def test_partitions_that_are_no_longer_chosen_are_swept(world: World) -> None:
    async def shelves(*names: str) -> Run:
        async def script(ctx: Any) -> AsyncIterator[Batch[Book]]:
            for name in names:
                yield Batch(
                    upsert=[Book(id=name, title=name)], partition=name, checkpoint=Place(page=1)
                )

        return await world.run(script)

    await shelves("a", "b")
    run = await shelves("b", "c")
    assert set(await world.titles()) == {"b", "c"}
    assert (run.counts["Book"].added, run.counts["Book"].deleted) == (1, 1)


async def test_when_nothing_is_chosen_any_more_places_are_forgotten_with_the_records(
    world: World,
) -> None:
    async def shelf(ctx: Any) -> AsyncIterator[Batch[Book]]:
        ctx.checkpoint.page = 7
        yield Batch(upsert=[Book(id="a", title="a")], partition="a", checkpoint=ctx.checkpoint)

    async def none(ctx: Any) -> AsyncIterator[Batch[Book]]:
        ctx.checkpoint.page = 0
        for batch in ():
            yield batch

    await world.run(shelf)
    await world.run(none)
    assert await world.titles() == {}
    assert await checkpoint(world) == b'{"page":0}'
    # and what has nothing to forget writes nothing
    assert (await world.run(none)).batches == 0


async def test_a_failed_run_sweeps_nothing(world: World) -> None:
    async def shelves(ctx: Any) -> AsyncIterator[Batch[Book]]:
        for name in ("a", "b"):
            yield Batch(upsert=[Book(id=name, title=name)], partition=name)

    async def broken(ctx: Any) -> AsyncIterator[Batch[Book]]:
        yield Batch(upsert=[Book(id="a", title="a")], partition="a")
        raise Unavailable

    await world.run(shelves)
    await world.run(broken)
    assert set(await world.titles()) == {"a", "b"}


async def test_a_full_read_sweeps_what_it_did_not_see(world: World) -> None:
    async def full(*ids: str) -> None:
        async def script(ctx: Any) -> AsyncIterator[Batch[Book]]:
            for index, name in enumerate(ids):
                yield Batch(
                    upsert=[Book(id=name, title=name)],
                    restart=index == 0,
                    settled=index == len(ids) - 1,
                )

        await world.run(script)

    await full("a", "b", "c")
    await full("a", "c")
    assert set(await world.titles()) == {"a", "c"}


class Odd:
    pass


async def raises(ctx: Any) -> AsyncIterator[Any]:
    yield page(0)
    raise ValueError("no such shelf: token=abcdef123456\nsecond line")


async def divides(ctx: Any) -> AsyncIterator[Any]:
    yield page(0)
    raise ZeroDivisionError


async def exits(ctx: Any) -> AsyncIterator[Any]:
    yield page(0)
    raise SystemExit(3)


async def rubbish(ctx: Any) -> AsyncIterator[Any]:
    yield page(0)
    yield Odd()


async def yields_none(ctx: Any) -> AsyncIterator[Any]:
    yield page(0)
    yield None


async def wrong_record(ctx: Any) -> AsyncIterator[Any]:
    yield page(0)
    yield Batch(upsert=[Place(page=1)])


async def bad_record(ctx: Any) -> AsyncIterator[Any]:
    yield page(0)
    yield Batch(upsert=[Book.model_construct(id="x", title=Odd())])


async def bad_id(ctx: Any) -> AsyncIterator[Any]:
    yield page(0)
    yield Batch(upsert=[Book(id="", title="x")])


async def nul_id(ctx: Any) -> AsyncIterator[Any]:
    yield page(0)
    yield Batch(upsert=[Book(id="a\0b", title="x")])


async def no_list(ctx: Any) -> AsyncIterator[Any]:
    yield page(0)
    yield Batch(upsert=5)  # type: ignore[arg-type]


async def bad_checkpoint(ctx: Any) -> AsyncIterator[Any]:
    yield page(0)
    yield Batch(checkpoint=Book(id="x", title="y"))


async def cancels_itself(ctx: Any) -> AsyncIterator[Any]:
    import asyncio

    yield page(0)
    raise asyncio.CancelledError


@pytest.mark.parametrize(
    ("script", "code", "words"),
    [
        (raises, "function_crashed", "books raised ValueError: no such shelf: token=[redacted]"),
        (divides, "function_crashed", "books raised ZeroDivisionError"),
        (exits, "function_crashed", "books raised SystemExit: 3"),
        (cancels_itself, "function_crashed", "books cancelled itself."),
        (rubbish, "output_invalid", "books yielded Odd; it must yield Batch objects."),
        (yields_none, "output_invalid", "books yielded NoneType; it must yield Batch objects."),
        (wrong_record, "output_invalid", "books yielded a Place in a batch of Book"),
        (bad_record, "output_invalid", "books yielded a Book that its model forbids"),
        (bad_id, "output_invalid", "books yielded a record without an id"),
        (nul_id, "output_invalid", "NUL"),
        (no_list, "function_crashed", "books raised TypeError"),
        (bad_checkpoint, "output_invalid", "books yielded a Book as its checkpoint"),
    ],
)
async def test_an_authors_mistake_fails_the_run_and_keeps_what_was_stored(
    world: World, script: Any, code: str, words: str
) -> None:
    run = await world.run(script)
    assert run.state is RunState.FAILED
    assert run.failure is not None
    assert (run.failure.code, run.failure.who) == (code, "author")
    assert words in run.failure.message
    assert "\n" not in run.failure.message
    assert "abcdef" not in run.failure.message
    assert len(await world.titles()) == 3
    assert await checkpoint(world) == b'{"page":1}'


@pytest.mark.parametrize(
    ("error", "code", "who"),
    [
        (Throttled("Wait a minute.", request_id="r-1"), "throttled", "vendor"),
        (Unavailable(request_id="r-1"), "provider_unavailable", "vendor"),
        (Rejected("Refused: a\0b \ud800", request_id="r-1"), "provider_rejected", "vendor"),
        (ReconnectRequired(), "reconnect_required", "end user"),
    ],
)
async def test_the_vendors_error_says_who_must_act(
    world: World, error: FairleadError, code: str, who: str
) -> None:
    async def refused(ctx: Any) -> AsyncIterator[Batch[Book]]:
        yield page(0)
        raise error

    run = await world.run(refused)
    assert run.failure is not None
    assert (run.failure.code, run.failure.who) == (code, who)
    assert run.failure.request_id == getattr(error, "request_id", None)
    (fault,) = (await world.connection_now()).errors
    assert (fault.type, fault.code, fault.sync_name, fault.log_id) == (
        "sync",
        code,
        "books",
        run.id,
    )
    (event,) = await events(world)
    assert event["success"] is False
    assert event["model"] == "Book"
    assert event["error"]["type"] == code
    assert event["error"]["description"] == run.failure.message
    assert event["startedAt"] == event["failedAt"] == "2026-11-24T08:00:00.000Z"


async def test_success_clears_the_fault(world: World) -> None:
    await world.run(divides)
    assert len((await world.connection_now()).errors) == 1
    await world.run(two_pages)
    assert (await world.connection_now()).errors == ()


async def test_metadata_that_does_not_suit_names_the_field(world: World) -> None:
    async with world.db.write() as tx:
        await connections.set_metadata(
            tx, world.connection.id, {"shelves": "all"}, world.clock.now()
        )
    run = await world.run(two_pages)
    assert run.failure is not None
    assert (run.failure.code, run.failure.who) == ("invalid_metadata", "caller")
    assert "shelves" in run.failure.message
    assert run.batches == 0


async def test_metadata_reaches_the_function(world: World) -> None:
    async with world.db.write() as tx:
        await connections.set_metadata(
            tx, world.connection.id, {"shelves": ["a"], "other": 1}, world.clock.now()
        )
    seen = []

    async def script(ctx: Any) -> AsyncIterator[Batch[Book]]:
        seen.append(ctx.metadata.shelves)
        yield page(0)

    await world.run(script)
    assert seen == [["a"]]


@pytest.mark.parametrize("content", [b"not json", b'{"page":"many"}', b"[]"])
async def test_an_unreadable_checkpoint_begins_afresh(world: World, content: bytes) -> None:
    async with world.db.write() as tx:
        await checkpoints.save(
            tx, world.connection.id, "books", variant="base", content=content, now=world.clock.now()
        )
    seen = []

    async def script(ctx: Any) -> AsyncIterator[Batch[Book]]:
        seen.append(ctx.checkpoint.page)
        yield page(0)

    run = await world.run(script)
    assert run.state is RunState.SUCCEEDED
    assert seen == [0]


async def test_a_sync_that_is_no_longer_installed_is_the_operators_business(world: World) -> None:
    run = await world.queued(function="pamphlets")
    await run_sync(world.setup, await world.claimed(run))
    run = await world.find(run.id)
    assert run.failure is not None
    assert (run.failure.code, run.failure.who) == ("unknown_sync", "operator")


async def test_an_api_that_cannot_be_built_fails_the_run(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = world.registry.pack_for("library")

    def broken(send: Any, config: Any) -> Any:
        raise KeyError("tenant")

    monkeypatch.setattr(pack, "api", broken)
    run = await world.run(two_pages)
    assert run.failure is not None
    assert run.failure.message == "books raised KeyError: 'tenant'"


async def test_a_deleted_connection_ends_the_run_quietly(world: World) -> None:
    attempt = await world.claimed()
    async with world.db.write() as tx:
        await connections.delete(tx, world.connection.id)
    await run_sync(world.setup, attempt)
    assert await events(world) == []


async def test_a_connection_deleted_under_way_ends_the_run_quietly(world: World) -> None:
    async def script(ctx: Any) -> AsyncIterator[Batch[Book]]:
        yield page(0)
        async with world.db.write() as tx:
            await connections.delete(tx, world.connection.id)
        yield page(1)

    world.library.sync = script
    await run_sync(world.setup, await world.claimed())
    assert await events(world) == []


async def test_the_last_of_two_records_with_one_id_counts(world: World) -> None:
    async def twice(ctx: Any) -> AsyncIterator[Batch[Book]]:
        yield Batch(upsert=[Book(id="a", title="old"), Book(id="a", title="new")])

    await world.run(twice)
    assert await world.titles() == {"a": "new"}


async def test_a_run_that_leaves_a_place_out_ends_as_partial(world: World) -> None:
    reason = Rejected("It is locked; unlock it.", code="resource_locked", provider_status=423)

    async def all_but_one(ctx: Any) -> AsyncIterator[Batch[Book]]:
        ctx.skip("shelf 7", reason)
        ctx.skip("shelf 7", Unavailable("never told"))
        yield page(0)

    run = await world.run(all_but_one)
    assert run.state is RunState.SUCCEEDED
    assert run.is_partial
    (warning,) = [each.model_dump() for each in run.warnings]
    assert warning == {
        "place": "shelf 7",
        "code": "resource_locked",
        "message": "It is locked; unlock it.",
        "who": reason.who,
    }
    (told,) = await events(world)
    assert (told["success"], told["partial"], told["warnings"]) == (True, True, [warning])
    # nothing has changed, and yet it is told: the place is still out
    await world.run(all_but_one)
    (again,) = await events(world)
    assert again["warnings"] == [warning]
    whole = await world.run(two_pages)
    assert (whole.is_partial, whole.warnings) == (False, ())


async def test_of_many_places_a_run_names_a_hundred(world: World) -> None:
    async def none_at_all(ctx: Any) -> AsyncIterator[Batch[Book]]:
        for number in range(120):
            ctx.skip(str(number), Unavailable("Try again later."))
        yield page(0)

    run = await world.run(none_at_all)
    assert len(run.warnings) == 101
    assert run.warnings[-1].message == "20 more places were left out."
