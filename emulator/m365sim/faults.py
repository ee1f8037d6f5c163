"""Scripted faults: which requests go wrong, how, and how often.

Every surface is wrapped once with `with_faults`, which also counts its requests. What throttling
looks like:
https://learn.microsoft.com/sharepoint/dev/general-development/how-to-avoid-getting-throttled-or-blocked-in-sharepoint-online
"""

from __future__ import annotations

import asyncio
import fnmatch
import json
import math
import random
import re
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

from m365sim.traffic import Traffic

if TYPE_CHECKING:
    from m365sim.world import World

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

_CODES = {
    401: ("InvalidAuthenticationToken", "Access token has expired or is not yet valid."),
    403: ("accessDenied", "Access denied"),
    404: ("itemNotFound", "The resource could not be found."),
    410: ("resyncRequired", "Resync required. Replace any local items with the server's version."),
    423: ("resourceLocked", "The site is locked."),
    429: ("activityLimitReached", "The app or user has been throttled."),
    500: ("generalException", "General exception while processing"),
    503: ("serviceNotAvailable", "The service is not available. Try again later."),
    504: ("UnknownError", "The gateway timed out."),
}


@dataclass(slots=True)
class Fault:
    """A rule: the requests it meets, and what happens to them."""

    host: str = "*"  # login | graph | sharepoint | *
    method: str = "*"
    path: str = "*"  # a glob over path and query, case-blind; `*` crosses slashes
    skip: int = 0  # so many matching requests pass unharmed first
    count: int | None = 1  # so many requests are hit; None = all
    probability: float = 1.0
    status: int | None = None  # answer this instead of asking the surface
    retry_after: int | None = None  # seconds
    hold: bool = False  # who calls that host again before Retry-After is over is refused again
    code: str | None = None  # of the error envelope
    inner_code: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None  # instead of the error envelope
    cut_after: int | None = None  # the answer breaks off after so many bytes of its body
    delay: float = 0.0  # seconds before anything is answered
    id: str = ""
    hits: int = 0

    def meets(self, host: str, method: str, target: str) -> bool:
        """Tell whether a request is one of those this rule is about."""
        if self.host not in ("*", host) or self.method.upper() not in ("*", method):
            return False
        return re.match(fnmatch.translate(self.path.lower()), target.lower()) is not None


class FaultScript:
    """The rules in force, and the log of what they hit."""

    def __init__(self, seed: int = 0) -> None:
        self.rules: list[Fault] = []
        self.log: deque[dict[str, object]] = deque(maxlen=500)
        self.traffic = Traffic()
        self.early_calls = 0  # made while a host was held
        self._held_until: dict[str, datetime] = {}
        self._random = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self._added = 0

    def add(self, fault: Fault) -> Fault:
        """Put a rule in force; earlier rules are asked first."""
        self._added += 1
        fault.id = fault.id or f"fault-{self._added}"
        self.rules.append(fault)
        return fault

    def add_json(self, values: dict[str, Any]) -> Fault:
        """Put a rule in force that arrived as JSON; unknown keys are a ValueError."""
        known = {f.name for f in fields(Fault)} - {"hits"}
        unknown = set(values) - known
        if unknown:
            raise ValueError(f"a fault has no {', '.join(sorted(unknown))}")
        hints = get_type_hints(Fault)
        for name, value in values.items():
            wanted = get_args(hints[name]) or (hints[name],)
            kinds = (dict,) if get_origin(hints[name]) is dict else wanted
            if not isinstance(value, (*kinds, int) if float in kinds else kinds):
                raise TypeError(f"{name} of a fault cannot be {value!r}")
        return self.add(Fault(**values))

    def remove(self, fault_id: str | None = None) -> None:
        """Take one rule out of force, or all of them."""
        self.rules = [r for r in self.rules if fault_id is not None and r.id != fault_id]
        if fault_id is None:
            self._held_until.clear()

    def match(self, host: str, method: str, target: str, now: datetime) -> Fault | None:
        """Return the first rule that hits a request, and count the hit."""
        if (until := self._held_until.get(host)) is not None and now < until:
            self.early_calls += 1
            left = math.ceil((until - now).total_seconds())
            self._note("early call", host, method, target)
            return Fault(status=429, retry_after=left, id="early call")
        for rule in self.rules:
            if rule.count is not None and rule.hits >= rule.count:
                continue
            if not rule.meets(host, method, target):
                continue
            if rule.skip > 0:
                rule.skip -= 1
                continue
            if rule.probability < 1 and self._random.random() >= rule.probability:
                continue
            rule.hits += 1
            self._note(rule.id, host, method, target)
            if rule.hold and rule.retry_after is not None:
                self._held_until[host] = now + timedelta(seconds=rule.retry_after)
            return rule
        return None

    def _note(self, fault: str, host: str, method: str, target: str) -> None:
        self.log.append({"fault": fault, "host": host, "method": method, "target": target})

    def report(self) -> dict[str, object]:
        """Return the rules and the hits, ready for JSON."""
        return {
            "rules": [asdict(rule) for rule in self.rules],
            "hits": list(self.log),
            "earlyCalls": self.early_calls,
        }


