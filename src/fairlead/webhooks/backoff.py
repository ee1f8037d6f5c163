"""When a failed delivery is tried again: quickly first, then for a day, then never."""

from datetime import datetime, timedelta

#: waits after the first, second, ... failed attempt; together a little under a day
WAITS = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=2),
    timedelta(hours=4),
    timedelta(hours=8),
    timedelta(hours=8),
)
#: an event older than this is given up
LIFETIME = timedelta(hours=24)


def next_attempt_at(attempt: int, *, created_at: datetime, now: datetime) -> datetime | None:
    """Return when to try again after failed attempt number `attempt` (from 1), None = give up."""
    if attempt > len(WAITS):
        return None
    due_at = now + WAITS[attempt - 1]
    return due_at if due_at - created_at <= LIFETIME else None
