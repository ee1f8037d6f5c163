"""Queries about alerts: what goes wrong now, grouped, and what of it was told."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, delete, func, select, update

from fairlead.store import dialect
from fairlead.store.database import Tx
from fairlead.store.operation_tables import alerts, operations
from fairlead.store.tables import connections, environments, faults, integrations


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that goes wrong, over all connections of an integration."""

    environment_id: int
    environment: str
    integration: str
    #: auth, sync or action
    type: str
    #: name of the sync or action, "" = of none
    function: str
    #: connections, or failed calls of an action since its last success
    count: int
    code: str
    message: str

    @property
    def key(self) -> tuple[int, str]:
        return self.environment_id, f"{self.type}:{self.integration}:{self.function}"


@dataclass(frozen=True, slots=True)
class Told:
    """What was told of a trouble, and is not resolved yet."""

    environment_id: int
    environment: str
    key: str
    integration: str
    type: str
    function: str
    #: how many there were when it was told last
    told: int
    opened_at: datetime


async def troubles(tx: Tx, since: datetime) -> list[Trouble]:
    """Return what goes wrong now; of actions, what was called since that instant."""
    newest = (
        select(
            integrations.c.environment_id,
            integrations.c.unique_key,
            faults.c.type,
            faults.c.sync_name,
            faults.c.code,
            faults.c.message,
            func.count()
            .over(partition_by=[integrations.c.id, faults.c.type, faults.c.sync_name])
            .label("number"),
            func.row_number()
            .over(
                partition_by=[integrations.c.id, faults.c.type, faults.c.sync_name],
                order_by=[faults.c.created_at.desc(), faults.c.log_id],
            )
            .label("place"),
        )
        .join(connections, connections.c.id == faults.c.connection_pk)
        .join(integrations, integrations.c.id == connections.c.integration_id)
        .subquery()
    )
    rows = await tx.all(
        select(newest, environments.c.name.label("environment"))
        .join(environments, environments.c.id == newest.c.environment_id)
        .where(newest.c.place == 1)
    )
    found = [
        Trouble(
            row.environment_id,
            row.environment,
            row.unique_key,
            row.type,
            row.sync_name,
            row.number,
            row.code,
            row.message,
        )
        for row in rows
    ]
    return [*found, *await _of_actions(tx, since)]


async def _of_actions(tx: Tx, since: datetime) -> list[Trouble]:
    is_good = operations.c.state == "success"
    is_bad = operations.c.state.in_(["failed", "timeout"])
    of_actions = (operations.c.type == "action") & (operations.c.created_at >= since)
    good_at = func.max(case((is_good, operations.c.created_at))).label("good_at")
    ends = (
        select(
            operations.c.environment_id, operations.c.integration, operations.c.function, good_at
        )
        .where(of_actions)
        .group_by(operations.c.environment_id, operations.c.integration, operations.c.function)
        .subquery()
    )
    rows = await tx.all(
        select(
            operations.c.environment_id,
            operations.c.integration,
            operations.c.function,
            operations.c.error,
            environments.c.name.label("environment"),
        )
        .join(
            ends,
            (ends.c.environment_id == operations.c.environment_id)
            & (ends.c.integration == operations.c.integration)
            & (ends.c.function == operations.c.function),
        )
        .join(environments, environments.c.id == operations.c.environment_id)
        .where(
            of_actions,
            is_bad,
            (ends.c.good_at.is_(None)) | (operations.c.created_at > ends.c.good_at),
        )
        .order_by(operations.c.created_at)
    )
    grouped: dict[tuple[int, str, str], Trouble] = {}
    for row in rows:
        error = row.error or {}
        if error.get("who") == "caller":
            # whoever called was told already
            continue
        key = row.environment_id, row.integration, row.function
        before = grouped.get(key)
        grouped[key] = Trouble(
            row.environment_id,
            row.environment,
            row.integration,
            "action",
            row.function,
            (before.count if before else 0) + 1,
            error.get("code", ""),
            error.get("message", ""),
        )
    return list(grouped.values())


async def told(tx: Tx) -> Mapping[tuple[int, str], Told]:
    """Return what was told and is not resolved yet."""
    rows = await tx.all(
        select(alerts, environments.c.name.label("environment")).join(
            environments, environments.c.id == alerts.c.environment_id
        )
    )
    return {
        (row.environment_id, row.key): Told(
            row.environment_id,
            row.environment,
            row.key,
            row.integration,
            row.type,
            row.function,
            row.told,
            row.opened_at,
        )
        for row in rows
    }


async def open_one(tx: Tx, trouble: Trouble, now: datetime) -> bool:
    """Note that a trouble is told; False if somebody else does it."""
    environment_id, key = trouble.key
    statement = (
        dialect.insert(tx, alerts)
        .values(
            environment_id=environment_id,
            key=key,
            integration=trouble.integration,
            type=trouble.type,
            function=trouble.function,
            told=trouble.count,
            opened_at=now,
        )
        .on_conflict_do_nothing()
    )
    return await tx.count(statement) > 0


async def tell_again(tx: Tx, known: Told, count: int) -> bool:
    """Note that it is told once more, with so many; False if somebody else does it."""
    return (
        await tx.count(
            update(alerts)
            .where(
                alerts.c.environment_id == known.environment_id,
                alerts.c.key == known.key,
                alerts.c.told == known.told,
            )
            .values(told=count)
        )
        > 0
    )


async def resolve(tx: Tx, known: Told) -> bool:
    """Note that it is over; False if somebody else does it."""
    return (
        await tx.count(
            delete(alerts).where(
                alerts.c.environment_id == known.environment_id, alerts.c.key == known.key
            )
        )
        > 0
    )
