"""Lists of records that a reader can follow: in the order of change, by position."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import orjson
from sqlalchemy import ColumnElement, Row, Select, select

from fairlead.model.clock import epoch_us, from_epoch_us
from fairlead.model.record import Record
from fairlead.store.database import Tx
from fairlead.store.record_seals import PLAIN, Seals
from fairlead.store.tables import partitions, records, streams
from fairlead.vault.record_seal import RecordSeal, is_sealed

Action = Literal["added", "updated", "deleted"]


def _list_query() -> Select[Any]:
    return (
        select(
            records.c.id,
            partitions.c.name.label("partition"),
            records.c.content,
            records.c.first_seen_us,
            records.c.last_modified_us,
            records.c.deleted_us,
            records.c.pruned_us,
            records.c.last_action,
            records.c.position,
        )
        .join(partitions, partitions.c.id == records.c.partition_id)
        .order_by(records.c.position)
    )


def _maybe(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else from_epoch_us(microseconds)


def _record(row: Row[Any], model: str, variant: str, reader: RecordSeal | None) -> Record:
    content = row.content
    if reader is not None and is_sealed(content):
        content = reader.open(row.id, content)
    return Record(
        id=row.id,
        model=model,
        variant=variant,
        partition=row.partition,
        content=orjson.loads(content),
        first_seen_at=from_epoch_us(row.first_seen_us),
        last_modified_at=from_epoch_us(row.last_modified_us),
        deleted_at=_maybe(row.deleted_us),
        pruned_at=_maybe(row.pruned_us),
        last_action=row.last_action,
        position=row.position,
    )


async def list_records(
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
    seals: Seals = PLAIN,
) -> list[Record]:
    """Return records in the order of their last change, beginning after a position.

    Tombstones are part of the list. `filters` names last actions, none = all. `modified_after` is
    exclusive. A model that was never synced is an empty list.
    """
    stream = await tx.first(
        select(streams.c.id, streams.c.last_position).where(
            streams.c.connection_pk == connection_pk,
            streams.c.model == model,
            streams.c.variant == variant,
        )
    )
    if stream is None:
        return []
    if modified_after is not None:
        after = await last_before(
            tx, stream.id, epoch_us(modified_after), after, stream.last_position
        )
    conditions: list[ColumnElement[bool]] = [
        records.c.stream_id == stream.id,
        records.c.position > after,
    ]
    if filters:
        conditions.append(records.c.last_action.in_(sorted(name.upper() for name in filters)))
    if ids:
        conditions.append(records.c.id.in_(ids))
    rows = await tx.all(_list_query().where(*conditions).limit(limit))
    reader = await seals.reader(tx, stream.id, (row.content for row in rows))
    return [_record(row, model, variant, reader) for row in rows]


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
