"""A worker process with functions that do not behave: `unruly_worker.py URL`.

What the sync `books` does is in its connection's metadata: the first of `shelves`.
"""

import asyncio
import signal
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "plugins"))

from engine_world import KEY, Book, Door, Library, library_pack, page

from fairlead.engine.engine import Engine
from fairlead.model.clock import SystemClock, new_id
from fairlead.sdk import Batch, Registry
from fairlead.settings import Settings
from fairlead.store.database import Database
from fairlead.vault.vault import Vault

PAGES = 20
#: what hoards has no end
MANY = 10_000
HOARD_BYTES = 40_000_000


async def books(ctx: Any) -> AsyncIterator[Batch[Book]]:
    hoard, (mood,) = [], ctx.metadata.shelves
    for number in range(ctx.checkpoint.page, MANY if mood == "hoards" else PAGES):
        yield page(number, size=1)
        await asyncio.sleep(0.02)
        match mood, number:
            case "spins", 3:
                while True:
                    pass
            case "blocks", 3:
                threading.Event().wait(60)
            case "hoards", _:
                hoard.append(b"x" * HOARD_BYTES)


async def main(url: str) -> int:
    settings = Settings(
        database_url=url,
        lease_seconds=30,
        tick_seconds=0.1,
        stall_seconds=1,
        worker_memory_mb=300,
    )
    db = await Database.open(url)
    engine = Engine(
        settings,
        db,
        Vault.of(KEY),
        Registry([library_pack(Library(sync=books))]),
        Door(),
        SystemClock(),
        new_id,
    )
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    await engine.start(work=True, may_end=True)
    waiting = [asyncio.ensure_future(each.wait()) for each in (over, engine.exhausted)]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    await engine.stop()
    await db.close()
    return 75 if engine.exhausted.is_set() else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
