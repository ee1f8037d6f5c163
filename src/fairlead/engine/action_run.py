"""Run an action once: validate what goes in and what comes out, and write down how it went.

It runs in the process that was called, not through the queue: its caller waits. Those that nobody
waits for are in `async_action.py`.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import orjson
import structlog

from fairlead.engine.failure import authors, failure_of
from fairlead.engine.recorded import sealed_recording
from fairlead.engine.setup import Setup
from fairlead.engine.written import Written
from fairlead.errors import FairleadError, FunctionTimedOut, LeaseLost, OutputInvalid
from fairlead.gateway.needs import Needs
from fairlead.model.connection import Connection
from fairlead.model.event import Event
from fairlead.model.function import Action
from fairlead.model.run import Run, RunFailure, RunState
from fairlead.sdk import (
    Content,
    Incoming,
    action_ctx,
    call_action,
    dump_output,
    validate_input,
    view_of,
    with_incoming,
)
from fairlead.sdk.pack import Pack
from fairlead.sdk.recorder import Recorder
from fairlead.store import outbox, recordings, runs

log = structlog.get_logger(__name__)

#: how long an action may take (HTTP contract, section 7)
LONGEST = timedelta(minutes=15)
#: how long one may take that is given a file, which comes as fast as its caller sends it
LONGEST_UPLOAD = timedelta(hours=12)
#: a run of an action has no heartbeat: its lease is its time limit and this much more
_MARGIN = timedelta(seconds=30)


async def run_action(
    setup: Setup,
    connection: Connection,
    name: str,
    raw: object,
    *,
    limit: timedelta = LONGEST,
    as_bytes: bool = False,
    incoming: Incoming | None = None,
) -> Any:
    """Call an action and return its output as JSON values, or content as a Delivery if wanted.

    `incoming` are bytes that came beside the input, for an action that takes some.

    NotFound (`unknown_action`), InvalidInput with its issues, whatever the vendor's API raised,
    ActionFailed, OutputInvalid, FunctionCrashed, FunctionTimedOut; all but the first two are in the
    run's row too.
    """
    action = setup.registry.action(connection.provider, name)
    pack = setup.registry.pack_for(connection.provider)
    assert pack is not None, "its action was found"
    whole = raw if incoming is None else with_incoming(action, raw, incoming)
    validated = validate_input(action, whole)
    run, connection = await setup.called.open(connection, action.name, raw, limit + _MARGIN)
    call = ActionCall(setup, run, connection, action)
    try:
        output = await call.body(pack, action, validated, limit, as_bytes=as_bytes)
    except FairleadError as error:
        await call.fail(failure_of(error))
        log.warning("action failed", action=name, run_id=run.id, code=error.code)
        raise
    except asyncio.CancelledError:
        # Whoever called is gone; its row must not look as if somebody still worked at it.
        await asyncio.shield(call.finish(RunState.CANCELLED))
        raise
    if isinstance(output, Content):
        return Delivery(call, output)
    await call.finish(RunState.SUCCEEDED, output=output)
    return output


class ActionCall:
    """One attempt at an action, and what is written down of it."""

    def __init__(self, setup: Setup, run: Run, connection: Connection, action: Action) -> None:
        self._setup = setup
        self._run = run
        self._connection = connection
        self._requests = 0
        needs = Needs(action.name, action.scopes)
        self._note = setup.watch.run(run, connection)
        send = setup.gateway.sender(connection, self._count, needs)
        self._recorder = Recorder(self._note.send(send))
        self._written = Written(setup, connection, action.name)

    async def body(
        self,
        pack: Pack[Any],
        action: Action,
        validated: Any,
        limit: timedelta,
        *,
        as_bytes: bool,
    ) -> Any:
        """Return what the action returns, checked; whatever it raises is an error of ours."""

        async def work() -> Any:
            view = view_of(self._connection)
            bound = log.bind(run_id=self._run.id, connection_id=view.connection_id)
            kept = self._note.log(bound)
            context = action_ctx(pack, view, self._recorder, kept, self._written)
            result = await call_action(action, context, validated, as_bytes=as_bytes)
            if isinstance(result, Content):
                return result
            output = dump_output(action, result)
            self._measure(action, output)
            return output

        try:
            async with asyncio.timeout(limit.total_seconds()):
                return await authors(action.name, work())
        except TimeoutError as error:
            raise FunctionTimedOut(
                f"{action.name} took longer than {limit.total_seconds():g} s and was stopped."
            ) from error

    def _measure(self, action: Action, output: Any) -> None:
        size, most = len(orjson.dumps(output)), self._setup.settings.action_output_bytes
        if size > most:
            raise OutputInvalid(
                f"{action.name} returned {size:,} bytes; at most {most:,}. Ask for less, or raise "
                "FAIRLEAD_ACTION_OUTPUT_BYTES.",
                code="output_too_large",
            )

    def _count(self) -> None:
        self._requests += 1

    async def fail(self, failure: RunFailure, event: Event | None = None) -> None:
        """End the run as failed, with its recording."""
        recording = await sealed_recording(
            self._setup, self._recorder, self._connection, self._run, failure
        )
        await self.finish(RunState.FAILED, recording=recording, event=event, failure=failure)

    async def finish(
        self,
        state: RunState,
        *,
        recording: bytes | None = None,
        event: Event | None = None,
        **result: Any,
    ) -> None:
        """End the run, and announce it with the event."""
        setup, run = self._setup, self._run
        has_written = state is RunState.SUCCEEDED and self._written.is_any
        self._note.ended(None, state, result.get("failure"), requests=self._requests)
        # Cancelled by somebody, or gone with its connection: the caller gets the answer anyway.
        if not has_written and state is not RunState.FAILED and event is None:
            await setup.called.end(run, state, output=result.get("output"), requests=self._requests)
            return
        now = setup.clock.now()
        with contextlib.suppress(LeaseLost):
            async with setup.db.write() as tx:
                if self._requests:
                    await runs.add_requests(tx, run.id, run.fencing_token, self._requests)
                if recording is not None:
                    await recordings.put(tx, run, recording, now)
                if has_written:
                    await self._written.write(tx, run.id)
                await runs.finish(tx, run.id, run.fencing_token, state=state, now=now, **result)
                if event is not None:
                    await outbox.put(tx, event)


class Delivery:
    """Content on its way to the caller; the run ends when it is closed, well or not."""

    def __init__(self, call: ActionCall, content: Content) -> None:
        self._call = call
        self._content = content
        self._sent = 0
        self._failure: RunFailure | None = None
        self._is_whole = False
        self.mime_type = content.mime_type
        #: bytes, None if the vendor did not say
        self.size = content.size

    async def stream(self) -> AsyncIterator[bytes]:
        """Yield the bytes as they arrive; ProviderError if they break off."""
        try:
            async for chunk in self._content.stream():
                self._sent += len(chunk)
                # whoever has the last byte may go at once
                self._is_whole = self._sent == self.size
                yield chunk
        except FairleadError as error:
            self._failure = failure_of(error)
            raise
        self._is_whole = True

    async def close(self) -> None:
        """Give the vendor's connection back, and end the run; to be called once."""
        await self._content.close()
        if self._failure is not None:
            await self._call.fail(self._failure)
        elif self._is_whole:
            output = {"size": self._sent, "mimeType": self.mime_type}
            await self._call.finish(RunState.SUCCEEDED, output=output)
        else:
            await self._call.finish(RunState.CANCELLED)