def with_faults(app: ASGIApp, world: World, host: str) -> ASGIApp:
    """Wrap a surface: scripted faults strike before it, and every request is counted."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        script: FaultScript = world.faults
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        fault = None
        if script.rules:
            query = scope.get("query_string", b"").decode("latin-1")
            target = f"{scope['path']}?{query}" if query else scope["path"]
            fault = script.match(host, scope["method"], target, world.clock.now())
        try:
            if fault is None:
                await app(scope, receive, watched)
            else:
                await _strike(fault, host, app, (scope, receive, watched), world)
        finally:
            script.traffic.note(host, scope, status, fault.id if fault else None)

    return guarded


class CutConnection(Exception):
    """A fault tore the answer in two; the server drops the connection."""


async def _strike(
    fault: Fault, host: str, app: ASGIApp, request: tuple[Scope, Receive, Send], world: World
) -> None:
    scope, receive, send = request
    if fault.delay:
        await asyncio.sleep(fault.delay)
    if fault.status is not None:
        await _answer(fault, fault.status, host, send, world)
    elif fault.cut_after is not None:
        await app(scope, receive, _cutting(send, fault.cut_after))
    else:
        await app(scope, receive, send)


async def _answer(fault: Fault, status: int, host: str, send: Send, world: World) -> None:
    request_id = f"00000000-0000-4000-8000-{fault.hits:012x}"
    body = fault.body
    if body is None:
        now = world.clock.now()
        shape = _sign_in_error if host == "login" else _graph_error
        body = json.dumps(shape(fault, status, now, request_id))
    headers = {"content-type": "application/json", "request-id": request_id}
    if status == 401:
        headers["www-authenticate"] = 'Bearer realm=""'
    if fault.retry_after is not None:
        headers["retry-after"] = str(fault.retry_after)
    headers |= {name.lower(): value for name, value in fault.headers.items()}
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body.encode()})


def _graph_error(fault: Fault, status: int, now: datetime, request_id: str) -> dict[str, object]:
    code, message = _CODES.get(status, ("generalException", "General exception"))
    inner: dict[str, object] = {"code": fault.inner_code} if fault.inner_code else {}
    inner |= {
        "date": now.strftime("%Y-%m-%dT%H:%M:%S"),
        "request-id": request_id,
        "client-request-id": request_id,
    }
    return {"error": {"code": fault.code or code, "message": message, "innerError": inner}}


def _sign_in_error(fault: Fault, status: int, now: datetime, request_id: str) -> dict[str, object]:
    timestamp = now.strftime("%Y-%m-%d %H:%M:%SZ")
    return {
        "error": fault.code or ("temporarily_unavailable" if status < 500 else "server_error"),
        "error_description": "AADSTS90033: A transient error has occurred. Please try again.\r\n"
        f"Trace ID: {request_id}\r\nCorrelation ID: {request_id}\r\nTimestamp: {timestamp}",
        "error_codes": [int(fault.inner_code)] if fault.inner_code else [90033],
        "timestamp": timestamp,
        "trace_id": request_id,
        "correlation_id": request_id,
    }


def _cutting(send: Send, limit: int) -> Send:
    left = limit

    async def cut(message: Message) -> None:
        nonlocal left
        if message["type"] != "http.response.body":
            await send(message)
            return
        body: bytes = message.get("body", b"")
        if len(body) >= left:
            # The promised length is never reached, so the client sees a broken body, as it would
            # when a gateway dies; raising makes the server close the connection.
            await send({"type": "http.response.body", "body": body[:left], "more_body": True})
            raise CutConnection(f"cut after {limit} bytes")
        left -= len(body)
        await send(message)

    return cut
