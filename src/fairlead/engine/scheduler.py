"""What is due, and what was lost: the tick that keeps every run on its way.

Any number of processes may tick: a run's id is made of its schedule and slot, a ticket's of its run
and fencing token, so whatever two of them do is done once.
"""

import uuid
from datetime import datetime, timedelta

import structlog

from fairlead.engine.async_action import close_interrupted
from fairlead.engine.line import put_in
from fairlead.engine.queue import Queue, Taken, Ticket
from fairlead.engine.setup import Setup
from fairlead.model.clock import epoch_us
from fairlead.model.run import Run, RunKind, RunState, RunTrigger
from fairlead.model.schedule import Schedule
from fairlead.store import lines, pruning, runs, schedules
from fairlead.store.database import Tx

log = structlog.get_logger(__name__)

_RUNS = uuid.UUID("5b1d5d2c-9b52-4f2e-9d6a-6c1f7f0a3c11")
_SCHEDULES = uuid.UUID("0c4e7a52-53a8-4d0b-8f9e-2f3f1d6f8b77")
#: schedules, and runs, looked at in one transaction
_LIMIT = 200
#: a run that waits longer than this may have lost its ticket
_PATIENCE = timedelta(seconds=5)
#: runs, and records, that are dealt with in one transaction
_PURGE_LIMIT = 1000
#: served tickets are kept this long, for whoever looks into the queue by hand
_KEEP_SERVED = timedelta(days=1)


def schedule_id(connection_pk: int, sync_name: str, variant: str) -> str:
    """Return the id of a sync's schedule: always the same one."""
    return str(uuid.uuid5(_SCHEDULES, f"{connection_pk}:{sync_name}:{variant}"))


def scheduled_run_id(schedule: Schedule, slot: datetime) -> str:
    """Return the id of the run of one slot: always the same one."""
    return str(uuid.uuid5(_RUNS, f"{schedule.id}:{epoch_us(slot)}"))


async def enqueue_due(setup: Setup, queue: Queue) -> list[Run]:
    """Start what is due, and return it; a sync that still runs skips its slot."""
    started: list[Run] = []
    while True:
        now = setup.clock.now()
        async with setup.db.write() as tx:
            spread = setup.settings.schedule_spread
            due = await schedules.claim_due(tx, now, _LIMIT, spread=spread)
            fresh = [
                run for schedule in due if (run := await _enqueue(tx, schedule, now)) is not None
            ]
        await put_in(setup, queue, fresh)
        started += fresh
        if len(due) < _LIMIT:
            return started


async def _enqueue(tx: Tx, schedule: Schedule, now: datetime) -> Run | None:
    return await runs.enqueue(
        tx,
        id=scheduled_run_id(schedule, schedule.next_run_at or now),
        environment_id=schedule.environment_id,
        connection_pk=schedule.connection_pk,
        kind=RunKind.SYNC,
        function=schedule.sync_name,
        variant=schedule.variant,
        trigger=RunTrigger.SCHEDULE,
        now=now,
    )


async def sweep(setup: Setup, queue: Queue, *, patience: timedelta = _PATIENCE) -> None:
    """Bring lost runs back on their way.

    Runs whose lease is over get another attempt; the next of a line whose ticket was lost between
    two transactions, or served by a process that was about to stop, gets it again; tickets whose
    taker died are given up.
    """
    now = setup.clock.now()
    await setup.settle()
    async with setup.db.read() as tx:
        expired = await runs.expired(tx, setup.lease_now(), _LIMIT)
        waiting = await lines.waiting(tx, _LIMIT)
    for taken in await queue.taken():
        if await _is_orphan(setup, taken, now):
            log.warning("ticket given up", run_id=taken.run_id, attempt=taken.attempt)
            await queue.give_up(taken.run_id, taken.attempt)
    for run in expired:
        log.warning("lease over", run_id=run.id, owner=run.lease_owner)
        if run.kind is RunKind.ACTION and await close_interrupted(setup, run):
            continue
        await queue.enqueue(Ticket.of(run), again=True)
    for run in waiting:
        if run.created_at <= now - patience:
            await queue.enqueue(Ticket.of(run), again=True)


async def _is_orphan(setup: Setup, taken: Taken, now: datetime) -> bool:
    # While its taker lives, a ticket belongs to a running run whose token is one ahead of it, or
    # for a moment to a queued run (before the claim) or to one that is over (after the end).
    async with setup.db.read() as tx:
        run = await runs.find(tx, taken.run_id)
    if run is None:
        return True
    if run.state is RunState.RUNNING and run.fencing_token == taken.attempt + 1:
        return run.lease_until is None or run.lease_until < setup.lease_now()
    if run.state is RunState.QUEUED and run.fencing_token == taken.attempt:
        return taken.taken_at < now - setup.lease
    ended_at = run.finished_at or taken.taken_at
    return ended_at < now - _PATIENCE


async def reclaim(setup: Setup) -> None:
    """Put every running run back in the queue: for a process that knows it is the only one."""
    async with setup.db.read() as tx:
        # By then every lease is over.
        held = await runs.expired(tx, setup.clock.now() + timedelta(days=365), _LIMIT)
    for run in held:
        if run.kind is RunKind.ACTION:
            continue
        async with setup.db.write() as tx:
            await runs.release(tx, run.id, run.fencing_token)


async def pull_back(setup: Setup) -> int:
    """Bring slots nearer that lie further off than their interval; return how many there were.

    A clock that was an hour ahead, and is right again, leaves an hour without a run.
    """
    pulled = 0
    async with setup.db.write() as tx:
        now = setup.clock.now()
        for schedule in await schedules.coming(tx, now):
            due_at, interval = schedule.next_run_at or now, schedule.interval
            if due_at - now > interval * (1 + setup.settings.schedule_spread):
                nearer = due_at - interval * ((due_at - now) // interval)
                await schedules.set_state(tx, schedule.id, schedule.state, nearer, now)
                pulled += 1
    if pulled:
        log.warning("the clock went back; slots are pulled back", schedules=pulled)
    return pulled


async def purge(setup: Setup, queue: Queue) -> None:
    """Forget tickets and runs that are over long ago, and empty records that never change."""
    now = setup.clock.now()
    await queue.purge(now - _KEEP_SERVED)
    before = now - timedelta(days=setup.settings.run_days)
    purged = _PURGE_LIMIT
    while purged == _PURGE_LIMIT:
        async with setup.db.write() as tx:
            purged = await runs.purge(tx, before, _PURGE_LIMIT)
    if setup.settings.record_prune_days:
        await _prune_records(setup, now)


async def _prune_records(setup: Setup, now: datetime) -> None:
    before = now - timedelta(days=setup.settings.record_prune_days)
    async with setup.db.read() as tx:
        keys = await pruning.all_streams(tx)
    for key in keys:
        pruned = _PURGE_LIMIT
        while pruned == _PURGE_LIMIT:
            async with setup.db.write() as tx:
                pruned = await pruning.prune_older(
                    tx, key, before=before, limit=_PURGE_LIMIT, now=now
                )
