"""Scripted faults of a cloud, in the hands of a test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from m365sim.harness.thread import LoopThread
from m365sim.harness.wishes import load_faults
from m365sim.world import World


class SimFaults:
    """Which requests go wrong, and how; the fields of a fault are those of `m365sim.faults.Fault`.

    Paths are globs over path and query: `/v1.0/drives/*/root/delta*`.
    """

    def __init__(self, loop: LoopThread, world: World) -> None:
        self._loop = loop
        self._world = world

    def add(self, **fault: Any) -> str:
        """Put a fault in force and return its id; it strikes once unless `count` says otherwise.

        Raises ValueError for a field there is not, and TypeError for a value it cannot have.
        """
        return self._loop.call(lambda: self._world.faults.add_json(fault).id)

    def throttle(self, seconds: int = 1, *, host: str = "graph", count: int | None = 1) -> str:
        """Answer 429 with a Retry-After; who calls earlier than that is refused again."""
        return self.add(host=host, status=429, retry_after=seconds, hold=True, count=count)

    def load(self, path: str | Path) -> None:
        """Put the fault script of a YAML file in force; `BadFile` when it is not in order."""
        self._loop.call(lambda: load_faults(self._world, Path(path)))

    def remove(self, fault_id: str | None = None) -> None:
        """Take a fault out of force, or all of them."""
        self._loop.call(lambda: self._world.faults.remove(fault_id))

    @property
    def hits(self) -> list[dict[str, Any]]:
        """What the faults struck: `fault`, `host`, `method` and `target` of each request."""
        return self._loop.call(lambda: list(self._world.faults.log))

    @property
    def early_calls(self) -> int:
        """How many requests came before the Retry-After of a held host was over."""
        return self._loop.call(lambda: self._world.faults.early_calls)
