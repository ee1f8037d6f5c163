"""Pruning: empty the content of records and keep what is known of them."""

from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import bindparam, select, update

from fairlead.model.clock import epoch_us
from fairlead.store import dialect, streams
from fairlead.store.database import Tx
from fairlead.store.record_lists import last_before
from fairlead.store.streams import Stream
from fairlead.store.tables import records
from fairlead.store.tables import streams as stream_rows


@dataclass(frozen=True, slots=True)
class Pruned:
    """What one step emptied."""

    count: int = 0
    #: position of the last one
    last: int = 0


_EMPTY = (
    update(records)
    .where(records.c.stream_id == bindparam("stream"), records.c.id == bindparam("pruned_id"))
    # No content has this hash, so whatever is saved next is news.
    .values(content=bindparam("rest"), hash=b"", pruned_us=bindparam("at"))
)


async def prune(
    tx: Tx,
    connection_pk: int,
    model: str,
    variant: str,
    *,
    until: int,
    limit: int,
    now: datetime,
) -> Pruned:
    """Empty up to `limit` records in the order of their last change, to a position and with it.

    Position and times stay. A record that is saved again comes back as updated.
    """
    await dialect.hold_connection(tx, connection_pk)
    stream = await streams.find(tx, connection_pk, model, variant)
    return Pruned() if stream is None else await _prune(tx, stream, until, limit, now)


async def _prune(tx: Tx, stream: Stream, until: int, limit: int, now: datetime) -> Pruned:
    rows = await tx.all(
        select(records.c.id, records.c.position)
        .where(
            records.c.stream_id == stream.id,
            records.c.position <= until,
            records.c.pruned_us.is_(None),
        )
        .order_by(records.c.position)
        .limit(limit)
    )
    if not rows:
        return Pruned()
    at = epoch_us(now)
    values = [
        {"stream": stream.id, "pruned_id": row.id, "rest": orjson.dumps({"id": row.id}), "at": at}
        for row in rows
    ]
    await tx.execute(_EMPTY, values)
    return Pruned(len(rows), rows[-1].position)


async def all_streams(tx: Tx) -> list[tuple[int, str, str]]:
    """Return every stream as (connection, model, variant)."""
    rows = await tx.all(
        select(stream_rows.c.connection_pk, stream_rows.c.model, stream_rows.c.variant)
    )
    return [(row.connection_pk, row.model, row.variant) for row in rows]


async def prune_older(
    tx: Tx, key: tuple[int, str, str], *, before: datetime, limit: int, now: datetime
) -> int:
    """Empty up to `limit` records of a stream that did not change since; return how many."""
    await dialect.hold_connection(tx, key[0])
    stream = await streams.find(tx, *key)
    if stream is None:
        return 0
    until = await last_before(tx, stream.id, epoch_us(before), 0, stream.last_position)
    return (await _prune(tx, stream, until, limit, now)).count
