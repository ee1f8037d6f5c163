"""Poked: start the runs that notices want, one for however many of them.

What is told while a run is under way is owed one more run, after it; and two runs that notices
start lie `notice_spacing_seconds` apart. So a storm costs two runs.
"""

from datetime import timedelta

from fairlead.engine.line import hurry, put_in
from fairlead.engine.queue import Queue
from fairlead.engine.setup import Setup
from fairlead.model.run import Run, RunKind, RunState, RunTrigger
from fairlead.model.schedule import ScheduleState
from fairlead.store import notices, runs, schedules
from fairlead.store.database import Tx
from fairlead.store.dialect import hold_connection
from fairlead.store.notices import Owed

#: syncs looked at in one go
_LIMIT = 200


async def start_owed(setup: Setup, queue: Queue) -> list[Run]:
    """Start what is owed and may run now; return it."""
    async with setup.db.glance() as tx:
        waiting = await notices.owed(tx, _LIMIT)
    started = []
    for owed in waiting:
        async with setup.db.write() as tx:
            await hold_connection(tx, owed.connection_pk)
            run = await _begin(tx, setup, owed)
        if run is None:
            continue
        if run.trigger is RunTrigger.SCHEDULE:
            run = await hurry(setup, queue, run)
        else:
            await put_in(setup, queue, [run])
        started.append(run)
    return started


async def _begin(tx: Tx, setup: Setup, owed: Owed) -> Run | None:
    """Return the run that serves what is owed by now; None: not yet, or nobody wants it."""
    key = (owed.connection_pk, owed.sync_name, owed.variant)
    # looked at before the run: whatever is told later than that is not covered by it
    seen = await notices.seen(tx, owed)
    if not seen:
        # ended meanwhile
        return None
    schedule = await schedules.find(tx, *key)
    if schedule is None or schedule.state is not ScheduleState.STARTED:
        await notices.serve(tx, owed, seen)
        return None
    active = await runs.active(tx, *key)
    if active is not None and active.state is RunState.RUNNING:
        # it may have looked already; its end is soon enough
        return None
    if active is None:
        now = setup.clock.now()
        latest = await runs.latest(tx, *key)
        spacing = timedelta(seconds=setup.settings.notice_spacing_seconds)
        if latest is not None and latest.created_at > now - spacing:
            return None
        active = await runs.enqueue(
            tx,
            id=setup.new_id(),
            environment_id=owed.environment_id,
            connection_pk=owed.connection_pk,
            kind=RunKind.SYNC,
            function=owed.sync_name,
            variant=owed.variant,
            trigger=RunTrigger.NOTICE,
            now=now,
        )
    if active is not None:
        await notices.serve(tx, owed, seen)
    return active
