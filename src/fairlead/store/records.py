"""Records: one batch, one transaction. Lists of them are in `record_lists.py`."""

# ruff: noqa: A001  # named as the columns are, and nothing here needs the builtins

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice

from sqlalchemy import select

from fairlead.errors import OutputInvalid
from fairlead.model.batch import BatchCounts, StoredBatch
from fairlead.store import checkpoints, deletions, runs, streams, tables, write_backs
from fairlead.store.columns import Unstorable, check_text
from fairlead.store.cursor import decode_cursor, encode_cursor
from fairlead.store.database import Tx
from fairlead.store.deletions import Breaker, Toll
from fairlead.store.dialect_records import record_rows
from fairlead.store.record_lists import list_records
from fairlead.store.record_moves import carry, moved_in, settle_places
from fairlead.store.record_rows import CHUNK, Fresh, Known, Place, RecordRows
from fairlead.store.record_seals import PLAIN, Form, Seals
from fairlead.store.streams import Partition, Stream

__all__ = [
    "alive",
    "commit_batch",
    "counts",
    "decode_cursor",
    "delete_stream",
    "encode_cursor",
    "list_records",
    "sweep_partitions",
]

#: longest id in bytes of UTF-8; an index entry of PostgreSQL has room for 2,700
LONGEST_ID = 1024
#: unless settings say otherwise
BREAKER = Breaker()


async def commit_batch(
    tx: Tx,
    *,
    connection_pk: int,
    sync_name: str,
    run_id: str,
    fencing_token: int,
    batch: StoredBatch,
    now: datetime,
    requests: int = 0,
    breaker: Breaker = BREAKER,
    seals: Seals = PLAIN,
) -> BatchCounts:
    """Write a batch with its checkpoint and the run's counters; LeaseLost if the run is not ours.

    A record whose hash is known costs one look-up and no write, unless its partition is in doubt:
    then it is stamped with the generation. A deleted record that is seen again counts as added.
    A delete of an unknown id does nothing; in a named partition it touches that partition's
    records only, so that a record which moved to another one survives the news of its leaving.
    Deletions that `breaker` does not believe are held back and counted as `held`. What an action
    wrote since the run began is not undone by a batch that is older (`write_backs.py`).
    """
    _check_ids(batch)
    run = await runs.check(tx, connection_pk, run_id, fencing_token)
    stream = await streams.lock(tx, connection_pk, batch.model, batch.variant, now)
    partition = await streams.enter(tx, stream, batch.partition, restart=batch.restart)
    toll = Toll.of(breaker, run, stream, batch.model)
    if batch.restart:
        await deletions.forget_roots(tx, partition.id)
    form = await seals.form(tx, stream.id)
    batch = await write_backs.sift(tx, stream, partition, batch, run.started_at)
    done = await write_rows(tx, stream, partition, batch, toll, form)
    if batch.delete_under:
        await deletions.remember_roots(tx, partition.id, batch.delete_under)
    if batch.settled:
        done += await _settle(tx, stream, partition, toll)
    await stream.save(tx)
    if batch.checkpoint is not None:
        await checkpoints.save(
            tx, connection_pk, sync_name, batch.variant, content=batch.checkpoint, now=now
        )
    await runs.add_counts(
        tx,
        run,
        model=batch.model,
        counts=done,
        batches=1,
        requests=requests,
    )
    return done


async def _settle(tx: Tx, stream: Stream, partition: Partition, toll: Toll) -> BatchCounts:
    done = await deletions.cascade(tx, stream, partition.id, toll)
    if partition.in_doubt:
        done += await deletions.sweep(tx, stream, [partition.id], partition.generation, toll)
        await streams.settle(tx, partition)
    return done


def _check_ids(batch: StoredBatch) -> None:
    ids = [*batch.upsert, *batch.delete, *batch.delete_under]
    if not ids:
        return
    # all at once: one by one they cost as much as looking them up
    lengths = list(map(len, ids))
    together = "".join(ids)
    # one character has four bytes at most
    if min(lengths) and max(lengths) <= LONGEST_ID // 4 and "\0" not in together:
        try:
            together.encode()
        except UnicodeEncodeError:
            pass
        else:
            return
    for one in ids:
        _check_id(one, batch.model)


