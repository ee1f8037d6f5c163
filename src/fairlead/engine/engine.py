"""Engine: what the rest of fairlead asks for: start, stop, syncs, actions."""

import asyncio
import os
import socket
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import IO, Any

from fairlead.engine import proposals, sole, variants
from fairlead.engine import syncs as of_syncs
from fairlead.engine.action_run import LONGEST, LONGEST_UPLOAD, run_action
from fairlead.engine.async_action import enqueue_action
from fairlead.engine.dbos_queue import DbosQueue
from fairlead.engine.hand_on import hand_on
from fairlead.engine.line import put_in
from fairlead.engine.one_off import run_sync_here
from fairlead.engine.queue import Queue
from fairlead.engine.scheduler import reclaim
from fairlead.engine.setup import Door, Setup
from fairlead.engine.sync_status import SyncStatus, statuses
from fairlead.engine.targets import Named, Target, find_targets, targets_of
from fairlead.engine.watchdog import GRACE_SECONDS, Watchdog
from fairlead.engine.worker import Chore, Worker
from fairlead.errors import CallerError, InternalError, NotFound
from fairlead.model.clock import Clock, NewId, SteadyClock, SystemClock
from fairlead.model.connection import Connection
from fairlead.model.environment import ApiKey, Environment
from fairlead.model.proposal import Proposal
from fairlead.model.run import Run
from fairlead.model.schedule import Schedule
from fairlead.observe.watch import Watch
from fairlead.sdk.incoming import Incoming
from fairlead.sdk.registry import Registry
from fairlead.settings import Settings
from fairlead.store import runs, subscriptions
from fairlead.store.database import Database, Tx
from fairlead.store.record_seals import Seals
from fairlead.vault.vault import Vault

#: by then the transaction that made a connection is over, as a rule; else the tick comes later
_COMMITTED_SECONDS = 0.1


