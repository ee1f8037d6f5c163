"""Queries about the outbox: events to announce, and what became of each attempt.

An event is put in the transaction that caused it and leaves at least once: `claim` hides it for a
while instead of locking it, so that one whose deliverer died comes up again.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update

from fairlead.model.event import Delivery, Event
from fairlead.store.database import Tx, columns_of
from fairlead.store.tables import deliveries, events

#: longer than any attempt to deliver may take
HIDDEN_FOR = timedelta(minutes=2)


async def put(tx: Tx, event: Event) -> None:
    """Write an event to be delivered from now on."""
    values = event.model_dump()
    await tx.execute(
        insert(events).values(**values, attempt=0, state="pending", due_at=event.created_at)
    )


async def claim(tx: Tx, now: datetime, limit: int) -> list[tuple[Event, int]]:
    """Return due events with the number of this attempt (from 1), hidden from others meanwhile."""
    rows = await tx.all(
        select(events)
        .where(events.c.state == "pending", events.c.due_at <= now)
        .order_by(events.c.due_at, events.c.created_at, events.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    if not rows:
        return []
    await tx.execute(
        update(events)
        .where(events.c.id.in_([row.id for row in rows]))
        .values(attempt=events.c.attempt + 1, due_at=now + HIDDEN_FOR)
    )
    return [
        (
            Event(
                id=row.id,
                environment_id=row.environment_id,
                type=row.type,
                connection_pk=row.connection_pk,
                payload=row.payload,
                created_at=row.created_at,
            ),
            row.attempt + 1,
        )
        for row in rows
    ]


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


async def purge(tx: Tx, before: datetime) -> int:
    """Delete delivered and dead events created before that instant; return how many."""
    return await tx.count(
        delete(events).where(events.c.state != "pending", events.c.created_at < before)
    )
