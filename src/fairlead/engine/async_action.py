"""Actions that nobody waits for: through the queue, tried again if asked to, announced at the end.

The HTTP contract's section 2.7 (`X-Async`, `X-Max-Retries`) and the event of its 6.4; the result is
in the run's row, for whoever asks for it.
"""

import asyncio

import structlog

from fairlead.engine.action_run import LONGEST, ActionCall
from fairlead.engine.attempt import Attempt, Stop, Stopped
from fairlead.engine.failure import failure_of
from fairlead.engine.line import put_in
from fairlead.engine.queue import Queue
from fairlead.engine.setup import Setup
from fairlead.errors import (
    CallerError,
    FairleadError,
    InternalError,
    LeaseLost,
    NotFound,
    OperatorError,
    OutputInvalid,
    ReconnectRequired,
    Throttled,
)
from fairlead.model.connection import Connection
from fairlead.model.event import Event
from fairlead.model.run import Run, RunFailure, RunKind, RunState, RunTrigger
from fairlead.sdk import validate_input
from fairlead.store import connections, outbox, runs

log = structlog.get_logger(__name__)

#: how often a caller may have a failed attempt repeated (HTTP contract, section 2.7)
MOST_RETRIES = 5
#: seconds before the first repeat; each further one waits twice as long
RETRY_SECONDS = 2.0
#: at most, also where the vendor asks for more
LONGEST_WAIT_SECONDS = 300.0
#: another attempt would fail just so until somebody acts
_SETTLED = (CallerError, OperatorError, ReconnectRequired, OutputInvalid)


async def enqueue_action(
    setup: Setup, queue: Queue, connection: Connection, name: str, raw: object, *, retries: int
) -> Run:
    """Put an action in the queue and return its run.

    NotFound (`unknown_action`), InvalidInput with its issues.
    """
    action = setup.registry.action(connection.provider, name)
    validate_input(action, raw)
    async with setup.db.write() as tx:
        run = await runs.enqueue(
            tx,
            id=setup.new_id(),
            environment_id=connection.environment_id,
            connection_pk=connection.id,
            kind=RunKind.ACTION,
            function=action.name,
            trigger=RunTrigger.CALL,
            input=raw,
            retries=min(retries, MOST_RETRIES),
            now=setup.clock.now(),
        )
    if run is None:
        raise InternalError("The run of an action could not be opened.")
    await put_in(setup, queue, [run])
    return run


async def run_async_action(setup: Setup, attempt: Attempt) -> None:
    """Drive a claimed run of an action to its end, with so many attempts as were asked for."""
    run = attempt.run
    async with setup.db.read() as tx:
        connection = await connections.by_pk(tx, run.connection_pk)
    if connection is None:
        # Its rows went with it, this run's too.
        return
    event = _event(setup, run, connection)
    try:
        async with attempt.held():
            await _try(setup, attempt, connection, event)
    except Stopped as stopped:
        await _stop(setup, run, connection, stopped.reason)
    except LeaseLost:
        log.warning("lease lost", run_id=run.id, fencing_token=attempt.token)
    except OperatorError as error:
        # no pack ships it any more
        await _end(setup, run, connection, RunState.FAILED, failure_of(error))


async def _try(setup: Setup, attempt: Attempt, connection: Connection, event: Event) -> None:
    run = attempt.run
    # those of processes that died count
    made = run.fencing_token - 1
    while True:
        attempt.check()
        made += 1
        try:
            call, output = await _call(setup, attempt, connection)
        except _Failed as failed:
            left = (run.retries or 0) + 1 - made
            if left <= 0 or isinstance(failed.error, _SETTLED):
                log.warning(
                    "action failed", action=run.function, run_id=run.id, code=failed.error.code
                )
                await failed.call.fail(failure_of(failed.error), event)
                return
            seconds = _wait_seconds(failed.error, made)
            log.info("action is tried again", run_id=run.id, code=failed.error.code, left=left)
            await attempt.step(asyncio.sleep(seconds))
            continue
        await call.finish(RunState.SUCCEEDED, event=event, output=output)
        return


