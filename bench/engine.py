"""Actions that do nothing, sixteen at once; and one, two and four workers on the same runs."""

import asyncio
import statistics
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import func, select

from bench.crowd import INTEGRATION, Crowd
from bench.hammer import cpu_of
from bench.initial import DATABASES
from bench.stage import Stage, child, postgresql
from bench.table import say, table
from fairlead.store.tables import runs

ACTIONS = 4000
AT_ONCE = 16
CONNECTIONS = 96
WORKERS = (1, 2, 4)
LOOK_SECONDS = 0.1


async def measure(scale: float) -> None:
    await _actions(max(200, int(ACTIONS * scale)))
    await _workers(max(16, int(CONNECTIONS * scale)))


async def _actions(count: int) -> None:
    rows = []
    for name, database in DATABASES.items():
        with database() as url, TemporaryDirectory(prefix="fairlead-bench-") as folder:
            crowd = await Crowd.make(url, Path(folder))
            far = datetime.now(UTC) + timedelta(days=1)
            await crowd.fill({"c": far}, "nothing")
            async with crowd.serving() as made:
                cpu = cpu_of(made.platform.pid)
                taken, seconds = await _call(made, count)
                cpu = cpu_of(made.platform.pid) - cpu
        taken.sort()
        rows.append(
            [
                name,
                f"{count / seconds:,.0f}",
                f"{cpu / count * 1000:.2f} ms",
                f"{statistics.median(taken) * 1000:.1f} ms",
                f"{taken[int(len(taken) * 0.99)] * 1000:.1f} ms",
            ]
        )
    table(f"A no-op action, {AT_ONCE} at once", ["", "calls/s", "processor", "p50", "p99"], rows)


async def _call(made: Stage, count: int) -> tuple[list[float], float]:
    """Call the action so often; return how long each took, and all together."""
    headers = {"Connection-Id": "c", "Provider-Config-Key": INTEGRATION}
    taken: list[float] = []
    left = count

    async def one() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            began_at = time.perf_counter()
            await made.call(
                "POST", "/action/trigger", json={"action_name": "noop"}, headers=headers
            )
            taken.append(time.perf_counter() - began_at)

    began_at = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(AT_ONCE)))
    return taken, time.perf_counter() - began_at


async def _workers(count: int) -> None:
    rows: list[list[str]] = []
    first = 0.0
    for workers in WORKERS:
        with postgresql() as url, TemporaryDirectory(prefix="fairlead-bench-") as folder:
            crowd = await Crowd.make(url, Path(folder))
            began = datetime.now(UTC) + timedelta(seconds=15)
            await crowd.fill({f"c{each}": began for each in range(count)}, "pages")
            say(f"{workers} workers, {count} runs")
            async with AsyncExitStack() as stack:
                for each in range(workers):
                    own = Path(folder) / str(each)
                    own.mkdir()
                    worker = child(["fairlead.cli", "worker"], own, crowd.env)
                    await stack.enter_async_context(worker)
                seconds, most = await _until_over(crowd, count)
            first = first or seconds
            rows.append(
                [str(workers), f"{count / seconds:.1f}", f"{first / seconds:.2f}", str(most)]
            )
    table(
        f"{count} runs of 20 pages, 50 ms each, PostgreSQL",
        ["workers", "runs/s", "of one worker", "runs of one connection at once, at most"],
        rows,
    )


async def _until_over(crowd: Crowd, count: int) -> tuple[float, int]:
    """Wait until all is done; return the seconds from first start to last end, and the overlap."""
    running = (
        select(func.count().label("n"))
        .where(runs.c.state == "running")
        .group_by(runs.c.connection_pk)
    ).subquery()
    most = 0
    async with crowd.database() as db:
        while True:
            async with db.read() as tx:
                done = await tx.scalar(
                    select(func.count()).select_from(runs).where(runs.c.state == "succeeded")
                )
                most = max(most, await tx.scalar(select(func.max(running.c.n))) or 0)
            if done >= count:
                break
            await asyncio.sleep(LOOK_SECONDS)
        async with db.read() as tx:
            row = await tx.first(select(func.min(runs.c.started_at), func.max(runs.c.finished_at)))
    assert row is not None
    return (row[1] - row[0]).total_seconds(), most
