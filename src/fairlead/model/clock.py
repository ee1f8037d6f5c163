"""Time and fresh identifiers: the only place that reads the machine's clock or randomness."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where the time comes from; an argument, so that tests can move it."""

    def now(self) -> datetime:
        """Return the current instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class SteadyClock:
    """Time that goes on evenly, whatever is done to the machine's clock meanwhile."""

    def __init__(self, instant: datetime, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self.settle(instant)

    def settle(self, instant: datetime) -> None:
        """Go on from this instant."""
        self._instant, self._seconds = instant, self._monotonic()

    def now(self) -> datetime:
        return self._instant + timedelta(seconds=self._monotonic() - self._seconds)


@dataclass
class ManualClock:
    """A clock that moves only when told."""

    instant: datetime

    def now(self) -> datetime:
        return self.instant

    def advance(self, by: timedelta) -> None:
        self.instant += by


#: makes a new identifier; injected wherever rows are born
NewId = Callable[[], str]


def new_id() -> str:
    """Return a fresh UUID4 in its usual text form."""
    return str(uuid.uuid4())


def epoch_us(instant: datetime) -> int:
    """Return microseconds since 1970-01-01 UTC, exact (no float on the way)."""
    delta = instant - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def from_epoch_us(microseconds: int) -> datetime:
    """Invert `epoch_us`."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
