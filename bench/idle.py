"""What a process costs that has little to do: at rest, and with many connections' hourly syncs.

Processor time is the kernel's count of the process's threads. Of the schedules so many come due
while it is measured as do in that time of an hour; how late they begin is in their runs' rows.
"""

import asyncio
import math
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.crowd import Crowd
from bench.hammer import cpu_of
from bench.initial import DATABASES
from bench.stage import Stage
from bench.table import say, table
from fairlead.store import runs

CONNECTIONS = 10_000
SECONDS = 60.0
SYNC = "nothing"


async def measure(scale: float) -> None:
    count, seconds = max(100, int(CONNECTIONS * scale)), max(15.0, SECONDS * scale)
    rows = []
    for name, database in DATABASES.items():
        with database() as url, TemporaryDirectory(prefix="fairlead-bench-") as folder:
            crowd = await Crowd.make(url, Path(folder))
            began_at = time.perf_counter()
            async with crowd.serving() as made:
                ready = time.perf_counter() - began_at
                await asyncio.sleep(3)
                rest = await _share(made, seconds / 2)
                resident = made.resident_mib()
            say(f"{name}: {count:,} connections with hourly syncs")
            due = max(3, int(count * seconds / 3600))
            began = datetime.now(UTC) + timedelta(seconds=20 + count / 400)
            slots = {
                f"c{each}": began + timedelta(seconds=seconds * each / due)
                if each < due
                else began + timedelta(minutes=40)
                for each in range(count)
            }
            numbers = await crowd.fill(slots, SYNC)
            # filling takes as long as it takes, and the server has to start first
            later = max(timedelta(), datetime.now(UTC) + timedelta(seconds=15) - began)
            await crowd.put_off(later)
            began += later
            slots = {name: slot + later for name, slot in slots.items()}
            async with crowd.serving() as made:
                await asyncio.sleep(max(0.0, (began - datetime.now(UTC)).total_seconds()))
                busy = await _share(made, seconds)
                await asyncio.sleep(5)
                soon = {numbers[each]: slots[each] for each in list(slots)[:due]}
                late = await _late(crowd, soon)
        rows.append(
            [
                name,
                f"{ready:.1f} s",
                f"{resident:.0f} MiB",
                f"{rest:.1%}",
                f"{busy:.1%}",
                _at(late, 0.5),
                _at(late, 0.99),
                f"{len(late)} of {due}",
            ]
        )
    columns = ["", "ready after", "resident", "of a core at rest", "with the syncs"]
    columns += ["start delay p50", "p99", "started"]
    table(f"An idle server, and one with {count:,} hourly syncs", columns, rows)


async def _share(made: Stage, seconds: float) -> float:
    """Return which part of a core the platform used for so long."""
    before, began_at = cpu_of(made.platform.pid), time.perf_counter()
    await asyncio.sleep(seconds)
    return (cpu_of(made.platform.pid) - before) / (time.perf_counter() - began_at)


def _at(late: list[float], part: float) -> str:
    return f"{late[math.ceil(len(late) * part) - 1]:.2f} s" if late else "-"


async def _late(crowd: Crowd, slots: dict[int, datetime]) -> list[float]:
    late = []
    async with crowd.database() as db, db.read() as tx:
        for pk, slot in slots.items():
            run = await runs.latest(tx, pk, SYNC)
            if run is not None and run.started_at is not None:
                late.append((run.started_at - slot).total_seconds())
    return sorted(late)
