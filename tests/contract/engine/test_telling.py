"""What changed is told to the product: each change once, none missed, and nobody's own writes."""

from typing import Any

import pytest
from engine_world import Book, Place, World

from fairlead.errors import InvalidInput
from fairlead.model.event import Event
from fairlead.model.realtime import Realtime
from fairlead.model.run import RunState
from fairlead.sdk import Batch
from fairlead.store import integrations, outbox


@pytest.fixture
async def telling(world: World) -> World:
    await switch(world, "on")
    return world


async def switch(world: World, value: str) -> None:
    async with world.db.write() as tx:
        await integrations.update(
            tx,
            world.vault,
            world.integration,
            changes={"config": {"change_webhooks": value}},
            now=world.clock.now(),
        )


def feed(*books: Book, gone: tuple[str, ...] = (), full: bool = False) -> Any:
    async def sync(ctx: Any) -> Any:
        yield Batch(
            upsert=list(books),
            delete=list(gone),
            checkpoint=Place(page=1),
            partition="shelf",
            restart=full,
            settled=True,
        )

    return sync


async def told(world: World) -> list[tuple[str, list[str]]]:
    """Take what is to be announced; return the changes in it."""
    found: list[Event] = []
    async with world.db.write() as tx:
        while claimed := await outbox.claim(tx, world.clock.now(), 100):
            for event, _ in claimed:
                await outbox.dead(tx, event.id, None)
                found.append(event)
    changes = [event.payload["changes"] for event in found if event.type == "change"]
    return [(one["id"], one["kinds"]) for several in changes for one in several]


async def run(world: World, script: Any) -> None:
    assert (await world.run(script)).state is RunState.SUCCEEDED
    world.advance(seconds=1)


async def test_changes_are_named_by_what_differs(telling: World) -> None:
    world = telling
    a, b = Book(id="a", title="Emma", box="x"), Book(id="b", title="Ulysses", box="x")
    await run(world, feed(a, b, full=True))
    # what is there already is no news
    assert await told(world) == []
    await run(
        world,
        feed(
            Book(id="a", title="Emma", box="y"),
            Book(id="b", title="Odyssey", box="x"),
            Book(id="c", title="Dracula"),
        ),
    )
    assert await told(world) == [("a", ["moved"]), ("b", ["renamed"]), ("c", ["added"])]
    await run(
        world,
        feed(
            Book(id="a", title="Emma II", box="x"),
            Book(id="b", title="Odyssey", box="x", edition=2),
            gone=("c",),
        ),
    )
    assert await told(world) == [
        ("a", ["moved", "renamed"]),
        ("b", ["updated"]),
        ("c", ["deleted"]),
    ]
    # read afresh, the same is no change; what is not there any more is one
    await run(world, feed(Book(id="a", title="Emma II", box="x"), full=True))
    assert await told(world) == [("b", ["deleted"])]
    await run(world, feed(Book(id="b", title="Odyssey", box="x")))
    assert await told(world) == [("b", ["added"])]


async def test_nothing_is_told_unless_it_is_wanted(world: World) -> None:
    await run(world, feed(Book(id="a", title="Emma"), full=True))
    await run(world, feed(Book(id="a", title="Persuasion")))
    assert await told(world) == []
    await switch(world, "on")
    await run(world, feed(Book(id="a", title="Emma")))
    # from here on
    assert await told(world) == []
    await run(world, feed(Book(id="a", title="Persuasion")))
    assert await told(world) == [("a", ["renamed"])]
    await switch(world, "off")
    await run(world, feed(Book(id="a", title="Emma")))
    assert await told(world) == []
    with pytest.raises(InvalidInput, match="'on' or 'off'"):
        Realtime.of({"change_webhooks": "maybe"})


async def test_nobody_hears_of_his_own_writes(telling: World) -> None:
    world = telling
    await run(world, feed(Book(id="a", title="Emma", edition=1), full=True))
    mine = Book(id="a", title="Mine", edition=2)

    async def lend(ctx: Any, days: int) -> Book:
        ctx.records.put(mine, "shelf")
        ctx.records.put(Book(id="n", title="New", edition=1), "shelf")
        return mine

    world.library.action = lend
    await world.engine().run_action(world.connection, "lend", {"days": 1})
    world.advance(seconds=1)
    await run(world, feed(mine, Book(id="n", title="New", edition=1)))
    assert await told(world) == []
    await run(world, feed(Book(id="a", title="Theirs", edition=3)))
    assert await told(world) == [("a", ["renamed"])]


async def test_what_a_failed_run_stored_is_told_by_the_next(telling: World) -> None:
    world = telling
    await run(world, feed(Book(id="a", title="Emma"), full=True))

    async def breaks(ctx: Any) -> Any:
        yield Batch(upsert=[Book(id="b", title="Ulysses")], partition="shelf")
        raise RuntimeError

    assert (await world.run(breaks)).state is RunState.FAILED
    assert await told(world) == []
    await run(world, feed())
    assert await told(world) == [("b", ["added"])]


async def test_functions_are_called_until_they_take_it(telling: World) -> None:
    world, heard, moods = telling, [], iter([RuntimeError("busy"), None, None])
    pack = world.registry.pack_for("library")
    assert pack is not None

    @pack.on_change("books")
    async def shelve(ctx: Any, changes: Any) -> None:
        """Note what changed."""
        heard.append([change.id for change in changes])
        if mood := next(moods):
            raise mood

    await run(world, feed(Book(id="a", title="Emma"), full=True))
    await run(world, feed(Book(id="b", title="Ulysses")))
    assert await told(world) == []
    await run(world, feed(Book(id="c", title="Dracula")))
    assert await told(world) == [("b", ["added"]), ("c", ["added"])]
    assert heard == [["b"], ["b", "c"]]
