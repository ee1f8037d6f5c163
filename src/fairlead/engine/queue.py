"""The seam to the queue: hand a run's attempt to some process that has a free slot.

Nothing here decides whether a run may commit: a ticket may be lost, come late or come twice, and
the run's lease and fencing token still hold (`store/runs.py`). Nor does the queue know of lines:
only who is next in one is put in (`line.py`). So another queue could stand here.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from fairlead.model.run import Run, RunKind, RunTrigger

#: (run id, attempt) -> serves the ticket; must not raise
Handler = Callable[[str, int], Coroutine[Any, Any, None]]

#: who is served first; an action has somebody who asks for its result
_ACTION = 1
LEAST = 3
_PRIORITY = {RunTrigger.CALL: 2, RunTrigger.NOTICE: 2, RunTrigger.SCHEDULE: LEAST}


@dataclass(frozen=True, slots=True)
class Ticket:
    """One attempt at one run.

    `attempt` is the run's fencing token when the ticket was made. Each attempt that begins makes
    the token grow, so every ticket is good for one attempt at most.
    """

    run_id: str
    attempt: int
    #: syncs and actions have slots of their own: no action waits for a sync that takes hours
    kind: RunKind = RunKind.SYNC
    #: 1 is first
    priority: int = 1

    @property
    def name(self) -> str:
        return f"{self.run_id}:{self.attempt}"

    @classmethod
    def of(cls, run: Run) -> "Ticket":
        """Return the ticket of a run's next attempt; the same run always gives the same ticket."""
        urgency = _ACTION if run.kind is RunKind.ACTION else _PRIORITY[run.trigger]
        return cls(run.id, run.fencing_token, run.kind, urgency)


@dataclass(frozen=True, slots=True)
class Taken:
    """A ticket that some process took and has not given back."""

    run_id: str
    attempt: int
    taken_at: datetime


class Queue(Protocol):
    """Who looks at which run next."""

    async def start(self, handler: Handler | None) -> None:
        """Begin; without a handler this process only puts tickets in."""
        ...

    async def stop(self) -> None:
        """End; returns when no handler of this process runs any more."""
        ...

    async def enqueue(self, ticket: Ticket, *, again: bool = False) -> None:
        """Put a ticket in, once however often it is called: the most urgent is served first.

        `again`: a ticket of this name that was served already is served once more.
        """
        ...

    async def hurry(self, ticket: Ticket) -> None:
        """Serve a ticket that waits sooner, as its new priority says; put it in if it is not."""
        ...

    async def taken(self) -> list[Taken]:
        """List what any process has taken and not given back."""
        ...

    async def give_up(self, run_id: str, attempt: int) -> None:
        """Forget a ticket whose taker is gone."""
        ...

    async def purge(self, before: datetime) -> None:
        """Forget the tickets that were served before this instant."""
        ...


class InlineQueue:
    """A queue in this event loop, without a database; for tests and one-off runs."""

    def __init__(self) -> None:
        self._handler: Handler | None = None
        self._known: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, handler: Handler | None) -> None:
        self._handler = handler

    async def stop(self) -> None:
        await self.idle()
        self._handler = None

    async def enqueue(self, ticket: Ticket, *, again: bool = False) -> None:
        if self._handler is None or (ticket.name in self._known and not again):
            return
        self._known.add(ticket.name)
        task = asyncio.create_task(self._serve(self._handler, ticket), name=ticket.name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def hurry(self, ticket: Ticket) -> None:
        await self.enqueue(ticket)

    async def _serve(self, handler: Handler, ticket: Ticket) -> None:
        await handler(ticket.run_id, ticket.attempt)

    async def idle(self) -> None:
        """Wait until every ticket has been served."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def taken(self) -> list[Taken]:
        return []

    async def give_up(self, run_id: str, attempt: int) -> None:
        """Nothing outlives this process."""

    async def purge(self, before: datetime) -> None:
        """Nothing is kept."""
