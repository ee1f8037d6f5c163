"""Whose turn it is: of each connection's line only the first stands in the queue.

So a connection with a thousand runs that wait delays another's by the one that is under way, and
its runs never overlap. Whoever ends a run puts the next of its line in; the sweep does where that
was lost.
"""

from collections.abc import Sequence
from dataclasses import replace

from fairlead.engine.queue import LEAST, Queue, Ticket
from fairlead.engine.setup import Setup
from fairlead.model.run import Run
from fairlead.store import lines

#: runs that wait in a line whose connection still comes before what is merely due: as many as one
#: that wants all its syncs at once has; more are a flood, which takes its turn with everybody
_FLOOD = 32


async def put_in(setup: Setup, queue: Queue, fresh: Sequence[Run]) -> None:
    """Put runs in the queue that are next in their line; the others come when it is their turn."""
    if not fresh:
        return
    async with setup.db.read() as tx:
        first = await lines.heads(tx, [run.id for run in fresh])
    for run in fresh:
        if run.id in first:
            await queue.enqueue(Ticket.of(run))


async def hurry(setup: Setup, queue: Queue, run: Run) -> Run:
    """Let a run that waits for its slot be one that was called for; return it as it is now."""
    async with setup.db.write() as tx:
        raised = await lines.hurry(tx, run)
        first = await lines.heads(tx, [run.id])
    if raised is None:
        return run
    if run.id in first:
        await queue.hurry(Ticket.of(raised))
    return raised


async def call_next(setup: Setup, queue: Queue, run: Run) -> None:
    """Put in who follows this run in its line, now that it is over."""
    async with setup.db.read() as tx:
        following = await lines.following(tx, run)
        # One that was given back is left to the sweep: what was in its way needs a moment.
        if following is None or following.id == run.id:
            return
        is_flood = await lines.length(tx, run, _FLOOD + 1) > _FLOOD
    ticket = Ticket.of(following)
    if is_flood:
        ticket = replace(ticket, priority=max(ticket.priority, LEAST))
    # its ticket may have been served while it was not its turn
    await queue.enqueue(ticket, again=True)
