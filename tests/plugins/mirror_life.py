"""One worker process of a random history, which may end at any moment.

The engine in it is the real one: queue, worker, leases, recovery and gateway.
"""

import asyncio
from typing import Protocol

from direct_cloud import DirectTransport, Tokens, direct_gateway
from mirror_stage import REGISTRY, VAULT, SkewedClock, Stage
from mortal import Died, Fate, MortalDatabase
from tales import End

from fairlead.engine.queue import InlineQueue
from fairlead.engine.setup import Setup
from fairlead.engine.worker import Worker
from fairlead.model.clock import new_id
from fairlead.model.exchange import Request
from fairlead.settings import Settings
from fairlead.store import runs
from fairlead.store.record_seals import Seals
from m365sim.world import World


class Around(Protocol):
    """The history that a worker lives in."""

    stage: Stage
    world: World
    tokens: Tokens
    clock: SkewedClock
    settings: Settings
    is_sealing: bool

    async def before_request(self) -> None:
        """Let happen what is due at this request."""

    async def committed(self) -> None:
        """Hear that something was committed."""


class Life:
    """One worker process, from its start to its end."""

    def __init__(self, story: Around, end: End | None) -> None:
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
        # who sleeps asks for nothing, and so cannot wake itself
        await self.fate.waits()
        await self.story.before_request()
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
