"""Streams and partitions: the rows under whose lock records change.

A stream is the records of one (connection, model, variant). Its row gives out positions, so
changes of one stream commit one after the other, and a reader that follows positions misses none.
A partition is a sub-feed of it; its generation grows with each full read, and while the read is
under way records of an older generation are in doubt.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import bindparam, delete, select, update

from fairlead.errors import Conflict, NotFound
from fairlead.model.clock import epoch_us
from fairlead.model.function import Sync
from fairlead.store import dialect
from fairlead.store.database import Tx
from fairlead.store.prepared import for_each
from fairlead.store.tables import partitions, records, streams

# a batch of a sync runs each of them
_FIND = for_each(
    select(
        streams.c.id,
        streams.c.last_position,
        streams.c.last_modified_us,
        streams.c.live,
        streams.c.held_run,
        streams.c.written_us,
    )
    .where(
        streams.c.connection_pk == bindparam("connection"),
        streams.c.model == bindparam("named_model"),
        streams.c.variant == bindparam("named_variant"),
    )
    .with_for_update()
)
_SAVE = for_each(
    update(streams)
    .where(streams.c.id == bindparam("stream"))
    .values(
        last_position=bindparam("new_position"),
        last_modified_us=bindparam("new_modified"),
        live=bindparam("new_live"),
        held_run=bindparam("new_held_run"),
        written_us=bindparam("new_written_us"),
    )
)
_ENTER = for_each(
    select(partitions.c.id, partitions.c.generation, partitions.c.in_doubt).where(
        partitions.c.stream_id == bindparam("stream"), partitions.c.name == bindparam("named")
    )
)


@dataclass(slots=True)
class Stream:
    """A locked stream; `save` writes what it gave out."""

    id: int
    last_position: int
    last_modified_us: int
    live: int
    #: id of the run that last held deletions back
    held_run: str | None = None
    #: when an action last changed a record of it
    written_us: int | None = None
    _saved: tuple[int, int, int, str | None, int | None] = field(init=False)

    def __post_init__(self) -> None:
        self._saved = self._state

    @property
    def _state(self) -> tuple[int, int, int, str | None, int | None]:
        return (
            self.last_position,
            self.last_modified_us,
            self.live,
            self.held_run,
            self.written_us,
        )

    def next_position(self) -> int:
        """Give out the next position."""
        self.last_position += 1
        return self.last_position

    async def save(self, tx: Tx) -> None:
        """Write what changed, if anything did."""
        if self._state != self._saved:
            new = {
                "stream": self.id,
                "new_position": self.last_position,
                "new_modified": self.last_modified_us,
                "new_live": self.live,
                "new_held_run": self.held_run,
                "new_written_us": self.written_us,
            }
            await tx.change(_SAVE, new)


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition's state."""

    id: int
    generation: int
    in_doubt: bool


async def find(
    tx: Tx, connection_pk: int, model: str, variant: str, now: datetime | None = None
) -> Stream | None:
    """Return the stream, locked until the transaction ends, None if it was never written to.

    Its time never goes back, whatever the clock does: `last_modified_us` grows with positions.
    """
    named = {"connection": connection_pk, "named_model": model, "named_variant": variant}
    row = await tx.quick(_FIND, named)
    if row is None:
        return None
    stream = Stream(
        row.id,
        row.last_position,
        row.last_modified_us,
        row.live,
        row.held_run,
        row.written_us,
    )
    if now is not None:
        stream.last_modified_us = max(stream.last_modified_us, epoch_us(now))
    return stream


async def lock(tx: Tx, connection_pk: int, model: str, variant: str, now: datetime) -> Stream:
    """Return the stream, made if need be, locked until the transaction ends."""
    stream = await find(tx, connection_pk, model, variant, now)
    if stream is None:
        # Positions begin at the time of birth: a connection that is deleted and made anew goes on
        # beyond the cursors that its readers still hold (nobody writes a million rows a second).
        await tx.execute(
            dialect.insert(tx, streams)
            .values(
                connection_pk=connection_pk,
                model=model,
                variant=variant,
                last_position=epoch_us(now),
                last_modified_us=0,
                live=0,
            )
            .on_conflict_do_nothing(index_elements=["connection_pk", "model", "variant"])
        )
        stream = await find(tx, connection_pk, model, variant, now)
    if stream is None:
        raise NotFound("The connection was deleted meanwhile")
    return stream