class Engine:
    """Schedules, runs and actions of this process."""

    def __init__(  # noqa: PLR0917 - what it is made of, in the order of the composition root
        self,
        settings: Settings,
        db: Database,
        vault: Vault,
        registry: Registry,
        gateway: Door,
        clock: Clock,
        new_id: NewId,
        *,
        queue: Queue | None = None,
        hourly: Sequence[Chore] = (),
        frequent: Sequence[Chore] = (),
        watch: Watch | None = None,
    ) -> None:
        """`queue` replaces the durable one, for tests; `hourly` is done by whoever works.

        So is `frequent`, every few seconds: it must not take long.
        """
        self._frequent = tuple(frequent)
        self._vault = vault
        self._queue = queue
        self._setup = Setup(
            settings=settings,
            db=db,
            registry=registry,
            gateway=gateway,
            vault=vault,
            seals=Seals(vault, is_on=settings.encrypt_records),
            clock=clock,
            new_id=new_id,
            # a clock of the tests' own is moved on purpose
            steady=SteadyClock(clock.now()) if isinstance(clock, SystemClock) else None,
            watch=watch or Watch(),
            owner=f"{socket.gethostname()}-{os.getpid()}-{new_id()[:8]}",
        )
        self._hourly: tuple[Chore, ...] = (*hourly, partial(proposals.expire, self._setup))
        self._worker: Worker | None = None
        self._lock: IO[bytes] | None = None
        self._watchdog: Watchdog | None = None
        #: set when this process holds more memory than it may, and should end
        self.exhausted = asyncio.Event()

    async def start(self, *, work: bool, may_end: bool = False) -> None:
        """Begin: with `work` this process runs syncs; without it only hands them to others.

        `may_end`: a function that blocks it and cannot be interrupted ends this process.
        OperatorError: with SQLite, another process runs syncs on the file.
        """
        try:
            await self._start(work=work, may_end=may_end)
        except BaseException:
            self._unlock()
            raise

    async def _start(self, *, work: bool, may_end: bool) -> None:
        setup = self._setup
        await setup.settle()
        executor_id = setup.owner
        path = setup.settings.sqlite_path
        if work and path is not None:
            self._lock = sole.lock(path.with_name(path.name + ".lock"))
            # Nobody else can be at it, so what still looks as if somebody was died with its
            # process: under the old name its tickets come back, and no lease has to run out.
            executor_id = "embedded"
            await reclaim(setup)
        queue = self._queue or DbosQueue(setup.settings, executor_id=executor_id)
        worker = Worker(setup, queue, self._hourly, self._frequent, self.exhausted.set)
        await queue.start(worker.serve if work else None)
        self._queue, self._worker = queue, worker
        self._watchdog = Watchdog(
            setup.settings.stall_seconds,
            memory_bytes=setup.settings.worker_memory_mb * 1_000_000,
            hand_on=self._hand_on if may_end else None,
            grace_seconds=min(GRACE_SECONDS, setup.settings.stall_seconds),
        )
        self._watchdog.start()
        if work:
            worker.start_ticking()

    @property
    def takes_on_work(self) -> bool:
        """Say whether it is started, and not about to end."""
        return self._queue is not None and not self.exhausted.is_set()

    async def stop(self) -> None:
        """End: running syncs finish their current batch, the rest of their work is released."""
        await self._setup.called.idle()
        if self._queue is None or self._worker is None:
            return
        # The queue stops handing out at once, and waits for those that drain.
        stopping = asyncio.ensure_future(self._queue.stop())
        await self._worker.drain()
        await stopping
        self._queue = self._worker = None
        self._unlock()

    async def _hand_on(self, task: "asyncio.Task[Any]", function: str) -> None:
        attempts = self._worker.attempts if self._worker else []
        await hand_on(self._setup, attempts, task, function)

    def _unlock(self) -> None:
        if self._watchdog is not None:
            self._watchdog.stop()
            self._watchdog = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    async def on_established(self, tx: Tx, connection: Connection) -> None:
        """Create the schedules of a new connection; those that start by themselves are due.

        Of one that was renewed, the syncs that failed last are due.
        """
        targets = await targets_of(tx, self._setup, connection, create=True)
        await of_syncs.retry_failed(tx, self._setup, targets)
        await subscriptions.retry(tx, connection.id, self._setup.clock.now())
        if self._worker is not None:
            # The caller's transaction is still open.
            self._worker.wake(in_seconds=_COMMITTED_SECONDS)

    def wake(self) -> None:
        """Look for what is due now rather than at the next tick, if this process works."""
        if self._worker is not None:
            self._worker.wake()

    async def trigger(
        self,
        environment: Environment,
        integration_key: str,
        connection_id: str | None,
        syncs: Sequence[Named] = (),
        *,
        reset: bool = False,
        empty_cache: bool = False,
    ) -> list[Run]:
        """Run syncs now, all if none is named; one that is queued or running counts as triggered.

        `reset` begins from nothing and cancels what runs; with `empty_cache` the records are
        removed first. Errors as in `find_targets`.
        """
        queue = self._running_queue()
        targets = await self._targets(environment, integration_key, connection_id, syncs)
        return await of_syncs.trigger(
            self._setup, queue, targets, reset=reset, empty_cache=empty_cache
        )

    async def approve_deletions(
        self,
        environment: Environment,
        integration_key: str,
        connection_id: str | None,
        syncs: Sequence[Named] = (),
    ) -> dict[str, int]:
        """Delete what runs of these syncs held back; return model -> how many."""
        targets = await self._targets(environment, integration_key, connection_id, syncs)
        return await of_syncs.approve_deletions(self._setup, targets)

    async def pause(
        self,
        environment: Environment,
        integration_key: str,
        connection_id: str | None,
        syncs: Sequence[Named] = (),
    ) -> None:
        """Start no more runs of these syncs; one that runs goes on to its end."""
        targets = await self._targets(environment, integration_key, connection_id, syncs)
        async with self._setup.db.write() as tx:
            await of_syncs.pause(tx, self._setup, targets)

    async def start_syncs(
        self,
        environment: Environment,
        integration_key: str,
        connection_id: str | None,
        syncs: Sequence[Named] = (),
    ) -> None:
        """Resume these syncs on their old grid; at once if a slot was missed."""
        targets = await self._targets(environment, integration_key, connection_id, syncs)
        async with self._setup.db.write() as tx:
            await of_syncs.start(tx, self._setup, targets)
        if self._worker is not None:
            self._worker.wake()

    async def status(
        self,
        environment: Environment,
        integration_key: str,
        connection_id: str | None,
        syncs: Sequence[Named] = (),
    ) -> list[SyncStatus]:
        """Say how these syncs stand."""
        async with self._setup.db.read() as tx:
            targets = await find_targets(
                tx,
                self._setup,
                self._vault,
                environment_id=environment.id,
                integration_key=integration_key,
                connection_id=connection_id,
                named=syncs,
                create=False,
            )
            return await statuses(tx, targets)

    async def set_frequency(
        self,
        environment: Environment,
        integration_key: str,
        connection_id: str,
        sync: Named,
        frequency: str | None,
    ) -> str:
        """Override how often a sync of one connection runs; None goes back to its own."""
        targets = await self._targets(environment, integration_key, connection_id, [sync])
        async with self._setup.db.write() as tx:
            return await of_syncs.set_frequency(tx, self._setup, targets[0], frequency)

    async def run_action(
        self, connection: Connection, name: str, raw: object, *, limit: timedelta = LONGEST
    ) -> Any:
        """Call an action and return its output as JSON values; errors as in `action_run`."""
        return await run_action(self._setup, connection, name, raw, limit=limit)

    async def start_action(
        self, connection: Connection, name: str, raw: object, *, retries: int = 0
    ) -> Run:
        """Put an action in the queue and return its run; errors as in `enqueue_action`."""
        queue = self._running_queue()
        return await enqueue_action(self._setup, queue, connection, name, raw, retries=retries)

    async def action_run(self, environment: Environment, run_id: str) -> Run | None:
        """Return the run of an action that nobody waits for; None if there is none."""
        async with self._setup.db.read() as tx:
            run = await runs.find(tx, run_id)
        is_it = run and run.environment_id == environment.id and run.retries is not None
        return run if is_it else None

    async def propose(
        self, connection: Connection, name: str, raw: object, key: ApiKey
    ) -> Proposal:
        """Keep a call until a person has decided; errors as in `proposals.propose`."""
        return await proposals.propose(
            self._setup, connection, name, raw, key_id=key.id, key_name=key.name
        )

    async def approve_call(
        self,
        environment: Environment,
        id: str,  # noqa: A002 - named as the field is
        *,
        by: str,
        key: ApiKey | None = None,
    ) -> Proposal:
        """Let a proposed call be made, once; errors as in `proposals.approve`."""
        proposal, run = await proposals.approve(
            self._setup, environment.id, id, by=by, key_id=key.id if key else None
        )
        if self._queue is not None:
            await put_in(self._setup, self._queue, [run])
        return proposal

    async def deny_call(
        self,
        environment: Environment,
        id: str,  # noqa: A002 - named as the field is
        *,
        by: str,
        key: ApiKey | None = None,
        reason: str | None = None,
    ) -> Proposal:
        """Let a proposed call never be made; errors as in `proposals.deny`."""
        return await proposals.deny(
            self._setup, environment.id, id, by=by, key_id=key.id if key else None, reason=reason
        )

    async def upload_action(
        self, connection: Connection, name: str, raw: object, incoming: Incoming
    ) -> Any:
        """Call an action that is given bytes beside its input, and return its output."""
        return await run_action(
            self._setup, connection, name, raw, limit=LONGEST_UPLOAD, incoming=incoming
        )

    async def deliver_action(self, connection: Connection, name: str, raw: object) -> Any:
        """Call an action and return its output, content as a Delivery that must be closed."""
        return await run_action(self._setup, connection, name, raw, as_bytes=True)

    async def create_variant(
        self,
        environment: Environment,
        integration_key: str,
        connection_id: str,
        sync: str,
        variant: str,
    ) -> Schedule:
        """Make another copy of a sync; errors as in `find_targets` and `variants.create`."""
        (base,) = await self._targets(environment, integration_key, connection_id, [(sync, "base")])
        async with self._setup.db.write() as tx:
            schedule = await variants.create(tx, self._setup, base, variant)
        if self._worker is not None:
            self._worker.wake()
        return schedule

    async def delete_variant(
        self,
        environment: Environment,
        integration_key: str,
        connection_id: str,
        sync: str,
        variant: str,
    ) -> None:
        """Delete a copy of a sync; NotFound (`not_found`): there is none."""
        try:
            (target,) = await self._targets(
                environment, integration_key, connection_id, [(sync, variant)]
            )
        except CallerError as error:
            raise NotFound(error.message, code="not_found") from error
        async with self._setup.db.write() as tx:
            await variants.delete(tx, self._setup, target)

    async def cancel_syncs(
        self,
        environment: Environment,
        integration_key: str,
        connection_id: str | None,
        syncs: Sequence[Named] = (),
    ) -> list[Run]:
        """Stop the runs of these syncs; what they committed stays. Return those that were asked."""
        targets = await self._targets(environment, integration_key, connection_id, syncs)
        async with self._setup.db.write() as tx:
            asked = await of_syncs.cancel(tx, self._setup, targets)
        if self._worker is not None:
            for run in asked:
                self._worker.cancel(run.id)
        return asked

    async def run_sync_here(self, connection: Connection, name: str, variant: str = "base") -> Run:
        """Run a sync in this process, started or not, and return its run; as in `one_off`."""
        return await run_sync_here(self._setup, connection, name, variant)

    async def cancel(self, run_id: str) -> bool:
        """Stop a run; what it committed stays. False: there is none, or it is over."""
        async with self._setup.db.write() as tx:
            is_asked = await runs.request_cancel(tx, run_id, self._setup.clock.now())
        if is_asked and self._worker is not None:
            self._worker.cancel(run_id)
        return is_asked

    async def _targets(
        self,
        environment: Environment,
        integration_key: str,
        connection_id: str | None,
        syncs: Sequence[Named],
    ) -> list[Target]:
        async with self._setup.db.write() as tx:
            return await find_targets(
                tx,
                self._setup,
                self._vault,
                environment_id=environment.id,
                integration_key=integration_key,
                connection_id=connection_id,
                named=syncs,
                create=True,
            )

    def _running_queue(self) -> Queue:
        if self._queue is None or self._worker is None:
            raise InternalError("The engine is not started.")
        return self._queue