class _Failed(Exception):
    def __init__(self, call: ActionCall, error: FairleadError) -> None:
        super().__init__(error.message)
        self.call = call
        self.error = error


async def _call(
    setup: Setup, attempt: Attempt, connection: Connection
) -> tuple[ActionCall, object]:
    run = attempt.run
    try:
        action = setup.registry.action(connection.provider, run.function)
    except NotFound as error:
        raise OperatorError(
            f"No installed pack ships the action '{run.function}' any more; install the pack that "
            "does.",
            code="unknown_action",
        ) from error
    pack = setup.registry.pack_for(connection.provider)
    assert pack is not None, "its action was found"
    call = ActionCall(setup, run, connection, action)
    try:
        validated = validate_input(action, run.input)
        output = await attempt.step(call.body(pack, action, validated, LONGEST, as_bytes=False))
    except FairleadError as error:
        raise _Failed(call, error) from error
    return call, output


def _wait_seconds(error: FairleadError, made: int) -> float:
    seconds: float = RETRY_SECONDS * 2 ** (made - 1)
    if isinstance(error, Throttled) and error.retry_after is not None:
        seconds = max(seconds, error.retry_after)
    return min(seconds, LONGEST_WAIT_SECONDS)


async def _stop(setup: Setup, run: Run, connection: Connection, reason: Stop) -> None:
    if reason is Stop.LEASE_LOST:
        return
    log.info("action stopped", run_id=run.id, reason=reason.value)
    if reason is Stop.CANCELLED:
        await _end(setup, run, connection, RunState.CANCELLED, None)
    elif _may_repeat(run):
        async with setup.db.write() as tx:
            await runs.release(tx, run.id, run.fencing_token)
    else:
        await _end(setup, run, connection, RunState.FAILED, _INTERRUPTED)


_INTERRUPTED = RunFailure(
    code="interrupted",
    message="Its process ended meanwhile; look whether the action acted, then call again.",
    who="caller",
    kind="CallerError",
    status=500,
)


def _may_repeat(run: Run) -> bool:
    return run.retries is not None and run.fencing_token <= run.retries


async def _end(
    setup: Setup, run: Run, connection: Connection | None, state: RunState, why: RunFailure | None
) -> None:
    now = setup.clock.now()
    async with setup.db.write() as tx:
        done = await runs.finish(tx, run.id, run.fencing_token, state=state, failure=why, now=now)
        if run.retries is not None and connection is not None:
            await outbox.put(tx, _event(setup, run, connection))
    if connection is not None:
        setup.watch.run(run, connection).ended(done, state, why)


async def fail_action(setup: Setup, attempt: Attempt, error: FairleadError) -> None:
    """End a claimed run of an action as failed, and announce it."""
    async with setup.db.read() as tx:
        connection = await connections.by_pk(tx, attempt.run.connection_pk)
    await _end(setup, attempt.run, connection, RunState.FAILED, failure_of(error))


async def close_interrupted(setup: Setup, run: Run) -> bool:
    """End the run of an action whose process died: it may have acted.

    False: its caller asked for repeats, and there is one left.
    """
    if _may_repeat(run):
        return False
    async with setup.db.write() as tx:
        held = await setup.claim(tx, run.id)
        connection = await connections.by_pk(tx, run.connection_pk)
    if held is not None:
        await _end(setup, held, connection, RunState.FAILED, _INTERRUPTED)
    return True


def _event(setup: Setup, run: Run, connection: Connection) -> Event:
    return Event(
        id=setup.new_id(),
        environment_id=run.environment_id,
        type="async_action",
        connection_pk=run.connection_pk,
        payload={
            "from": "nango",
            "type": "async_action",
            "connectionId": connection.connection_id,
            "providerConfigKey": connection.integration_key,
            "payload": {"id": run.id, "statusUrl": f"/action/{run.id}"},
        },
        created_at=setup.clock.now(),
    )
