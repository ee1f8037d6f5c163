"""Moves: what lies below a record that moved is moved. (docs/adr/0015-moves-are-carried.md)"""

# ruff: noqa: A001  # named as the columns are, and nothing here needs the builtins

from collections.abc import Mapping

from fairlead.model.batch import StoredBatch
from fairlead.model.content import Lineage, Move, carried, move_of, place_of
from fairlead.store.database import Tx
from fairlead.store.record_rows import CHUNK, Below, Fresh, Place, RecordRows
from fairlead.store.record_seals import Form
from fairlead.store.streams import Stream


async def moved_in(
    tx: Tx, rows: RecordRows, stream: Stream, batch: StoredBatch, form: Form
) -> dict[str, Move]:
    """Return how those of the batch's records moved that lie elsewhere than they did."""
    lineage = batch.lineage
    if lineage is None or not batch.upsert:
        return {}
    stored = await rows.contents(stream.id, list(batch.upsert))
    await form.learn(tx, (content for _, content in stored))
    moves = {
        id: move_of(form.opened(id, content), batch.upsert[id][1], lineage)
        for id, content in stored
    }
    return {id: move for id, move in moves.items() if move is not None}


def _retold(stream: Stream, form: Form, row: Below, told: tuple[bytes, bytes]) -> Fresh:
    """Return a live row with other content, as a change of its own."""
    digest, content = told
    position = stream.next_position()
    return (
        row.id,
        position,
        form.hash(digest),
        form.content(row.id, content),
        "UPDATED",
        row.parent,
    )


async def carry(  # noqa: PLR0917  # what a batch is written with
    tx: Tx,
    rows: RecordRows,
    stream: Stream,
    place: Place,
    moved: Mapping[str, Move],
    lineage: Lineage,
    form: Form,
) -> int:
    """Give what lies below what moved its place, level by level; return how many.

    What came along in the batch is right already, and moves what lies below it by itself.
    """
    level = dict(moved)
    seen = set(level)
    done = 0
    while level:
        below: dict[str, Move] = {}
        parents = list(level)
        for start in range(0, len(parents), CHUNK):
            fresh: list[Fresh] = []
            found = await rows.below(stream.id, parents[start : start + CHUNK])
            await form.learn(tx, (row.content for row in found))
            for row in found:
                if row.id in seen:
                    continue
                seen.add(row.id)
                below[row.id], told = carried(
                    form.opened(row.id, row.content), level[row.parent], lineage
                )
                if told is not None:
                    fresh.append(_retold(stream, form, row, told))
            if fresh:
                await rows.retell(place, fresh)
            done += len(fresh)
        level = below
    return done


async def settle_places(  # noqa: PLR0917  # what a batch is written with
    tx: Tx, rows: RecordRows, stream: Stream, place: Place, batch: StoredBatch, form: Form
) -> int:
    """Put right what a full read told of earlier than of the batch's record above it; how many.

    A full read is no snapshot: the one above may have moved between the two pages, and what the
    vendor tells of it later will be no news then. What came along in the batch is right already.
    """
    lineage = batch.lineage
    if lineage is None:
        return 0
    moved: dict[str, Move] = {}
    fresh: list[Fresh] = []
    above = list(batch.upsert)
    for start in range(0, len(above), CHUNK):
        parents = above[start : start + CHUNK]
        found = await rows.below(stream.id, parents, generation=place.generation)
        await form.learn(tx, (row.content for row in found))
        places = {
            id: place_of(batch.upsert[id][1], lineage) for id in {row.parent for row in found}
        }
        for row in found:
            if row.id in batch.upsert or (place_above := places[row.parent]) is None:
                continue
            move, told = carried(form.opened(row.id, row.content), place_above, lineage)
            if told is not None:
                moved[row.id] = move
                fresh.append(_retold(stream, form, row, told))
    if not moved:
        return 0
    await rows.retell(place, fresh)
    return len(fresh) + await carry(tx, rows, stream, place, moved, lineage, form)
