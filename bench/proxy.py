"""The proxy, against the same client that calls the upstream directly."""

import asyncio
import statistics
import time
from dataclasses import dataclass

import aiohttp

from bench.stage import sqlite, stage
from bench.table import say, table

#: requests at each number of connections
REQUESTS = {1: 2_000, 64: 10_000}
#: requests before the clock starts
WARM_UP = 200


@dataclass(frozen=True, slots=True)
class Measured:
    """Requests per second, and what one took, in milliseconds."""

    rate: float
    median_ms: float
    p99_ms: float


async def measure(scale: float) -> None:
    rows: list[list[str]] = []
    with sqlite() as url:
        async with stage(url) as made:
            drive = made.drive("/sites/marketing")
            path = f"/v1.0/drives/{drive}/root"
            token = await made.access_token()
            direct = (made.cloud["urls"]["graph"] + path, {"Authorization": f"Bearer {token}"})
            through = {"Authorization": f"Bearer {made.key}", **made.headers}
            proxied = (f"{made.origin}/proxy{path}", through)
            for connections, requests in REQUESTS.items():
                count = max(int(requests * scale), connections)
                say(f"{connections} connections, {count:,} requests each way")
                plain = await load(*direct, connections, count)
                ours = await load(*proxied, connections, count)
                rows += [
                    _row(connections, "direct", plain, plain),
                    _row(connections, "proxy", ours, plain),
                ]
    table(
        "One drive item, about 1 KB of JSON",
        ["connections", "", "requests/s", "against direct", "median", "added", "p99"],
        rows,
    )


def _row(connections: int, name: str, measured: Measured, direct: Measured) -> list[str]:
    return [
        str(connections),
        name,
        f"{measured.rate:,.0f}",
        f"{measured.rate / direct.rate:.2f}",
        f"{measured.median_ms:.2f} ms",
        f"{measured.median_ms - direct.median_ms:+.2f} ms" if measured is not direct else "",
        f"{measured.p99_ms:.2f} ms",
    ]


async def load(url: str, headers: dict[str, str], connections: int, count: int) -> Measured:
    """Send `count` requests over so many connections, each waiting for its answer."""
    taken: list[float] = []
    left = count + WARM_UP
    connector = aiohttp.TCPConnector(limit=connections)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def one_after_another() -> None:
            nonlocal left
            while left > 0:
                left -= 1
                began_at = time.perf_counter()
                async with session.get(url) as response:
                    await response.read()
                    assert response.status == 200, response.status
                taken.append(time.perf_counter() - began_at)

        began_at = time.perf_counter()
        await asyncio.gather(*(one_after_another() for _ in range(connections)))
        seconds = time.perf_counter() - began_at
    counted = sorted(taken[WARM_UP:])
    return Measured(
        rate=len(taken) / seconds,
        median_ms=statistics.median(counted) * 1000,
        p99_ms=counted[int(len(counted) * 0.99)] * 1000,
    )
