"""Queries about checkpoints: where a sync resumes."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, select

from fairlead.store import dialect
from fairlead.store.database import Tx
from fairlead.store.tables import checkpoints


def _save(name: dialect.DialectName) -> Any:
    insert = dialect.insert_of(name, checkpoints)
    fresh = {"content": insert.excluded.content, "updated_at": insert.excluded.updated_at}
    return insert.on_conflict_do_update(
        index_elements=["connection_pk", "sync_name", "variant"], set_=fresh
    )


#: built once: every batch runs it
_SAVE = {name: _save(name) for name in dialect.NAMES}


def _key(connection_pk: int, sync_name: str, variant: str) -> ColumnElement[bool]:
    return and_(
        checkpoints.c.connection_pk == connection_pk,
        checkpoints.c.sync_name == sync_name,
        checkpoints.c.variant == variant,
    )


async def load(tx: Tx, connection_pk: int, sync_name: str, variant: str = "base") -> bytes | None:
    """Return the checkpoint of the last committed batch."""
    content: bytes | None = await tx.scalar(
        select(checkpoints.c.content).where(_key(connection_pk, sync_name, variant))
    )
    return content


async def save(
    tx: Tx, connection_pk: int, sync_name: str, variant: str, *, content: bytes, now: datetime
) -> None:
    """Keep the checkpoint; called with the records of the same batch."""
    row = {
        "connection_pk": connection_pk,
        "sync_name": sync_name,
        "variant": variant,
        "content": content,
        "updated_at": now,
    }
    await tx.execute(_SAVE[tx.dialect], row)


async def clear(tx: Tx, connection_pk: int, sync_name: str, variant: str = "base") -> None:
    """Forget the checkpoint: the next run begins at nothing."""
    await tx.execute(delete(checkpoints).where(_key(connection_pk, sync_name, variant)))
