"""One random history, lived: a tenant that changes, workers that end, a copy that must be right.

The engine is the real one: queue, worker, leases, recovery, gateway and store. Only sockets, the
waiting and the ends of processes are simulated.
"""

import asyncio
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from direct_cloud import DirectTransport, TickingClock, Tokens, direct_gateway
from mortal import Died, Fate, MortalDatabase
from readers import Follower, Listener
from sqlalchemy import select
from tales import FAULTS, End, Round, Tale
from tenant_life import Step, TenantLife

from fairlead.engine import syncs as of_syncs
from fairlead.engine.queue import InlineQueue
from fairlead.engine.scheduler import sweep
from fairlead.engine.setup import Setup
from fairlead.engine.targets import Target, targets_of
from fairlead.engine.worker import Worker
from fairlead.model.batch import BatchCounts
from fairlead.model.clock import new_id
from fairlead.model.connection import Connection
from fairlead.model.credentials import NoCredentials
from fairlead.model.environment import Environment
from fairlead.model.exchange import Request
from fairlead.model.integration import Integration
from fairlead.model.record import Record
from fairlead.model.run import Run, RunState
from fairlead.sdk.registry import Registry
from fairlead.sdk.testing import SyncOutcome, run_sync
from fairlead.settings import Settings
from fairlead.store import connections, environments, integrations, records, runs, tables
from fairlead.store.database import Database
from fairlead.store.record_seals import Seals
from fairlead.vault.rows import credentials_row
from fairlead.vault.vault import Vault
from fairlead_microsoft import pack
from fairlead_microsoft.clouds import GLOBAL
from fairlead_microsoft.graph import Graph
from m365sim.clock import Clock as CloudClock
from m365sim.testing import app_token, delegated_token
from m365sim.world import World, build_world

START = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
#: what passes when the pack waits by itself: set by the story that is being lived
_CLOCKS: list["SkewedClock"] = []


async def _sleep(seconds: float) -> None:
    await _CLOCKS[-1].sleep(seconds)


