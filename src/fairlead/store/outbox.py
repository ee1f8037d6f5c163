"""Queries about the outbox: events to announce, and what became of each attempt.

An event is put in the transaction that caused it and leaves at least once: `claim` hides it for a
while instead of locking it, so that one whose deliverer died comes up again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, delete, insert, or_, select, text, update

from fairlead.model.event import Delivery, Event
from fairlead.store.database import Tx, columns_of
from fairlead.store.tables import deliveries, events

#: longer than any attempt to deliver may take
HIDDEN_FOR = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that was given up, and the last attempt at it, None if there was nowhere to go."""

    event: Event
    attempts: int
    last: Delivery | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """An event, where it stands, and the attempts to deliver it, first to last."""

    event: Event
    #: pending, delivered or dead
    state: str
    due_at: datetime
    attempts: list[Delivery]


async def put(tx: Tx, event: Event) -> None:
    """Write an event to be delivered from now on."""
    values = event.model_dump()
    await tx.execute(
        insert(events).values(**values, attempt=0, state="pending", due_at=event.created_at)
    )


async def claim(tx: Tx, now: datetime, limit: int) -> list[tuple[Event, int]]:
    """Return due events with the number of this attempt (from 1), hidden from others meanwhile.

    Of a connection only the oldest that is neither delivered nor given up, so that its events
    arrive in order; of no connection, all.
    """
    earlier = events.alias("earlier")
    is_behind = (
        select(earlier.c.id)
        .where(
            earlier.c.connection_pk == events.c.connection_pk,
            # spelt as in the index
            text("earlier.state = 'pending'"),
            or_(
                earlier.c.created_at < events.c.created_at,
                and_(earlier.c.created_at == events.c.created_at, earlier.c.id < events.c.id),
            ),
        )
        .exists()
    )
    rows = await tx.all(
        select(events)
        .where(events.c.state == "pending", events.c.due_at <= now, ~is_behind)
        .order_by(events.c.due_at, events.c.created_at, events.c.id)
        .limit(limit)
        .with_for_update(of=events, skip_locked=True)
    )
    if not rows:
        return []
    await tx.execute(
        update(events)
        .where(events.c.id.in_([row.id for row in rows]))
        .values(attempt=events.c.attempt + 1, due_at=now + HIDDEN_FOR)
    )
    return [(_event(row), row.attempt + 1) for row in rows]


async def pull_back(tx: Tx, now: datetime, waits: Sequence[timedelta]) -> int:
    """Bring events nearer that come up later than a failed attempt would have them wait.

    `waits`: number of attempts so far -> the wait. A clock that was ahead, and is right again, left
    them where it was. What somebody may be delivering stays hidden. Returns how many there were.
    """
    pulled = 0
    for attempt, wait in enumerate(waits):
        pulled += await tx.count(
            update(events)
            .where(
                events.c.state == "pending",
                events.c.attempt == attempt,
                events.c.due_at > now + (max(wait, HIDDEN_FOR) if attempt else wait),
            )
            .values(due_at=now + wait)
        )
    return pulled


def _event(row: Row[Any]) -> Event:
    return Event(
        id=row.id,
        environment_id=row.environment_id,
        type=row.type,
        connection_pk=row.connection_pk,
        payload=row.payload,
        created_at=row.created_at,
    )


async def delivered(tx: Tx, event_id: str, delivery: Delivery) -> None:
    """Note that the event arrived."""
    await _note(tx, event_id, delivery, state="delivered")


async def postpone(tx: Tx, event_id: str, until: datetime, delivery: Delivery | None) -> None:
    """Note a failed attempt, or with None that none was made; the event comes up at `until`."""
    if delivery is None:
        await _note(tx, event_id, None, due_at=until, attempt=events.c.attempt - 1)
    else:
        await _note(tx, event_id, delivery, due_at=until)


async def dead(tx: Tx, event_id: str, delivery: Delivery | None) -> None:
    """Note a failed attempt that was the last, or with None that there is nowhere to go."""
    await _note(tx, event_id, delivery, state="dead")


async def _note(tx: Tx, event_id: str, delivery: Delivery | None, **values: object) -> None:
    # The event may have gone with its environment meanwhile; then there is nothing to note.
    known = await tx.count(update(events).where(events.c.id == event_id).values(**values))
    if known and delivery is not None:
        await tx.execute(insert(deliveries).values(**delivery.model_dump()))


async def deliveries_of(tx: Tx, event_id: str) -> list[Delivery]:
    """Return the attempts to deliver the event, first to last."""
    rows = await tx.all(
        select(deliveries)
        .where(deliveries.c.event_id == event_id)
        .order_by(deliveries.c.attempt, deliveries.c.created_at)
    )
    return [Delivery(**columns_of(row)) for row in rows]


async def dead_letters(tx: Tx, environment_id: int, limit: int) -> list[DeadLetter]:
    """Return events that were given up, newest first."""
    rows = await tx.all(
        select(events)
        .where(events.c.environment_id == environment_id, events.c.state == "dead")
        .order_by(events.c.created_at.desc(), events.c.id)
        .limit(limit)
    )
    letters = []
    for row in rows:
        tried = await deliveries_of(tx, row.id)
        letters.append(DeadLetter(_event(row), row.attempt, tried[-1] if tried else None))
    return letters


async def list_for(
    tx: Tx,
    environment_id: int,
    *,
    state: str | None = None,
    kind: str | None = None,
    limit: int = 100,
) -> list[Announced]:
    """Return events of an environment with their attempts, newest first."""
    query = select(events).where(events.c.environment_id == environment_id)
    if state is not None:
        query = query.where(events.c.state == state)
    if kind is not None:
        query = query.where(events.c.type == kind)
    rows = await tx.all(query.order_by(events.c.created_at.desc(), events.c.id).limit(limit))
    tried: dict[str, list[Delivery]] = {row.id: [] for row in rows}
    found = await tx.all(
        select(deliveries)
        .where(deliveries.c.event_id.in_(list(tried)))
        .order_by(deliveries.c.attempt, deliveries.c.created_at)
    )
    for row in found:
        tried[row.event_id].append(Delivery(**columns_of(row)))
    return [
        Announced(event=_event(row), state=row.state, due_at=row.due_at, attempts=tried[row.id])
        for row in rows
    ]


async def replay(tx: Tx, environment_id: int, ids: Sequence[str], now: datetime) -> int:
    """Let events that were given up be delivered once more, all if none is named; how many."""
    which = [events.c.environment_id == environment_id, events.c.state == "dead"]
    if ids:
        which.append(events.c.id.in_(ids))
    return await tx.count(
        update(events).where(*which).values(state="pending", attempt=0, due_at=now)
    )


async def purge(tx: Tx, before: datetime) -> int:
    """Delete delivered and dead events created before that instant; return how many."""
    return await tx.count(
        delete(events).where(events.c.state != "pending", events.c.created_at < before)
    )
