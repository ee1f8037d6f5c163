"""Lists of records that a reader can follow: in the order of change, by position."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

import orjson
from sqlalchemy import bindparam, select

from fairlead.model.clock import epoch_us, from_epoch_us
from fairlead.model.record import Record
from fairlead.store.database import Tx
from fairlead.store.dialect_records import record_rows
from fairlead.store.record_seals import PLAIN, Seals
from fairlead.store.tables import partitions, records, streams
from fairlead.vault.record_seal import is_sealed

Action = Literal["added", "updated", "deleted"]

# built once: every page of every reader runs it
_STREAM = select(streams.c.id, streams.c.last_position).where(
    streams.c.connection_pk == bindparam("connection"),
    streams.c.model == bindparam("named_model"),
    streams.c.variant == bindparam("named_variant"),
)


class Listed(NamedTuple):
    """A record as it is stored: JSON as bytes, times in microseconds since 1970."""

    id: str
    #: as the sync gave it; for a deleted record the last known content
    content: bytes
    first_seen_us: int
    last_modified_us: int
    deleted_us: int | None
    pruned_us: int | None
    #: ADDED, UPDATED or DELETED
    last_action: str
    position: int
    partition_id: int


#: the same, without names
RawRow = tuple[str, bytes, int, int, int | None, int | None, str, int, int]


async def raw_rows(
    tx: Tx,
    *,
    connection_pk: int,
    model: str,
    variant: str = "base",
    after: int = 0,
    limit: int = 100,
    modified_after: datetime | None = None,
    filters: frozenset[Action] = frozenset(),
    ids: Sequence[str] = (),
    is_live: bool = False,
    seals: Seals = PLAIN,
) -> Sequence[RawRow]:
    """Return records in the order of their last change, beginning after a position.

    Tombstones are part of the list, unless `is_live`. `filters` names last actions, none = all.
    `modified_after` is exclusive. A model that was never synced is an empty list.
    """
    named = {"connection": connection_pk, "named_model": model, "named_variant": variant}
    stream = await tx.first(_STREAM, named)
    if stream is None:
        return []
    if modified_after is not None:
        after = await last_before(
            tx, stream.id, epoch_us(modified_after), after, stream.last_position
        )
    rows = await record_rows(tx)
    found: list[RawRow] = await rows.page(
        stream.id,
        after,
        limit,
        actions=sorted(name.upper() for name in filters),
        ids=ids,
        is_live=is_live,
    )
    reader = await seals.reader(tx, stream.id, (row[1] for row in found))
    if reader is None:
        return found
    return [
        (row[0], reader.open(row[0], row[1]) if is_sealed(row[1]) else row[1], *row[2:])
        for row in found
    ]


async def list_rows(tx: Tx, **which: Any) -> list[Listed]:
    """Return the same, with names."""
    return list(map(Listed._make, await raw_rows(tx, **which)))


async def list_records(
    tx: Tx, *, connection_pk: int, model: str, variant: str = "base", **which: Any
) -> list[Record]:
    """Return the same, parsed."""
    rows = await list_rows(tx, connection_pk=connection_pk, model=model, variant=variant, **which)
    used = {row.partition_id for row in rows}
    found = await tx.all(
        select(partitions.c.id, partitions.c.name).where(partitions.c.id.in_(used))
    )
    names = {row.id: row.name for row in found}
    return [
        Record(
            id=row.id,
            model=model,
            variant=variant,
            partition=names[row.partition_id],
            content=orjson.loads(row.content),
            first_seen_at=from_epoch_us(row.first_seen_us),
            last_modified_at=from_epoch_us(row.last_modified_us),
            deleted_at=_maybe(row.deleted_us),
            pruned_at=_maybe(row.pruned_us),
            last_action=row.last_action,
            position=row.position,
        )
        for row in rows
    ]


def _maybe(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else from_epoch_us(microseconds)


async def last_before(tx: Tx, stream_id: int, us: int, low: int, high: int) -> int:
    """Return the position up to which nothing was modified after `us`; at least `low`.

    Times never decrease along positions, so that halving finds it in some twenty look-ups, where a
    condition on the time would read the whole stream and an index would cost every write.
    """
    while low < high:
        middle = (low + high) // 2
        row = await tx.first(
            select(records.c.position, records.c.last_modified_us)
            .where(records.c.stream_id == stream_id, records.c.position > middle)
            .order_by(records.c.position)
            .limit(1)
        )
        if row is None or row.last_modified_us > us:
            high = middle
        else:
            low = row.position
    return low
