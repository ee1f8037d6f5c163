"""`GET /records` over HTTP: pages of a thousand, at the beginning of a large model and its end."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
from sqlalchemy import select

from bench.hammer import cpu_of
from bench.record_batches import BATCH, MODEL, Shelf, batch_of, shelf_of
from bench.stage import Stage, cloud_at, platform, postgresql, sqlite
from bench.table import say, table
from fairlead.store import tables
from fairlead.store.cursor import cursor_at
from fairlead.store.database import Database

#: pages read at each end, by so many readers at once
PAGES = 60
READERS = 2
ROUNDS = 3
DATABASES: dict[str, Callable[[], AbstractContextManager[str]]] = {
    "SQLite": sqlite,
    "PostgreSQL": postgresql,
}


async def measure(scale: float) -> None:
    count = max(int(1_000_000 * scale), 20_000)
    rows: list[list[str]] = []
    for name, database in DATABASES.items():
        with database() as url, TemporaryDirectory(prefix="fairlead-bench-") as folder:
            cloud = cloud_at(Path(folder), "http://127.0.0.1:1")
            async with platform(url, Path(folder), cloud) as made:
                await made.import_connection()
                db = await Database.open(url)
                try:
                    shelf = await shelf_of(db)
                    say(f"{name}: {count:,} records")
                    for number in range(count // BATCH):
                        await shelf.commit(batch_of(number))
                    rows += await _read(name, made, shelf, count // BATCH)
                finally:
                    await db.close()
    header = ["", "records/s", "CPU a record", "bytes a record"]
    table(f"Pages of {BATCH:,} out of {count:,} records, {READERS} readers", header, rows)


async def _read(name: str, made: Stage, shelf: Shelf, pages: int) -> list[list[str]]:
    wanted = min(PAGES, pages // 2)
    ends = {"page 1 and on": 0, f"page {pages - wanted + 1:,} and on": (pages - wanted) * BATCH}
    best: dict[str, tuple[float, float, int]] = {}
    for _ in range(ROUNDS):
        for title, skipped in ends.items():
            cursors = await _cursors(shelf, skipped, wanted)
            found = await _timed(made, cursors)
            if title not in best or found[1] < best[title][1]:
                best[title] = found
    return [
        [f"{name}: {title}", f"{rate:,.0f}", f"{cpu * 1e6:.1f} µs", f"{size:,}"]
        for title, (rate, cpu, size) in best.items()
    ]


async def _cursors(shelf: Shelf, skipped: int, pages: int) -> list[str]:
    """Return where each page begins."""
    async with shelf.db.read() as tx:
        rows = await tx.all(
            select(tables.records.c.position)
            .order_by(tables.records.c.position)
            .offset(skipped)
            .limit(pages * BATCH)
        )
    return [cursor_at(row.position - 1).decode() for row in rows[::BATCH]]


async def _timed(made: Stage, cursors: list[str]) -> tuple[float, float, int]:
    """Return records per second, processor seconds of the platform a record, and bytes."""
    left = list(cursors)
    size = 0

    async def reader(session: aiohttp.ClientSession) -> None:
        nonlocal size
        while left:
            query = {"model": MODEL, "limit": str(BATCH), "cursor": left.pop(0)}
            async with session.get("/records", params=query, headers=made.authorised()) as answer:
                assert answer.status == 200, await answer.text()
                body = await answer.read()
            size += len(body)

    async with aiohttp.ClientSession(made.origin) as session:
        cpu, began_at = cpu_of(made.platform.pid), time.perf_counter()
        await asyncio.gather(*(reader(session) for _ in range(READERS)))
        seconds = time.perf_counter() - began_at
    count = len(cursors) * BATCH
    return count / seconds, (cpu_of(made.platform.pid) - cpu) / count, size // count
