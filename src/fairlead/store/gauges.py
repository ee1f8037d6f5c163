"""Queries for how things stand: what waits, what is stored, what is wrong, over all environments.

Of each a number and few labels; nothing that grows with connections.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import distinct, func, select

from fairlead.store.database import Tx
from fairlead.store.tables import connections, events, faults, integrations, runs, streams


@dataclass(frozen=True, slots=True)
class Gauge:
    """How something stands now."""

    name: str
    help: str
    labels: tuple[str, ...]
    #: labels -> value
    rows: dict[tuple[str, ...], float]


async def gauges(tx: Tx, now: datetime) -> list[Gauge]:
    """Return everything that is worth a look from outside."""
    return [
        *await _of_runs(tx, now),
        await _records(tx),
        *await _events(tx, now),
        await _connections(tx),
        await _faults(tx),
    ]


async def _of_runs(tx: Tx, now: datetime) -> list[Gauge]:
    rows = await tx.all(
        select(
            runs.c.kind,
            runs.c.state,
            func.count().label("number"),
            func.min(runs.c.created_at).label("oldest"),
        )
        .where(runs.c.state.in_(["queued", "running"]))
        .group_by(runs.c.kind, runs.c.state)
    )
    known = {(row.kind, row.state): row for row in rows}
    kinds = ("sync", "action")
    waiting = {(kind,): known.get((kind, "queued")) for kind in kinds}
    return [
        Gauge(
            "fairlead_runs",
            "Runs that wait or are under way",
            ("kind", "state"),
            {
                (kind, state): float(row.number) if (row := known.get((kind, state))) else 0.0
                for kind in kinds
                for state in ("queued", "running")
            },
        ),
        Gauge(
            "fairlead_oldest_waiting_run_seconds",
            "How long the run has waited that waits longest",
            ("kind",),
            {
                labels: max(0.0, (now - row.oldest).total_seconds()) if row else 0.0
                for labels, row in waiting.items()
            },
        ),
    ]


async def _records(tx: Tx) -> Gauge:
    rows = await tx.all(
        select(
            integrations.c.unique_key,
            streams.c.model,
            func.sum(streams.c.live).label("number"),
        )
        .join(connections, connections.c.id == streams.c.connection_pk)
        .join(integrations, integrations.c.id == connections.c.integration_id)
        .group_by(integrations.c.unique_key, streams.c.model)
    )
    return Gauge(
        "fairlead_records",
        "Live records",
        ("integration", "model"),
        {(row.unique_key, row.model): float(row.number) for row in rows},
    )


async def _events(tx: Tx, now: datetime) -> list[Gauge]:
    rows = await tx.all(
        select(
            events.c.state,
            func.count().label("number"),
            func.min(events.c.created_at).label("oldest"),
        )
        .where(events.c.state.in_(["pending", "dead"]))
        .group_by(events.c.state)
    )
    known = {row.state: row for row in rows}
    pending, dead = known.get("pending"), known.get("dead")
    return [
        Gauge(
            "fairlead_events_pending",
            "Events that are still to be delivered",
            (),
            {(): float(pending.number) if pending else 0.0},
        ),
        Gauge(
            "fairlead_oldest_pending_event_seconds",
            "Age of the event that waits longest",
            (),
            {(): max(0.0, (now - pending.oldest).total_seconds()) if pending else 0.0},
        ),
        Gauge(
            "fairlead_dead_letters",
            "Events that were given up",
            (),
            {(): float(dead.number) if dead else 0.0},
        ),
    ]


async def _connections(tx: Tx) -> Gauge:
    rows = await tx.all(
        select(integrations.c.unique_key, func.count().label("number"))
        .join(connections, connections.c.integration_id == integrations.c.id)
        .group_by(integrations.c.unique_key)
    )
    return Gauge(
        "fairlead_connections",
        "Connections",
        ("integration",),
        {(row.unique_key,): float(row.number) for row in rows},
    )


async def _faults(tx: Tx) -> Gauge:
    rows = await tx.all(
        select(
            integrations.c.unique_key,
            faults.c.type,
            func.count(distinct(faults.c.connection_pk)).label("number"),
        )
        .join(connections, connections.c.id == faults.c.connection_pk)
        .join(integrations, integrations.c.id == connections.c.integration_id)
        .group_by(integrations.c.unique_key, faults.c.type)
    )
    return Gauge(
        "fairlead_faulty_connections",
        "Connections of which something is wrong: auth, sync",
        ("integration", "type"),
        {(row.unique_key, row.type): float(row.number) for row in rows},
    )
