"""Queries about checkpoints: where a sync resumes.

A small one is written whole with each batch. A large one (ten thousand positions) would cost
megabytes a batch of which a line changed: of those only what differs is written, as patches of
bytes behind the whole one, until there are so many that it is written whole again.
"""

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, delete, insert, select, update

from fairlead.store import dialect
from fairlead.store.byte_patch import Patch, patch_between, patched
from fairlead.store.database import Tx
from fairlead.store.prepared import for_each
from fairlead.store.tables import checkpoint_patches, checkpoints

#: bytes from which on only what changed is written
LARGE = 65_536
#: patches behind a whole one; each costs a reader a copy
MOST_PATCHES = 200
#: large ones whose last content is held in memory; a run holds its own anyway
_HELD = 4

_Key = tuple[int, str, str]


def _save(name: dialect.DialectName) -> Any:
    excluded = (made := dialect.insert_of(name, checkpoints)).excluded
    fresh = {column: excluded[column] for column in ("content", "updated_at", "patches", "version")}
    return made.on_conflict_do_update(
        index_elements=["connection_pk", "sync_name", "variant"], set_=fresh
    )


#: every batch runs it
_SAVE = for_each(_save, [column.name for column in checkpoints.c])

#: what this process wrote last: (connection, sync, variant) -> version, content
_last: dict[_Key, tuple[int, bytes]] = {}


def _is(table: Table, key: _Key) -> ColumnElement[bool]:
    columns = (table.c.connection_pk, table.c.sync_name, table.c.variant)
    return and_(*(column == value for column, value in zip(columns, key, strict=True)))


async def load(tx: Tx, connection_pk: int, sync_name: str, variant: str = "base") -> bytes | None:
    """Return the checkpoint of the last committed batch."""
    key = (connection_pk, sync_name, variant)
    row = await tx.first(
        select(checkpoints.c.content, checkpoints.c.patches).where(_is(checkpoints, key))
    )
    if row is None:
        return None
    if not row.patches:
        return bytes(row.content)
    rows = await tx.all(
        select(checkpoint_patches.c.start, checkpoint_patches.c.stop, checkpoint_patches.c.content)
        .where(_is(checkpoint_patches, key))
        .order_by(checkpoint_patches.c.number)
    )
    patches = [Patch(each.start, each.stop, bytes(each.content)) for each in rows]
    return patched(row.content, patches)


async def save(
    tx: Tx, connection_pk: int, sync_name: str, variant: str, *, content: bytes, now: datetime
) -> None:
    """Keep the checkpoint; called with the records of the same batch."""
    key = (connection_pk, sync_name, variant)
    if len(content) < LARGE:
        await _write(tx, key, content, now, version=None)
        return
    version = secrets.randbits(62)
    if not await _write_patch(tx, key, content, now, version):
        await tx.execute(delete(checkpoint_patches).where(_is(checkpoint_patches, key)))
        await _write(tx, key, content, now, version=version)
    # Were this transaction rolled back, nobody would find this version, and it would be of no use.
    _last.pop(key, None)
    _last[key] = version, content
    while len(_last) > _HELD:
        del _last[next(iter(_last))]


async def _write(tx: Tx, key: _Key, content: bytes, now: datetime, *, version: int | None) -> None:
    row = {
        "connection_pk": key[0],
        "sync_name": key[1],
        "variant": key[2],
        "content": content,
        "updated_at": now,
        "patches": 0,
        "version": version,
    }
    await tx.change(_SAVE, row)


async def _write_patch(tx: Tx, key: _Key, content: bytes, now: datetime, version: int) -> bool:
    """Write what differs from the stored one; False if it had better be written whole."""
    row = await tx.first(
        select(checkpoints.c.version, checkpoints.c.patches).where(_is(checkpoints, key))
    )
    if row is None or row.version is None or row.patches >= MOST_PATCHES:
        return False
    known = _last.get(key)
    before = known[1] if known and known[0] == row.version else await load(tx, *key)
    assert before is not None, "its row was there"
    patch = patch_between(before, content)
    if len(patch.content) > len(content) // 4:
        return False
    await tx.execute(
        insert(checkpoint_patches).values(
            connection_pk=key[0],
            sync_name=key[1],
            variant=key[2],
            number=row.patches + 1,
            start=patch.start,
            stop=patch.stop,
            content=patch.content,
        )
    )
    await tx.execute(
        update(checkpoints)
        .where(_is(checkpoints, key))
        .values(patches=row.patches + 1, version=version, updated_at=now)
    )
    return True


async def clear(tx: Tx, connection_pk: int, sync_name: str, variant: str = "base") -> None:
    """Forget the checkpoint: the next run begins at nothing."""
    key = (connection_pk, sync_name, variant)
    for table in (checkpoint_patches, checkpoints):
        await tx.execute(delete(table).where(_is(table, key)))
