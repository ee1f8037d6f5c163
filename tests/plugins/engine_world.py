"""A small world for tests of the engine: one connection, one pack whose functions are scripts."""

import asyncio
import base64
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import Field

from fairlead.engine.attempt import Attempt
from fairlead.engine.engine import Engine
from fairlead.engine.queue import InlineQueue
from fairlead.engine.scheduler import enqueue_due, sweep
from fairlead.engine.setup import Setup
from fairlead.engine.sync_run import run_sync
from fairlead.model.clock import Clock, ManualClock, new_id
from fairlead.model.connection import Connection
from fairlead.model.credentials import NoCredentials
from fairlead.model.environment import Environment
from fairlead.model.exchange import OnWait, Request, Send
from fairlead.model.function import Sync
from fairlead.model.integration import Integration
from fairlead.model.provider import AuthMode, Provider
from fairlead.model.record import Record as Stored
from fairlead.model.run import Run, RunKind, RunTrigger
from fairlead.sdk import Batch, Checkpoint, Ctx, Metadata, Pack, Record, Registry, SyncCtx
from fairlead.sdk.testing import Exchange, ReplayedResponse
from fairlead.settings import Settings
from fairlead.store import connections, environments, integrations, records, runs
from fairlead.store.database import Database
from fairlead.store.record_seals import Seals
from fairlead.vault.rows import credentials_row
from fairlead.vault.vault import Vault

SOURCE = "https://example.com/books"
START = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
KEY = base64.b64encode(bytes(32)).decode()

Script = Callable[[Any], AsyncIterator[Any]]


class Book(Record):
    id: str
    title: str
    #: grows with each change
    edition: int | None = None
    #: id of the one that it came with
    box: str | None = None

    def revision(self) -> int | None:
        return self.edition

    def parent_record_id(self) -> str | None:
        return self.box


class Wanted(Metadata):
    shelves: list[str] = Field(default_factory=list)


class Place(Checkpoint):
    page: int = 0


async def nothing(ctx: Any) -> AsyncIterator[Batch[Book]]:
    for batch in ():
        yield batch


@dataclass
class Library:
    """What scripts see as `ctx.api`, and what they are."""

    sync: Script = nothing
    action: Callable[[Any, int], Awaitable[Any]] | None = None
    send: Any = None


def library_pack(library: Library) -> Pack[Library]:
    """Return a pack that runs whatever script the library holds."""

    def api(send: Any, config: Mapping[str, Any]) -> Library:
        library.send = send
        return library

    pack = Pack(
        "library",
        api=api,
        providers=[
            Provider(name="library", display_name="Library", auth_mode=AuthMode.NONE),
            Provider(name="archive", display_name="Archive", auth_mode=AuthMode.NONE),
        ],
    )

    @pack.sync(every="1h", scopes=[], source=SOURCE)
    async def books(ctx: SyncCtx[Library, Wanted, Place]) -> AsyncIterator[Batch[Book]]:
        """Mirror every book."""
        async for batch in ctx.api.sync(ctx):
            yield batch

    @pack.sync(every="1d", scopes=[], source=SOURCE, auto_start=False)
    async def loans(ctx: SyncCtx[Library, Wanted, Place]) -> AsyncIterator[Batch[Book]]:
        """Mirror every loan, if somebody starts it."""
        async for batch in ctx.api.sync(ctx):
            yield batch

    @pack.action(scopes=[], source=SOURCE)
    async def lend(ctx: Ctx[Library], days: int) -> Book:
        """Lend a book."""
        assert ctx.api.action is not None
        return await ctx.api.action(ctx, days)

    return pack


class Door:
    """A way out that leads nowhere, but counts; `send`, if set, answers instead."""

    def __init__(self, send: Send | None = None) -> None:
        self.send = send

    def sender(
        self,
        connection: Connection,
        on_request: Callable[[], None],
        needs: Any = None,
        on_wait: OnWait | None = None,
        *,
        is_patient: bool = False,
    ) -> Any:
        async def send(request: Request) -> Any:
            on_request()
            if on_wait and request.url.startswith("wait:"):
                seconds, _, why = request.url.removeprefix("wait:").partition(" ")
                on_wait(float(seconds), why or "status 429")
            if self.send is not None:
                return await self.send(request)
            return ReplayedResponse(Exchange(url=request.url), request)

        return send


