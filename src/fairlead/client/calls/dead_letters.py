"""Requests about events: how they were taken, and those given up, which nobody took for a day."""

from collections.abc import Sequence

from fairlead.client.admin_shapes import AnnouncedEvent
from fairlead.client.call import Call, Reply, body, inside, query
from fairlead.client.shapes import DeadLetter


def list_all(*, limit: int | None = None) -> Call[list[DeadLetter]]:
    """List events that were given up, newest first; they are kept for 30 days."""

    def read(reply: Reply) -> list[DeadLetter]:
        found: list[DeadLetter] = reply.json()["events"]
        return found

    path = "/webhooks/dead-letters"
    return Call(method="GET", path=path, query=query(limit=limit), read=read)


def events(
    *,
    state: str | None = None,
    type: str | None = None,
    limit: int | None = None,
) -> Call[list[AnnouncedEvent]]:
    """List events with every attempt to deliver them; `state`: pending, delivered or dead."""
    asked = query(state=state, type=type, limit=limit)
    return Call(method="GET", path="/webhooks/events", query=asked, read=inside)


def replay(ids: Sequence[str] = ()) -> Call[int]:
    """Deliver events once more, all that were given up if none is named; return how many."""

    def read(reply: Reply) -> int:
        return int(reply.json()["replayed"])

    path = "/webhooks/dead-letters/replay"
    return Call(method="POST", path=path, body=body(ids=list(ids)), read=read, repeatable=True)
