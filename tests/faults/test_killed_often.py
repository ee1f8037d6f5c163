"""`kill -9` again and again during an initial sync: exact, and less than a page's work a kill."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from shelf import make_shelf

from fairlead.store.migrate import upgrade

pytestmark = pytest.mark.faults


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
@pytest.mark.parametrize(
    ("kills", "pages", "size"),
    [
        pytest.param(3, 90, 20, id="few"),
        pytest.param(
            50, 1000, 200, id="fifty", marks=[pytest.mark.slow, pytest.mark.timeout(1800)]
        ),
    ],
)
async def test_one_of_two_workers_is_killed(
    dialect: str,
    kills: int,
    pages: int,
    size: int,
    tmp_path: Path,
    make_postgresql: Callable[[], str],
) -> None:
    if dialect == "sqlite":
        url = f"sqlite:///{tmp_path}/fairlead.sqlite"
    else:
        url = await asyncio.to_thread(make_postgresql)
    await upgrade(url)
    marks = sorted(random.sample(range(1, pages - 20), kills))
    print("killed after batches", marks)  # noqa: T201 - to repeat a failure
    async for shelf in make_shelf(url, tmp_path, pages=pages, size=size):
        await shelf.worker()
        if dialect == "postgresql":
            # with SQLite one process does everything: there the next one is started after the kill
            await shelf.worker()
        for mark in marks:
            await shelf.reaches(mark, seconds=120)
            owner = await shelf.owner()
            owner.kill()
            await owner.wait()
            await shelf.worker()
        run = await shelf.finished(seconds=300)
        shelf.check(run, deaths=kills)
        await shelf.check_records()
        extra = sum(shelf.fetched().values()) - pages
        print(f"{kills} kills: {extra} extra pages, token {run.fencing_token}")  # noqa: T201