def _check_id(text: str, model: str) -> None:
    try:
        check_text(text)
    except Unstorable as error:
        raise OutputInvalid(f"{model}: a record's id cannot be stored") from error
    if not text or len(text.encode()) > LONGEST_ID:
        raise OutputInvalid(
            f"{model}: a record's id must have 1 to {LONGEST_ID} bytes, not {len(text)}"
        )


async def write_rows(  # noqa: PLR0917  # what a batch is written with
    tx: Tx, stream: Stream, partition: Partition, batch: StoredBatch, toll: Toll, form: Form
) -> BatchCounts:
    """Write a batch's records into a partition that is entered, and nothing else of it."""
    rows = await record_rows(tx)
    place = Place(stream.id, partition.id, partition.generation, stream.last_modified_us)
    gone = dict.fromkeys((*batch.delete, *batch.delete_under))
    upserts = iter([item for item in batch.upsert.items() if item[0] not in gone])
    done = BatchCounts()
    # of a full read, everything tells its place itself
    is_full = partition.in_doubt
    moved = {} if is_full else await moved_in(tx, rows, stream, batch, form)
    while chunk := dict(islice(upserts, CHUNK)):
        done += await _upsert(
            tx,
            rows,
            stream,
            place,
            chunk,
            in_doubt=partition.in_doubt,
            parents=batch.parents,
            form=form,
        )
    if batch.replace:
        begun = await rows.beginning(stream.id, partition.id, batch.replace)
        gone |= dict.fromkeys(id for id in begun if id not in batch.upsert)
    if gone:
        done += await _delete(
            tx, rows, stream, place, list(gone), is_named=bool(batch.partition), toll=toll
        )
    # after the deletions: of what goes, nobody is told that it moved
    if moved and batch.lineage is not None:
        done += BatchCounts(
            updated=await carry(tx, rows, stream, place, moved, batch.lineage, form)
        )
    if is_full:
        early = await settle_places(tx, rows, stream, place, batch, form)
        done += BatchCounts(updated=early)
    return done


async def _upsert(
    tx: Tx,
    rows: RecordRows,
    stream: Stream,
    place: Place,
    chunk: dict[str, tuple[bytes, bytes]],
    *,
    in_doubt: bool,
    parents: Mapping[str, str],
    form: Form,
) -> BatchCounts:
    standing = await rows.standing(place, list(chunk), in_doubt=in_doubt)
    if form.writer is None:
        # most of a batch is as it was: this line is what it costs
        rest = [item for item in chunk.items() if standing.get(item[0]) != item[1][0]]
    else:
        hash_of = form.hash
        rest = [item for item in chunk.items() if standing.get(item[0]) != hash_of(item[1][0])]
    # in the order of appearance; a position that is not needed is left out
    placed = list(enumerate(rest, stream.last_position + 1))
    new = [
        (id, position, form.hash(digest), form.content(id, content), "ADDED", parents.get(id))
        for position, (id, (digest, content)) in placed
        if id not in standing
    ]
    if new:
        stream.last_position += len(rest)
        stream.live += len(new)
        await rows.add(place, new)
    done = BatchCounts(added=len(new), unchanged=len(chunk) - len(rest))
    if len(new) < len(rest):
        stored = {item[0]: (position, *item[1]) for position, item in placed if item[0] in standing}
        done += await _rewrite(
            tx, rows, stream, place, stored, in_doubt=in_doubt, parents=parents, form=form
        )
    return done


async def _rewrite(
    tx: Tx,
    rows: RecordRows,
    stream: Stream,
    place: Place,
    stored: dict[str, tuple[int, bytes, bytes]],
    *,
    in_doubt: bool,
    parents: Mapping[str, str],
    form: Form,
) -> BatchCounts:
    """Write what changed of records that are stored; of the others, where they were seen.

    `stored`: id -> position for a change, hash, content.
    """
    known = await rows.known(stream.id, list(stored))
    await form.learn(tx, (row.hash for row in known))
    before_of = {row.id: row for row in known}
    changed: list[Fresh] = []
    seen: list[str] = []
    recast: list[tuple[str, bytes, bytes]] = []
    restored = 0
    for id, (position, digest, content) in stored.items():
        before, hash = before_of[id], form.hash(digest)
        if before.is_deleted or (
            before.hash != hash and not form.is_same_otherwise(before.hash, digest)
        ):
            restored += before.is_deleted
            action = "ADDED" if before.is_deleted else "UPDATED"
            written = form.content(id, content)
            changed.append((id, position, hash, written, action, parents.get(id)))
            continue
        if before.hash != hash:
            recast.append((id, hash, form.content(id, content)))
        if _needs_stamp(before, place, in_doubt=in_doubt):
            seen.append(id)
    if changed:
        stream.last_position = max(stream.last_position, changed[-1][1])
        await rows.rewrite(place, changed)
    if seen:
        await rows.stamp(place, seen)
    if recast:
        await rows.recast(stream.id, recast)
    stream.live += restored
    return BatchCounts(
        added=restored, updated=len(changed) - restored, unchanged=len(stored) - len(changed)
    )


