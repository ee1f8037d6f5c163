"""Budget: how much a vendor lets one app ask of one customer's account, and how that is shared.

Nothing is held back until the vendor speaks of its limit, near it or by a refusal. From then on:
a bucket of units that fills steadily, kept once for all processes (`store/budgets.py`). Its rate
and its depth are chosen so that no span of the vendor's sees more than the limit, wherever it
begins: `SPENT` of the limit flows in during a span, `DEPTH` of it may be saved up, and what a
process has in hand is at most `HAND` old. Who matters less leaves more in the bucket for the
others. A request that costs more than the bucket holds passes when it is full, and those after it
wait the longer.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import IntEnum

from fairlead.model.exchange import Request

#: of the limit, what is spent in a span
SPENT = 0.92
#: of the limit, what may be saved up
DEPTH = 0.04
#: of the depth, what each priority leaves for those before it
RESERVES = (0.0, 0.2, 0.4, 0.6)
#: how long units may lie in a process's hand before they go back
HAND = timedelta(seconds=1)
#: how long a limit is believed that the vendor told, and one that a refusal let us guess
BELIEVED, GUESSED = timedelta(days=1), timedelta(hours=1)
#: no pause is longer, whatever an answer says
LONGEST_PAUSE = timedelta(days=1)


class Priority(IntEnum):
    """What comes first when there is not enough for everything."""

    #: somebody waits for the answer
    INTERACTIVE = 0
    #: what has changed
    CHANGES = 1
    #: files and other single things
    CONTENT = 2
    #: who may see what
    PERMISSIONS = 3


@dataclass(frozen=True, slots=True)
class Toll:
    """What a request costs, and how soon it should be sent if nobody waits for it."""

    units: int
    priority: Priority = Priority.CONTENT


@dataclass(frozen=True, slots=True)
class Want:
    """Units that a process asks for at one priority."""

    #: what its first request costs: all of it or nothing
    first: int
    #: what others cost, and will soon: as far as it is there
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """How much one app may ask of one customer's account; names of headers are lower case."""

    #: whoever has the same name shares it: several providers may be doors to one API
    name: str
    #: what a request costs; no units: it is not counted
    toll: Callable[[Request], Toll]
    #: field of a connection's config that says whose account it is; without it nothing is counted
    account: str
    #: units a span, of the smallest customers to the largest; which one it is, answers tell
    limits: tuple[int, ...]
    span: timedelta = timedelta(minutes=1)
    #: what the limit is, what is left of it, and for how many seconds; told near the limit only
    limit_header: str = ""
    remaining_header: str = ""
    reset_header: str = ""

    def told(self, headers: Mapping[str, str], now: datetime) -> "Told | None":
        """Return what an answer tells of the limit, None = nothing that can be understood."""
        limit = _number(headers.get(self.limit_header))
        left = _number(headers.get(self.remaining_header))
        reset = _number(headers.get(self.reset_header))
        if not limit or left is None or reset is None:
            return None
        return Told(limit, left, now + timedelta(seconds=min(reset, 86_400)))


