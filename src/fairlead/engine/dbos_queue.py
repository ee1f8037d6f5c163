"""The queue on DBOS (https://docs.dbos.dev/python/reference/queues): durable, on both databases.

The most urgent ticket is served first, then the oldest; ticket names are workflow ids, so putting
one in twice is putting it in once. Syncs and actions have a queue and slots each. With SQLite all
lies in a file of its own beside ours, one writer each. DBOS has one instance per process, hence so
has this queue.
"""

import asyncio
import concurrent.futures
import contextlib
import logging
import sqlite3
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any, ParamSpec, TypeVar

import sqlalchemy
from dbos import DBOS, DBOSConfig, SetEnqueueOptions, SetWorkflowID

from fairlead.engine.queue import Handler, Taken, Ticket
from fairlead.errors import InternalError, OperatorError
from fairlead.model.run import RunKind
from fairlead.settings import Settings

P = ParamSpec("P")
T = TypeVar("T")

#: names of DBOS's queues
_QUEUES = {RunKind.SYNC: "runs", RunKind.ACTION: "actions"}
#: seconds between two looks into the queue; the longest that a free slot waits
_POLL_SECONDS = 0.2
#: names the meaning of a ticket, not our release: what an older release put in is still served
_FORMAT = "1"
#: states in which a ticket is still to be served, or being served
_ALIVE = ("ENQUEUED", "PENDING", "DELAYED")
#: threads beside those that wait for runs: recovery and the writing of outcomes
_SPARE_THREADS = 4
#: when stopping: seconds between two looks, and how many for the last outcomes to be written
_PAUSE_SECONDS = 0.02
_SETTLE_PAUSES = 100
#: served tickets that are forgotten in one go
_PURGE_LIMIT = 1000
#: first SQLite that knows what DBOS asks of it
_OLDEST_SQLITE = (3, 42, 0)

_lock = threading.Lock()
_current: "DbosQueue | None" = None


@DBOS.workflow(name="execute")
def _execute(run_id: str, attempt: int) -> None:
    queue = _current
    if queue is not None:
        queue.serve(run_id, attempt)


class DbosQueue:
    """Tickets as DBOS workflows; a ticket's body runs in the event loop that started the queue."""

    def __init__(self, settings: Settings, *, executor_id: str) -> None:
        """`executor_id` must be this process's alone while it lives.

        A process that comes back under the same id takes its old tickets up again by itself; those
        of an id that never returns are freed by `give_up`.
        """
        self._settings = settings
        self._executor_id = executor_id
        self._handler: Handler | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._engine: sqlalchemy.Engine | None = None
        self._slots = {
            RunKind.SYNC: settings.worker_slots,
            RunKind.ACTION: settings.action_slots,
        }
        self._serving = 0
        self._counting = threading.Lock()
        # DBOS's calls block on its database; the loop's own threads are for others.
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="fairlead-queue")

    async def start(self, handler: Handler | None) -> None:
        global _current  # noqa: PLW0603 - DBOS is one per process
        with _lock:
            if _current is not None:
                raise InternalError("This process runs an engine already; stop that one first.")
            _current = self
        self._handler = handler
        self._loop = asyncio.get_running_loop()
        try:
            await self._call(self._launch, handler is not None)
        except BaseException:
            await self._call(self._destroy)
            raise

    async def stop(self) -> None:
        # A ticket that comes now is let go; its run is still queued, and a sweep puts it in again.
        self._handler = None
        while self._serving:  # noqa: ASYNC110 - it is counted on threads
            await asyncio.sleep(_PAUSE_SECONDS)
        for _ in range(_SETTLE_PAUSES):
            if not await self._call(_taken, self._executor_id):
                break
            await asyncio.sleep(_PAUSE_SECONDS)
        await self._call(self._destroy)
        self._threads.shutdown(wait=False)

    async def enqueue(self, ticket: Ticket, *, again: bool = False) -> None:
        await self._call(_enqueue, ticket, again)

    async def hurry(self, ticket: Ticket) -> None:
        await self._call(_hurry, ticket)

    async def taken(self) -> list[Taken]:
        return await self._call(_taken)

    async def give_up(self, run_id: str, attempt: int) -> None:
        await self._call(DBOS.cancel_workflow, Ticket(run_id, attempt).name)

    async def purge(self, before: datetime) -> None:
        await self._call(_purge, before)

    def serve(self, run_id: str, attempt: int) -> None:
        """Run one ticket's body in the event loop; called on a thread of DBOS."""
        handler, loop = self._handler, self._loop
        if handler is None or loop is None or loop.is_closed():
            return
        with self._counting:
            self._serving += 1
        try:
            _wait(handler(run_id, attempt), loop)
        finally:
            with self._counting:
                self._serving -= 1

    async def _call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: function(*args, **kwargs))

    def _launch(self, listens: bool) -> None:
        logger = logging.getLogger("dbos")
        if not logger.handlers:
            # DBOS writes to the console unless a handler is there; so the root logger decides.
            logger.addHandler(logging.NullHandler())
        config: DBOSConfig = {
            "name": "fairlead",
            "executor_id": self._executor_id,
            "application_version": _FORMAT,
            "max_executor_threads": sum(self._slots.values()) + _SPARE_THREADS,
            "log_level": "ERROR",
            "enable_otlp": False,
            # it looks at nothing while nobody waits for a message; how long stopping takes
            "notification_listener_polling_interval_sec": 0.05,
        }
        path = self._settings.sqlite_path
        if path is None:
            config["system_database_url"] = self._settings.database_url
            config["sys_db_pool_size"] = 5
        else:
            self._engine = _sqlite_engine(path.with_name(path.name + ".engine"))
            config["system_database_engine"] = self._engine
        DBOS(config=config)
        DBOS.listen_queues([*_QUEUES.values()] if listens else [])
        DBOS.launch()
        for kind, name in _QUEUES.items():
            DBOS.register_queue(
                name,
                worker_concurrency=self._slots[kind],
                polling_interval_sec=_POLL_SECONDS,
                # kept in the database for all processes, so only one that works may set the slots
                on_conflict="always_update" if listens else "never_update",
            )

    def _destroy(self) -> None:
        global _current  # noqa: PLW0603 - DBOS is one per process
        DBOS.destroy()
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None
        with _lock:
            if _current is self:
                _current = None