async def alive(
    tx: Tx, *, connection_pk: int, model: str, variant: str = "base", ids: Sequence[str]
) -> set[str]:
    """Return those of the ids that have a live record."""
    found: set[str] = set()
    for start in range(0, len(ids), CHUNK):
        rows = await tx.all(
            select(tables.records.c.id)
            .join(tables.streams, tables.streams.c.id == tables.records.c.stream_id)
            .where(
                tables.streams.c.connection_pk == connection_pk,
                tables.streams.c.model == model,
                tables.streams.c.variant == variant,
                tables.records.c.deleted_us.is_(None),
                tables.records.c.id.in_(ids[start : start + CHUNK]),
            )
        )
        found |= {row.id for row in rows}
    return found


def _needs_stamp(before: Known, place: Place, *, in_doubt: bool) -> bool:
    return (
        before.partition_id != place.partition_id
        or (in_doubt and before.generation != place.generation)
        # its deletion was held back, and here it is
        or before.generation < 0
    )


async def _delete(
    tx: Tx,
    rows: RecordRows,
    stream: Stream,
    place: Place,
    ids: list[str],
    *,
    is_named: bool,
    toll: Toll,
) -> BatchCounts:
    fresh: list[str] = []
    confirmed: list[str] = []
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        found = {row.id: row for row in await rows.known(stream.id, chunk)}
        for id in chunk:
            row = found.get(id)
            if row is None or row.is_deleted:
                continue
            if is_named and row.partition_id != place.partition_id:
                continue
            if row.generation >= 0:
                fresh.append(id)
            elif toll.confirms:
                confirmed.append(id)
    if fresh and not toll.admits(len(fresh)):
        held = await deletions.hold(tx, stream, fresh, toll)
        fresh = []
    else:
        held = BatchCounts()
        toll.deleted += len(fresh)
    dying = [(id, stream.next_position()) for id in (*fresh, *confirmed)]
    for start in range(0, len(dying), CHUNK):
        await rows.bury(place, dying[start : start + CHUNK])
    stream.live -= len(dying)
    return BatchCounts(deleted=len(dying)) + held


async def sweep_partitions(
    tx: Tx,
    *,
    connection_pk: int,
    model: str,
    variant: str = "base",
    keep: set[str],
    run_id: str,
    fencing_token: int,
    now: datetime,
    breaker: Breaker = BREAKER,
) -> BatchCounts:
    """Delete the records of partitions that the run no longer knows; LeaseLost likewise."""
    run = await runs.check(tx, connection_pk, run_id, fencing_token)
    stream = await streams.find(tx, connection_pk, model, variant, now)
    if stream is None:
        return BatchCounts()
    unknown = await streams.partitions_except(tx, stream, keep)
    toll = Toll.of(breaker, run, stream, model)
    done = BatchCounts()
    for start in range(0, len(unknown), CHUNK):
        done += await deletions.sweep(tx, stream, unknown[start : start + CHUNK], None, toll)
    await stream.save(tx)
    await runs.add_counts(tx, run, model=model, counts=done, batches=0)
    return done


async def counts(tx: Tx, connection_pk: int) -> dict[str, int]:
    """Return live records per stream: `model` or `model::variant` -> count, counting nothing."""
    return await streams.live_by_model(tx, connection_pk)


async def delete_stream(
    tx: Tx, connection_pk: int, model: str, variant: str = "base", *, now: datetime | None = None
) -> None:
    """Delete the stream's records for good; readers' cursors stay valid."""
    stream = await streams.find(tx, connection_pk, model, variant, now)
    if stream is not None:
        await streams.empty(tx, stream)
