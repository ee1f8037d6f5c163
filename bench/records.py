"""Records into the store and out of it, against the driver's best bulk path for the same data.

In: a million records of about a kilobyte, with ids as a drive's items have them, in batches of a
thousand, each a transaction: all new, all unchanged, one in a hundred changed. The driver alone
writes the same rows, with the same keys and as many commits, and nothing else: no run, no lease,
no counters. Batches take turns, first the one and then the other. Out: pages over HTTP.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, AsyncExitStack
from dataclasses import dataclass
from typing import Any, Protocol

import psutil

from bench import record_pages
from bench.bare_records import BarePostgres, BareSqlite
from bench.record_batches import BATCH, Rows, batch_of, shelf
from bench.stage import postgresql, sqlite
from bench.table import say, table
from fairlead.store.database import Database

ITEMS = 1_000_000
DATABASES: dict[str, Callable[[], AbstractContextManager[str]]] = {
    "SQLite": sqlite,
    "PostgreSQL": postgresql,
}
#: what is done -> share of records that differ from what was stored before
PHASES = {"insert": 0.0, "unchanged": 0.0, "1 % changed": 0.01}


class Bare(Protocol):
    """The driver alone."""

    async def insert(self, rows: Rows) -> None: ...
    async def update(self, rows: Rows) -> None: ...
    async def close(self) -> None: ...


@dataclass
class Meter:
    """Adds up what something takes: seconds by the clock and of processors."""

    server: psutil.Process | None
    seconds: float = 0.0
    cpu: float = 0.0

    def _cpu(self) -> float:
        total = time.process_time()
        if self.server is not None:
            for one in [self.server, *self.server.children()]:
                times = one.cpu_times()
                total += times.user + times.system
        return total

    async def of(self, work: Any) -> None:
        cpu, began_at = self._cpu(), time.perf_counter()
        await work
        self.seconds += time.perf_counter() - began_at
        self.cpu += self._cpu() - cpu


async def measure(scale: float) -> None:
    count = max(10 * BATCH, int(ITEMS * scale)) // BATCH
    rows: list[list[str]] = []
    for name, database in DATABASES.items():
        with database() as url:
            rows += await _written(name, url, count)
    header = ["", "records/s", "driver alone", "ratio", "CPU a record", "driver alone", "ratio"]
    table(f"{count * BATCH:,} records written, {BATCH:,} a transaction", header, rows)
    await record_pages.measure(scale)


async def _written(name: str, url: str, count: int) -> list[list[str]]:
    async with AsyncExitStack() as stack:
        made = await stack.enter_async_context(shelf(url))
        bare: Bare = await (BareSqlite if name == "SQLite" else BarePostgres).open(url)
        stack.push_async_callback(bare.close)
        server = await server_of(made.db)
        found = []
        for phase, changed in PHASES.items():
            say(f"{name}: {phase}")
            mine, least = Meter(server), Meter(server)
            for number in range(count):
                batch = batch_of(number, changed)
                alone = bare.insert if phase == "insert" else bare.update
                steps = [(mine, made.commit), (least, alone)]
                for meter, step in steps if number % 2 else reversed(steps):
                    await meter.of(step(batch))
            found.append(_row(f"{name}: {phase}", mine, least, count * BATCH))
        return found


def _row(name: str, mine: Meter, least: Meter, count: int) -> list[str]:
    return [
        name,
        f"{count / mine.seconds:,.0f}",
        f"{count / least.seconds:,.0f}",
        f"{least.seconds / mine.seconds:.2f}",
        f"{mine.cpu / count * 1e6:.1f} µs",
        f"{least.cpu / count * 1e6:.1f} µs",
        f"{least.cpu / mine.cpu:.2f}",
    ]


async def server_of(db: Database) -> psutil.Process | None:
    """Return the database's server, None if it is in this process."""
    if db.dialect == "sqlite":
        return None
    async with db.read() as tx:
        driver = await tx.driver()
        return psutil.Process(driver.get_server_pid()).parent()
