"""Queries about budgets: settled by one process at a time, looked at by all."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from fairlead.model.budget import Allowance, Priority, Purse, Settlement
from fairlead.store import dialect
from fairlead.store.database import Tx, columns_of
from fairlead.store.tables import budgets

_COLUMNS = [column for column in budgets.c if column.name != "key"]


async def settle(
    tx: Tx, key: str, allowance: Allowance, settlement: Settlement, now: datetime
) -> tuple[Purse, dict[Priority, int]]:
    """Write what a process tells, and return the purse and what it is given of what it wants."""
    purse = await _held(tx, key)
    if purse is None:
        first = Purse.new(allowance, now)
        row = {"key": key, **_row(first)}
        await tx.execute(dialect.insert(tx, budgets).values(row).on_conflict_do_nothing())
        purse = await _held(tx, key) or first
    purse, given = settlement.of(purse, allowance, now)
    await tx.execute(update(budgets).where(budgets.c.key == key).values(**_row(purse)))
    return purse, given


async def paused_until(tx: Tx, key: str) -> datetime | None:
    """Return the moment before which nothing is to be asked, None = there is none."""
    row = await tx.first(select(budgets.c.paused_until).where(budgets.c.key == key))
    return None if row is None else row.paused_until


async def forget(tx: Tx, before: datetime) -> int:
    """Delete what was not used since that moment; return how many."""
    return await tx.count(delete(budgets).where(budgets.c.level_at < before))


async def _held(tx: Tx, key: str) -> Purse | None:
    """Return the purse, which nobody else changes until the transaction ends."""
    row = await tx.first(select(*_COLUMNS).where(budgets.c.key == key).with_for_update())
    return None if row is None else Purse(**columns_of(row))


def _row(purse: Purse) -> dict[str, Any]:
    return {column.name: getattr(purse, column.name) for column in _COLUMNS}
