"""Run a sync once: drive the author's generator, commit batch by batch, and say how it ended.

Each batch is one transaction that checks the fencing token; so a run that is cut at any point goes
on from its last batch, and a worker that lost its lease commits nothing more. The generator goes on
only when its batch is stored: a cut costs at most one fetch.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from fairlead.engine.attempt import Attempt, Stop, Stopped
from fairlead.engine.failure import authors, failure_of, warnings_of
from fairlead.engine.follow import follow
from fairlead.engine.recorded import sealed_recording
from fairlead.engine.setup import Setup
from fairlead.engine.sync_events import failure_event, success_events
from fairlead.engine.telling import tell_changes
from fairlead.errors import (
    FairleadError,
    FunctionCrashed,
    FunctionTimedOut,
    LeaseLost,
    NotFound,
    OperatorError,
    OutputInvalid,
)
from fairlead.gateway.needs import Needs
from fairlead.http.redact import redact
from fairlead.model.batch import Batch, StoredBatch
from fairlead.model.connection import Connection, Fault
from fairlead.model.function import Sync
from fairlead.model.run import Run, RunState, RunWarning
from fairlead.observe.run_note import RunNote
from fairlead.sdk import SyncCtx, sync_ctx, to_stored, view_of
from fairlead.sdk.recorder import Recorder
from fairlead.store import checkpoints, connections, faults, outbox, recordings, records, runs
from fairlead.store.database import Tx

log = structlog.get_logger(__name__)

#: seconds that a generator may take to clean up
_CLOSE_SECONDS = 10.0

_END = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """What one attempt works on."""

    setup: Setup
    attempt: Attempt
    connection: Connection
    #: as stored when the attempt began
    checkpoint: bytes | None
    #: no run of this sync ended well before
    is_initial: bool
    recorder: Recorder
    note: RunNote


async def run_sync(setup: Setup, attempt: Attempt) -> None:
    """Drive a claimed run to its end: succeeded, failed, cancelled, or released for later.

    Errors of the function, the vendor or the settings end up in the run's row, as a fault of the
    connection and as an event. What is raised is an error of ours.
    """
    work = await _load(setup, attempt)
    if work is None:
        return
    run = attempt.run
    try:
        async with attempt.held():
            await _drive(work)
        sync = _sync_of(setup, work.connection, run.function)
        await tell_changes(setup, work.connection, sync, run)
    except Stopped as stopped:
        if stopped.reason is Stop.TIMED_OUT:
            await _fail(work, _too_long(work))
        elif stopped.reason is Stop.TOO_LARGE:
            await _fail(work, _too_large(work))
        else:
            await _stop(work, stopped.reason)
    except LeaseLost:
        log.warning("lease lost", run_id=run.id, fencing_token=attempt.token)
    except FairleadError as error:
        await _fail(work, error)


def _too_long(work: _Work) -> FunctionTimedOut:
    name, hours = work.attempt.run.function, work.setup.settings.sync_hours
    return FunctionTimedOut(
        f"{name} took longer than {hours:g} h and was stopped; its next run goes on from there. "
        "FAIRLEAD_SYNC_HOURS sets the limit."
    )


def _too_large(work: _Work) -> FunctionCrashed:
    name, limit = work.attempt.run.function, work.setup.settings.worker_memory_mb
    return FunctionCrashed(
        f"{name} was under way each time that its process held more than {limit} MB. Let it keep "
        "less; FAIRLEAD_WORKER_MEMORY_MB sets the limit.",
        code="worker_out_of_memory",
    )


async def fail_run(setup: Setup, attempt: Attempt, error: FairleadError) -> None:
    """End a claimed run as failed, with its fault and its event."""
    work = await _load(setup, attempt)
    if work is not None:
        await _fail(work, error)


async def _load(setup: Setup, attempt: Attempt) -> _Work | None:
    run = attempt.run
    async with setup.db.read() as tx:
        connection = await connections.by_pk(tx, run.connection_pk)
        checkpoint = await checkpoints.load(tx, run.connection_pk, run.function, run.variant)
        before = await last_success(tx, run)
    if connection is None:
        # Its rows went with it, this run's too; there is nobody left to tell.
        return None
    scopes = [
        scope
        for sync in setup.registry.syncs(connection.provider)
        if sync.name == run.function
        for scope in sync.scopes
    ]
    send = setup.gateway.sender(
        connection,
        attempt.count_request,
        Needs(run.function, scopes),
        attempt.note_wait,
        is_patient=True,
    )
    note = setup.watch.run(run, connection)
    return _Work(
        setup=setup,
        attempt=attempt,
        connection=connection,
        checkpoint=checkpoint,
        is_initial=before is None or run.is_reset,
        recorder=Recorder(note.send(send), checkpoint=checkpoint),
        note=note,
    )


async def last_success(tx: Tx, run: Run) -> Run | None:
    """Return the newest run of the same sync that ended well."""
    found = await runs.list_for(
        tx,
        environment_id=run.environment_id,
        connection_pk=run.connection_pk,
        function=run.function,
        variant=run.variant,
        states=[RunState.SUCCEEDED],
        limit=1,
    )
    return found[0] if found else None


def _sync_of(setup: Setup, connection: Connection, name: str) -> Sync:
    try:
        return setup.registry.sync(connection.provider, name)
    except NotFound as error:
        raise OperatorError(
            f"No installed pack ships the sync '{name}' any more; install the pack that does.",
            code="unknown_sync",
        ) from error


async def _drive(work: _Work) -> None:
    attempt = work.attempt
    work.note.began()
    sync = _sync_of(work.setup, work.connection, attempt.run.function)
    context = await authors(sync.name, _context(work, sync))
    attempt.received = lambda: work.recorder.received
    attempt.total = lambda: next(iter(context.expected), None)
    position = work.checkpoint
    partitions: set[str] = set()
    generator: AsyncGenerator[object, None] = sync.body(context)
    try:
        while True:
            attempt.check()
            batch = await attempt.step(authors(sync.name, anext(generator, _END)))
            if batch is _END:
                break
            stored = await authors(sync.name, _stored(batch, work, sync))
            position = stored.checkpoint or position
            partitions.add(stored.partition)
            await _commit(work, stored)
            if stored.checkpoint is not None:
                work.recorder.forget(stored.checkpoint)
    finally:
        # Whatever the author's clean-up does, how the run ended is known by now.
        with contextlib.suppress(FairleadError, TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await authors(sync.name, generator.aclose())
    if not partitions:
        # It had nothing to say, yet may have forgotten places whose records are swept now.
        stored = await authors(sync.name, _stored(Batch(checkpoint=context.checkpoint), work, sync))
        if stored.checkpoint != (position or _untouched(sync)):
            position = stored.checkpoint
            await _commit(work, stored)
    warnings = warnings_of(context.skipped)
    await _succeed(work, sync, position, partitions | {""}, warnings)


def _untouched(sync: Sync) -> bytes:
    return sync.checkpoint_model().model_dump_json(by_alias=True).encode()


async def _context(work: _Work, sync: Sync) -> SyncCtx[Any, Any, Any]:
    pack = work.setup.registry.pack_for(work.connection.provider)
    assert pack is not None, "its sync was found"
    run = work.attempt.run
    return sync_ctx(
        pack,
        sync,
        view_of(work.connection),
        work.recorder,
        checkpoint=work.checkpoint,
        variant=run.variant,
        known=partial(_known, work, next(iter(sync.models))),
        log=work.note.log(log.bind(run_id=run.id, connection_id=work.connection.connection_id)),
    )


async def _known(work: _Work, model: str, ids: Sequence[str]) -> set[str]:
    run = work.attempt.run
    async with work.setup.db.read() as tx:
        return await records.alive(
            tx, connection_pk=run.connection_pk, model=model, variant=run.variant, ids=ids
        )


async def _stored(batch: object, work: _Work, sync: Sync) -> StoredBatch:
    if not isinstance(batch, Batch):
        raise OutputInvalid(
            f"{sync.name} yielded {type(batch).__name__}; it must yield Batch objects."
        )
    stored = to_stored(batch, sync, work.attempt.run.variant)
    size, limit = sum(len(each) for _, each in stored.upsert.values()), work.setup.settings
    if size > limit.batch_bytes:
        raise OutputInvalid(
            f"{sync.name} yielded a batch of {size:,} bytes; at most {limit.batch_bytes:,}. "
            "Yield smaller batches.",
            code="batch_too_large",
        )
    return stored


async def _commit(work: _Work, batch: StoredBatch) -> None:
    setup, run, attempt = work.setup, work.attempt.run, work.attempt
    requests = attempt.unwritten_requests
    now = setup.clock.now()
    attempt.enter("storing")
    await setup.db.transact(
        partial(
            records.commit_batch,
            connection_pk=run.connection_pk,
            sync_name=run.function,
            run_id=run.id,
            fencing_token=attempt.token,
            batch=batch,
            now=now,
            requests=requests,
            breaker=setup.breaker,
            seals=setup.seals,
        )
    )
    attempt.items += len(batch.upsert) + len(batch.delete)
    attempt.enter("reading")
    # A few more may have been sent meanwhile.
    attempt.unwritten_requests -= requests


async def _succeed(
    work: _Work,
    sync: Sync,
    position: bytes | None,
    partitions: set[str],
    warnings: tuple[RunWarning, ...],
) -> None:
    setup, run, attempt = work.setup, work.attempt.run, work.attempt
    attempt.enter("ending")
    now = setup.clock.now()
    async with setup.db.write() as tx:
        known = await runs.check(tx, run.connection_pk, run.id, attempt.token)
        if any(counts.held for counts in known.counts.values()):
            # The next run must look at everything: only that can confirm what was held back.
            await checkpoints.clear(tx, run.connection_pk, run.function, run.variant)
            position = None
        for model in sync.models:
            await records.sweep_partitions(
                tx,
                connection_pk=run.connection_pk,
                model=model,
                variant=run.variant,
                keep=partitions,
                run_id=run.id,
                fencing_token=attempt.token,
                now=now,
                breaker=setup.breaker,
            )
        await _write_requests(tx, attempt)
        done = await runs.finish(
            tx, run.id, attempt.token, state=RunState.SUCCEEDED, warnings=warnings, now=now
        )
        await faults.clear_fault(tx, run.connection_pk, "sync", run.function)
        await follow(tx, setup, work.connection, sync, done, partitions=partitions)
        for event in success_events(
            done,
            sync,
            work.connection,
            is_initial=work.is_initial,
            checkpoints=(work.checkpoint, position),
            new_id=setup.new_id,
            now=now,
        ):
            await outbox.put(tx, event)
    work.note.ended(done, RunState.SUCCEEDED)
    log.info("sync succeeded", run_id=run.id, batches=done.batches, requests=done.requests)
    for model, counts in done.counts.items():
        if counts.held:
            log.warning("deletions held back", run_id=run.id, model=model, held=counts.held)


async def _fail(work: _Work, error: FairleadError) -> None:
    setup, run, attempt = work.setup, work.attempt.run, work.attempt
    failure = failure_of(error)
    now = setup.clock.now()
    fault = Fault(
        type="sync",
        code=failure.code,
        message=failure.message,
        log_id=run.id,
        sync_name=run.function,
        created_at=now,
    )
    models = [
        model
        for sync in setup.registry.syncs(work.connection.provider)
        if sync.name == run.function
        for model in sync.models
    ]
    recording = await sealed_recording(setup, work.recorder, work.connection, run, failure)
    with contextlib.suppress(LeaseLost):
        async with setup.db.write() as tx:
            await runs.check(tx, run.connection_pk, run.id, attempt.token)
            await _write_requests(tx, attempt)
            await recordings.put(tx, run, recording, now)
            done = await runs.finish(
                tx, run.id, attempt.token, state=RunState.FAILED, failure=failure, now=now
            )
            await faults.set_fault(tx, run.connection_pk, fault)
            event = failure_event(
                done,
                models,
                work.connection,
                failure,
                is_initial=work.is_initial,
                new_id=setup.new_id,
                now=now,
            )
            await outbox.put(tx, event)
        work.note.ended(done, RunState.FAILED, failure)
    log.warning(
        "sync failed",
        run_id=run.id,
        code=failure.code,
        reason=failure.message,
        detail=redact(error.detail) if error.detail else None,
    )


async def _stop(work: _Work, reason: Stop) -> None:
    setup, run, attempt = work.setup, work.attempt.run, work.attempt
    log.info("sync stopped", run_id=run.id, reason=reason.value)
    if reason is Stop.LEASE_LOST:
        return
    with contextlib.suppress(LeaseLost):
        async with setup.db.write() as tx:
            await _write_requests(tx, attempt)
            if reason is Stop.CANCELLED:
                now = setup.clock.now()
                done = await runs.finish(
                    tx, run.id, attempt.token, state=RunState.CANCELLED, now=now
                )
            else:
                done = await runs.release(tx, run.id, attempt.token)
        work.note.ended(done, done.state)


async def _write_requests(tx: Tx, attempt: Attempt) -> None:
    if attempt.unwritten_requests:
        await runs.add_requests(tx, attempt.run.id, attempt.token, attempt.unwritten_requests)
