"""Event: something to announce to the product (an outbox row); Delivery: one attempt to do so."""

from datetime import datetime
from typing import Any

from fairlead.model.frozen import Frozen


class Event(Frozen):
    """Something to announce, written in the transaction that caused it."""

    id: str
    environment_id: int
    #: `auth`, `sync`, `async_action`, `forward`
    type: str
    connection_pk: int | None
    payload: dict[str, Any]
    created_at: datetime


class Delivery(Frozen):
    """One attempt to announce an event."""

    id: str
    event_id: str
    attempt: int
    url: str
    #: None when nothing came back
    status: int | None
    error: str | None
    created_at: datetime
