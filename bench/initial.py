"""Initial sync of a large library, against a loop that only fetches and parses the same pages."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import aiohttp
import orjson

from bench.stage import Stage, postgresql, sqlite, stage
from bench.table import say, table

ITEMS = 100_000
DATABASES: dict[str, Callable[[], AbstractContextManager[str]]] = {
    "SQLite": sqlite,
    "PostgreSQL": postgresql,
}


async def measure(scale: float) -> None:
    count = int(ITEMS * scale)
    rows: list[list[str]] = []
    for name, database in DATABASES.items():
        with database() as url:
            async with stage(url, "--seed-files", str(count)) as made:
                rows += await _measure(made, name, count)
    table(
        f"Initial sync of {count:,} drive items",
        ["", "items", "pages", "seconds", "items/s", "against the bare loop", "peak RSS"],
        rows,
    )


async def _measure(made: Stage, name: str, count: int) -> list[list[str]]:
    drive = made.drive("/sites/archive")
    await made.choose(drive)
    idle = made.peak_mib()
    say(f"{name}: bare loop over the same pages")
    items, pages, bare = await fetch_and_parse(made, drive)
    say(f"{name}: the platform's sync")
    run = await made.run_sync()
    seconds = made.seconds_of(run)
    stored = sum(counts["added"] for counts in run["counts"].values())
    assert stored >= count, f"{stored} records of {count} files"
    rate = items / bare
    return [
        [
            f"{name}: bare loop",
            f"{items:,}",
            f"{pages:,}",
            f"{bare:.1f}",
            f"{rate:,.0f}",
            "1.00",
            "",
        ],
        [
            f"{name}: sync",
            f"{stored:,}",
            f"{run['requests']:,}",
            f"{seconds:.1f}",
            f"{stored / seconds:,.0f}",
            f"{stored / seconds / rate:.2f}",
            f"{made.peak_mib():.0f} MiB ({idle:.0f} before)",
        ],
    ]


async def fetch_and_parse(made: Stage, drive: str) -> tuple[int, int, float]:
    """Follow the drive's delta feed with the same client library, parse, and throw away."""
    headers = {"Authorization": f"Bearer {await made.access_token()}"}
    url = f"{made.cloud['urls']['graph']}/v1.0/drives/{drive}/root/delta"
    items = pages = 0
    began_at = time.perf_counter()
    async with aiohttp.ClientSession(headers=headers) as session:
        while url:
            async with session.get(url) as response:
                assert response.status == 200, response.status
                page = orjson.loads(await response.read())
            items += len(page["value"])
            pages += 1
            url = page.get("@odata.nextLink")
    return items, pages, time.perf_counter() - began_at