def _wait(body: Coroutine[Any, Any, None], loop: asyncio.AbstractEventLoop) -> None:
    future = asyncio.run_coroutine_threadsafe(body, loop)
    while True:
        # A loop that ended without stopping us would keep this thread, and the process, for ever.
        done, _ = concurrent.futures.wait([future], timeout=1.0)
        if done or not loop.is_running():
            break
    with contextlib.suppress(concurrent.futures.CancelledError):
        if future.done():
            future.result()


def _enqueue(ticket: Ticket, again: bool) -> None:
    if again:
        status = DBOS.get_workflow_status(ticket.name)
        if status is not None:
            if status.status in _ALIVE:
                return
            DBOS.delete_workflow(ticket.name)
    with (
        SetWorkflowID(ticket.name),
        SetEnqueueOptions(priority=ticket.priority),
    ):
        DBOS.enqueue_workflow(_QUEUES[ticket.kind], _execute, ticket.run_id, ticket.attempt)


def _hurry(ticket: Ticket) -> None:
    status = DBOS.get_workflow_status(ticket.name)
    if status is not None and status.status == "ENQUEUED":
        # Taken at this very moment: its body runs on, and the new ticket is an old one then.
        DBOS.cancel_workflow(ticket.name)
        DBOS.delete_workflow(ticket.name)
    _enqueue(ticket, again=False)


def _taken(executor_id: str | None = None) -> list[Taken]:
    found = DBOS.list_workflows(
        status="PENDING",
        queue_name=[*_QUEUES.values()],
        executor_id=executor_id,
        load_input=False,
        load_output=False,
    )
    taken = []
    for status in found:
        run_id, _, attempt = status.workflow_id.rpartition(":")
        at_ms = status.dequeued_at or status.updated_at or 0
        taken.append(Taken(run_id, int(attempt), datetime.fromtimestamp(at_ms / 1000, UTC)))
    return taken


def _purge(before: datetime) -> None:
    while True:
        served = DBOS.list_workflows(
            queue_name=[*_QUEUES.values()],
            status=["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"],
            completed_before=before.isoformat(),
            limit=_PURGE_LIMIT,
            load_input=False,
            load_output=False,
        )
        if served:
            DBOS.delete_workflows([status.workflow_id for status in served])
        if len(served) < _PURGE_LIMIT:
            return


def _sqlite_engine(path: Path) -> sqlalchemy.Engine:
    # DBOS sets its own connections up like this, but not those of an engine that it is given.
    engine = sqlalchemy.create_engine(f"sqlite:///{path}", module=_sqlite_module(), pool_size=5)

    @sqlalchemy.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = "IMMEDIATE"
        for pragma in ("busy_timeout=30000", "foreign_keys=ON", "journal_mode=WAL"):
            connection.execute(f"PRAGMA {pragma}")
        # What a power cut takes from the queue is put in again from our runs.
        connection.execute("PRAGMA synchronous=NORMAL")

    return engine


def _sqlite_module() -> ModuleType:
    """Return an SQLite new enough for DBOS; it opens no other file of ours."""
    if sqlite3.sqlite_version_info >= _OLDEST_SQLITE:
        return sqlite3
    try:
        from pysqlite3 import dbapi2  # noqa: PLC0415 - only where Python's own is too old
    except ImportError as error:
        raise OperatorError(
            f"The SQLite of this Python is {sqlite3.sqlite_version}; the queue needs 3.42. Install "
            "the package pysqlite3, or use PostgreSQL."
        ) from error
    return dbapi2  # type: ignore[no-any-return]
