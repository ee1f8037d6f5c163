"""A worker process to be killed: `shelf_worker.py URL FETCHES PAGES LEASE [SIZE]`.

Runs the sync `books`: PAGES batches of SIZE records, five if it is not said. Each fetch of a page is one line in the file
FETCHES (`<pid> <page>`), written before the batch is yielded.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "plugins"))

import structlog
from engine_world import KEY, Book, Door, Library, library_pack, page

from fairlead.engine.engine import Engine
from fairlead.model.clock import SystemClock, new_id
from fairlead.sdk import Batch, Registry
from fairlead.settings import Settings
from fairlead.store.database import Database
from fairlead.vault.vault import Vault


def script(fetches: str, pages: int, size: int) -> Any:
    async def books(ctx: Any) -> AsyncIterator[Batch[Book]]:
        for number in range(ctx.checkpoint.page, pages):
            with open(fetches, "a") as file:  # noqa: ASYNC230, PTH123 - one short line
                file.write(f"{os.getpid()} {number}\n")
            await asyncio.sleep(0.005)
            yield page(
                number,
                size=size,
                partition="shelf",
                restart=number == 0,
                settled=number == pages - 1,
            )

    return books


async def main(url: str, fetches: str, pages: str, lease: str, size: str = "5") -> None:
    # a pipe that nobody reads is full at some time, and then whoever writes stands still
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    library = Library(sync=script(fetches, int(pages), int(size)))
    settings = Settings(database_url=url, lease_seconds=float(lease), tick_seconds=0.1)
    db = await Database.open(url)
    engine = Engine(
        settings,
        db,
        Vault.of(KEY),
        Registry([library_pack(library)]),
        Door(),
        SystemClock(),
        new_id,
    )
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    await engine.start(work=True)
    print("ready", flush=True)  # noqa: T201 - what the test waits for
    await over.wait()
    await engine.stop()
    await db.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
