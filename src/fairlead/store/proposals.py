"""Queries about calls that wait for a person's approval."""

# ruff: noqa: A002  # named as the columns are, and nothing here needs the builtins

from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy import insert as sql_insert
from sqlalchemy import update as sql_update

from fairlead.model.proposal import Proposal, ProposalState
from fairlead.store.database import Tx, columns_of
from fairlead.store.tables import proposals as table


async def insert(tx: Tx, proposal: Proposal) -> None:
    """Keep one."""
    values = proposal.model_dump() | {"state": proposal.state.value}
    await tx.execute(sql_insert(table).values(**values))


async def find(tx: Tx, environment_id: int, id: str) -> Proposal | None:
    """Return the one of this id."""
    row = await tx.first(
        select(table).where(table.c.id == id, table.c.environment_id == environment_id)
    )
    return row and Proposal(**columns_of(row))


async def listed(
    tx: Tx, environment_id: int, *, state: ProposalState | None = None, limit: int
) -> list[Proposal]:
    """Return an environment's, newest first."""
    wanted = [table.c.environment_id == environment_id]
    if state is not None:
        wanted.append(table.c.state == state.value)
    rows = await tx.all(
        select(table).where(*wanted).order_by(table.c.created_at.desc(), table.c.id).limit(limit)
    )
    return [Proposal(**columns_of(row)) for row in rows]


async def waiting_for(tx: Tx, connection_pk: int, key_id: int, now: datetime) -> list[Proposal]:
    """Return what a key proposed for a connection, and nobody decided yet."""
    rows = await tx.all(
        select(table).where(
            table.c.connection_pk == connection_pk,
            table.c.key_id == key_id,
            table.c.state == ProposalState.WAITING.value,
            table.c.expires_at > now,
        )
    )
    return [Proposal(**columns_of(row)) for row in rows]


async def decide(
    tx: Tx,
    id: str,
    state: ProposalState,
    *,
    by: str,
    reason: str | None,
    now: datetime,
) -> Proposal | None:
    """Decide one that waits, and return it; None if somebody else has, or its time is over."""
    row = await tx.first(
        sql_update(table)
        .where(
            table.c.id == id,
            table.c.state == ProposalState.WAITING.value,
            table.c.expires_at > now,
        )
        .values(state=state.value, decided_by=by, decided_at=now, reason=reason)
        .returning(table)
    )
    return row and Proposal(**columns_of(row))


async def expire(tx: Tx, now: datetime, limit: int) -> list[Proposal]:
    """Note of some whose time is over that it is, and return them."""
    due = (
        select(table.c.id)
        .where(table.c.state == ProposalState.WAITING.value, table.c.expires_at <= now)
        .order_by(table.c.expires_at, table.c.id)
        .limit(limit)
    )
    rows = await tx.all(
        sql_update(table)
        .where(table.c.id.in_(due), table.c.state == ProposalState.WAITING.value)
        .values(state=ProposalState.EXPIRED.value, decided_at=now)
        .returning(table)
    )
    return [Proposal(**columns_of(row)) for row in rows]


async def overdue(tx: Tx, now: datetime) -> int:
    """Return how many wait whose time is over."""
    row = await tx.first(
        select(func.count()).where(
            table.c.state == ProposalState.WAITING.value, table.c.expires_at <= now
        )
    )
    return int(row[0]) if row else 0


async def purge(tx: Tx, before: datetime) -> None:
    """Delete what was decided long ago."""
    await tx.execute(
        delete(table).where(table.c.decided_at.is_not(None), table.c.decided_at < before)
    )
