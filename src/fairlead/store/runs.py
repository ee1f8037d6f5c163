"""Queries about runs: the queue's truth, leases and fencing tokens."""

# ruff: noqa: A002  # named as the columns are, and nothing here needs the builtins

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Row,
    Select,
    Update,
    and_,
    bindparam,
    case,
    delete,
    func,
    literal,
    or_,
    select,
    true,
    update,
)

from fairlead.errors import LeaseLost
from fairlead.model.batch import BatchCounts
from fairlead.model.run import (
    Run,
    RunFailure,
    RunKind,
    RunProgress,
    RunState,
    RunTrigger,
    RunWarning,
)
from fairlead.store import dialect
from fairlead.store.columns import Instant
from fairlead.store.database import Tx, columns_of
from fairlead.store.prepared import for_each
from fairlead.store.tables import runs

_ACTIVE = (RunState.QUEUED.value, RunState.RUNNING.value)


def run_of(row: Row[Any]) -> Run:
    """Return the run that a row of the table is."""
    columns = columns_of(row)
    columns["counts"] = {name: BatchCounts(**counts) for name, counts in row.counts.items()}
    columns["warnings"] = tuple(RunWarning(**each) for each in row.warnings or ())
    return Run(**columns)


async def enqueue(
    tx: Tx,
    *,
    id: str,
    environment_id: int,
    connection_pk: int,
    kind: RunKind,
    function: str,
    variant: str = "base",
    trigger: RunTrigger,
    input: Any = None,
    is_reset: bool = False,
    retries: int | None = None,
    now: datetime,
) -> Run | None:
    """Put a run in the queue; `retries` is for an action that nobody waits for.

    None: this sync is queued or running already for (connection, function, variant), or the id was
    used before. NotFound: the connection is gone.
    """
    statement = (
        dialect.insert(tx, runs)
        .values(
            id=id,
            environment_id=environment_id,
            connection_pk=connection_pk,
            kind=kind.value,
            function=function,
            variant=variant,
            trigger=trigger.value,
            state=RunState.QUEUED.value,
            fencing_token=0,
            is_cancel_requested=False,
            is_reset=is_reset,
            input=input,
            retries=retries,
            counts={},
            batches=0,
            requests=0,
            created_at=now,
        )
        .on_conflict_do_nothing()
        .returning(runs)
    )
    row = await tx.first(statement)
    return row and run_of(row)


async def find(tx: Tx, id: str) -> Run | None:
    """Return the run with this id."""
    row = await tx.first(select(runs).where(runs.c.id == id))
    return row and run_of(row)


def _of(connection_pk: int, function: str, variant: str) -> Select[Any]:
    return (
        select(runs)
        .where(
            runs.c.connection_pk == connection_pk,
            runs.c.function == function,
            runs.c.variant == variant,
        )
        .order_by(runs.c.created_at.desc(), runs.c.id.desc())
    )


async def latest(tx: Tx, connection_pk: int, function: str, variant: str = "base") -> Run | None:
    """Return the run that was enqueued last."""
    row = await tx.first(_of(connection_pk, function, variant).limit(1))
    return row and run_of(row)


async def active(tx: Tx, connection_pk: int, function: str, variant: str = "base") -> Run | None:
    """Return the run that is queued or running; of several actions the newest."""
    statement = _of(connection_pk, function, variant).where(runs.c.state.in_(_ACTIVE)).limit(1)
    row = await tx.first(statement)
    return row and run_of(row)


async def list_for(
    tx: Tx,
    *,
    environment_id: int,
    connection_pk: int | None = None,
    function: str | None = None,
    variant: str | None = None,
    states: Iterable[RunState] | None = None,
    limit: int = 100,
) -> list[Run]:
    """Return the environment's runs that match everything given, newest first."""
    query = select(runs).where(runs.c.environment_id == environment_id)
    if connection_pk is not None:
        query = query.where(runs.c.connection_pk == connection_pk)
    if function is not None:
        query = query.where(runs.c.function == function)
    if variant is not None:
        query = query.where(runs.c.variant == variant)
    if states is not None:
        query = query.where(runs.c.state.in_([state.value for state in states]))
    rows = await tx.all(query.order_by(runs.c.created_at.desc(), runs.c.id.desc()).limit(limit))
    return [run_of(row) for row in rows]


async def claim(
    tx: Tx,
    id: str,
    *,
    owner: str,
    lease: timedelta,
    now: datetime,
    lease_now: datetime | None = None,
) -> Run | None:
    """Take the run if it is queued, or its holder's lease is over; else None.

    The fencing token grows, so whatever the former holder still tries to commit is refused.
    `lease_now`: the instant by which the lease is measured, if that is another one.
    """
    lease_now = lease_now or now
    row = await tx.first(
        update(runs)
        .where(
            runs.c.id == id,
            or_(
                runs.c.state == RunState.QUEUED.value,
                and_(runs.c.state == RunState.RUNNING.value, runs.c.lease_until < lease_now),
            ),
        )
        .values(
            state=RunState.RUNNING.value,
            fencing_token=runs.c.fencing_token + 1,
            lease_owner=owner,
            lease_until=lease_now + lease,
            started_at=func.coalesce(runs.c.started_at, literal(now, Instant)),
        )
        .returning(runs)
    )
    return row and run_of(row)


async def _held(tx: Tx, id: str, fencing_token: int, change: Update) -> Run:
    row = await tx.first(
        change.where(
            runs.c.id == id,
            runs.c.state == RunState.RUNNING.value,
            runs.c.fencing_token == fencing_token,
        ).returning(runs)
    )
    if row is None:
        raise LeaseLost
    return run_of(row)


