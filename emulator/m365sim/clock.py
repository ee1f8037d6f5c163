"""The time the emulated cloud lives in; everything asks `world.clock`, nothing else a clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Whatever can tell the time, and be pushed forward."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        ...

    def advance(self, by: timedelta) -> None:
        """Move the present forward by a span."""
        ...


class SystemClock:
    """Real time, plus whatever it was advanced by."""

    def __init__(self) -> None:
        self._offset = timedelta()

    @property
    def offset(self) -> timedelta:
        """How far it was advanced."""
        return self._offset

    def now(self) -> datetime:
        """Return the machine's time plus the offset."""
        return datetime.now(UTC) + self._offset

    def advance(self, by: timedelta) -> None:
        """Move the present forward by a span."""
        self._offset += by


class VirtualClock:
    """Time that stands still until it is advanced."""

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("a VirtualClock starts at an aware datetime")
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """Return the moment the clock stands at."""
        return self._now

    def advance(self, by: timedelta) -> None:
        """Move the present forward by a span."""
        self._now += by
