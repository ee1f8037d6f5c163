"""RunNote: what one attempt at a run asks, is answered and says, noted as messages of the run."""

from time import perf_counter
from typing import Any

from fairlead.errors import FairleadError
from fairlead.http.redact import redact_url
from fairlead.model.clock import Clock
from fairlead.model.connection import Connection
from fairlead.model.exchange import Request, Response, Send
from fairlead.model.operation import Level, Message, Operation, OperationState, OperationType
from fairlead.model.run import Run, RunFailure, RunKind, RunState
from fairlead.observe.journal import Journal
from fairlead.observe.meters import STATUSES, Meters
from fairlead.sdk.ctx import Log

#: messages of one attempt; beyond, only what went wrong, and no more than this again
MOST_MESSAGES = 500
#: bytes of a request's body that are noted
_LARGEST_BODY = 8192

_STATES = {
    RunState.QUEUED: OperationState.WAITING,
    RunState.RUNNING: OperationState.RUNNING,
    RunState.SUCCEEDED: OperationState.SUCCESS,
    RunState.FAILED: OperationState.FAILED,
    RunState.CANCELLED: OperationState.CANCELLED,
}


class RunNote:
    """Takes note of one attempt at a run."""

    def __init__(
        self,
        journal: Journal | None,
        clock: Clock | None,
        run: Run,
        connection: Connection,
        meters: Meters | None = None,
    ) -> None:
        self._meters = meters
        self._began = perf_counter()
        self._journal = journal if journal is not None and journal.is_on else None
        self._clock = clock
        self._run = run
        self._connection = connection
        self._messages = 0
        self._left_out = 0

    def began(self) -> None:
        """Note that it is under way."""
        self._note(self._run, OperationState.RUNNING, None, self._run.requests)

    def ended(
        self,
        run: Run | None,
        state: RunState,
        failure: RunFailure | None = None,
        *,
        requests: int | None = None,
    ) -> None:
        """Note how it ended; `run` as it stands then, None = as it began, with so many requests."""
        is_late = failure is not None and failure.kind == "FunctionTimedOut"
        told = OperationState.TIMEOUT if is_late else _STATES[state]
        ended = run or self._run
        if self._meters is not None and told.is_over:
            self._measure(self._meters, ended, told)
        self._note(ended, told, failure, ended.requests if requests is None else requests)

    def _measure(self, meters: Meters, run: Run, state: OperationState) -> None:
        key = self._connection.integration_key
        is_sync = run.kind is RunKind.SYNC
        timing = meters.syncs if is_sync else meters.actions
        timing.observe((key, run.function, state.value), perf_counter() - self._began)
        for counts in run.counts.values() if is_sync else ():
            for change in ("added", "updated", "deleted"):
                if number := getattr(counts, change):
                    meters.records_changed.add((key, run.function, change), number)

    def _note(
        self, run: Run, state: OperationState, failure: RunFailure | None, requests: int
    ) -> None:
        if self._journal is None or self._clock is None:
            return
        connection = self._connection
        is_sync = run.kind is RunKind.SYNC
        meta: dict[str, Any] = {"trigger": run.trigger.value, "requests": requests}
        if is_sync:
            meta |= {
                "is_reset": run.is_reset,
                "batches": run.batches,
                "counts": {
                    model: {
                        "added": counts.added,
                        "updated": counts.updated,
                        "deleted": counts.deleted,
                    }
                    for model, counts in run.counts.items()
                },
                "warnings": len(run.warnings),
            }
        error = None
        if failure is not None:
            error = {"code": failure.code, "message": failure.message, "who": failure.who}
            if failure.request_id:
                error["request_id"] = failure.request_id
        self._journal.note(
            Operation(
                id=run.id,
                environment_id=run.environment_id,
                type=OperationType.SYNC if is_sync else OperationType.ACTION,
                action="run",
                state=state,
                title=f"Run {run.function}",
                integration=connection.integration_key,
                provider=connection.provider,
                connection_id=connection.connection_id,
                function=run.function,
                variant=run.variant if is_sync else None,
                meta=meta,
                error=error,
                left_out=self._left_out,
                created_at=run.created_at,
                started_at=run.started_at or run.created_at,
                ended_at=self._clock.now() if state.is_over else None,
            )
        )

    def log(self, inner: Log) -> Log:
        """Return a log that writes to `inner` and keeps the lines as messages."""
        return inner if self._journal is None else _KeptLog(self, inner)

    def send(self, inner: Send) -> Send:
        """Return what sends by `inner` and keeps each exchange as a message."""
        if self._journal is None and self._meters is None:
            return inner

        async def sending(request: Request) -> Response:
            began = perf_counter()
            try:
                answer = await inner(request)
            except FairleadError as error:
                self._exchange(request, None, perf_counter() - began, error)
                raise
            self._exchange(request, answer, perf_counter() - began, None)
            return answer

        return sending

    def _exchange(
        self,
        request: Request,
        answer: Response | None,
        seconds: float,
        error: FairleadError | None,
    ) -> None:
        status = answer.status if answer is not None else None
        if self._meters is not None:
            labels = (
                self._connection.integration_key,
                request.method.upper(),
                STATUSES.get(status or 0, "0"),
            )
            self._meters.functions.observe(labels, seconds)
        if self._journal is None:
            return
        went_wrong = error is not None or (status or 0) >= 400
        if not self._has_room(went_wrong=went_wrong):
            return
        method, url = request.method.upper(), request.url
        asked: dict[str, Any] = {"method": method, "url": url, "headers": dict(request.headers)}
        if isinstance(request.body, bytes) and request.body:
            if len(request.body) <= _LARGEST_BODY:
                asked["body"] = request.body
            else:
                asked["body"] = {"left_out_bytes": len(request.body)}
        detail: dict[str, Any] = {"request": asked, "duration_ms": round(seconds * 1000, 1)}
        if answer is not None:
            detail["response"] = {"status": status, "headers": dict(answer.headers)}
        if error is not None:
            detail["error"] = {"code": error.code, "message": error.message}
        outcome = error.code if error is not None else status
        self._write(
            level=Level.WARN if went_wrong else Level.INFO,
            type="http",
            source="internal",
            text=f"{method} {redact_url(url)} → {outcome}",
            detail=detail,
        )

    def line(self, level: Level, event: str, facts: dict[str, Any]) -> None:
        """Keep a line of the function's log."""
        if self._has_room(went_wrong=level in (Level.WARN, Level.ERROR)):
            self._write(
                level=level,
                type="log",
                source="user",
                text=str(event),
                detail={"meta": {name: _plain(value) for name, value in facts.items()}},
            )

    def _has_room(self, *, went_wrong: bool) -> bool:
        self._messages += 1
        most = 2 * MOST_MESSAGES if went_wrong else MOST_MESSAGES
        if self._messages <= most:
            return True
        self._left_out += 1
        return False

    def _write(self, **told: Any) -> None:
        assert self._journal is not None, "asked before"
        assert self._clock is not None, "it has a journal"
        self._journal.note(
            Message(
                operation_id=self._run.id,
                environment_id=self._run.environment_id,
                created_at=self._clock.now(),
                context="script",
                **told,
            )
        )


def _plain(value: Any) -> Any:
    # made now: the author may go on and change it
    return value if isinstance(value, str | int | float | bool | None) else repr(value)[:2000]


class _KeptLog:
    """A function's log whose lines are kept."""

    def __init__(self, note: RunNote, inner: Log) -> None:
        self._note = note
        self._inner = inner

    def debug(self, event: str, **facts: Any) -> None:
        """Only kept: processes' logs begin at `info`."""
        self._note.line(Level.DEBUG, event, facts)

    def info(self, event: str, **facts: Any) -> None:
        self._note.line(Level.INFO, event, facts)
        self._inner.info(event, **facts)

    def warning(self, event: str, **facts: Any) -> None:
        self._note.line(Level.WARN, event, facts)
        self._inner.warning(event, **facts)

    def error(self, event: str, **facts: Any) -> None:
        self._note.line(Level.ERROR, event, facts)
        self._inner.error(event, **facts)
