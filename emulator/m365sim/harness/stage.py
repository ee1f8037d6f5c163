"""Starts a cloud in a loop's thread, and ends it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from m365sim import internet, server
from m365sim.harness.clock import SimClock
from m365sim.harness.faults import SimFaults
from m365sim.harness.tenant import SimTenant
from m365sim.harness.thread import LoopThread
from m365sim.harness.wishes import Wishes
from m365sim.internet import Internet
from m365sim.server import Running
from m365sim.world import World


@dataclass(frozen=True, slots=True)
class Sim:
    """A cloud that answers, in the hands of a test."""

    tenant: SimTenant
    faults: SimFaults
    clock: SimClock
    #: what a client needs in its environment; empty when the cloud has ports of its own
    environment: Mapping[str, str]


@contextmanager
def started(
    wishes: Wishes | None = None,
    *,
    ca_dir: Path | None = None,
    loop: LoopThread | None = None,
    virtual: bool = False,
) -> Iterator[Sim]:
    """Serve a cloud until the block ends, from a thread of its own or a loop's that is there.

    With a folder for its certificates it answers under the real names behind a proxy, without one
    on a port per host. `virtual`: its time stands still until it is advanced. Raises Unwishable.
    """
    if loop is None:
        with LoopThread() as own, started(wishes, ca_dir=ca_dir, loop=own, virtual=virtual) as sim:
            yield sim
        return
    world = (wishes or Wishes()).build(virtual=virtual)
    with _served(loop, world, ca_dir) as cloud:
        yield Sim(
            SimTenant(loop, cloud),
            SimFaults(loop, world),
            SimClock(loop, world),
            dict(cloud.environment) if isinstance(cloud, Internet) else {},
        )


@contextmanager
def _served(loop: LoopThread, world: World, ca_dir: Path | None) -> Iterator[Running]:
    opened: Future[tuple[Running, asyncio.Event]] = Future()

    async def hold() -> None:
        # One task opens and closes: the parts of a cloud belong to the task that made them.
        stop = asyncio.Event()
        serving = (
            server.running(world) if ca_dir is None else internet.running(world, ca_dir=ca_dir)
        )
        async with serving as cloud:
            opened.set_result((cloud, stop))
            await stop.wait()

    held = loop.submit(hold())
    held.add_done_callback(lambda over: _pass_on(over, opened))
    cloud, stop = opened.result()
    try:
        yield cloud
    finally:
        loop.call(stop.set)
        held.result()


def _pass_on(over: Future[None], opened: Future[tuple[Running, asyncio.Event]]) -> None:
    """Tell whoever waits for a cloud that could not be opened what was in the way."""
    if not opened.done():
        opened.set_exception(over.exception() or RuntimeError("the cloud ended at once"))
