"""What the API asks of syncs: trigger, pause, start, frequency (HTTP contract, section 2.6)."""

from collections.abc import Sequence
from datetime import datetime

import structlog

from fairlead.engine.line import hurry, put_in
from fairlead.engine.queue import Queue
from fairlead.engine.setup import Setup
from fairlead.engine.sync_events import approval_event
from fairlead.engine.targets import Target
from fairlead.model.run import Run, RunKind, RunState, RunTrigger
from fairlead.model.schedule import Schedule, ScheduleState, parse_frequency
from fairlead.store import checkpoints, deletions, outbox, records, runs, schedules, streams
from fairlead.store.database import Tx
from fairlead.store.dialect import hold_connection

log = structlog.get_logger(__name__)


async def trigger(
    setup: Setup, queue: Queue, targets: Sequence[Target], *, reset: bool, empty_cache: bool
) -> list[Run]:
    """Run syncs now. One that is queued or running already is returned as it is.

    `reset`: from nothing; what runs is cancelled. `empty_cache` (with reset): the records are
    removed first, so that they come back as added.
    """
    started = []
    for target in targets:
        async with setup.db.write() as tx:
            await hold_connection(tx, target.connection.id)
            if reset:
                await forget(tx, setup, target, empty_cache=empty_cache)
            run = await _enqueue(tx, setup, target, reset=reset)
        if run.state is RunState.QUEUED:
            if run.trigger is RunTrigger.SCHEDULE:
                run = await hurry(setup, queue, run)
            else:
                await put_in(setup, queue, [run])
        started.append(run)
    return started


async def _enqueue(tx: Tx, setup: Setup, target: Target, *, reset: bool) -> Run:
    key = (target.connection.id, target.sync.name, target.schedule.variant)
    while True:
        run = await runs.enqueue(
            tx,
            id=setup.new_id(),
            environment_id=target.connection.environment_id,
            connection_pk=target.connection.id,
            kind=RunKind.SYNC,
            function=target.sync.name,
            variant=target.schedule.variant,
            trigger=RunTrigger.CALL,
            is_reset=reset,
            now=setup.clock.now(),
        )
        # None twice: the one that was in the way ended between the two questions; ask again.
        if run := run or await runs.active(tx, *key):
            return run


async def forget(tx: Tx, setup: Setup, target: Target, *, empty_cache: bool) -> None:
    """Cancel what runs, and forget the position; with `empty_cache` the records too."""
    key = (target.connection.id, target.sync.name, target.schedule.variant)
    now = setup.clock.now()
    # Locked in the order of a batch's commit: first the streams, so that none is under way.
    for model in target.sync.models:
        await streams.lock(tx, target.connection.id, model, target.schedule.variant, now)
        if empty_cache:
            await records.delete_stream(tx, target.connection.id, model, target.schedule.variant)
    await checkpoints.clear(tx, *key)
    active = await runs.active(tx, *key)
    if active is None:
        return
    await runs.request_cancel(tx, active.id, now)
    running = await runs.find(tx, active.id)
    if running is not None and running.state is RunState.RUNNING:
        # Ended here rather than waited for: its worker's next commit is refused.
        await runs.finish(tx, running.id, running.fencing_token, state=RunState.CANCELLED, now=now)


async def cancel(tx: Tx, setup: Setup, targets: Sequence[Target]) -> list[Run]:
    """Ask what is queued or running to stop; return those runs."""
    asked = []
    now = setup.clock.now()
    for target in targets:
        key = (target.connection.id, target.sync.name, target.schedule.variant)
        active = await runs.active(tx, *key)
        if active is not None and await runs.request_cancel(tx, active.id, now):
            asked.append(active)
    return asked


async def approve_deletions(setup: Setup, targets: Sequence[Target]) -> dict[str, int]:
    """Delete what runs held back; return model -> how many, over all targets."""
    deleted: dict[str, int] = {}
    for target in targets:
        pk, variant = target.connection.id, target.schedule.variant
        for model in target.sync.models:
            now = setup.clock.now()
            async with setup.db.write() as tx:
                await hold_connection(tx, pk)
                stream = await streams.find(tx, pk, model, variant, now)
                buried = await deletions.approve(tx, stream) if stream is not None else 0
                if stream is None or not buried:
                    continue
                await stream.save(tx)
                event = approval_event(
                    target.connection,
                    target.sync,
                    variant,
                    model,
                    buried,
                    new_id=setup.new_id,
                    now=now,
                )
                await outbox.put(tx, event)
            log.warning("deletions approved", connection_id=pk, model=model, deleted=buried)
            deleted[model] = deleted.get(model, 0) + buried
    return deleted


async def pause(tx: Tx, setup: Setup, targets: Sequence[Target]) -> None:
    """Start no more runs; one that runs goes on to its end."""
    now = setup.clock.now()
    for target in targets:
        await schedules.set_state(tx, target.schedule.id, ScheduleState.PAUSED, None, now)


async def retry_failed(tx: Tx, setup: Setup, targets: Sequence[Target]) -> None:
    """Make due what failed last, now that the connection was renewed."""
    now = setup.clock.now()
    for target in targets:
        schedule = target.schedule
        names = {fault.sync_name for fault in target.connection.errors if fault.type == "sync"}
        if schedule.sync_name in names and schedule.state is ScheduleState.STARTED:
            await schedules.set_state(tx, schedule.id, schedule.state, now, now)


async def start(tx: Tx, setup: Setup, targets: Sequence[Target]) -> None:
    """Resume on the old grid; at once if a slot was missed meanwhile."""
    now = setup.clock.now()
    for target in targets:
        schedule = target.schedule
        if schedule.state is ScheduleState.STARTED:
            continue
        latest = await runs.latest(tx, schedule.connection_pk, schedule.sync_name, schedule.variant)
        slot = _latest_slot(setup, schedule, now)
        if latest is not None and latest.created_at >= slot:
            slot += schedule.interval
        await schedules.set_state(tx, schedule.id, ScheduleState.STARTED, slot, now)


def _latest_slot(setup: Setup, schedule: Schedule, now: datetime) -> datetime:
    first = schedule.created_at + schedule.offset(setup.settings.schedule_spread)
    passed = (now - first) // schedule.interval
    # the very first one is the moment of birth
    return max(schedule.created_at, first + schedule.interval * passed)


async def set_frequency(tx: Tx, setup: Setup, target: Target, frequency: str | None) -> str:
    """Override how often a sync runs, or with None go back to the function's own; return it.

    InvalidInput if it is no frequency, or out of range.
    """
    if frequency is not None:
        parse_frequency(frequency)
    now = setup.clock.now()
    changed = target.schedule.model_copy(update={"frequency_override": frequency})
    next_run_at = None
    if changed.state is ScheduleState.STARTED:
        next_run_at = _latest_slot(setup, changed, now) + changed.interval
    await schedules.set_frequency(tx, changed.id, frequency, next_run_at, now)
    return frequency or changed.frequency