async def heartbeat(
    tx: Tx,
    id: str,
    fencing_token: int,
    *,
    lease: timedelta,
    now: datetime,
    progress: RunProgress | None = None,
) -> Run:
    """Extend the lease; LeaseLost if somebody else has the run now or it is over."""
    told = progress.model_dump(mode="json") if progress else None
    change = update(runs).values(lease_until=now + lease, progress=told)
    return await _held(tx, id, fencing_token, change)


async def finish(
    tx: Tx,
    id: str,
    fencing_token: int,
    *,
    state: RunState,
    failure: RunFailure | None = None,
    warnings: Iterable[RunWarning] = (),
    output: Any = None,
    now: datetime,
) -> Run:
    """End the run and release its lease; LeaseLost if somebody else has it or it is over."""
    change = update(runs).values(
        state=state.value,
        failure=failure.model_dump() if failure else None,
        warnings=[each.model_dump() for each in warnings] or None,
        output=output,
        finished_at=now,
        lease_owner=None,
        lease_until=None,
        progress=None,
    )
    return await _held(tx, id, fencing_token, change)


async def release(tx: Tx, id: str, fencing_token: int) -> Run:
    """Put the run back in the queue, for another worker to continue; LeaseLost likewise."""
    change = update(runs).values(state=RunState.QUEUED.value, lease_owner=None, lease_until=None)
    return await _held(tx, id, fencing_token, change)


async def add_requests(tx: Tx, id: str, fencing_token: int, n: int) -> None:
    """Count `n` more requests to the vendor; LeaseLost likewise."""
    await _held(tx, id, fencing_token, update(runs).values(requests=runs.c.requests + n))


# a batch of a sync runs each of them
_IS_HELD = (
    runs.c.id == bindparam("run"),
    runs.c.connection_pk == bindparam("connection"),
    runs.c.state == RunState.RUNNING.value,
    runs.c.fencing_token == bindparam("token"),
)
_HELD = for_each(select(runs).where(*_IS_HELD))
_ADD = for_each(
    update(runs)
    .where(*_IS_HELD)
    .values(
        counts=bindparam("new_counts", type_=runs.c.counts.type),
        batches=runs.c.batches + bindparam("more_batches"),
        requests=runs.c.requests + bindparam("more_requests"),
    )
)


def _by(connection_pk: int, id: str, fencing_token: int) -> dict[str, Any]:
    return {"run": id, "connection": connection_pk, "token": fencing_token}


async def check(tx: Tx, connection_pk: int, id: str, fencing_token: int) -> Run:
    """Refuse early, before any work, who does not hold the run; LeaseLost."""
    await dialect.hold_connection(tx, connection_pk)
    row = await tx.quick(_HELD, _by(connection_pk, id, fencing_token))
    if row is None:
        raise LeaseLost
    return run_of(row)


async def add_counts(
    tx: Tx, run: Run, *, model: str, counts: BatchCounts, batches: int, requests: int = 0
) -> None:
    """Add to the counters of a run and keep it from being claimed until the commit; LeaseLost.

    `run` is as `check` found it in this transaction: only who holds it changes its counters. Comes
    last in a transaction: before that the row stays free, so that heartbeats go on while a long
    sweep works.
    """
    total = {**run.counts, model: run.counts.get(model, BatchCounts()) + counts}
    written = {
        name: {
            "added": one.added,
            "updated": one.updated,
            "deleted": one.deleted,
            "unchanged": one.unchanged,
            "held": one.held,
        }
        for name, one in total.items()
    }
    more = {"new_counts": written, "more_batches": batches, "more_requests": requests}
    held = _by(run.connection_pk, run.id, run.fencing_token)
    if not await tx.change(_ADD, held | more):
        raise LeaseLost


async def request_cancel(tx: Tx, id: str, now: datetime) -> bool:
    """Cancel a queued run at once, or ask a running one's holder to stop; False: it is over."""
    is_queued = runs.c.state == RunState.QUEUED.value
    return bool(
        await tx.count(
            update(runs)
            .where(runs.c.id == id, runs.c.state.in_(_ACTIVE))
            .values(
                is_cancel_requested=true(),
                state=case((is_queued, RunState.CANCELLED.value), else_=runs.c.state),
                finished_at=case(
                    (is_queued, literal(now, Instant)),
                    else_=runs.c.finished_at,
                ),
            )
        )
    )


async def expired(tx: Tx, now: datetime, limit: int) -> list[Run]:
    """Return running runs whose lease is over, longest ago first."""
    rows = await tx.all(
        select(runs)
        .where(runs.c.state == RunState.RUNNING.value, runs.c.lease_until < now)
        .order_by(runs.c.lease_until, runs.c.id)
        .limit(limit)
    )
    return [run_of(row) for row in rows]


_OVER = (RunState.SUCCEEDED.value, RunState.FAILED.value, RunState.CANCELLED.value)


async def purge(tx: Tx, before: datetime, limit: int) -> int:
    """Delete up to `limit` runs that were over before that instant; return how many.

    Of a sync the last run that ended well stays, and so does its last run of all.
    """
    newer = runs.alias("newer")
    is_followed = (
        select(newer.c.id)
        .where(
            newer.c.connection_pk == runs.c.connection_pk,
            newer.c.function == runs.c.function,
            newer.c.variant == runs.c.variant,
            newer.c.created_at > runs.c.created_at,
            newer.c.state.in_(_OVER),
            or_(
                runs.c.state != RunState.SUCCEEDED.value,
                newer.c.state == RunState.SUCCEEDED.value,
            ),
        )
        .exists()
    )
    old = (
        select(runs.c.id)
        .where(
            runs.c.state.in_(_OVER),
            runs.c.finished_at < before,
            or_(runs.c.kind == RunKind.ACTION.value, is_followed),
        )
        .limit(limit)
    )
    return await tx.count(delete(runs).where(runs.c.id.in_(old)))
