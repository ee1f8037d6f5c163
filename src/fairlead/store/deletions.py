"""Many deletions at once: sweeps, cascades, and the breaker that holds back what is beyond belief.

A deletion that is held back leaves its record alive, with a generation below zero. It happens when
another run comes to the same conclusion, or when somebody approves it; a record that is seen again
meanwhile is as it was. (docs/adr/0012-held-deletions.md)
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, column, delete, func, literal, select, text, update

from fairlead.model.batch import BatchCounts
from fairlead.model.run import Run
from fairlead.store import dialect
from fairlead.store.database import Tx
from fairlead.store.streams import Stream
from fairlead.store.tables import cascades, records, streams

#: generation of a record whose deletion is held back
HELD = -1
#: ids named in one statement
_CHUNK = 1000

# From the roots downwards, in that order: SQLite, which has no statistics, takes a stream for ten
# records, and would look at each of them once for every root and everything below. UNION, not
# UNION ALL: what lies below itself must not go round for ever.
_BELOW = """
SELECT child.id FROM cascades CROSS JOIN records AS child {by}
WHERE cascades.partition_id = :of_partition AND child.parent = cascades.id
AND child.stream_id = :of_stream AND child.partition_id = :of_partition
AND child.deleted_us IS NULL AND NOT EXISTS (
  SELECT 1 FROM records AS back
  WHERE back.stream_id = :of_stream AND back.id = cascades.id
  AND back.partition_id = :of_partition AND back.deleted_us IS NULL AND back.generation >= 0)
UNION SELECT child.id FROM below CROSS JOIN records AS child {by}
WHERE child.parent = below.id AND child.stream_id = :of_stream
AND child.partition_id = :of_partition AND child.deleted_us IS NULL
"""
# as in the index; a bound zero would keep PostgreSQL from using it
_IS_HELD = text("records.generation < 0")
_IS_NOT_HELD = text("records.generation >= 0")


@dataclass(frozen=True, slots=True)
class Breaker:
    """How much of a model one run may delete: more than both of these is held back."""

    #: of the records there were when the run began
    share: float = 0.3
    #: records
    floor: int = 100


@dataclass(slots=True)
class Toll:
    """What a run deletes from a stream, and how much more is believed."""

    breaker: Breaker
    run_id: str
    #: records there were when the run began; where there were none, there is nothing to guard
    before: int
    #: by this run, up to now
    deleted: int
    #: may this run's word confirm what an earlier one held back?
    confirms: bool

    @classmethod
    def of(cls, breaker: Breaker, run: Run, stream: Stream, model: str) -> "Toll":
        """Return the toll of a run's next step."""
        done = run.counts.get(model, BatchCounts())
        return cls(
            breaker=breaker,
            run_id=run.id,
            before=stream.live + done.deleted - done.added,
            deleted=done.deleted,
            confirms=stream.held_run != run.id,
        )

    def admits(self, more: int) -> bool:
        """Say whether so many more are believed."""
        total = self.deleted + more
        most = max(self.breaker.floor, self.breaker.share * self.before)
        return self.before <= 0 or total <= most


def _chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + _CHUNK] for start in range(0, len(ids), _CHUNK))


def _live(stream: Stream) -> list[ColumnElement[bool]]:
    return [records.c.stream_id == stream.id, records.c.deleted_us.is_(None)]


async def _bury(tx: Tx, stream: Stream, which: Select[tuple[str, int]]) -> int:
    """Make tombstones of records, of (id, position), in one statement; return how many."""
    numbered = which.subquery("numbered")
    doomed = select(
        # given from there, so that few are looked up, and not the whole stream joined
        literal(stream.id).label("stream_id"),
        numbered.c.id,
        # a sum, lest SQLite read the whole stream in the order of its positions
        func.row_number().over(order_by=numbered.c.position + 0).label("nth"),
    ).subquery("doomed")
    buried = await tx.count(
        update(records)
        .where(records.c.stream_id == doomed.c.stream_id, records.c.id == doomed.c.id)
        .values(
            position=stream.last_position + doomed.c.nth,
            last_modified_us=stream.last_modified_us,
            deleted_us=stream.last_modified_us,
            last_action="DELETED",
        )
    )
    stream.last_position += buried
    stream.live -= buried
    return buried


