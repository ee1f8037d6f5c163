"""A cloud in a thread of its own, for tests of any kind: blocking, asyncio, or another process."""

from m365sim.harness.clock import SimClock
from m365sim.harness.faults import SimFaults
from m365sim.harness.people import SimApp, SimUser
from m365sim.harness.stage import Sim, started
from m365sim.harness.tenant import SimTenant
from m365sim.harness.thread import LoopThread
from m365sim.harness.wishes import Unwishable, Wishes

__all__ = [
    "LoopThread",
    "Sim",
    "SimApp",
    "SimClock",
    "SimFaults",
    "SimTenant",
    "SimUser",
    "Unwishable",
    "Wishes",
    "started",
]
