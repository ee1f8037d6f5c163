"""Scripted faults: which requests go wrong, how, and how often.

Every surface is wrapped once with `with_faults`, which also counts its requests. What throttling
looks like:
https://learn.microsoft.com/sharepoint/dev/general-development/how-to-avoid-getting-throttled-or-blocked-in-sharepoint-online
"""

from __future__ import annotations

import asyncio
import math
import random
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

from m365sim.fault import Fault
from m365sim.fault_answers import CutConnection, answer, cutting, header, slowed
from m365sim.history import acting
from m365sim.traffic import Traffic

if TYPE_CHECKING:
    from m365sim.world import World

__all__ = ["CutConnection", "Fault", "FaultScript", "with_faults"]

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]


class FaultScript:
    """The rules in force, and the log of what they hit."""

    def __init__(self, seed: int = 0) -> None:
        self.rules: list[Fault] = []
        self.log: deque[dict[str, object]] = deque(maxlen=500)
        self.traffic = Traffic()
        self.early_calls = 0  # made while a host was held
        self.seed = seed
        self._held_until: dict[str, datetime] = {}
        self._added = 0

    def add(self, fault: Fault) -> Fault:
        """Put a rule in force; earlier rules are asked first."""
        self._added += 1
        fault.id = fault.id or f"fault-{self._added}"
        # Of its own, so that what other rules meet does not change what this one does.
        seed = f"{self.seed if fault.seed is None else fault.seed} {fault.id}"
        fault.random = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self.rules.append(fault)
        return fault

    def add_json(self, values: dict[str, Any]) -> Fault:
        """Put a rule in force that arrived as JSON; unknown keys are a ValueError."""
        known = {f.name for f in fields(Fault)} - {"hits", "random"}
        unknown = set(values) - known
        if unknown:
            raise ValueError(f"a fault has no {', '.join(sorted(unknown))}")
        hints = get_type_hints(Fault)
        for name, value in values.items():
            if name == "challenge" and value not in (None, "claims"):
                raise ValueError("the challenge of a fault is claims")
            if name == "challenge":
                continue
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

    def match(
        self, host: str, method: str, target: str, now: datetime, name: str = ""
    ) -> Fault | None:
        """Return the first rule that hits a request, and count the hit.

        `host` is the surface and `name` what the request calls it.
        """
        if (until := self._held_until.get(host)) is not None and now < until:
            self.early_calls += 1
            left = math.ceil((until - now).total_seconds())
            self._note("early call", host, method, target)
            return Fault(status=429, retry_after=left, id="early call")
        for rule in self.rules:
            if rule.count is not None and rule.hits >= rule.count:
                continue
            if not rule.meets(host, method, target, name):
                continue
            if rule.skip > 0:
                rule.skip -= 1
                continue
            if not rule.strikes():
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
            "rules": [_shown(rule) for rule in self.rules],
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
            name = header(scope, b"host").partition(":")[0]
            fault = script.match(host, scope["method"], target, world.clock.now(), name)
        try:
            with acting(host):
                if fault is None:
                    await app(scope, receive, watched)
                else:
                    await _strike(fault, host, app, (scope, receive, watched), world)
        finally:
            script.traffic.note(host, scope, status, fault.id if fault else None)

    return guarded


async def _strike(
    fault: Fault, host: str, app: ASGIApp, request: tuple[Scope, Receive, Send], world: World
) -> None:
    scope, receive, send = request
    if fault.delay:
        await asyncio.sleep(fault.delay)
    if fault.bandwidth is not None:
        send = slowed(send, fault.bandwidth)
    if fault.cut_after is not None:
        send = cutting(send, fault.cut_after)
    if fault.answer is None:
        await app(scope, receive, send)
        return
    await answer(fault, host, scope, send, world.clock.now())


def _shown(rule: Fault) -> dict[str, object]:
    names = (one.name for one in fields(Fault) if one.name != "random")
    return {name: getattr(rule, name) for name in names}
