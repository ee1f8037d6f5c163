"""Queries about faults: what is wrong with a connection now."""

# ruff: noqa: A002  # named as the columns are, and nothing here needs the builtins

from collections.abc import Sequence

from sqlalchemy import bindparam, delete, select

from fairlead.model.connection import Fault
from fairlead.store import dialect
from fairlead.store.database import Tx, columns_of
from fairlead.store.tables import faults

_OF = (
    select(faults)
    .where(faults.c.connection_pk.in_(bindparam("pks", expanding=True)))
    .order_by(faults.c.created_at, faults.c.type, faults.c.sync_name)
)


async def of(tx: Tx, pks: Sequence[int]) -> dict[int, tuple[Fault, ...]]:
    """Return the faults of each of the connections that has any, oldest first."""
    if not pks:
        return {}
    rows = await tx.all(_OF, {"pks": list(pks)})
    found: dict[int, tuple[Fault, ...]] = {}
    for row in rows:
        columns = columns_of(row)
        pk = columns.pop("connection_pk")
        columns["sync_name"] = columns["sync_name"] or None
        found[pk] = (*found.get(pk, ()), Fault(**columns))
    return found


async def set_fault(tx: Tx, pk: int, fault: Fault) -> None:
    """Set the connection's fault of this type and sync; a later one replaces it."""
    values = {**fault.model_dump(), "sync_name": fault.sync_name or ""}
    key = ["connection_pk", "type", "sync_name"]
    await tx.execute(
        dialect.insert(tx, faults)
        .values(connection_pk=pk, **values)
        .on_conflict_do_update(
            index_elements=key,
            set_={name: value for name, value in values.items() if name not in key},
        )
    )


async def clear_fault(tx: Tx, pk: int, type: str, sync_name: str | None = None) -> bool:
    """Remove the connection's fault of this type and sync; say whether there was one."""
    return bool(
        await tx.count(
            delete(faults).where(
                faults.c.connection_pk == pk,
                faults.c.type == type,
                faults.c.sync_name == (sync_name or ""),
            )
        )
    )
