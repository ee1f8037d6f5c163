"""A run that would delete too much holds it back, says so, and waits for another or for approval."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from engine_world import Book, Place, World
from told import told

from fairlead.model.run import RunState
from fairlead.sdk import Batch

NAMES = [f"b{n}" for n in range(300)]
BOOKS = [("books", "base")]


class Shelf:
    """A sync that reads everything without a checkpoint, and only changes with one."""

    def __init__(self) -> None:
        self.books = list(NAMES)
        self.gone: list[str] = []
        self.full_reads = 0

    async def __call__(self, ctx: Any) -> AsyncIterator[Batch[Book]]:
        if ctx.checkpoint.page:
            yield Batch(delete=self.gone, checkpoint=Place(page=2), settled=True)
            return
        self.full_reads += 1
        books = [Book(id=name, title=name) for name in self.books]
        yield Batch(upsert=books, checkpoint=Place(page=1), restart=True, settled=True)


@pytest.fixture
async def shelf(world: World) -> Shelf:
    shelf = Shelf()
    await world.run(shelf)
    return shelf


async def events(world: World) -> list[dict[str, Any]]:
    world.advance(hours=1)
    async with world.db.write() as tx:
        return [event.payload for event in await told(tx, world.clock.now())]


async def held(world: World) -> dict[str, int]:
    (status,) = await world.engine().status(world.environment, "shelf", "reader", BOOKS)
    return status.held_deletions


async def test_it_is_reported_and_the_next_run_that_agrees_deletes(
    world: World, shelf: Shelf
) -> None:
    await events(world)
    shelf.gone = NAMES[:200]
    run = await world.run(shelf)
    assert (run.state, run.counts["Book"].held, run.counts["Book"].deleted) == (
        RunState.SUCCEEDED,
        200,
        0,
    )
    assert (len(await world.titles()), await held(world)) == (300, {"Book": 200})
    (event,) = await events(world)
    assert (event["heldDeletions"], event["responseResults"]["deleted"]) == (200, 0)
    shelf.books = NAMES[200:]
    run = await world.run(shelf)
    # an incremental run could not know; so it read everything
    assert (shelf.full_reads, run.counts["Book"].deleted) == (2, 200)
    assert (len(await world.titles()), await held(world)) == (100, {})
    (event,) = await events(world)
    assert "heldDeletions" not in event


async def test_the_next_run_that_sees_them_again_keeps_them(world: World, shelf: Shelf) -> None:
    shelf.gone = NAMES
    await world.run(shelf)
    run = await world.run(shelf)
    assert (run.counts["Book"].unchanged, run.counts["Book"].deleted) == (300, 0)
    assert (len(await world.titles()), await held(world)) == (300, {})


async def test_approval_deletes_and_is_announced(world: World, shelf: Shelf) -> None:
    shelf.gone = NAMES[:200]
    await world.run(shelf)
    await events(world)
    engine = world.engine()
    approve = engine.approve_deletions
    assert await approve(world.environment, "shelf", "reader", BOOKS) == {"Book": 200}
    assert await approve(world.environment, "shelf", None) == {}
    assert (len(await world.titles()), await held(world)) == (100, {})
    (event,) = await events(world)
    assert event["responseResults"] == {"added": 0, "updated": 0, "deleted": 200}


async def test_settings_decide_how_much_is_too_much(world: World, shelf: Shelf) -> None:
    object.__setattr__(world.settings, "deletion_share", 1.0)
    shelf.gone = NAMES
    assert (await world.run(shelf)).counts["Book"].deleted == 300
