"""Record: one synced object as it is stored and listed."""

from datetime import datetime
from typing import Any

from fairlead.model.frozen import Frozen


class Record(Frozen):
    """One synced object.

    `position` grows with every change of the environment's records and is never reused: a reader
    that follows it misses nothing. It is the inside of the wire's opaque cursor.
    """

    id: str
    model: str
    variant: str = "base"
    partition: str = ""
    #: as the sync gave it; for a deleted record the last known content
    content: dict[str, Any]
    first_seen_at: datetime
    last_modified_at: datetime
    deleted_at: datetime | None = None
    pruned_at: datetime | None = None
    #: ADDED, UPDATED or DELETED
    last_action: str
    position: int
