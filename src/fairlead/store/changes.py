"""Queries about changes: how records differ from what was told of them last.

Whoever tells follows the positions of a stream, and writes what it told in the transaction that
tells it: so every change is told, and none twice, whatever dies. What an action wrote is marked as
told when it is written, so that nobody hears of his own writes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import orjson
from sqlalchemy import Row, delete, select, update

from fairlead.model.change import Change, ChangeKind
from fairlead.store import dialect
from fairlead.store.database import Tx
from fairlead.store.record_seals import PLAIN, Form, Seals
from fairlead.store.subscription_tables import tellings, told
from fairlead.store.tables import records, streams

#: rows in one statement
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Page:
    """Changes of a stream, in the order of their positions, and how to write that they were told.

    `content`: of each change, the record's JSON.
    """

    stream_id: int
    #: how far was told before, and is told with this
    since: int
    until: int
    changes: tuple[Change, ...]
    contents: tuple[bytes, ...]
    #: rows of `told` to write, and ids to forget
    fresh: tuple[dict[str, Any], ...]
    gone: tuple[str, ...]


async def begin(tx: Tx, connection_pk: int, model: str, variant: str) -> int | None:
    """Return the stream whose changes are told from now on; None: there is none.

    What is in it the first time is taken note of, and not told.
    """
    stream = await tx.first(
        select(streams.c.id, streams.c.last_position).where(
            streams.c.connection_pk == connection_pk,
            streams.c.model == model,
            streams.c.variant == variant,
        )
    )
    if stream is None:
        return None
    await tx.execute(
        dialect.insert(tx, tellings)
        .values(stream_id=stream.id, position=0, silent_until=stream.last_position)
        .on_conflict_do_nothing()
    )
    return int(stream.id)


async def are_told(tx: Tx, connection_pk: int) -> bool:
    """Say whether changes of any stream of a connection are told."""
    found = await tx.first(
        select(tellings.c.stream_id)
        .join(streams, streams.c.id == tellings.c.stream_id)
        .where(streams.c.connection_pk == connection_pk)
        .limit(1)
    )
    return found is not None


async def forget(tx: Tx, connection_pk: int, model: str, variant: str) -> None:
    """Tell no more of a stream, and forget what was told."""
    mine = select(streams.c.id).where(
        streams.c.connection_pk == connection_pk,
        streams.c.model == model,
        streams.c.variant == variant,
    )
    if not await tx.count(delete(tellings).where(tellings.c.stream_id.in_(mine))):
        return
    await tx.execute(delete(told).where(told.c.stream_id.in_(mine)))


async def next_page(tx: Tx, stream_id: int, limit: int, seals: Seals = PLAIN) -> Page | None:
    """Return the next changes that were not told; None if there are none."""
    far = await tx.first(
        select(tellings.c.position, tellings.c.silent_until).where(
            tellings.c.stream_id == stream_id
        )
    )
    if far is None:
        return None
    form = await seals.form(tx, stream_id)
    rows = await _rows(tx, stream_id, limit, form, records.c.position > far.position)
    if not rows:
        return None
    known = await _told(tx, stream_id, [row.id for row, _ in rows])
    await form.learn(tx, (before.name for before in known.values()))
    changes, contents, fresh, gone = [], [], [], []
    for row, content in rows:
        before = known.get(row.id)
        digest = _hash_of_name(content)
        is_told = before is not None and before.position >= row.position
        is_silent = is_told or row.position <= far.silent_until
        kinds = () if is_silent else _kinds(before, row, form, digest)
        if kinds:
            changes.append(Change(id=row.id, kinds=kinds, position=row.position))
            contents.append(content)
        if row.deleted_us is None:
            fresh.append(_as_told(stream_id, row, form.hash(digest)))
        elif before is not None:
            gone.append(row.id)
    return Page(
        stream_id=stream_id,
        since=far.position,
        until=rows[-1][0].position,
        changes=tuple(changes),
        contents=tuple(contents),
        fresh=tuple(fresh),
        gone=tuple(gone),
    )


async def tell(tx: Tx, page: Page) -> bool:
    """Write that a page is told; False: somebody else did."""
    is_ours = await tx.count(
        update(tellings)
        .where(tellings.c.stream_id == page.stream_id, tellings.c.position == page.since)
        .values(position=page.until)
    )
    if not is_ours:
        return False
    await _write(tx, page.fresh)
    for start in range(0, len(page.gone), _CHUNK):
        ids = page.gone[start : start + _CHUNK]
        await tx.execute(delete(told).where(told.c.stream_id == page.stream_id, told.c.id.in_(ids)))
    return True


async def mark(tx: Tx, stream_id: int, since: int, seals: Seals = PLAIN) -> None:
    """Take what was changed after a position as told, where changes are told at all."""
    far = await tx.scalar(select(tellings.c.position).where(tellings.c.stream_id == stream_id))
    if far is None:
        return
    form = await seals.form(tx, stream_id)
    rows = await _rows(tx, stream_id, None, form, records.c.position > since)
    await _write(
        tx,
        [_as_told(stream_id, row, form.hash(_hash_of_name(content))) for row, content in rows],
    )


async def _rows(
    tx: Tx, stream_id: int, limit: int | None, form: Form, condition: Any
) -> list[tuple[Row[Any], bytes]]:
    rows = await tx.all(
        select(
            records.c.id,
            records.c.position,
            records.c.parent,
            records.c.last_action,
            records.c.deleted_us,
            records.c.content,
        )
        .where(records.c.stream_id == stream_id, condition)
        .order_by(records.c.position)
        .limit(limit)
    )
    await form.learn(tx, (row.content for row in rows))
    return [(row, form.opened(row.id, row.content)) for row in rows]


async def _told(tx: Tx, stream_id: int, ids: Sequence[str]) -> dict[str, Row[Any]]:
    found: dict[str, Row[Any]] = {}
    for start in range(0, len(ids), _CHUNK):
        some = ids[start : start + _CHUNK]
        rows = await tx.all(select(told).where(told.c.stream_id == stream_id, told.c.id.in_(some)))
        found |= {row.id: row for row in rows}
    return found


def _hash_of_name(content: bytes) -> bytes:
    # a pruned record has no content
    values = orjson.loads(content) if content else {}
    name = (values.get("name") or values.get("title")) if isinstance(values, dict) else None
    return blake2b(str(name or "").encode("utf-8", "surrogatepass"), digest_size=12).digest()


def _as_told(stream_id: int, row: Row[Any], name: bytes) -> dict[str, Any]:
    return {
        "stream_id": stream_id,
        "id": row.id,
        "position": row.position,
        "parent": row.parent,
        "name": name,
    }


def _kinds(
    before: Row[Any] | None, row: Row[Any], form: Form, name: bytes
) -> tuple[ChangeKind, ...]:
    if row.deleted_us is not None:
        # what came and went in between, nobody knew
        return (ChangeKind.DELETED,) if before is not None else ()
    if before is None or row.last_action == "ADDED":
        return (ChangeKind.ADDED,)
    kinds = []
    if before.parent != row.parent:
        kinds.append(ChangeKind.MOVED)
    if before.name != form.hash(name) and not form.is_same_otherwise(before.name, name):
        kinds.append(ChangeKind.RENAMED)
    return tuple(kinds) or (ChangeKind.UPDATED,)


async def _write(tx: Tx, rows: Iterable[dict[str, Any]]) -> None:
    whole = list(rows)
    for start in range(0, len(whole), _CHUNK):
        statement = dialect.insert(tx, told).values(whole[start : start + _CHUNK])
        await tx.execute(
            statement.on_conflict_do_update(
                index_elements=["stream_id", "id"],
                set_={
                    name: getattr(statement.excluded, name)
                    for name in ("position", "parent", "name")
                },
            )
        )
