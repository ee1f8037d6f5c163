"""The worker: serves tickets in this process, and ticks."""

import asyncio
import contextlib
import gc
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

import structlog

from fairlead.engine.async_action import run_async_action
from fairlead.engine.attempt import Attempt, Stop
from fairlead.engine.failure import one_line, report
from fairlead.engine.hand_on import fail
from fairlead.engine.line import call_next
from fairlead.engine.poked import start_owed
from fairlead.engine.queue import Queue
from fairlead.engine.scheduler import enqueue_due, pull_back, purge, sweep
from fairlead.engine.setup import Setup
from fairlead.engine.sync_run import run_sync
from fairlead.engine.targets import adopt
from fairlead.engine.watchdog import resident_bytes
from fairlead.errors import InternalError, LeaseLost
from fairlead.model.run import Run, RunKind, RunState
from fairlead.store import lines, runs
from fairlead.store.trouble import trouble_of

#: seconds that a batch under way may still take when the process stops
DRAIN_SECONDS = 10.0
#: seconds between two looks for lost runs, at most
_SWEEP_SECONDS = 5.0
_PURGE_EVERY = timedelta(hours=1)
#: a clock that is set back by more has slots pulled back
_CLOCK_SLACK = timedelta(seconds=30)
#: seconds without new runs after each further trouble of the database, at most
_MOST_TROUBLE_SECONDS = 60.0
#: what others want done every hour
Chore = Callable[[], Awaitable[object]]
#: a run whose attempts all end with their process is given up; each restart costs one attempt
_MOST_ATTEMPTS = 100
#: the likeliest cause of a full process is ended when it was there so often
_MOST_FULL = 3
#: an error of ours is tried again until this attempt; then the run fails
_MOST_BROKEN = 4


log = structlog.get_logger(__name__)


def _still(limit: int) -> bool:
    gc.collect()
    return resident_bytes() > limit


def _suspicion(attempt: Attempt) -> tuple[int, float]:
    """Say how likely a run is to be what fills its process: often there, and there for long."""
    began_at = attempt.run.started_at or attempt.run.created_at
    return attempt.token, -began_at.timestamp()


