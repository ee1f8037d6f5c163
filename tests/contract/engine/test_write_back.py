"""Two ways: what an action changes is in the records at once, and its echo is no change."""

from typing import Any

import pytest
from engine_world import Book, Place, World, page

from fairlead.errors import ActionFailed, OutputInvalid
from fairlead.model.batch import BatchCounts
from fairlead.model.run import RunState
from fairlead.sdk import Batch, Record
from fairlead.store import records

FIRST = [Book(id="a", title="Ulysses", edition=1), Book(id="b", title="Emma", edition=1)]


class Stone(Record):
    id: str


async def act(world: World, *changes: Any, fails: bool = False) -> None:
    """Call an action that says these changes: a book, or the id of one that is gone."""

    async def lend(ctx: Any, days: int) -> Book:
        for change in changes:
            if isinstance(change, str):
                ctx.records.delete(Book, change, "shelf")
            else:
                ctx.records.put(change, "shelf")
        if fails:
            raise ActionFailed("No.")
        return Book(id="x", title="x")

    world.library.action = lend
    await world.engine().run_action(world.connection, "lend", {"days": 1})


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


async def counts_of(world: World, script: Any) -> BatchCounts:
    run = await world.run(script)
    assert run.state is RunState.SUCCEEDED
    return run.counts.get("Book", BatchCounts())


async def positions(world: World) -> dict[str, tuple[int, str]]:
    return {one.id: (one.position, one.last_action) for one in await world.stored()}


async def test_the_echo_of_a_change_is_no_change(world: World) -> None:
    await world.run(feed(*FIRST, full=True))
    world.advance(seconds=60)
    edited = Book(id="a", title="Dubliners", edition=2)
    made = Book(id="c", title="Middlemarch", edition=1)
    await act(world, edited, made, "b")
    assert await world.titles() == {"a": "Dubliners", "c": "Middlemarch"}
    reported = await positions(world)
    assert {key: action for key, (_, action) in reported.items()} == {
        "a": "UPDATED",
        "b": "DELETED",
        "c": "ADDED",
    }
    world.advance(seconds=60)
    done = await counts_of(world, feed(edited, made, gone=("b",)))
    assert (done.added, done.updated, done.deleted, done.unchanged) == (0, 0, 0, 2)
    # each was given out once, with the action
    assert await positions(world) == reported
    # and what somebody else does afterwards is news
    done = await counts_of(world, feed(Book(id="a", title="Exiles", edition=3)))
    assert done.updated == 1


async def test_what_no_sync_has_read_is_left_alone(world: World) -> None:
    await act(world, FIRST[0], "b")
    assert await world.stored() == []
    async with world.db.read() as tx:
        assert await records.counts(tx, world.connection.id) == {}
    # another partition than the sync's
    await world.run(lambda ctx: _pages(page(0, partition="attic", settled=True)))
    await act(world, FIRST[0])
    assert len(await world.stored()) == 3


async def _pages(*batches: Any) -> Any:
    for batch in batches:
        yield batch


async def test_an_action_that_fails_changes_nothing(world: World) -> None:
    await world.run(feed(*FIRST, full=True))
    before = await positions(world)
    with pytest.raises(ActionFailed):
        await act(world, Book(id="a", title="No"), "b", fails=True)
    assert await positions(world) == before


async def test_what_is_gone_takes_along_what_lies_below(world: World) -> None:
    inner = Book(id="c", title="Leaf", box="b")
    await world.run(feed(*FIRST, inner, Book(id="d", title="Slip", box="c"), full=True))
    await act(world, "b")
    assert await world.titles() == {"a": "Ulysses"}


async def test_keeps_and_find(world: World) -> None:
    await world.run(feed(*FIRST, full=True))
    seen: list[Any] = []

    async def lend(ctx: Any, days: int) -> Book:
        seen.append(await ctx.records.keeps(Book, "shelf"))
        seen.append(await ctx.records.keeps(Book, "attic"))
        seen.append(await ctx.records.find(Book, "a"))
        seen.append(await ctx.records.find(Book, "z"))
        return FIRST[0]

    world.library.action = lend
    await world.engine().run_action(world.connection, "lend", {"days": 1})
    assert seen == [True, False, FIRST[0], None]


