"""Queries for how integrations stand: their connections, what is wrong, how fresh their syncs are.

Each answers for all integrations of an environment at once, in one statement.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import distinct, func, select

from fairlead.model.run import RunKind, RunState
from fairlead.model.schedule import parse_frequency
from fairlead.store.database import Tx
from fairlead.store.tables import connections, faults, integrations, runs, schedules


@dataclass(frozen=True, slots=True)
class LastError:
    """What went wrong last and still is."""

    type: str
    code: str
    message: str
    at: datetime
    connection_id: str
    sync: str | None
    log_id: str


@dataclass(frozen=True, slots=True)
class SyncFreshness:
    """How fresh one sync is over the connections that it runs for."""

    sync: str
    variant: str
    connections: int
    failing: int
    #: connections for which it is paused
    paused: int
    #: connections whose last success is older than three intervals
    stale: int
    #: connections for which it never ended well, among those that have runs to show
    never: int
    newest_success: datetime | None
    oldest_success: datetime | None


#: intervals without a success after which a sync counts as stale
STALE_INTERVALS = 3


async def connections_of(tx: Tx, environment_id: int) -> Mapping[str, int]:
    """Count connections: key of the integration -> how many, of every integration."""
    rows = await tx.all(
        select(integrations.c.unique_key, func.count(connections.c.id).label("number"))
        .join(connections, connections.c.integration_id == integrations.c.id, isouter=True)
        .where(integrations.c.environment_id == environment_id)
        .group_by(integrations.c.unique_key)
        .order_by(integrations.c.unique_key)
    )
    return {row.unique_key: row.number for row in rows}


async def faulty_of(tx: Tx, environment_id: int) -> Mapping[str, dict[str, int]]:
    """Count connections of which something is wrong: key -> type, or `any` -> how many."""
    found: dict[str, dict[str, int]] = {}
    base = (
        select(func.count(distinct(faults.c.connection_pk)).label("number"))
        .join(connections, connections.c.id == faults.c.connection_pk)
        .join(integrations, integrations.c.id == connections.c.integration_id)
        .where(integrations.c.environment_id == environment_id)
    )
    key = integrations.c.unique_key
    for row in await tx.all(base.add_columns(key, faults.c.type).group_by(key, faults.c.type)):
        found.setdefault(row.unique_key, {})[row.type] = row.number
    for row in await tx.all(base.add_columns(key).group_by(key)):
        found[row.unique_key]["any"] = row.number
    return found


async def last_errors_of(tx: Tx, environment_id: int) -> Mapping[str, LastError]:
    """Return the newest fault of each integration that has one."""
    newest = (
        select(
            faults,
            connections.c.connection_id,
            integrations.c.unique_key,
            func.row_number()
            .over(
                partition_by=integrations.c.id,
                order_by=[faults.c.created_at.desc(), faults.c.log_id],
            )
            .label("place"),
        )
        .join(connections, connections.c.id == faults.c.connection_pk)
        .join(integrations, integrations.c.id == connections.c.integration_id)
        .where(integrations.c.environment_id == environment_id)
        .subquery()
    )
    rows = await tx.all(select(newest).where(newest.c.place == 1))
    return {
        row.unique_key: LastError(
            row.type,
            row.code,
            row.message,
            row.created_at,
            row.connection_id,
            row.sync_name or None,
            row.log_id,
        )
        for row in rows
    }


async def freshness_of(
    tx: Tx, environment_id: int, now: datetime
) -> Mapping[str, list[SyncFreshness]]:
    """Say how fresh each sync is: key of the integration -> its syncs, by name."""
    ended = (
        select(
            runs.c.connection_pk,
            runs.c.function,
            runs.c.variant,
            func.max(runs.c.finished_at).label("at"),
        )
        .where(
            runs.c.environment_id == environment_id,
            runs.c.kind == RunKind.SYNC.value,
            runs.c.state == RunState.SUCCEEDED.value,
        )
        .group_by(runs.c.connection_pk, runs.c.function, runs.c.variant)
        .subquery()
    )
    rows = await tx.all(
        select(
            schedules.c.integration_key,
            schedules.c.sync_name,
            schedules.c.variant,
            schedules.c.state,
            func.coalesce(schedules.c.frequency_override, schedules.c.frequency).label("frequency"),
            schedules.c.created_at,
            ended.c.at,
            faults.c.code,
        )
        .join(
            ended,
            (ended.c.connection_pk == schedules.c.connection_pk)
            & (ended.c.function == schedules.c.sync_name)
            & (ended.c.variant == schedules.c.variant),
            isouter=True,
        )
        .join(
            faults,
            (faults.c.connection_pk == schedules.c.connection_pk)
            & (faults.c.type == "sync")
            & (faults.c.sync_name == schedules.c.sync_name),
            isouter=True,
        )
        .where(schedules.c.environment_id == environment_id)
        .order_by(schedules.c.integration_key, schedules.c.sync_name, schedules.c.variant)
    )
    groups: dict[tuple[str, str, str], list[tuple[bool, bool, bool, datetime | None]]] = {}
    for row in rows:
        is_started = row.state == "STARTED"
        since = row.at or row.created_at
        is_stale = is_started and now - since > STALE_INTERVALS * parse_frequency(row.frequency)
        key = row.integration_key, row.sync_name, row.variant
        groups.setdefault(key, []).append((is_started, row.code is not None, is_stale, row.at))
    found: dict[str, list[SyncFreshness]] = {}
    for (integration, sync, variant), each in groups.items():
        ends = [at for _, _, _, at in each if at is not None]
        found.setdefault(integration, []).append(
            SyncFreshness(
                sync,
                variant,
                connections=len(each),
                failing=sum(is_failing for _, is_failing, _, _ in each),
                paused=sum(not is_started for is_started, _, _, _ in each),
                stale=sum(is_stale for _, _, is_stale, _ in each),
                never=len(each) - len(ends),
                newest_success=max(ends, default=None),
                oldest_success=min(ends, default=None),
            )
        )
    return found
