"""Statements that go to the driver itself say what they say on SQLAlchemy's way."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import bindparam, event, select, update
from store_world import NOW, World

from fairlead.errors import NotFound
from fairlead.store import checkpoints, connections, runs
from fairlead.store.database import Tx
from fairlead.store.prepared import for_each
from fairlead.store.tables import runs as table

QUERY = select(table).where(table.c.id == bindparam("run"), table.c.is_reset.is_(False))
CHANGE = (
    update(table)
    .where(table.c.id == bindparam("run"))
    .values(
        counts=bindparam("new", type_=table.c.counts.type),
        started_at=bindparam("at", type_=table.c.started_at.type),
        batches=table.c.batches + 2,
    )
)

Ways = Callable[[Callable[[Tx], Awaitable[Any]]], Awaitable[Any]]


@pytest.fixture(params=["transact", "write"])
def in_tx(world: World, request: pytest.FixtureRequest) -> Ways:
    """Run something in a transaction, of each kind."""

    async def write(work: Callable[[Tx], Awaitable[Any]]) -> Any:
        async with world.db.write() as tx:
            return await work(tx)

    return write if request.param == "write" else world.db.transact  # type: ignore[return-value]


async def test_a_query_and_a_change(world: World, in_tx: Ways) -> None:
    run = await world.start()
    query, change = for_each(QUERY), for_each(CHANGE)
    new = {"run": run.id, "new": {"a": {"é": 1}}, "at": NOW}

    async def work(tx: Tx) -> None:
        assert await tx.quick(query, {"run": "none"}) is None
        usual = await tx.first(QUERY, {"run": run.id})
        quick = await tx.quick(query, {"run": run.id})
        assert runs.run_of(quick) == runs.run_of(usual) == run  # type: ignore[arg-type]
        assert await tx.change(change, new) == 1
        assert await tx.change(change, new | {"run": "none"}) == 0
        quick = await tx.quick(query, {"run": run.id})
        assert (quick.counts, quick.started_at, quick.batches) == ({"a": {"é": 1}}, NOW, 2)

    await in_tx(work)


async def test_what_belongs_to_nobody_is_refused(world: World, in_tx: Ways) -> None:
    async with world.db.write() as tx:
        await connections.delete(tx, world.pk)

    async def work(tx: Tx) -> None:
        await checkpoints.save(tx, world.pk, "files", "base", content=b"{}", now=NOW)

    with pytest.raises(NotFound):
        await in_tx(work)


async def test_a_batch_goes_past_sqlalchemy(world: World) -> None:
    """On PostgreSQL all but the statement that begins the transaction; on SQLite all."""
    await world.put({"a": 1}, checkpoint=b"{}")
    said: list[str] = []
    engines = [world.db._writers.sync_engine, world.db._inline_writer]
    for engine in engines:
        if engine is not None:
            event.listen(engine, "before_cursor_execute", lambda *given: said.append(given[2]))
    await world.put({"a": 1, "b": 2}, checkpoint=b"{ }")
    if world.db.dialect == "sqlite":
        assert said == ["BEGIN IMMEDIATE"]
    else:
        (only,) = said
        assert "FOR KEY SHARE" in only