async def _settle_account(
    tx: Tx, stream: Stream, toll: Toll, which: Select[tuple[str, int]]
) -> BatchCounts:
    """Delete records, or hold that back if it is too much; what was held before is confirmed."""
    fresh = which.where(_IS_NOT_HELD)
    done = BatchCounts()
    if toll.confirms and stream.held_run is not None:
        done += BatchCounts(deleted=await _bury(tx, stream, which.where(_IS_HELD)))
    # few records need not be counted first
    more = 0
    if toll.before > toll.breaker.floor:
        more = await tx.scalar(select(func.count()).select_from(fresh.subquery("fresh"))) or 0
    if not toll.admits(more):
        ids = fresh.subquery("held")
        held = await tx.count(
            update(records)
            .where(records.c.stream_id == stream.id, records.c.id.in_(select(ids.c.id)))
            .values(generation=HELD)
        )
        _note_hold(stream, toll)
        return done + BatchCounts(held=held)
    buried = await _bury(tx, stream, fresh)
    toll.deleted += buried
    return done + BatchCounts(deleted=buried)


def _note_hold(stream: Stream, toll: Toll) -> None:
    stream.held_run = toll.run_id
    toll.confirms = False


async def sweep(
    tx: Tx,
    stream: Stream,
    partition_ids: Sequence[int],
    before_generation: int | None,
    toll: Toll,
) -> BatchCounts:
    """Delete the live records of partitions.

    With `before_generation` only those that were last seen in an older one.
    """
    doomed = select(records.c.id, records.c.position).where(
        *_live(stream), records.c.partition_id.in_(partition_ids)
    )
    if before_generation is not None:
        doomed = doomed.where(records.c.generation < before_generation)
    return await _settle_account(tx, stream, toll, doomed)


async def remember_roots(tx: Tx, partition_id: int, ids: Sequence[str]) -> None:
    """Note what is gone with all that lies below it; `cascade` sees to the rest."""
    for chunk in _chunks(ids):
        await tx.execute(
            dialect.insert(tx, cascades)
            .values([{"partition_id": partition_id, "id": one} for one in chunk])
            .on_conflict_do_nothing()
        )


async def forget_roots(tx: Tx, partition_id: int) -> None:
    """Note that nothing of the partition is to be cascaded any more."""
    await tx.execute(delete(cascades).where(cascades.c.partition_id == partition_id))


async def cascade(tx: Tx, stream: Stream, partition_id: int, toll: Toll) -> BatchCounts:
    """Delete what lies below the partition's roots, in one statement.

    Of roots that came back meanwhile nothing is deleted.
    """
    rooted = select(cascades.c.id).where(cascades.c.partition_id == partition_id).limit(1)
    if await tx.first(rooted) is None:
        return BatchCounts()
    below = (
        text(_BELOW.format(by=dialect.by_index(tx, "ix_records_below")))
        .bindparams(of_stream=stream.id, of_partition=partition_id)
        .columns(column("id"))
        # inside the statement: SQLite does not count the rows of an UPDATE behind a WITH
        .cte("below", recursive=True, nesting=True)
    )
    doomed = select(records.c.id, records.c.position).where(
        *_live(stream), records.c.id.in_(select(below.c.id))
    )
    done = await _settle_account(tx, stream, toll, doomed)
    await forget_roots(tx, partition_id)
    return done


async def hold(tx: Tx, stream: Stream, ids: Sequence[str], toll: Toll) -> BatchCounts:
    """Hold the deletion of these back."""
    for chunk in _chunks(ids):
        await tx.execute(
            update(records)
            .where(records.c.stream_id == stream.id, records.c.id.in_(chunk))
            .values(generation=HELD)
        )
    _note_hold(stream, toll)
    return BatchCounts(held=len(ids))


async def approve(tx: Tx, stream: Stream) -> int:
    """Delete what was held back, in one statement; return how many."""
    if stream.held_run is None:
        return 0
    doomed = select(records.c.id, records.c.position).where(*_live(stream), _IS_HELD)
    return await _bury(tx, stream, doomed)


async def held_by_model(tx: Tx, connection_pk: int) -> dict[str, int]:
    """Return how many deletions are held back: `model` or `model::variant` -> count."""
    rows = await tx.all(
        select(streams.c.model, streams.c.variant, func.count().label("held"))
        .join(records, records.c.stream_id == streams.c.id)
        .where(
            streams.c.connection_pk == connection_pk,
            streams.c.held_run.is_not(None),
            text("records.generation < 0 AND records.deleted_us IS NULL"),
        )
        .group_by(streams.c.model, streams.c.variant)
    )
    return {
        row.model if row.variant == "base" else f"{row.model}::{row.variant}": row.held
        for row in rows
    }