@dataclass(frozen=True, slots=True)
class Told:
    """What an answer tells of the limit."""

    limit: int
    #: units left
    left: int
    #: until then
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Purse:
    """What is left of one app's allowance at one account, as all processes share it."""

    #: units a span; None: the vendor has not spoken of it
    limit: int | None = None
    limit_until: datetime | None = None
    #: units saved up, if there is a limit, below zero: spent before they were asked for
    level: float
    level_at: datetime
    #: nothing is to be asked before
    paused_until: datetime | None = None
    #: units that the vendor says are left, and until when that holds
    left: int | None = None
    left_until: datetime | None = None
    #: units given out since the span began, whose end this is
    span_units: int = 0
    span_ends_at: datetime

    @classmethod
    def new(cls, allowance: Allowance, now: datetime) -> "Purse":
        """Return the purse of an account that nothing is known of."""
        return cls(level=0.0, level_at=now, span_ends_at=now + allowance.span)

    def at(self, now: datetime, allowance: Allowance) -> "Purse":
        """Return the purse as it is now: filled, and with what is over forgotten."""
        gone = max(0.0, (now - self.level_at).total_seconds())
        purse = replace(
            self,
            level=min(self.depth, self.level + gone * self.rate(allowance)),
            level_at=max(now, self.level_at),
        )
        if purse.limit_until is not None and purse.limit_until <= now:
            purse = replace(purse, limit=None, limit_until=None, level=0.0)
        if purse.paused_until is not None and purse.paused_until <= now:
            purse = replace(purse, paused_until=None)
        if purse.left_until is not None and purse.left_until <= now:
            purse = replace(purse, left=None, left_until=None)
        if purse.span_ends_at <= now:
            purse = replace(purse, span_units=0, span_ends_at=now + allowance.span)
        return purse

    @property
    def depth(self) -> float:
        """Units that may be saved up."""
        return (self.limit or 0) * DEPTH

    def rate(self, allowance: Allowance) -> float:
        """Return units a second that flow in."""
        return (self.limit or 0) * SPENT / allowance.span.total_seconds()

    def give(self, wanted: Mapping[Priority, Want]) -> tuple["Purse", dict[Priority, int]]:
        """Take what is wanted, as far as it may be had, the most urgent first."""
        purse, given = replace(self), dict[Priority, int]()
        for priority in sorted(wanted):
            given[priority] = purse.most(priority, wanted[priority])
            purse = purse.spend(given[priority])
        return purse, given

    def most(self, priority: Priority, want: Want) -> int:
        """Return how much of what is wanted may be had."""
        if self.paused_until is not None or self._lacks(priority, want.first) > 0:
            return 0
        rest = want.more
        if self.limit is not None:
            rest = int(self.level - self._reserve(priority)) - want.first
        if self.left is not None:
            if self.left < want.first:
                return 0
            rest = min(rest, self.left - want.first)
        return want.first + max(0, min(want.more, rest))

    def spend(self, units: int) -> "Purse":
        """Take units that are given, or were spent already; fewer than 0 come back."""
        return replace(
            self,
            level=min(self.depth, self.level - units) if self.limit is not None else 0.0,
            left=None if self.left is None else max(0, self.left - units),
            span_units=max(0, self.span_units + units),
        )

    def pause(self, until: datetime, now: datetime) -> "Purse":
        """Let nothing pass before a moment: the vendor refused."""
        until = min(until, now + LONGEST_PAUSE)
        return replace(
            self,
            paused_until=max(until, self.paused_until or until),
            level=min(self.level, 0.0),
        )

    def doubt(self, allowance: Allowance, now: datetime) -> "Purse":
        """Guess the limit: the vendor refused, and has never said what it is.

        It is one that this span has reached.
        """
        if self.limit is not None:
            return self
        reached = [limit for limit in allowance.limits if limit <= self.span_units]
        limit = reached[-1] if reached else allowance.limits[0]
        return replace(self, limit=limit, limit_until=now + GUESSED)

    def hear(self, told: Told, now: datetime) -> "Purse":
        """Take over what the vendor tells; of what is left, the least counts."""
        depth = told.limit * DEPTH
        purse = replace(
            self,
            limit=told.limit,
            limit_until=now + BELIEVED,
            level=depth if self.limit is None else min(self.level, depth),
            left=told.left if self.left is None else min(self.left, told.left),
            left_until=min(told.until, self.left_until or told.until),
        )
        return purse.pause(told.until, now) if told.left == 0 else purse

    def wait(self, priority: Priority, units: int, now: datetime, allowance: Allowance) -> float:
        """Return the seconds until so many units may be had."""
        if self.paused_until is not None:
            return max(0.0, (self.paused_until - now).total_seconds())
        if self.left is not None and self.left < units and self.left_until is not None:
            return max(0.0, (self.left_until - now).total_seconds())
        lacks = self._lacks(priority, units)
        return lacks / self.rate(allowance) if lacks else 0.0

    def _reserve(self, priority: Priority) -> float:
        return self.depth * RESERVES[priority]

    def _lacks(self, priority: Priority, units: int) -> float:
        """Return the units that the bucket must gain before a request of so many may pass."""
        if self.limit is None:
            return 0.0
        return max(0.0, min(self._reserve(priority) + units, self.depth) - self.level)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What a process tells of its units, and asks for."""

    wanted: Mapping[Priority, Want] = field(default_factory=dict)
    #: units spent beyond what was given; below zero: units that come back
    spent: int = 0
    #: refused by the vendor until
    paused_until: datetime | None = None
    told: Told | None = None

    def of(
        self, purse: Purse, allowance: Allowance, now: datetime
    ) -> tuple[Purse, dict[Priority, int]]:
        """Return what a purse is after it, and what was given."""
        purse = purse.at(now, allowance).spend(self.spent)
        if self.told is not None:
            purse = purse.hear(self.told, now)
        if self.paused_until is not None:
            purse = purse.pause(self.paused_until, now).doubt(allowance, now)
        return purse.give(self.wanted)


def _number(value: str | None) -> int | None:
    try:
        number = int(value or "")
    except ValueError:
        return None
    return number if number >= 0 else None