_SHIPPED = pack(GLOBAL)
PACK = _SHIPPED.serving(_SHIPPED.providers.values(), api=partial(Graph, cloud=GLOBAL, sleep=_sleep))
REGISTRY = Registry([PACK])
VAULT = Vault.of("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
USER, APP = "sharepoint-online", "sharepoint-online-oauth2-cc"
#: runs, after things calmed down, by which there must have been one that found nothing new
CALM_RUNS = 5
#: seconds that one history may take: a hundred times what it takes
PATIENCE = 60
#: how a run may fail; anything else is a bug of ours
HONEST = frozenset(
    {
        "provider_unavailable",
        "unavailable",
        "throttled",
        "provider_error",
        "unexpected_reply",
        "malformed_page",
        "item_not_found",
        "access_denied",
        "resync_required",
    }
)


class SkewedClock:
    """The platform's clock: that of the cloud, and whatever it was set wrong by."""

    def __init__(self, true: TickingClock) -> None:
        self._true = true
        self.off = timedelta()

    def now(self) -> datetime:
        return self._true.now() + self.off

    def advance(self, by: timedelta) -> None:
        self._true.advance(by)

    async def sleep(self, seconds: float) -> None:
        await self._true.sleep(seconds)


@dataclass(frozen=True)
class Plot:
    """What is mirrored in a history, and what must be there in the end."""

    sync: str
    model: str
    #: who does things where
    life: Callable[[World], TenantLife]
    metadata: Callable[[World, TenantLife], dict[str, Any]]
    #: record id -> what counts of it
    truth: Callable[[World, TenantLife], Mapping[str, Any]]
    told: Callable[[dict[str, Any]], Any]
    scopes: tuple[str, ...] = ("Sites.Read.All", "Files.Read.All")
    #: what a record is called in `truth`
    key: Callable[[dict[str, Any]], str] = lambda one: str(one["id"])
    #: what of a record a fresh read must tell, too
    steady: Callable[[dict[str, Any]], dict[str, Any]] = lambda one: one


class Stage:
    """One database for many histories, each with a connection of its own."""

    def __init__(
        self, db: Database, environment: Environment, shops: Mapping[str, Integration]
    ) -> None:
        self.db = db
        self._environment = environment
        self._shops = shops
        self._numbers = itertools.count(1)
        self.settings = Settings(database_url=db.url, schedule_spread=0)

    @classmethod
    async def open(cls, url: str) -> "Stage":
        db = await Database.open(url)
        shops = {}
        async with db.write() as tx:
            environment = await environments.ensure_environment(
                tx, name="dev", key_hash="00", now=START
            )
            for provider in (USER, APP):
                shops[provider] = await integrations.insert(
                    tx,
                    VAULT,
                    environment_id=environment.id,
                    unique_key=provider,
                    provider=provider,
                    display_name=provider,
                    client_id="id",
                    client_secret=None,
                    scopes=None,
                    webhook_secret=None,
                    forward_webhooks=True,
                    config={},
                    custom={},
                    now=START,
                )
        return cls(db, environment, shops)

    async def close(self) -> None:
        await self.db.close()

    async def connect(self, provider: str, metadata: dict[str, Any]) -> Connection:
        """Make a connection."""
        integration, name = self._shops[provider], f"c{next(self._numbers)}"
        row = credentials_row(integration.environment_id, integration.id, name)
        async with self.db.write() as tx:
            connection, _ = await connections.upsert(
                tx,
                environment_id=integration.environment_id,
                integration=integration,
                connection_id=name,
                sealed=VAULT.seal_credentials(NoCredentials(), row=row),
                metadata=metadata,
                now=START,
            )
        return connection

    async def live(self, plot: Plot, tale: Tale) -> None:
        """Live through one history, and check what it left."""
        story = Story(self, plot, tale)
        try:
            async with asyncio.timeout(PATIENCE):
                await story.begin()
                for one in tale.rounds:
                    await story.play(one)
                await story.end()
        finally:
            story.world.close()
        async with self.db.write() as tx:
            await connections.delete(tx, story.connection.id)


class Story:
    """One history."""

    connection: Connection

    def __init__(self, stage: Stage, plot: Plot, tale: Tale) -> None:
        self.stage, self.plot, self.tale = stage, plot, tale
        self.true_clock = TickingClock(START)
        self.clock = SkewedClock(self.true_clock)
        _CLOCKS[:] = [self.clock]
        cloud_clock: CloudClock = self.true_clock
        self.world = build_world(clock=cloud_clock)
        if tale.quirks:
            self.world.quirks.change(**tale.quirks)
        self.people = plot.life(self.world)
        self.settings = stage.settings.model_copy(update={"deletion_floor": tale.floor})
        make_token = app_token if tale.is_app else delegated_token
        token = make_token(self.world, lifetime=timedelta(days=999), **self._permissions())
        self.tokens = Tokens(token, is_app=tale.is_app)
        self.follower, self.listener = Follower(), Listener()
        self.is_sealing = False
        self.requests = 0
        self._meanwhile: list[tuple[int, Step]] = []
        self._heard: set[str] = set()
        self._reading = asyncio.Lock()

    def _permissions(self) -> dict[str, Any]:
        return {"roles" if self.tale.is_app else "scopes": self.plot.scopes}

    async def begin(self) -> None:
        metadata = self.plot.metadata(self.world, self.people)
        provider = APP if self.tale.is_app else USER
        self.connection = await self.stage.connect(provider, metadata)
        self._immortal = Life(self, None)
        async with self.stage.db.read() as tx:
            known = await targets_of(tx, self._immortal.setup, self.connection, create=False)
        self.target: Target = next(one for one in known if one.sync.name == self.plot.sync)

    async def play(self, one: Round) -> Run:
        """Live through a round: one run, whatever becomes of it."""
        self.clock.off = timedelta(hours=one.skew)
        self.is_sealing = one.is_sealing
        for step in one.steps:
            self.people.do(step)
        self.true_clock.advance(timedelta(hours=1))
        script = self.world.faults
        script.remove()
        for kind, skip in one.faults:
            script.add(FAULTS[kind](skip))
        self.requests = 0
        self._meanwhile = sorted(one.meanwhile)
        self.follower.begin()
        if one.trigger == "empty":
            self.follower.forget()
            self.listener.held.clear()
        run = await self._run(one)
        await self._check(run)
        return run

    async def _run(self, one: Round) -> Run:
        asleep: list[Life] = []
        self._napping: list[Life] = []
        ends = [*one.lives, None, None, None]
        run_id = ""
        for number, end in enumerate(ends):
            life = Life(self, end)
            if not number:
                (run,) = await of_syncs.trigger(
                    self._immortal.setup,
                    life.queue,
                    [self.target],
                    reset=bool(one.trigger),
                    empty_cache=one.trigger == "empty",
                )
                run_id = run.id
            else:
                # its lease must be over
                self.true_clock.advance(timedelta(minutes=5))
                await sweep(self._immortal.setup, life.queue, patience=timedelta())
            life.run_id = run_id
            await life.lived()
            if life.fate.asleep.is_set():
                asleep.append(life)
                if life.naps:
                    self._napping.append(life)
            else:
                await life.close()
            if (await self._find(run_id)).state.is_over:
                break
        run = await self._find(run_id)
        for life in asleep:
            # It wakes up and goes on, in a world where somebody else did its work.
            life.fate.wake()
            await life.close()
            assert not life.fate.late_commits, "it committed what another one had done"
        assert await self._find(run_id) == run
        assert run.state.is_over, run
        return run

    async def _find(self, run_id: str) -> Run:
        async with self.stage.db.glance() as tx:
            run = await runs.find(tx, run_id)
        assert run is not None
        return run

    async def before_request(self) -> None:
        """Let happen what is due at this request."""
        self.requests += 1
        for life in self._napping:
            life.fate.wake()
        while self._meanwhile and self._meanwhile[0][0] <= self.requests:
            self.people.do(self._meanwhile.pop(0)[1])

    async def committed(self) -> None:
        """Let the follower read on."""
        async with self._reading:
            self.follower.take(await self._listed(after=self.follower.cursor))

    async def _listed(self, **where: Any) -> list[Record]:
        async with self.stage.db.glance() as tx:
            return await records.list_records(
                tx,
                connection_pk=self.connection.id,
                model=self.plot.model,
                limit=10_000,
                seals=Seals(VAULT),
                **where,
            )

    async def _check(self, run: Run) -> None:
        """Check that a run said of itself what it did."""
        if run.failure is not None:
            assert run.failure.code in HONEST, run.failure
        counts = run.counts.get(self.plot.model, BatchCounts())
        said = replace(counts, unchanged=0, held=0)
        assert said == self.follower.seen, f"said {said}, and did {self.follower.seen}"
        events = await self._new_events()
        is_told = any((counts.added, counts.updated, counts.deleted, counts.held))
        if run.state is RunState.CANCELLED:
            assert events == []
            # nobody tells: who cancels knows
            self.listener.take(await self._listed())
            return
        for body in events:
            assert body["success"] is (run.state is RunState.SUCCEEDED)
            since = body["modifiedAfter"] if body["success"] else body["startedAt"]
            self.listener.take(await self._listed(modified_after=datetime.fromisoformat(since)))
            if body["success"]:
                told = body["responseResults"]
                assert told == {
                    "added": counts.added,
                    "updated": counts.updated,
                    "deleted": counts.deleted,
                }
        assert len(events) <= 1
        assert events or not is_told
        assert self.listener.held == self.follower.held

    async def _new_events(self) -> list[dict[str, Any]]:
        async with self.stage.db.glance() as tx:
            rows = await tx.all(
                select(tables.events.c.id, tables.events.c.payload)
                .where(tables.events.c.connection_pk == self.connection.id)
                .order_by(tables.events.c.created_at, tables.events.c.id)
            )
        fresh = [row for row in rows if row.id not in self._heard]
        self._heard |= {row.id for row in fresh}
        return [row.payload for row in fresh]

    async def end(self) -> None:
        """Let things calm down, and hold the copy against the truth."""
        self.people.calm_down()
        calm = Round()
        for number in range(CALM_RUNS):
            run = await self.play(calm)
            assert run.state is RunState.SUCCEEDED, run.failure
            assert not run.warnings, run.warnings
            counts = run.counts.get(self.plot.model, BatchCounts())
            if number and self.follower.seen == BatchCounts() and not counts.held:
                break
        else:
            raise AssertionError(f"it finds changes where none are: {self.follower.seen}")
        stored = {
            record.id: record.content
            for record in await self._listed()
            if record.deleted_at is None
        }
        assert stored == self.follower.held
        truth = self.plot.truth(self.world, self.people)
        assert {self.plot.key(one): self.plot.told(one) for one in stored.values()} == truth
        fresh = await self._afresh()
        # what the fresh read could not read says nothing of the copy, which equals the truth
        left_out = tuple(each.place for each in fresh.skipped)
        steady = self.plot.steady
        copied = {k: steady(one) for k, one in stored.items() if not k.startswith(left_out)}
        assert copied == {
            k: steady(one) for k, one in fresh.table.live().items() if not k.startswith(left_out)
        }

    async def _afresh(self) -> SyncOutcome:
        """Mirror everything from nothing, without the engine."""
        life = self._immortal
        return await run_sync(
            PACK,
            self.plot.sync,
            life.setup.gateway.sender(self.connection, lambda: None),
            metadata=self.connection.metadata,
        )


class Life:
    """One worker process, from its start to its end."""

    def __init__(self, story: Story, end: End | None) -> None:
        self.story = story
        self._end = end
        kind = end.kind if end else ""
        self.naps = kind == "naps"
        is_sudden = kind in ("dies", "sleeps", "naps")
        self.fate = Fate(end.at if end and is_sudden else None, sleeps=kind in ("sleeps", "naps"))
        transport = DirectTransport(story.world, self._before, self._after)
        self.setup = Setup(
            settings=story.settings,
            db=MortalDatabase(story.stage.db, self.fate, story.committed),
            registry=REGISTRY,
            gateway=direct_gateway(REGISTRY, transport, story.tokens, story.clock),
            vault=VAULT,
            seals=Seals(VAULT, is_on=story.is_sealing),
            clock=story.clock,
            new_id=new_id,
            owner=new_id(),
        )
        self.queue = InlineQueue()
        self._worker = Worker(self.setup, self.queue)
        self._broken: list[Exception] = []
        self._moments = 0
        self.run_id = ""
        self._stopping: asyncio.Task[None] | None = None
        # nothing is served before somebody waits for it
        self.queue._handler = self._serve

    async def _serve(self, run_id: str, attempt: int) -> None:
        self.run_id = run_id
        try:
            await self._worker._serve(run_id, attempt)
        except Died:
            pass
        except Exception as error:  # noqa: BLE001 - told at the end, by `close`
            self._broken.append(error)

    async def _before(self, request: Request) -> None:
        await self.story.before_request()
        await self.fate.waits()
        await self._moment()

    async def _after(self, request: Request) -> None:
        await self.fate.waits()

    async def _moment(self) -> None:
        self._moments += 1
        if self._end is None or self._moments != self._end.at:
            return
        if self._end.kind == "drains":
            self._stopping = asyncio.create_task(self._worker.drain())
            await asyncio.sleep(0)
        elif self._end.kind == "cancels":
            async with self.story.stage.db.write() as tx:
                await runs.request_cancel(tx, self.run_id, self.story.clock.now())
            self._worker.cancel(self.run_id)
            await asyncio.sleep(0)

    async def lived(self) -> None:
        """Wait until it has nothing more to do, or fell asleep."""
        idle = asyncio.create_task(self.queue.idle())
        asleep = asyncio.create_task(self.fate.asleep.wait())
        await asyncio.wait({idle, asleep}, return_when=asyncio.FIRST_COMPLETED)
        for task in (idle, asleep):
            task.cancel()
        await asyncio.wait({idle, asleep})

    async def close(self) -> None:
        """Wait for the very end; nothing of it was broken."""
        await self.queue.idle()
        if self._stopping is not None:
            await self._stopping
        assert not self._broken, self._broken
