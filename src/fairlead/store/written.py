"""Put what an action changed at the vendor into the records that syncs keep of it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select

from fairlead.model.batch import StoredBatch
from fairlead.store import changes, dialect, records, streams, tables, write_backs
from fairlead.store.database import Tx
from fairlead.store.deletions import Breaker, Toll
from fairlead.store.dialect_records import record_rows
from fairlead.store.record_rows import RecordRows
from fairlead.store.record_seals import PLAIN, Seals
from fairlead.store.streams import Stream
from fairlead.store.tables import partitions

#: ids named in one statement
_CHUNK = 1000


async def keeps(tx: Tx, *, connection_pk: int, model: str, partition: str) -> bool:
    """Say whether a sync has read this partition of a model, in any variant."""
    found = await tx.first(
        select(partitions.c.id)
        .join(tables.streams, tables.streams.c.id == partitions.c.stream_id)
        .where(
            tables.streams.c.connection_pk == connection_pk,
            tables.streams.c.model == model,
            partitions.c.name == partition,
        )
        .limit(1)
    )
    return found is not None


async def write_back(
    tx: Tx,
    *,
    connection_pk: int,
    run_id: str,
    batch: StoredBatch,
    now: datetime,
    seals: Seals = PLAIN,
) -> int:
    """Put what an action changed into the records of each variant that knows the partition.

    A deleted record takes along what lies below it. Where no sync has read the partition, nothing
    happens. Returns how many records changed.
    """
    await dialect.hold_connection(tx, connection_pk)
    changed = 0
    for variant in await streams.variants(tx, connection_pk, batch.model):
        stream = await streams.find(tx, connection_pk, batch.model, variant, now)
        if stream is None:
            continue
        partition = await streams.known(tx, stream.id, batch.partition)
        before = stream.last_position
        if partition is None:
            continue
        rows = await record_rows(tx)
        gone = await _with_below(rows, stream, batch.delete)
        # nobody has to believe it: it was done
        toll = Toll(Breaker(), run_id, before=0, deleted=0, confirms=True)
        form = await seals.form(tx, stream.id)
        whole = replace(batch, delete=gone)
        done = await records.write_rows(tx, stream, partition, whole, toll, form)
        await write_backs.remember(tx, stream, whole, now)
        await stream.save(tx)
        await changes.mark(tx, stream.id, before, seals)
        changed += done.added + done.updated + done.deleted
    return changed


async def _with_below(rows: RecordRows, stream: Stream, ids: Sequence[str]) -> tuple[str, ...]:
    """Return ids and those of all that lies below them."""
    found = dict.fromkeys(ids)
    level = list(found)
    while level:
        here: list[str] = []
        for start in range(0, len(level), _CHUNK):
            below = await rows.below(stream.id, level[start : start + _CHUNK])
            here += [row.id for row in below if row.id not in found]
        found |= dict.fromkeys(here)
        level = here
    return tuple(found)