@dataclass
class World:
    """One environment, integration and connection, and an engine without its queue."""

    db: Database
    settings: Settings
    clock: Clock
    library: Library
    vault: Vault
    registry: Registry
    setup: Setup
    environment: Environment
    integration: Integration
    connection: Connection
    queue: InlineQueue = field(default_factory=InlineQueue)
    _engines: list[Engine] = field(default_factory=list)

    @classmethod
    async def open(cls, db: Database, *, clock: Clock | None = None, **settings: Any) -> "World":
        clock = clock or ManualClock(START)
        library, vault = Library(), Vault.of(KEY)
        registry = Registry([library_pack(library)])
        known = Settings(database_url=db.url, **{"schedule_spread": 0, **settings})
        now = clock.now()
        async with db.write() as tx:
            environment = await environments.ensure_environment(
                tx, name="dev", key_hash="00", now=now
            )
        setup = Setup(
            settings=known,
            db=db,
            registry=registry,
            gateway=Door(),
            vault=vault,
            seals=Seals(vault, is_on=known.encrypt_records),
            clock=clock,
            new_id=new_id,
            owner="test",
        )
        integration = await make_integration(db, vault, environment, "shelf", now)
        connection = await make_connection(db, vault, integration, "reader", now)
        return cls(
            db=db,
            settings=known,
            clock=clock,
            library=library,
            vault=vault,
            registry=registry,
            setup=setup,
            environment=environment,
            integration=integration,
            connection=connection,
        )

    def engine(self, **changes: Any) -> Engine:
        """Return an engine whose queue is this event loop; `close` stops it."""
        engine = Engine(
            self.settings,
            self.db,
            self.vault,
            self.registry,
            self.setup.gateway,
            self.clock,
            new_id,
            **{"queue": self.queue, **changes},
        )
        self._engines.append(engine)
        return engine

    async def close(self) -> None:
        for engine in self._engines:
            await engine.stop()

    @property
    def sync(self) -> Sync:
        return self.registry.sync("library", "books")

    async def queued(self, *, function: str = "books", **changes: Any) -> Run:
        """Put one run in."""
        async with self.db.write() as tx:
            run = await runs.enqueue(
                tx,
                **{
                    "id": new_id(),
                    "environment_id": self.environment.id,
                    "connection_pk": self.connection.id,
                    "kind": RunKind.SYNC,
                    "function": function,
                    "trigger": RunTrigger.CALL,
                    "now": self.clock.now(),
                    **changes,
                },
            )
        assert run is not None
        return run

    async def claimed(self, run: Run | None = None, *, owner: str = "test") -> Attempt:
        """Claim a run, by default a new one."""
        run = run or await self.queued()
        async with self.db.write() as tx:
            held = await runs.claim(
                tx, run.id, owner=owner, lease=self.setup.lease, now=self.clock.now()
            )
        assert held is not None
        return Attempt(self.setup, held)

    async def run(self, script: Script) -> Run:
        """Run a script as a sync, from claim to end; return the run as it is then."""
        self.library.sync = script
        attempt = await self.claimed()
        await run_sync(self.setup, attempt)
        return await self.find(attempt.run.id)

    async def find(self, run_id: str) -> Run:
        async with self.db.read() as tx:
            run = await runs.find(tx, run_id)
        assert run is not None
        return run

    async def latest(self, function: str = "books") -> Run:
        async with self.db.read() as tx:
            run = await runs.latest(tx, self.connection.id, function)
        assert run is not None
        return run

    async def connection_now(self) -> Connection:
        async with self.db.read() as tx:
            connection = await connections.by_pk(tx, self.connection.id)
        assert connection is not None
        return connection

    async def stored(self) -> list[Stored]:
        async with self.db.read() as tx:
            return await records.list_records(
                tx, connection_pk=self.connection.id, model="Book", limit=10_000
            )

    async def titles(self) -> dict[str, str]:
        """Return id -> title of the live books."""
        return {
            record.id: record.content["title"]
            for record in await self.stored()
            if record.deleted_at is None
        }

    async def tick(self) -> list[Run]:
        """Start what is due and wait until it is over."""
        started = await enqueue_due(self.setup, self.queue)
        await self.queue.idle()
        return started

    async def sweep(self) -> None:
        await sweep(self.setup, self.queue)

    def advance(self, **by: float) -> None:
        assert isinstance(self.clock, ManualClock)
        self.clock.advance(timedelta(**by))


async def make_integration(
    db: Database, vault: Vault, environment: Environment, key: str, now: datetime
) -> Integration:
    async with db.write() as tx:
        return await integrations.insert(
            tx,
            vault,
            environment_id=environment.id,
            unique_key=key,
            provider="library",
            display_name=key,
            client_id=None,
            client_secret=None,
            scopes=None,
            webhook_secret=None,
            forward_webhooks=True,
            config={},
            custom={},
            now=now,
        )


async def make_connection(
    db: Database, vault: Vault, integration: Integration, name: str, now: datetime, **given: Any
) -> Connection:
    row = credentials_row(integration.environment_id, integration.id, name)
    async with db.write() as tx:
        connection, _ = await connections.upsert(
            tx,
            environment_id=integration.environment_id,
            integration=integration,
            connection_id=name,
            sealed=vault.seal_credentials(NoCredentials(), row=row),
            now=now,
            **given,
        )
    return connection


def page(number: int, *, size: int = 3, **changes: Any) -> Batch[Book]:
    """Return page `number` of the books, with the place after it."""
    books = [
        Book(id=f"{number}-{index}", title=f"Book {index} of page {number}")
        for index in range(size)
    ]
    return Batch(upsert=books, **{"checkpoint": Place(page=number + 1), **changes})


async def until(condition: Callable[[], Any], *, seconds: float = 10.0) -> None:
    """Wait until a condition holds (it may be async); fail loudly if it never does."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    for pause in itertools.chain([0.0, 0.01, 0.02], itertools.repeat(0.05)):
        held = condition()
        if await held if isinstance(held, Awaitable) else held:
            return
        assert loop.time() < deadline, f"not so after {seconds} s"
        await asyncio.sleep(pause)
