"""What the outbox holds for the product, taken out of it."""

from datetime import datetime

from fairlead.model.event import Event
from fairlead.store import Tx, outbox


async def told(tx: Tx, now: datetime) -> list[Event]:
    """Take every event that is due, in order: of a connection one is given out after the other."""
    taken: list[Event] = []
    while found := await outbox.claim(tx, now, 100):
        for event, _ in found:
            await outbox.dead(tx, event.id, None)
            taken.append(event)
    return taken
