"""A crash between any two statements of a commit leaves everything of it, or nothing."""

import itertools
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError
from store_world import World, stored

from fairlead.store import Database, checkpoints, runs, streams
from fairlead.store.database import Tx, _InlineTx
from fairlead.store.sqlite_records import _Direct
from fairlead.store.tables import partitions

BEFORE = {f"r{n}": 1 for n in range(10)}


class Crash(Exception):
    """The process ends here, as far as the database can see."""


def calls_of(database: Database, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], list[str]]:
    """Count every call that reaches the driver, and crash at the n-th."""
    made: list[str] = []
    limit = [10**9]

    def watch(owner: Any, name: str) -> None:
        original = getattr(owner, name)

        async def watched(*args: Any, **kwargs: Any) -> Any:
            made.append(name)
            if len(made) == limit[0]:
                if isinstance(args[0], asyncpg.Connection):
                    # what the server sees of a killed process
                    args[0].terminate()
                raise Crash(name)
            return await original(*args, **kwargs)

        monkeypatch.setattr(owner, name, watched)

    if database.dialect == "sqlite":
        # a commit runs whole in the writer's thread
        watch(_InlineTx, "execute")
        for name in ("many", "run", "fetch"):
            watch(_Direct, name)
    else:
        watch(Tx, "execute")
        for name in ("fetch", "execute", "copy_records_to_table"):
            watch(asyncpg.Connection, name)

    def crash_at(n: int) -> list[str]:
        made.clear()
        limit[0] = n
        return made

    return crash_at


async def state(world: World) -> tuple[Any, ...]:
    assert world.run
    async with world.db.read() as tx:
        return (
            await world.list(),
            await world.counts(),
            await checkpoints.load(tx, world.pk, "files"),
            await runs.find(tx, world.run.id),
            (await tx.execute(partitions.select().order_by(partitions.c.id))).all(),
        )


async def test_crash_at_every_call(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.put(BEFORE, partition="p", checkpoint=b"1")
    await world.put(delete=["r9"], partition="p")
    # restarts, stamps r0, changes r1, restores r9, adds n0, deletes r2, sweeps the others
    batch = stored(
        {"r0": 1, "r1": 2, "r9": 1, "n0": 1},
        delete=["r2"],
        partition="p",
        checkpoint=b"2",
        restart=True,
        settled=True,
    )
    before = await state(world)
    crash_at = calls_of(world.db, monkeypatch)
    crashed = []
    for n in itertools.count(1):
        made = crash_at(n)
        try:
            await world.commit(batch)
        except (Crash, DBAPIError):
            crashed.append(made[n - 1])
            crash_at(10**9)
            assert await state(world) == before, f"call {n}"
            continue
        break
    crash_at(10**9)
    # it really was cut between the driver's own calls too
    assert len(crashed) >= 12
    assert len(set(crashed)) >= 3
    after = await state(world)
    assert await world.live() == {"r0": 1, "r1": 2, "r9": 1, "n0": 1}
    assert after[1] == {"File": 4}
    assert after[2] == b"2"
    assert after[3].counts["File"].deleted == 1 + 7
    assert after[3].batches == 3


async def test_crash_after_the_last_call(world: World) -> None:
    await world.put(BEFORE, checkpoint=b"1")
    before = await state(world)
    with pytest.raises(Crash):
        async with world.db.write() as tx:
            await world.commit_in(tx, stored({"x": 1}, delete=["r1"], checkpoint=b"2"))
            raise Crash
    assert await state(world) == before


async def test_a_crash_of_the_first_batch_leaves_no_stream(world: World) -> None:
    await world.start()
    with pytest.raises(Crash):
        async with world.db.write() as tx:
            await world.commit_in(tx, stored({"x": 1}))
            raise Crash
    async with world.db.read() as tx:
        assert await streams.live_by_model(tx, world.pk) == {}
