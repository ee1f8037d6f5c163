"""Queries about what ends within weeks: found by its end, and the warnings that stand for it."""

# ruff: noqa: A002  # named as the columns are, and nothing here needs the builtins

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Table, or_, select
from sqlalchemy import update as sql_update

from fairlead.model.app_key import Expiring
from fairlead.store.database import Tx
from fairlead.store.tables import connections, integrations


async def connections_ending(tx: Tx, before: datetime) -> dict[int, datetime | None]:
    """Return connections whose proof ends before that instant, or that have warnings: pk -> end."""
    c = connections.c
    rows = await tx.all(
        select(c.id, c.proof_expires_at).where(
            or_(c.proof_expires_at <= before, c.warnings.is_not(None))
        )
    )
    return {row.id: row.proof_expires_at for row in rows}


async def integrations_ending(tx: Tx, before: datetime) -> dict[int, datetime | None]:
    """Return likewise integrations, by the end of their client secret: id -> end."""
    c = integrations.c
    rows = await tx.all(
        select(c.id, c.client_secret_expires_at).where(
            or_(c.client_secret_expires_at <= before, c.warnings.is_not(None))
        )
    )
    return {row.id: row.client_secret_expires_at for row in rows}


async def set_connection_warnings(
    tx: Tx, pk: int, old: Sequence[Expiring], new: Sequence[Expiring]
) -> bool:
    """Replace a connection's warnings; False if they are no longer the old ones."""
    return await _swap(tx, connections, pk, old, new)


async def set_integration_warnings(
    tx: Tx, id: int, old: Sequence[Expiring], new: Sequence[Expiring]
) -> bool:
    """Replace an integration's warnings; False if they are no longer the old ones."""
    return await _swap(tx, integrations, id, old, new)


async def _swap(
    tx: Tx, table: Table, id: int, old: Sequence[Expiring], new: Sequence[Expiring]
) -> bool:
    there: ColumnElement[bool] = (
        table.c.warnings == _written(old) if old else table.c.warnings.is_(None)
    )
    return bool(
        await tx.count(
            sql_update(table)
            .where(table.c.id == id, there)
            .values(warnings=_written(new) if new else None)
        )
    )


def _written(warnings: Sequence[Expiring]) -> list[dict[str, object]]:
    return [one.model_dump(mode="json") for one in warnings]