class Worker:
    """Serves tickets in this process, and ticks."""

    def __init__(
        self,
        setup: Setup,
        queue: Queue,
        hourly: Sequence[Chore] = (),
        frequent: Sequence[Chore] = (),
        on_full: Callable[[], object] = lambda: None,
    ) -> None:
        """`on_full` is called when this process holds more memory than it may."""
        self.on_full = on_full
        self._setup = setup
        self._frequent = frequent
        self._hourly = hourly
        self._queue = queue
        self._attempts: dict[str, Attempt] = {}
        self._idle = asyncio.Event()
        self._idle.set()
        self._is_draining = False
        #: this process holds more memory than it may, and takes on no more
        self.is_full = False
        #: how often in succession the database ended an attempt, and until when none is begun
        self._troubles = 0
        self._trouble_until = float("-inf")
        self._wake = asyncio.Event()
        self._ticking: set[asyncio.Task[None]] = set()

    async def serve(self, run_id: str, attempt: int) -> None:
        """Claim the run and drive it to its end; whatever happens, the worker goes on."""
        if self._is_draining or self.is_full or self._is_in_trouble:
            # The run is still queued, and a sweep puts it in again.
            return
        try:
            await self._serve(run_id, attempt)
        # The worker loop: an error in one run is that run's, the next one is served all the same.
        except Exception as error:  # noqa: BLE001
            report("attempt broken", error, run_id=run_id)

    async def _serve(self, run_id: str, number: int) -> None:
        run = await self._claim(run_id, number)
        if run is None:
            return
        try:
            await self._work(run)
        finally:
            if not self._is_draining:
                await call_next(self._setup, self._queue, run)

    async def _work(self, run: Run) -> None:
        attempt = Attempt(self._setup, run)
        self._attempts[run.id] = attempt
        self._idle.clear()
        if self._is_draining:
            attempt.drain()
        try:
            if run.fencing_token > _MOST_ATTEMPTS:
                reason = f"It was interrupted {_MOST_ATTEMPTS} times; look into the worker's log."
                await fail(self._setup, attempt, InternalError(reason, code="interrupted"))
            elif run.kind is RunKind.ACTION:
                await run_async_action(self._setup, attempt)
            else:
                await run_sync(self._setup, attempt)
            self._troubles = 0
        except Exception as error:
            await self._give_back(attempt, error)
            raise
        finally:
            del self._attempts[run.id]
            if not self._attempts:
                self._idle.set()

    async def _give_back(self, attempt: Attempt, error: Exception) -> None:
        run = attempt.run
        if trouble := trouble_of(error):
            # Nobody's fault here: it goes on from its last batch, however often that takes.
            self._note_trouble(trouble)
        elif run.fencing_token >= _MOST_BROKEN or run.kind is RunKind.ACTION:
            reason = f"An error of ours ended it: {one_line(error)}"
            await fail(self._setup, attempt, InternalError(reason))
            return
        if run.kind is RunKind.ACTION:
            # It may have acted: it is closed, or repeated, when its lease is over.
            return
        # A database that was away for a moment is no reason to wait for the next slot.
        with contextlib.suppress(LeaseLost):
            async with self._setup.db.write() as tx:
                await runs.release(tx, run.id, run.fencing_token)

    async def _claim(self, run_id: str, number: int) -> Run | None:
        setup = self._setup
        async with setup.db.write() as tx:
            run = await runs.find(tx, run_id)
            if run is None:
                return None
            if not await lines.hold(tx, run, setup.lease_now()):
                # Its turn comes when that one ends.
                return None
            if run.fencing_token == number and (held := await setup.claim(tx, run_id)):
                return held
        # An old ticket: its attempt has begun already, or the run was cancelled before it began.
        if run.state is not RunState.RUNNING:
            await call_next(setup, self._queue, run)
        return None

    def _note_trouble(self, trouble: str) -> None:
        # One cut connection is nothing; who is refused again and again waits longer each time.
        seconds = min(_MOST_TROUBLE_SECONDS, 2.0**self._troubles) if self._troubles else 0.0
        self._troubles += 1
        self._trouble_until = asyncio.get_running_loop().time() + seconds
        log.error("database in trouble", reason=trouble, seconds=seconds)

    @property
    def _is_in_trouble(self) -> bool:
        return asyncio.get_running_loop().time() < self._trouble_until

    @property
    def attempts(self) -> list[Attempt]:
        """What this process works at."""
        return list(self._attempts.values())

    def cancel(self, run_id: str) -> None:
        """Stop a run of this process at once; its row was asked to already."""
        if attempt := self._attempts.get(run_id):
            attempt.end(Stop.CANCELLED)

    def start_ticking(self) -> None:
        """Begin to look for due and lost runs in the background."""
        self._ticking = {
            asyncio.create_task(self._tick(), name="engine tick"),
            asyncio.create_task(self._adopt(), name="adoption"),
        }

    def wake(self, *, in_seconds: float = 0.0) -> None:
        """Look for due runs now, or then, rather than at the next tick."""
        if in_seconds:
            asyncio.get_running_loop().call_later(in_seconds, self._wake.set)
        else:
            self._wake.set()

    async def drain(self) -> None:
        """Let each run finish its current batch, and release it; take on no more."""
        self._is_draining = True
        # before the ticks are waited for, which may be at the database
        for attempt in self._attempts.values():
            attempt.drain()
        for task in self._ticking:
            task.cancel()
        if self._ticking:
            await asyncio.wait(self._ticking)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                await self._idle.wait()
        for attempt in self._attempts.values():
            attempt.end(Stop.DRAINED)
        await self._idle.wait()

    def _weigh(self) -> None:
        """See whether this process holds too much; if so, let the likely cause end."""
        limit = self._setup.settings.worker_memory_mb * 1_000_000
        was_full = self.is_full
        self.is_full = bool(limit) and resident_bytes() > limit and _still(limit)
        if not self.is_full or was_full:
            return
        log.error(
            "worker holds too much memory",
            megabytes=resident_bytes() // 1_000_000,
            functions=sorted(each.run.function for each in self.attempts),
        )
        suspect = max(self.attempts, key=_suspicion, default=None)
        if suspect is not None and suspect.token >= _MOST_FULL:
            suspect.end(Stop.TOO_LARGE)
        self.on_full()

    async def _adopt(self) -> None:
        """Adopt new syncs beside the tick: with many connections that takes minutes."""
        while True:
            try:
                await adopt(self._setup)
            # The worker loop: a database that is away for a while comes back.
            except Exception as error:  # noqa: BLE001
                report("adoption broken", error)
                await asyncio.sleep(self._setup.settings.tick_seconds)
            else:
                self.wake()
                return

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        lease_seconds = self._setup.lease.total_seconds()
        sweep_seconds = min(_SWEEP_SECONDS, lease_seconds / 2)
        swept_at = float("-inf")
        purged_at: datetime | None = None
        patience = timedelta()
        ahead: timedelta | None = None
        while True:
            self._wake.clear()
            self._weigh()
            try:
                was_ahead, ahead = ahead, self._setup.clock.now() - self._setup.lease_now()
                if was_ahead is None or was_ahead - ahead > _CLOCK_SLACK:
                    await pull_back(self._setup)
                await enqueue_due(self._setup, self._queue)
                await start_owed(self._setup, self._queue)
                if loop.time() - swept_at >= sweep_seconds:
                    # The first look has no patience: what this process left behind, it takes up.
                    await sweep(self._setup, self._queue, patience=patience)
                    swept_at, patience = loop.time(), timedelta(seconds=_SWEEP_SECONDS)
                    for chore in self._frequent:
                        await chore()
                now = self._setup.clock.now()
                # also when the clock was set back: else nothing were done until it caught up
                if purged_at is None or not purged_at <= now < purged_at + _PURGE_EVERY:
                    purged_at = now
                    await purge(self._setup, self._queue)
                    for chore in self._hourly:
                        await chore()
            # The worker loop: a database that is away for a while comes back.
            except Exception as error:  # noqa: BLE001
                report("tick broken", error)
            # Not wait_for: before Python 3.12 it swallows a cancellation that comes with the event.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._setup.settings.tick_seconds):
                    await self._wake.wait()
