"""Records into the store and out of it, against the driver's best bulk path for the same data.

In: a million records of about a kilobyte, with ids as a drive's items have them, in batches of a
thousand, each a transaction: all new, all unchanged, one in a hundred changed. The driver alone
writes the same rows, with the same keys and as many commits, and nothing else: no run, no lease,
no counters. Batches take turns, first the one and then the other. Out: pages over HTTP.
"""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Protocol

import psutil

from bench.bare_records import BarePostgres, BareSqlite
from bench.stage import postgresql, sqlite
from bench.table import say, table
from fairlead.model.batch import StoredBatch
from fairlead.model.content import hashed
from fairlead.model.credentials import SealedCredentials
from fairlead.model.run import RunKind, RunTrigger
from fairlead.store import connections, environments, integrations, migrate, records, runs
from fairlead.store.database import Database
from fairlead.store.record_seals import PLAIN, Seals
from fairlead.vault import Vault

ITEMS = 1_000_000
BATCH = 1000
MODEL = "DriveItem"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
DATABASES: dict[str, Callable[[], AbstractContextManager[str]]] = {
    "SQLite": sqlite,
    "PostgreSQL": postgresql,
}
#: what is done -> share of records that differ from what was stored before
PHASES = {"insert": 0.0, "unchanged": 0.0, "1 % changed": 0.01}

Rows = dict[str, tuple[bytes, bytes]]


class Bare(Protocol):
    """The driver alone."""

    async def insert(self, rows: Rows) -> None: ...
    async def update(self, rows: Rows) -> None: ...
    async def close(self) -> None: ...


def batch_of(number: int, changed: float = 0.0) -> Rows:
    """Make the records of a batch, the same every time, but for a share of them."""
    random = Random(number)
    drive = "b!" + random.randbytes(33).hex()[:64]
    rows: Rows = {}
    for place in range(BATCH):
        item = "01" + random.randbytes(16).hex().upper()
        name = f"report {place} {random.randbytes(6).hex()}.docx"
        is_changed = place < BATCH * changed
        content = {
            "id": f"{drive}/{item}",
            "driveId": drive,
            "itemId": item,
            "name": name,
            "path": f"/Shared Documents/2026/{place % 40}/{name}",
            "webUrl": f"https://contoso.sharepoint.com/sites/a/Shared%20Documents/{name}",
            "size": random.randrange(1 << 24) + is_changed,
            "eTag": f'"{{{random.randbytes(16).hex()}}},{1 + is_changed}"',
            "createdDateTime": "2026-01-01T00:00:00Z",
            "lastModifiedDateTime": "2026-01-01T00:00:00Z",
            "createdBy": {"user": {"id": random.randbytes(16).hex(), "displayName": "Megan"}},
            "file": {"hashes": {"quickXorHash": random.randbytes(15).hex()}},
            "description": random.randbytes(110).hex(),
        }
        rows[f"{drive}/{item}"] = hashed(content, frozenset())
    return rows


@dataclass
class Shelf:
    """One connection's records, and a run that writes them."""

    db: Database
    connection: int
    run: str
    token: int
    seals: Seals = PLAIN
    now: datetime = NOW

    async def commit(self, rows: Rows) -> None:
        self.now += timedelta(seconds=1)
        batch = StoredBatch(model=MODEL, upsert=rows, checkpoint=b"{}")
        await self.db.transact(
            lambda tx: records.commit_batch(
                tx,
                connection_pk=self.connection,
                sync_name="files",
                run_id=self.run,
                fencing_token=self.token,
                batch=batch,
                now=self.now,
                seals=self.seals,
            )
        )


@asynccontextmanager
async def shelf(url: str) -> AsyncIterator[Shelf]:
    """Make a database with one connection whose sync runs."""
    await migrate.upgrade(url)
    db = await Database.open(url)
    try:
        async with db.write() as tx:
            environment = await environments.ensure_environment(
                tx, name="dev", key_hash="0", now=NOW
            )
            integration = await integrations.insert(
                tx,
                Vault([bytes(32)]),
                environment_id=environment.id,
                unique_key="i",
                provider="p",
                display_name="P",
                now=NOW,
            )
            connection, _ = await connections.upsert(
                tx,
                environment_id=environment.id,
                integration=integration,
                connection_id="c",
                sealed=SealedCredentials(envelope=b""),
                now=NOW,
            )
            await runs.enqueue(
                tx,
                id="r",
                environment_id=environment.id,
                connection_pk=connection.id,
                kind=RunKind.SYNC,
                function="files",
                trigger=RunTrigger.CALL,
                now=NOW,
            )
            run = await runs.claim(tx, "r", owner="bench", lease=timedelta(days=1), now=NOW)
        assert run is not None
        yield Shelf(db, connection.id, run.id, run.fencing_token)
    finally:
        await db.close()


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
