"""Counts what apps and users ask for, and refuses them when it is too much.

What is refused counts as well, and who comes back before it may makes things worse. The windows
begin with the first request and follow each other; how the real service slides them is not said.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from m365sim.throttle.limits import Limits, limits_of

MINUTE, FIVE_MINUTES, DAY = timedelta(minutes=1), timedelta(minutes=5), timedelta(days=1)
WARNED_FROM = 0.8  # of a minute's units
#: What was sent before the refusal could be read is no early call: the rest of a batch, say.
ON_ITS_WAY = timedelta(seconds=1)
PENALTY = timedelta(seconds=10)  # for each call that comes too early
LONGEST = timedelta(minutes=10)  # that penalties add up to
STUBBORN = 50  # early calls after which an app is blocked
BLOCKED_FOR = timedelta(hours=1)

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request is served, and what is said about limits."""

    status: int = 200  # 429: too much; 503: blocked
    headers: Headers = field(default_factory=list)

    @property
    def is_allowed(self) -> bool:
        """Whether the request is served."""
        return self.status == 200


@dataclass(slots=True)
class _Hold:
    since: datetime
    until: datetime


@dataclass(slots=True)
class _Window:
    ends_at: datetime
    used: int = 0


class Meter:
    """The account of a tenant; it is off until somebody turns it on."""

    def __init__(self) -> None:
        self.is_on = False
        self.limits = limits_of(1)
        self.counts: Counter[str] = Counter()
        self._windows: dict[tuple[str, ...], _Window] = {}
        self._held: dict[tuple[str, str], _Hold] = {}
        self._early: Counter[tuple[str, str]] = Counter()

    def turn_on(self, licences: int = 1, limits: Limits | None = None) -> None:
        """Count from now on, against the limits for so many licences, or given ones."""
        self.limits = limits or limits_of(licences)
        self.is_on = True
        self.clear()

    def turn_off(self) -> None:
        """Let everything pass, uncounted."""
        self.is_on = False
        self.clear()

    def clear(self) -> None:
        """Forget what was used so far, and who is held."""
        for kept in (self.counts, self._windows, self._held, self._early):
            kept.clear()

    def charge(
        self, app_id: str, tenant_id: str, user_id: str | None, cost: int, now: datetime
    ) -> Verdict:
        """Take a request into account and tell whether it is served."""
        caller = (app_id, tenant_id)
        minute = self._window(("minute", *caller), MINUTE, now)
        spans = [
            (minute, self.limits.app_per_minute, cost),
            (self._window(("day", *caller), DAY, now), self.limits.app_per_day, cost),
            (
                self._window(("tenant", tenant_id), FIVE_MINUTES, now),
                self.limits.tenant_per_five_minutes,
                cost,
            ),
        ]
        if user_id is not None:
            user = self._window(("user", user_id, tenant_id), FIVE_MINUTES, now)
            spans.append((user, self.limits.user_per_five_minutes, 1))
        for window, _, amount in spans:
            window.used += amount
        self.counts["units"] += cost
        if (hold := self._held.get(caller)) is not None and now < hold.until:
            return self._held_back(caller, hold, now)
        self._early.pop(caller, None)
        over = [window for window, limit, _ in spans if window.used > limit]
        if over:
            until = max(window.ends_at for window in over)
            self._held[caller] = _Hold(now, until)
            self.counts["throttled"] += 1
            # What is said about the minute helps only whom the minute's limit stopped.
            said = self._rate(minute, now) if minute in over else []
            return Verdict(429, [*_retry_after(until, now), *said])
        if minute.used >= WARNED_FROM * self.limits.app_per_minute:
            return Verdict(200, self._rate(minute, now))
        return Verdict()

    def report(self, now: datetime) -> dict[str, object]:
        """Return limits, use and counts, ready for JSON."""
        return {
            "on": self.is_on,
            "limits": {
                "appPerMinute": self.limits.app_per_minute,
                "appPerDay": self.limits.app_per_day,
                "tenantPerFiveMinutes": self.limits.tenant_per_five_minutes,
                "userPerFiveMinutes": self.limits.user_per_five_minutes,
            },
            "counts": dict(self.counts),
            "used": [
                {"window": key[0], "of": list(key[1:]), "used": window.used}
                for key, window in self._windows.items()
                if window.ends_at > now
            ],
            "held": [
                {"app": app_id, "seconds": math.ceil((hold.until - now).total_seconds())}
                for (app_id, _), hold in self._held.items()
                if hold.until > now
            ],
        }

    def _held_back(self, caller: tuple[str, str], hold: _Hold, now: datetime) -> Verdict:
        if now - hold.since < ON_ITS_WAY:
            self.counts["throttled"] += 1
            return Verdict(429, _retry_after(hold.until, now))
        self._early[caller] += 1
        self.counts["early"] += 1
        if self._early[caller] >= STUBBORN:
            hold.until = now + BLOCKED_FOR
            self.counts["blocked"] += 1
            return Verdict(503, _retry_after(hold.until, now))
        hold.until = max(hold.until, min(hold.until + PENALTY, now + LONGEST))
        return Verdict(429, _retry_after(hold.until, now))

    def _window(self, key: tuple[str, ...], span: timedelta, now: datetime) -> _Window:
        window = self._windows.get(key)
        if window is None or window.ends_at <= now:
            window = self._windows[key] = _Window(now + span)
        return window

    def _rate(self, minute: _Window, now: datetime) -> Headers:
        limit = self.limits.app_per_minute
        left = max(0, limit - minute.used)
        reset = math.ceil((minute.ends_at - now).total_seconds())
        return [
            (b"ratelimit-limit", str(limit).encode()),
            (b"ratelimit-remaining", str(left).encode()),
            (b"ratelimit-reset", str(reset).encode()),
        ]


def _retry_after(until: datetime, now: datetime) -> Headers:
    seconds = max(1, math.ceil((until - now).total_seconds()))
    return [(b"retry-after", str(seconds).encode())]
