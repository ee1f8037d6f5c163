"""Several drives at once from a vendor who is 50 ms away, against what the latency alone allows.

Sixteen drives are read at once, and of each a page after the other; so the least that a run can
take is the pages of one drive, one latency each.
"""

import asyncio
import tempfile
from pathlib import Path

import aiohttp

from bench.hammer import cpu_of
from bench.initial import DATABASES
from bench.slow_drives import LATENCY_SECONDS
from bench.stage import BenchFailed, Stage, child, cloud_at, free_port, platform
from bench.table import say, table

DRIVES = (1, 4, 16)
PAGES = 60
#: items a page: few, so that latency is what counts, and as many as the vendor gives
SIZES = (20, 200)
READY_SECONDS = 30
ROOT = Path(__file__).resolve().parent.parent


async def measure(scale: float) -> None:
    pages = max(5, int(PAGES * scale))
    rows: list[list[str]] = []
    for size in SIZES:
        with DATABASES["SQLite"]() as url, tempfile.TemporaryDirectory() as name:
            folder, port = Path(name), free_port()
            upstream = f"http://127.0.0.1:{port}"
            vendor = ["bench.slow_drives", *map(str, (port, pages, size))]
            async with child(vendor, folder, {}, ROOT):
                await _answers(f"{upstream}/v1.0/drives/d/root/delta")
                cloud = cloud_at(folder, upstream)
                async with platform(url, folder, cloud) as made:
                    await made.import_connection()
                    rows += [await _timed(made, count, pages, size) for count in DRIVES]
    table(
        f"Drives of {pages} pages, {LATENCY_SECONDS * 1000:.0f} ms a page, on SQLite",
        ["drives", "items a page", "seconds", "latency bound", "times", "items/s", "CPU seconds"],
        rows,
    )


async def _timed(made: Stage, count: int, pages: int, size: int) -> list[str]:
    say(f"{count} drives, {size} items a page")
    await made.choose(*(f"d{count}x{number}" for number in range(count)))
    before = cpu_of(made.platform.pid)
    run = await made.run_sync()
    cpu = cpu_of(made.platform.pid) - before
    seconds, bound = made.seconds_of(run), pages * LATENCY_SECONDS
    stored = sum(counts["added"] for counts in run["counts"].values())
    if stored != count * pages * size:
        raise BenchFailed(f"{stored} records of {count * pages * size} items")
    return [
        str(count),
        str(size),
        f"{seconds:.2f}",
        f"{bound:.2f}",
        f"{seconds / bound:.2f}",
        f"{stored / seconds:,.0f}",
        f"{cpu:.2f}",
    ]


async def _answers(url: str) -> None:
    async with asyncio.timeout(READY_SECONDS), aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(url) as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientError:
                await asyncio.sleep(0.05)
