"""One random history, lived: a tenant that changes, workers that end, a copy that must be right.

The engine is the real one. Only sockets, the waiting and the ends of processes are simulated.
"""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from direct_cloud import TickingClock, Tokens
from mirror_life import Life
from mirror_stage import CLOCKS, PACK, REST_PACK, START, VAULT, Plot, SkewedClock, Stage
from readers import Follower, Listener
from sqlalchemy import select
from tales import FAULTS, Round, Tale
from tenant_life import Step

from fairlead.engine import syncs as of_syncs
from fairlead.engine.scheduler import sweep
from fairlead.engine.targets import Target, targets_of
from fairlead.model.batch import BatchCounts
from fairlead.model.connection import Connection
from fairlead.model.record import Record
from fairlead.model.run import Run, RunState
from fairlead.sdk.testing import SyncOutcome, run_sync
from fairlead.store import records, runs, tables
from fairlead.store.record_seals import Seals
from m365sim.clock import Clock as CloudClock
from m365sim.entra.resources import Resource
from m365sim.testing import app_token, delegated_token
from m365sim.world import build_world

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


async def live(stage: Stage, plot: Plot, tale: Tale) -> None:
    """Live through one history, and check what it left."""
    story = Story(stage, plot, tale)
    try:
        async with asyncio.timeout(PATIENCE):
            await story.begin()
            for one in tale.rounds:
                await story.play(one)
            await story.end()
    finally:
        story.world.close()
    await stage.forget(story.connection)


class Story:
    """One history."""

    connection: Connection

    def __init__(self, stage: Stage, plot: Plot, tale: Tale) -> None:
        self.stage, self.plot, self.tale = stage, plot, tale
        self.true_clock = TickingClock(START)
        self.clock = SkewedClock(self.true_clock)
        CLOCKS[:] = [self.clock]
        cloud_clock: CloudClock = self.true_clock
        self.world = build_world(clock=cloud_clock)
        if tale.quirks:
            self.world.quirks.change(**tale.quirks)
        self.people = plot.life(self.world)
        self.settings = stage.settings.model_copy(update={"deletion_floor": tale.floor})
        make_token = app_token if tale.is_app else delegated_token
        token = make_token(self.world, lifetime=timedelta(days=999), **self._permissions())
        self.tokens = Tokens(token, is_app=tale.is_app or plot.is_v1)
        self.follower, self.listener = Follower(), Listener()
        self.is_sealing = False
        self.requests = 0
        self._meanwhile: list[tuple[int, Step]] = []
        self._heard: set[str] = set()
        self._reading = asyncio.Lock()

    def _permissions(self) -> dict[str, Any]:
        given: dict[str, Any] = {"roles" if self.tale.is_app else "scopes": self.plot.scopes}
        if self.plot.is_v1:
            tenant = self.world.tenant
            given["resource"] = Resource(
                "sharepoint", f"https://{tenant.sharepoint_host}", tenant.name
            )
            if self.tale.is_app:
                given["appidacr"] = "2"  # it has a certificate
        return given

    async def begin(self) -> None:
        metadata = self.plot.metadata(self.world, self.people)
        provider = self.plot.provider(is_app=self.tale.is_app)
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
        assert not fresh.skipped
        steady = self.plot.steady
        assert {key: steady(one) for key, one in stored.items()} == {
            key: steady(one) for key, one in fresh.table.live().items()
        }

    async def _afresh(self) -> SyncOutcome:
        """Mirror everything from nothing, without the engine."""
        life = self._immortal
        return await run_sync(
            REST_PACK if self.plot.is_v1 else PACK,
            self.plot.sync,
            life.setup.gateway.sender(self.connection, lambda: None),
            metadata=self.connection.metadata,
            connection_config=self.connection.connection_config,
        )
