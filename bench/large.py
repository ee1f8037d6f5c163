"""Two gigabytes down and two up through the proxy: what the platform's memory does meanwhile."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from aiohttp import web

from bench.stage import BenchFailed, Stage, cloud_at, platform, sqlite
from bench.table import table

SIZE_BYTES = 2 * 1024**3
PIECE = bytes(256 * 1024)


async def measure(scale: float) -> None:
    size = int(SIZE_BYTES * scale)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="fairlead-bench-")))
        upstream = await stack.enter_async_context(_vendor(size))
        cloud_file = cloud_at(folder, upstream)
        url = stack.enter_context(sqlite())
        made = await stack.enter_async_context(platform(url, folder, cloud_file))
        await made.import_connection()
        rows = []
        for name, carry in (("down", _download), ("up", _upload)):
            before = made.resident_mib()
            began_at = time.perf_counter()
            carried = await carry(made, size)
            if carried != size:
                raise BenchFailed(f"{name}: {carried} bytes of {size} arrived")
            seconds = time.perf_counter() - began_at
            grown = made.peak_mib() - before
            rows.append(
                [
                    name,
                    f"{size / 1024**2:,.0f} MiB",
                    f"{size / 1024**2 / seconds:,.0f} MiB/s",
                    f"{before:.0f} MiB",
                    f"{max(grown, 0):.0f} MiB",
                ]
            )
    table(
        "One body through the proxy",
        ["", "size", "rate", "resident before", "at most more"],
        rows,
    )


async def _download(made: Stage, _size: int) -> int:
    read = 0
    url = f"{made.origin}/proxy/large"
    async with made.session.get(url, headers=made.authorised()) as answer:
        async for chunk in answer.content.iter_any():
            read += len(chunk)
    return read


async def _upload(made: Stage, size: int) -> int:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(size // len(PIECE)):
            yield PIECE
        yield PIECE[: size % len(PIECE)]

    url = f"{made.origin}/proxy/large"
    headers = made.authorised() | {"Content-Length": str(size)}
    async with made.session.put(url, headers=headers, data=body()) as answer:
        return int((await answer.json())["size"])


@asynccontextmanager
async def _vendor(size: int) -> AsyncIterator[str]:
    async def send(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": str(size)})
        await answer.prepare(request)
        for _ in range(size // len(PIECE)):
            await answer.write(PIECE)
        await answer.write(PIECE[: size % len(PIECE)])
        return answer

    async def take(request: web.Request) -> web.Response:
        taken = 0
        async for chunk in request.content.iter_any():
            taken += len(chunk)
            await asyncio.sleep(0)
        return web.json_response({"size": taken})

    application = web.Application(client_max_size=size + 1)
    application.router.add_get("/large", send)
    application.router.add_put("/large", take)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()
