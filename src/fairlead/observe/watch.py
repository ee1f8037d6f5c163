"""Watch: what the rooms tell of their work, in one line each; it decides what becomes of it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from time import perf_counter
from typing import Any

from fairlead.errors import FairleadError
from fairlead.http.redact import redact_url
from fairlead.model.clock import Clock, NewId
from fairlead.model.connection import Connection
from fairlead.model.event import Event
from fairlead.model.operation import Level, Message, Operation, OperationState, OperationType
from fairlead.model.run import Run
from fairlead.observe.journal import Journal
from fairlead.observe.meters import STATUSES, Meters
from fairlead.observe.run_note import RunNote

#: what an event of the outbox is called among operations (contract 11)
_ACTIONS = {"auth": "connection", "sync": "sync", "async_action": "action", "forward": "forward"}


#: what goes past the framework, which knows no route of it
_HOT = {"/records": "/records", "/connections": "/connections/{connection_id}"}


def _hot_route(path: str) -> str:
    return _HOT.get("/" + path.split("/", 2)[1], "other")


class Watch:
    """Takes note of what this process does; without a journal, of nothing."""

    def __init__(
        self,
        journal: Journal | None = None,
        clock: Clock | None = None,
        new_id: NewId | None = None,
        *,
        calls_per_second: int = 0,
    ) -> None:
        """`calls_per_second`: proxied calls noted at most, but for those that fail."""
        self.journal = journal
        self.meters = Meters()
        self._clock = clock
        self._new_id = new_id
        self._calls_per_second = calls_per_second
        self._second = 0.0
        self._calls_left = 0
        #: proxied calls that went well and were not noted
        self.calls_passed = 0

    def run(self, run: Run, connection: Connection) -> RunNote:
        """Return what takes note of one attempt at a run."""
        return RunNote(self.journal, self._clock, run, connection, self.meters)

    def proxied(  # noqa: PLR0917  # called on the busiest path of all
        self,
        connection: Connection,
        method: str,
        url: str,
        status: int,
        began: float,
        error: FairleadError | None,
    ) -> None:
        """Note a proxied call that is over; `began` by `perf_counter`, status 0 = no answer."""
        now = perf_counter()
        shown = STATUSES.get(status, "0")
        self.meters.proxy.observe((connection.integration_key, method, shown), now - began)
        if self.journal is None:
            return
        if error is None and 0 < status < 400:
            if now - self._second >= 1.0:
                self._second, self._calls_left = now, self._calls_per_second
            if self._calls_left <= 0:
                self.calls_passed += 1
                return
            self._calls_left -= 1
        call = _Call(self, connection, method, url, status, now - began, error)
        self.journal.note(call)

    def answered(self, scope: Mapping[str, Any], status: int, began: float) -> None:
        """Note a request to the API that is over; the proxy's have a note of their own."""
        path: str = scope["path"]
        if path.startswith("/proxy/"):
            return
        route = getattr(scope.get("route"), "path", None) or _hot_route(path)
        shown = STATUSES.get(status, "0")
        self.meters.api.observe((scope["method"], route, shown), perf_counter() - began)

    def renewed(self, connection: Connection, error: FairleadError | None) -> None:
        """Note that credentials were renewed, or why not."""
        outcome = "success" if error is None else error.code
        self.meters.renewals.add((connection.integration_key, outcome))

    def waited(self, connection: Connection, seconds: float, reason: str) -> None:
        """Note that a request has to wait."""
        labels = (connection.integration_key, reason)
        self.meters.waits.add(labels)
        self.meters.waited_seconds.add(labels, seconds)

    def delivered(
        self,
        event: Event,
        *,
        state: OperationState,
        attempt: int,
        url: str,
        status: int | None,
        error: str | None,
        seconds: float,
    ) -> None:
        """Note one attempt to deliver an event."""
        # an alert's names its receiver, too
        kind = event.type.partition(":")[0]
        outcome = STATUSES.get(status or 0, "0")
        self.meters.deliveries.observe((kind, outcome), seconds)
        if self.journal is None or self._clock is None:
            return
        now = self._clock.now()
        payload = event.payload
        operation = Operation(
            # the event's own id is that of what caused it
            id=f"delivery-{event.id}",
            environment_id=event.environment_id,
            type=OperationType.WEBHOOK,
            action=_ACTIONS.get(kind, kind),
            state=state,
            title=f"Deliver {kind} event",
            integration=payload.get("providerConfigKey") or payload.get("integration"),
            provider=payload.get("provider"),
            connection_id=payload.get("connectionId"),
            function=payload.get("syncName"),
            variant=payload.get("syncVariant"),
            meta={"event_id": event.id, "attempts": attempt, "url": redact_url(url)},
            error={"code": "delivery_failed", "message": error} if error else None,
            created_at=event.created_at,
            started_at=event.created_at,
            ended_at=now if state.is_over else None,
        )
        self.journal.note(operation)
        said = f"POST {redact_url(url)} → {status or error}"
        self.journal.note(
            Message(
                operation_id=operation.id,
                environment_id=operation.environment_id,
                created_at=now,
                level=Level.WARN if error else Level.INFO,
                type="http",
                source="internal",
                context="webhook",
                text=said,
                detail={
                    "request": {"method": "POST", "url": url},
                    "response": {"status": status},
                    "retry": {"attempt": attempt},
                    "duration_ms": round(seconds * 1000, 1),
                },
            )
        )

    def made(self, call: "_Call") -> Sequence[Operation | Message]:
        """Return what a proxied call is in the journal."""
        assert self._clock is not None, "it has a journal"
        assert self._new_id is not None, "it has a journal"
        ended_at = self._clock.now()
        began_at = ended_at - timedelta(seconds=call.seconds)
        url, connection = redact_url(call.url), call.connection
        path = url.partition("?")[0]
        outcome = call.error.code if call.error is not None else str(call.status or "broken off")
        failed = call.error is not None or not 0 < call.status < 400
        error: Mapping[str, Any] | None = None
        if call.error is not None:
            error = {"code": call.error.code, "message": call.error.message, "who": call.error.who}
        elif not call.status:
            error = {"code": "aborted", "message": "It broke off before an answer.", "who": "us"}
        elif failed:
            error = {
                "code": f"http_{call.status}",
                "message": f"The vendor answered {call.status}.",
                "who": "caller" if call.status < 500 else "vendor",
            }
        operation = Operation(
            id=self._new_id(),
            environment_id=connection.environment_id,
            type=OperationType.PROXY,
            action="call",
            state=OperationState.FAILED if failed else OperationState.SUCCESS,
            title=f"{call.method} {path} → {outcome}",
            integration=connection.integration_key,
            provider=connection.provider,
            connection_id=connection.connection_id,
            meta={"method": call.method, "url": url, "status": call.status or None},
            error=error,
            created_at=began_at,
            started_at=began_at,
            ended_at=ended_at,
        )
        message = Message(
            operation_id=operation.id,
            environment_id=operation.environment_id,
            created_at=ended_at,
            level=Level.ERROR if failed else Level.INFO,
            type="http",
            source="internal",
            context="proxy",
            text=operation.title,
            detail={
                "request": {"method": call.method, "url": call.url},
                "response": {"status": call.status or None},
                "duration_ms": round(call.seconds * 1000, 1),
                **({"error": error} if error else {}),
            },
        )
        return operation, message


class _Call:
    """A proxied call as it was; what is told of it is made later."""

    __slots__ = ("connection", "error", "method", "seconds", "status", "url", "watch")

    def __init__(  # noqa: PLR0917  # made on the busiest path of all
        self,
        watch: Watch,
        connection: Connection,
        method: str,
        url: str,
        status: int,
        seconds: float,
        error: FairleadError | None,
    ) -> None:
        self.watch = watch
        self.connection = connection
        self.method = method
        self.url = url
        self.status = status
        self.seconds = seconds
        self.error = error

    def __call__(self) -> Sequence[Operation | Message]:
        return self.watch.made(self)
