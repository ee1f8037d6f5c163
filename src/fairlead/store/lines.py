"""Queries about who is next: runs of one connection go one after the other.

A line is what a connection has under way and waiting: its syncs, or its actions that nobody waits
for. Only the first of a line stands in the queue, so a connection with a thousand runs takes one
place there, as every other does. First is who is most urgent, then who came first.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, case, or_, select, text, update

from fairlead.model.run import Run, RunKind, RunState, RunTrigger
from fairlead.store import dialect
from fairlead.store.database import Tx
from fairlead.store.runs import run_of
from fairlead.store.tables import runs


def _active(name: str) -> ColumnElement[bool]:
    # spelt as in the index
    return text(f"{name}.state IN ('queued', 'running')")  # type: ignore[return-value]


def _rank(of: FromClause) -> ColumnElement[int]:
    return case(
        (of.c.kind == RunKind.ACTION.value, 1),
        (of.c.trigger == RunTrigger.SCHEDULE.value, 3),
        else_=2,
    )


def _stands_in_line(of: FromClause) -> ColumnElement[bool]:
    # whoever calls an action and waits for it stands in no line
    return or_(of.c.kind == RunKind.SYNC.value, of.c.retries.is_not(None))


def _is_behind() -> ColumnElement[bool]:
    ahead = runs.alias("ahead")
    is_earlier = or_(
        ahead.c.created_at < runs.c.created_at,
        and_(ahead.c.created_at == runs.c.created_at, ahead.c.id < runs.c.id),
    )
    comes_first = or_(
        ahead.c.state == RunState.RUNNING.value,
        _rank(ahead) < _rank(runs),
        and_(_rank(ahead) == _rank(runs), is_earlier),
    )
    return (
        select(ahead.c.id)
        .where(
            ahead.c.connection_pk == runs.c.connection_pk,
            ahead.c.kind == runs.c.kind,
            _active("ahead"),
            _stands_in_line(ahead),
            ahead.c.id != runs.c.id,
            comes_first,
        )
        .exists()
    )


def _queued() -> list[Any]:
    return [_active("runs"), runs.c.state == RunState.QUEUED.value, _stands_in_line(runs)]


async def heads(tx: Tx, ids: Sequence[str]) -> set[str]:
    """Return which of these runs are queued and next in their line."""
    rows = await tx.all(select(runs.c.id).where(runs.c.id.in_(ids), *_queued(), ~_is_behind()))
    return {row.id for row in rows}


async def waiting(tx: Tx, limit: int) -> list[Run]:
    """Return the next of every line in which nobody is under way, oldest first."""
    rows = await tx.all(
        select(runs)
        .where(*_queued(), ~_is_behind())
        .order_by(runs.c.created_at, runs.c.id)
        .limit(limit)
    )
    return [run_of(row) for row in rows]


async def following(tx: Tx, run: Run) -> Run | None:
    """Return who is next in the line of this run; None if nobody waits."""
    row = await tx.first(
        select(runs)
        .where(runs.c.connection_pk == run.connection_pk, runs.c.kind == run.kind.value, *_queued())
        .order_by(_rank(runs), runs.c.created_at, runs.c.id)
        .limit(1)
    )
    return row and run_of(row)


async def length(tx: Tx, run: Run, most: int) -> int:
    """Return how many wait in the line of this run; of a longer one `most`."""
    rows = await tx.all(
        select(runs.c.id)
        .where(runs.c.connection_pk == run.connection_pk, runs.c.kind == run.kind.value, *_queued())
        .limit(most)
    )
    return len(rows)


async def hurry(tx: Tx, run: Run) -> Run | None:
    """Make a run that waits for its slot one that was called for; None if it waits no more."""
    row = await tx.first(
        update(runs)
        .where(runs.c.id == run.id, runs.c.state == RunState.QUEUED.value)
        .values(trigger=RunTrigger.CALL.value)
        .returning(runs)
    )
    return row and run_of(row)


async def hold(tx: Tx, run: Run, now: datetime) -> bool:
    """Lock the line until the transaction ends; False if another run of it is under way."""
    await dialect.lock_line(tx, run.connection_pk)
    row = await tx.first(
        select(runs.c.id)
        .where(
            runs.c.connection_pk == run.connection_pk,
            runs.c.kind == run.kind.value,
            runs.c.id != run.id,
            _active("runs"),
            _stands_in_line(runs),
            runs.c.state == RunState.RUNNING.value,
            # whoever holds it no more is gone
            runs.c.lease_until >= now,
        )
        .limit(1)
    )
    return row is None
