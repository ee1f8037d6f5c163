"""Queries about schedules."""

# ruff: noqa: A002  # named as the columns are, and nothing here needs the builtins

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, select, update
from sqlalchemy import delete as delete_from

from fairlead.errors import NotFound
from fairlead.model.schedule import Schedule, ScheduleState
from fairlead.store import dialect
from fairlead.store.database import Tx, columns_of
from fairlead.store.tables import connections, schedules


async def ensure(
    tx: Tx,
    *,
    id: str,
    environment_id: int,
    connection_pk: int,
    integration_key: str,
    sync_name: str,
    variant: str = "base",
    frequency: str,
    state: ScheduleState,
    next_run_at: datetime | None,
    now: datetime,
) -> Schedule:
    """Create the schedule of this sync, or return the one there is.

    Of an existing one only `frequency` follows the function; state and override are its owner's.
    """
    await tx.execute(
        dialect.insert(tx, schedules)
        .values(
            id=id,
            environment_id=environment_id,
            connection_pk=connection_pk,
            integration_key=integration_key,
            sync_name=sync_name,
            variant=variant,
            frequency=frequency,
            state=state.value,
            next_run_at=next_run_at,
            created_at=now,
            updated_at=now,
        )
        .on_conflict_do_nothing(index_elements=["connection_pk", "sync_name", "variant"])
    )
    schedule = await find(tx, connection_pk, sync_name, variant)
    if schedule is None:
        raise NotFound("The schedule was deleted meanwhile")
    if schedule.frequency != frequency:
        await tx.execute(
            update(schedules)
            .where(schedules.c.id == schedule.id)
            .values(frequency=frequency, updated_at=now)
        )
        schedule = schedule.model_copy(update={"frequency": frequency, "updated_at": now})
    return schedule


async def find(
    tx: Tx, connection_pk: int, sync_name: str, variant: str = "base"
) -> Schedule | None:
    """Return the schedule of this sync."""
    row = await tx.first(
        select(schedules).where(
            schedules.c.connection_pk == connection_pk,
            schedules.c.sync_name == sync_name,
            schedules.c.variant == variant,
        )
    )
    return row and Schedule(**columns_of(row))


async def list_for(
    tx: Tx,
    *,
    environment_id: int,
    integration_key: str | None = None,
    connection_pk: int | None = None,
) -> list[Schedule]:
    """Return the environment's schedules, or those of one integration or connection."""
    query = select(schedules).where(schedules.c.environment_id == environment_id)
    if integration_key is not None:
        query = query.where(schedules.c.integration_key == integration_key)
    if connection_pk is not None:
        query = query.where(schedules.c.connection_pk == connection_pk)
    rows = await tx.all(query.order_by(schedules.c.created_at, schedules.c.id))
    return [Schedule(**columns_of(row)) for row in rows]


async def frequencies(tx: Tx, connection_pks: Sequence[int]) -> dict[int, set[tuple[str, str]]]:
    """Return (sync, its own frequency) of each connection's schedules, variants left out.

    The connections are a page of a list: from the first to the last, whatever is between them.
    """
    if not connection_pks:
        return {}
    rows = await tx.all(
        select(schedules.c.connection_pk, schedules.c.sync_name, schedules.c.frequency).where(
            schedules.c.connection_pk.between(min(connection_pks), max(connection_pks)),
            schedules.c.variant == "base",
        )
    )
    found: dict[int, set[tuple[str, str]]] = {}
    for row in rows:
        found.setdefault(row.connection_pk, set()).add((row.sync_name, row.frequency))
    return found


async def coming(tx: Tx, now: datetime) -> list[Schedule]:
    """Return every schedule that is started and not due yet."""
    rows = await tx.all(
        select(schedules).where(
            schedules.c.state == ScheduleState.STARTED.value, schedules.c.next_run_at > now
        )
    )
    return [Schedule(**columns_of(row)) for row in rows]


async def claim_due(tx: Tx, now: datetime, limit: int, *, spread: float = 0.0) -> list[Schedule]:
    """Return schedules that are due, longest waiting first, and move each to its next slot.

    Slots lie on the grid of the old `next_run_at`, which the returned schedules still carry; those
    that were missed are left out. Of several who ask at once each gets different ones. After the
    first slot the grid is moved by each schedule's own part of `spread`.
    """
    rows = await tx.all(
        select(schedules)
        .join(connections, connections.c.id == schedules.c.connection_pk)
        .where(schedules.c.state == ScheduleState.STARTED.value, schedules.c.next_run_at <= now)
        .order_by(schedules.c.next_run_at, schedules.c.id)
        .limit(limit)
        # The connection too: its deletion locks it first and then its schedules, and who claims
        # goes on to write runs below it. One that is being changed waits for the next tick.
        .with_for_update(of=[schedules, connections], key_share=True, skip_locked=True)
    )
    due = [Schedule(**columns_of(row)) for row in rows]
    if due:
        await tx.execute(
            update(schedules)
            .where(schedules.c.id == bindparam("due_id"))
            .values(next_run_at=bindparam("slot")),
            [
                {"due_id": schedule.id, "slot": _next_slot(schedule, now, spread)}
                for schedule in due
            ],
        )
    return due


def _next_slot(schedule: Schedule, now: datetime, spread: float) -> datetime:
    last = schedule.next_run_at or now
    if last == schedule.created_at:
        last += schedule.offset(spread)
        if last > now:
            return last + schedule.interval
    return last + schedule.interval * ((now - last) // schedule.interval + 1)


async def delete(tx: Tx, id: str) -> None:
    """Delete the schedule."""
    await tx.execute(delete_from(schedules).where(schedules.c.id == id))


async def set_state(
    tx: Tx,
    id: str,
    state: ScheduleState,
    next_run_at: datetime | None,
    now: datetime,
) -> None:
    """Start or pause; NotFound if the schedule is gone."""
    await _change(tx, id, state=state.value, next_run_at=next_run_at, updated_at=now)


async def set_frequency(
    tx: Tx,
    id: str,
    override: str | None,
    next_run_at: datetime | None,
    now: datetime,
) -> None:
    """Set or remove the override of the frequency; NotFound if the schedule is gone."""
    await _change(tx, id, frequency_override=override, next_run_at=next_run_at, updated_at=now)


async def _change(tx: Tx, id: str, **values: object) -> None:
    if not await tx.count(update(schedules).where(schedules.c.id == id).values(**values)):
        raise NotFound("The schedule was deleted meanwhile")
