"""Schedule: when a sync of one connection is due; the grammar of frequencies.

Grammar of the HTTP contract: `every 30s`, `every 5 minutes`, `every hour`, `every half hour`,
`every quarter hour`, `every half day`, `every day`, `every week`, `every month`; `every ` may be
left out. At least 30 seconds, at most 31 days; a month is 30 days.
"""

import re
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b

from fairlead.errors import InvalidInput
from fairlead.model.frozen import Frozen

_FIXED = {
    "half day": timedelta(hours=12),
    "half hour": timedelta(minutes=30),
    "quarter hour": timedelta(minutes=15),
    "week": timedelta(days=7),
    "month": timedelta(days=30),
}
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_PATTERN = re.compile(
    r"(\d{1,9})?\s?(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)", re.ASCII
)
SHORTEST = timedelta(seconds=30)
LONGEST = timedelta(days=31)


def parse_frequency(text: str) -> timedelta:
    """Return the interval that a frequency names; InvalidInput says what is wrong with it."""
    phrase = text.strip().lower().removeprefix("every ").strip()
    if phrase in _FIXED:
        interval = _FIXED[phrase]
    elif match := _PATTERN.fullmatch(phrase):
        interval = timedelta(**{_UNITS[match[2][0]]: int(match[1] or 1)})
    else:
        raise InvalidInput(
            f"'{text}' is not a frequency; write for example 'every 30s', 'every 5 minutes', "
            "'every hour' or 'every day'"
        )
    if not SHORTEST <= interval <= LONGEST:
        raise InvalidInput(f"'{text}' is outside the allowed range of 30 seconds to 31 days")
    return interval


class ScheduleState(StrEnum):
    """Whether due runs are started."""

    STARTED = "STARTED"
    PAUSED = "PAUSED"


class Schedule(Frozen):
    """When one sync of one connection is due."""

    id: str
    environment_id: int
    connection_pk: int
    integration_key: str
    sync_name: str
    variant: str = "base"
    #: as written, `every hour`
    frequency: str
    #: set by the API for this connection; wins over the function's own
    frequency_override: str | None = None
    state: ScheduleState
    #: None while paused
    next_run_at: datetime | None
    created_at: datetime
    updated_at: datetime

    def offset(self, spread: float) -> timedelta:
        """Return by how much its slots are moved, of a spread of at most that share."""
        part = int.from_bytes(blake2b(self.id.encode(), digest_size=8).digest()) / 2**64
        return self.interval * (spread * part)

    @property
    def interval(self) -> timedelta:
        """Time between two due slots."""
        return parse_frequency(self.frequency_override or self.frequency)