async def enter(tx: Tx, stream: Stream, name: str, *, restart: bool) -> Partition:
    """Return the stream's partition, made if need be; `restart` puts its records in doubt."""
    row = await tx.quick(_ENTER, {"stream": stream.id, "named": name})
    if row is None:
        row = await tx.first(
            dialect.insert(tx, partitions)
            .values(stream_id=stream.id, name=name, generation=0, in_doubt=False)
            .returning(partitions.c.id, partitions.c.generation, partitions.c.in_doubt)
        )
    if row is None:
        raise NotFound("The connection was deleted meanwhile")
    if not restart:
        return Partition(row.id, row.generation, row.in_doubt)
    await tx.execute(
        update(partitions)
        .where(partitions.c.id == row.id)
        .values(generation=row.generation + 1, in_doubt=True)
    )
    return Partition(row.id, row.generation + 1, in_doubt=True)


async def variants(tx: Tx, connection_pk: int, model: str) -> list[str]:
    """Return the variants of a model that have a stream."""
    rows = await tx.all(
        select(streams.c.variant).where(
            streams.c.connection_pk == connection_pk, streams.c.model == model
        )
    )
    return sorted(row.variant for row in rows)


async def known(tx: Tx, stream_id: int, name: str) -> Partition | None:
    """Return a partition of a stream, None if it was never entered."""
    row = await tx.quick(_ENTER, {"stream": stream_id, "named": name})
    return None if row is None else Partition(row.id, row.generation, row.in_doubt)


async def settle(tx: Tx, partition: Partition) -> None:
    """Note that no record of the partition is in doubt any more."""
    await tx.execute(
        update(partitions).where(partitions.c.id == partition.id).values(in_doubt=False)
    )


async def partitions_except(tx: Tx, stream: Stream, keep: set[str]) -> list[int]:
    """Return the ids of the stream's partitions whose names are not in `keep`."""
    rows = await tx.all(
        select(partitions.c.id, partitions.c.name).where(partitions.c.stream_id == stream.id)
    )
    return [row.id for row in rows if row.name not in keep]


async def live_by_model(tx: Tx, connection_pk: int) -> dict[str, int]:
    """Return how many live records each stream has: `model` or `model::variant` -> count."""
    rows = await tx.all(
        select(streams.c.model, streams.c.variant, streams.c.live)
        .where(streams.c.connection_pk == connection_pk)
        .order_by(streams.c.model, streams.c.variant)
    )
    return {
        row.model if row.variant == "base" else f"{row.model}::{row.variant}": row.live
        for row in rows
    }


async def empty(tx: Tx, stream: Stream) -> None:
    """Delete the stream's records for good; its positions go on where they were."""
    await tx.execute(delete(records).where(records.c.stream_id == stream.id))
    await tx.execute(delete(partitions).where(partitions.c.stream_id == stream.id))
    stream.live = 0
    stream.held_run = None
    await stream.save(tx)


def check_stale(model: str, syncs: Iterable[Sync]) -> None:
    """Refuse to delete what a sync keeps: its next run would not bring it back; Conflict."""
    if keeping := sorted(sync.name for sync in syncs if model in sync.models):
        raise Conflict(
            f"'{model}' is kept by the sync {', '.join(keeping)}; only the records of a model that "
            "no sync keeps any more are deleted so. Trigger the sync with emptyCache instead.",
            code="model_in_use",
        )


async def remove(
    tx: Tx, connection_pk: int, model: str, variant: str | None = None
) -> dict[str, int]:
    """Delete a model's streams for good, with all records; return what `live_by_model` told."""
    await dialect.hold_connection(tx, connection_pk)
    mine = [streams.c.connection_pk == connection_pk, streams.c.model == model]
    if variant is not None:
        mine.append(streams.c.variant == variant)
    rows = await tx.all(select(streams.c.id, streams.c.variant, streams.c.live).where(*mine))
    # partitions and records go along
    await tx.execute(delete(streams).where(*mine))
    return {model if row.variant == "base" else f"{model}::{row.variant}": row.live for row in rows}
