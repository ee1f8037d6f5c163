"""The clock of a cloud, in the hands of a test."""

from __future__ import annotations

from datetime import datetime, timedelta

from m365sim.harness.thread import LoopThread
from m365sim.world import World


class SimClock:
    """The time that the cloud lives in: tokens, links and delta tokens end by it."""

    def __init__(self, loop: LoopThread, world: World) -> None:
        self._loop = loop
        self._world = world

    @property
    def now(self) -> datetime:
        """The moment the clock stands at, in UTC."""
        return self._loop.call(self._world.clock.now)

    def advance(
        self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> datetime:
        """Move the present forward; returns the new one. ValueError for a step back."""
        by = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        if by < timedelta():
            raise ValueError("a clock can only advance")
        self._loop.call(lambda: self._world.clock.advance(by))
        return self.now

    def advance_to(self, moment: datetime) -> datetime:
        """Move the present forward to an aware moment."""
        return self.advance(seconds=(moment - self.now).total_seconds())
