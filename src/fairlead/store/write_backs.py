"""Write-backs: what actions changed, remembered for as long as an older page may come.

A sync that is under way may hold a page that is older than a change (`written.py`). Such a page
must not undo it: so each change is remembered with its time, and with its revision at the vendor if
the record tells one. Its own echo has the same hash, and is no change.
(docs/adr/0020-write-backs.md)
"""

# ruff: noqa: A001  # named as the columns are, and nothing here needs the builtins

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from fairlead.model.batch import StoredBatch
from fairlead.model.clock import epoch_us
from fairlead.store import dialect
from fairlead.store.database import Tx
from fairlead.store.dialect_records import record_rows
from fairlead.store.record_rows import Place
from fairlead.store.streams import Partition, Stream
from fairlead.store.tables import write_backs

#: no run takes longer
_KEPT = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class _Written:
    """A change that an action made."""

    id: str
    revision: int | None
    is_deleted: bool


async def sift(
    tx: Tx,
    stream: Stream,
    partition: Partition,
    batch: StoredBatch,
    begun_at: datetime | None,
) -> StoredBatch:
    """Return a batch without what is older than the changes that actions made meanwhile.

    Of a record that was changed: an older revision. Of one that was deleted: that it is there. A
    revision that is not told is taken for a newer one, so that no change is ever lost. What was
    written counts as seen, so that a full read that began before does not sweep it away.
    """
    if stream.written_us is None or begun_at is None or stream.written_us < epoch_us(begun_at):
        return batch
    if not batch.upsert and not (batch.settled and partition.in_doubt):
        return batch
    written = await _since(tx, stream, epoch_us(begun_at))
    upsert = dict(batch.upsert)
    seen: list[str] = []
    for one in written:
        if one.id not in upsert:
            seen += [] if one.is_deleted else [one.id]
        elif one.is_deleted:
            del upsert[one.id]
        elif _is_older(batch, upsert[one.id][1], one.revision):
            del upsert[one.id]
            seen.append(one.id)
    if seen and partition.in_doubt:
        rows = await record_rows(tx)
        place = Place(stream.id, partition.id, partition.generation, stream.last_modified_us)
        here = await rows.known(stream.id, seen)
        mine = [row.id for row in here if row.partition_id == partition.id and not row.is_deleted]
        if mine:
            await rows.stamp(place, mine)
    return replace(batch, upsert=upsert)


def _is_older(batch: StoredBatch, content: bytes, written: int | None) -> bool:
    if written is None or batch.revision is None:
        return False
    told = batch.revision(content)
    return told is not None and told < written


async def remember(tx: Tx, stream: Stream, batch: StoredBatch, now: datetime) -> None:
    """Remember what an action changed; what is older than any run is forgotten."""
    us = epoch_us(now)
    await tx.execute(
        delete(write_backs).where(
            write_backs.c.stream_id == stream.id,
            write_backs.c.written_us < epoch_us(now - _KEPT),
        )
    )
    written = dict.fromkeys(batch.delete, (None, True)) | {
        id: (batch.revision(content) if batch.revision else None, False)
        for id, (_, content) in batch.upsert.items()
        if id not in set(batch.delete)
    }
    for id, (revision, is_deleted) in written.items():
        values = {"written_us": us, "revision": revision, "is_deleted": is_deleted}
        await tx.execute(
            dialect.insert(tx, write_backs)
            .values(stream_id=stream.id, id=id, **values)
            .on_conflict_do_update(index_elements=["stream_id", "id"], set_=values)
        )
    stream.written_us = us


async def _since(tx: Tx, stream: Stream, us: int) -> list[_Written]:
    rows = await tx.all(
        select(write_backs.c.id, write_backs.c.revision, write_backs.c.is_deleted).where(
            write_backs.c.stream_id == stream.id, write_backs.c.written_us >= us
        )
    )
    return [_Written(row.id, row.revision, row.is_deleted) for row in rows]
