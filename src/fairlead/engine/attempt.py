"""Attempt: one claimed run while this process works at it; keeps the lease, notices the end."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

import structlog

from fairlead.engine.failure import report
from fairlead.engine.setup import Setup
from fairlead.errors import LeaseLost
from fairlead.model.run import Run, RunProgress, RunState
from fairlead.store import runs

log = structlog.get_logger(__name__)

T = TypeVar("T")

_THROTTLED = "the vendor limits requests"
_BACK_OFF = "the vendor is not available; the request is tried again"

#: seconds between two looks at the run's row: how late a cancellation is noticed at most
_LOOK_SECONDS = 0.5
#: seconds that a function may take to clean up once it is cancelled
_CANCEL_SECONDS = 10.0


class Stop(StrEnum):
    """Why an attempt ends before its function does."""

    CANCELLED = "cancelled"
    LEASE_LOST = "lease lost"
    DRAINED = "drained"
    TIMED_OUT = "timed out"
    TOO_LARGE = "too large"


class Stopped(Exception):
    """The attempt ends here; `reason` says what becomes of the run."""

    def __init__(self, reason: Stop) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Attempt:
    """One claimed run while this process works at it."""

    def __init__(self, setup: Setup, run: Run) -> None:
        self.run = run
        #: requests sent and not yet written to the run's row
        self.unwritten_requests = 0
        #: in which the author's code works
        self.task: asyncio.Task[Any] | None = None
        #: items committed by this attempt
        self.items = 0
        #: bytes received from the vendor, as the function's requests tell
        self.received: Callable[[], int] = int
        #: items that the run will bring in all, as the function tells
        self.total: Callable[[], int | None] = lambda: None
        self._began_at = setup.clock.now() if setup else run.created_at
        self._phase = "reading"
        self._waits_until: datetime | None = None
        self._waits_for = ""
        self._setup = setup
        self._drain = asyncio.Event()
        self._ended = asyncio.Event()
        self._reason = Stop.LEASE_LOST

    @property
    def token(self) -> int:
        return self.run.fencing_token

    def count_request(self) -> None:
        """Note one request to the vendor."""
        self.unwritten_requests += 1

    def enter(self, phase: str) -> None:
        """Say what is being done, for whoever looks on: reading, storing or ending."""
        self._phase = phase
        self._waits_until = None

    def note_wait(self, seconds: float, why: str) -> None:
        """Note that a request has to wait for so long: the vendor said so, or is not there."""
        is_away = why == "no answer" or why.startswith("status 5")
        self._waits_for = _BACK_OFF if is_away else _THROTTLED
        self._waits_until = self._setup.clock.now() + timedelta(seconds=seconds)

    @property
    def progress(self) -> RunProgress:
        """Where it stands now."""
        now, until = self._setup.clock.now(), self._waits_until
        known: dict[str, Any] = {"bytes": self.received(), "total": self.total()}
        known["eta"] = self._eta(now, known["total"])
        if until is None or until <= now:
            return RunProgress(phase=self._phase, **known)
        return RunProgress(phase=self._phase, waiting=self._waits_for, until=until, **known)

    def _eta(self, now: datetime, total: int | None) -> datetime | None:
        left = (total or 0) - self.run.items - self.items
        if left <= 0 or not self.items:
            return None
        return now + (now - self._began_at) * (left / self.items)

    @property
    def is_too_long(self) -> bool:
        """Has the run taken longer than it may?"""
        began_at = self.run.started_at or self.run.created_at
        limit = timedelta(hours=self._setup.settings.sync_hours)
        return self._setup.clock.now() - began_at > limit

    def end(self, reason: Stop) -> None:
        """Stop the function at its next wait; the first reason counts."""
        if not self._ended.is_set():
            self._reason = reason
            self._ended.set()

    def drain(self) -> None:
        """Let the function finish its current batch, and no more."""
        self._drain.set()

    def check(self) -> None:
        """Raise Stopped if no further step may begin."""
        if self._ended.is_set():
            raise Stopped(self._reason)
        if self._drain.is_set():
            raise Stopped(Stop.DRAINED)

    async def step(self, work: Coroutine[Any, Any, T]) -> T:
        """Await the author's work; Stopped once the attempt is over, with the work cancelled."""
        task = asyncio.ensure_future(work)
        self.task = task
        ended = asyncio.ensure_future(self._ended.wait())
        try:
            await asyncio.wait({task, ended}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            raise Stopped(self._reason)
        finally:
            self.task = None
            for each in (task, ended):
                await _put_down(each)

    @contextlib.asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Extend the lease in the background while the block runs."""
        keeper = asyncio.create_task(self._keep(), name=f"lease of {self.run.id}")
        keeper.add_done_callback(self._kept)
        try:
            yield
        finally:
            keeper.cancel()
            await asyncio.wait({keeper})

    def _kept(self, keeper: "asyncio.Task[None]") -> None:
        # Whoever cannot extend a lease must not go on working as if it could.
        if not keeper.cancelled() and (error := keeper.exception()) is not None:
            if not isinstance(error, LeaseLost):
                report("lease not extended", error, run_id=self.run.id)
            self.end(Stop.LEASE_LOST)

    async def _keep(self) -> None:
        setup = self._setup
        beat_seconds = setup.lease.total_seconds() / 3
        since_beat = 0.0
        told: tuple[str | None, datetime | None] | None = None
        while not self._ended.is_set():
            pause = min(_LOOK_SECONDS, beat_seconds)
            await asyncio.sleep(pause)
            since_beat += pause
            run: Run | None
            progress = self.progress
            waits = (progress.waiting, progress.until)
            is_news = progress.waiting is not None and waits != told
            if since_beat >= beat_seconds or is_news:
                since_beat, told = 0.0, waits
                async with setup.db.write() as tx:
                    run = await runs.heartbeat(
                        tx,
                        self.run.id,
                        self.token,
                        lease=setup.lease,
                        now=setup.lease_now(),
                        progress=progress,
                    )
            else:
                async with setup.db.read() as tx:
                    run = await runs.find(tx, self.run.id)
            if run is None or run.fencing_token != self.token or run.state != RunState.RUNNING:
                self.end(Stop.LEASE_LOST)
            elif run.is_cancel_requested:
                self.end(Stop.CANCELLED)
            elif self.is_too_long:
                self.end(Stop.TIMED_OUT)


async def _put_down(task: "asyncio.Future[Any]") -> None:
    if not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=_CANCEL_SECONDS)
    if not task.done():
        log.error("function ignored its cancellation")
    elif not task.cancelled():
        # Seen, so that the loop does not report it: the attempt's end is the answer now.
        task.exception()