async def test_a_record_that_no_sync_keeps_is_the_authors_mistake(world: World) -> None:
    async def lend(ctx: Any, days: int) -> Book:
        ctx.records.put(Stone(id="s"))
        return FIRST[0]

    world.library.action = lend
    with pytest.raises(OutputInvalid, match="Stone"):
        await world.engine().run_action(world.connection, "lend", {"days": 1})


def in_flight(world: World, stale: Batch[Book], *changes: Any, more: Any = ()) -> Any:
    """Return a sync whose page was read before the changes, and is stored after them."""

    async def sync(ctx: Any) -> Any:
        await act(world, *changes)
        yield stale
        for batch in more:
            yield batch

    return sync


async def test_an_older_page_does_not_undo_a_change(world: World) -> None:
    await world.run(feed(*FIRST, full=True))
    world.advance(seconds=60)
    edited = Book(id="a", title="Dubliners", edition=2)
    stale = Batch(
        upsert=[*FIRST, Book(id="c", title="Exiles", edition=1)],
        checkpoint=Place(page=2),
        partition="shelf",
        settled=True,
    )
    done = await counts_of(world, in_flight(world, stale, edited, "b"))
    assert (done.added, done.updated, done.deleted) == (1, 0, 0)
    assert await world.titles() == {"a": "Dubliners", "c": "Exiles"}


async def test_a_page_that_is_newer_than_the_change_counts(world: World) -> None:
    await world.run(feed(*FIRST, full=True))
    newer = Book(id="a", title="Exiles", edition=3)
    page_ = Batch(upsert=[newer], checkpoint=Place(page=2), partition="shelf", settled=True)
    edited = Book(id="a", title="Dubliners", edition=2)
    done = await counts_of(world, in_flight(world, page_, edited))
    assert done.updated == 1
    assert await world.titles() == {"a": "Exiles", "b": "Emma"}


async def test_without_revisions_the_feed_has_the_last_word(world: World) -> None:
    await world.run(feed(Book(id="a", title="Ulysses"), full=True))
    page_ = Batch(
        upsert=[Book(id="a", title="Ulysses")], partition="shelf", checkpoint=Place(page=2)
    )
    await world.run(in_flight(world, page_, Book(id="a", title="Dubliners")))
    assert await world.titles() == {"a": "Ulysses"}  # until the next page tells


@pytest.mark.parametrize("is_cut", [False, True])
async def test_a_full_read_sweeps_nothing_that_was_made_meanwhile(
    world: World, *, is_cut: bool
) -> None:
    await world.run(feed(*FIRST, full=True))
    made = Book(id="c", title="Middlemarch", edition=1)
    edited = Book(id="a", title="Dubliners", edition=2)
    # pages of an enumeration that began before: neither knows what was made, one has the old title
    start = Batch(
        upsert=FIRST if not is_cut else FIRST[1:],
        partition="shelf",
        restart=True,
        checkpoint=Place(page=1),
    )
    end = Batch(
        upsert=[] if not is_cut else FIRST[:1],
        partition="shelf",
        settled=True,
        checkpoint=Place(page=2),
    )
    done = await counts_of(world, in_flight(world, start, made, edited, more=[end]))
    assert (done.added, done.updated, done.deleted) == (0, 0, 0)
    assert await world.titles() == {"a": "Dubliners", "b": "Emma", "c": "Middlemarch"}
    # and the next full read, which begins later, has the last word again
    world.advance(seconds=60)
    done = await counts_of(world, feed(edited, FIRST[1], full=True))
    assert done.deleted == 1
    assert await world.titles() == {"a": "Dubliners", "b": "Emma"}
