"""Queries about the audit log: who changed what, and when."""

from datetime import datetime

from sqlalchemy import delete, insert, or_, select

from fairlead.model.person import AuditEntry
from fairlead.store.database import Tx, columns_of
from fairlead.store.people_tables import audit_log


async def note(tx: Tx, entry: AuditEntry) -> None:
    """Write an entry."""
    await tx.execute(insert(audit_log).values(**entry.model_dump()))


async def list_for(
    tx: Tx,
    environment_id: int,
    *,
    with_server: bool,
    who: str | None = None,
    before: datetime | None = None,
    limit: int = 100,
) -> list[AuditEntry]:
    """Return entries of an environment, `with_server` those of the whole server; newest first."""
    c = audit_log.c
    mine = c.environment_id == environment_id
    query = select(audit_log).where(or_(mine, c.environment_id.is_(None)) if with_server else mine)
    if who is not None:
        query = query.where(c.who == who)
    if before is not None:
        query = query.where(c.at < before)
    rows = await tx.all(query.order_by(c.at.desc(), c.id).limit(limit))
    return [AuditEntry(**columns_of(row)) for row in rows]


async def purge(tx: Tx, before: datetime) -> int:
    """Delete entries from before that instant; return how many."""
    return await tx.count(delete(audit_log).where(audit_log.c.at < before))
