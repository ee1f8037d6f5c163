"""Any sequence of batches leaves what a naive model in memory says it must."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_world import LEASE, MODEL, NOW, World, fresh, make_connection, stored, world_of

from fairlead.model.batch import BatchCounts
from fairlead.store import checkpoints, runs

IDS = st.sampled_from([f"r{n}" for n in range(8)])
PARTITIONS = st.sampled_from(["", "p", "q"])
BATCHES = st.fixed_dictionaries(
    {
        "values": st.dictionaries(IDS, st.integers(0, 2), max_size=6),
        "delete": st.lists(IDS, max_size=3),
        "partition": PARTITIONS,
        "restart": st.booleans(),
        "settled": st.booleans(),
        "checkpoint": st.none() | st.binary(min_size=1, max_size=3),
        #: seconds since the batch before; clocks go back, too
        "passed": st.integers(-3, 3),
    }
)
#: a crash in mid batch, another worker's takeover, partitions no longer chosen, or nothing
EVENTS = st.one_of(
    st.none(),
    st.just("crash"),
    st.just("takeover"),
    st.frozensets(PARTITIONS).map(lambda keep: ("keep", keep)),
)
STEPS = st.lists(st.tuples(BATCHES, EVENTS), max_size=12)
EXAMPLES = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@dataclass
class Row:
    value: Any
    partition: str
    action: str = "ADDED"
    is_doubtful: bool = False

    @property
    def is_live(self) -> bool:
        return self.action != "DELETED"


@dataclass
class Model:
    """The rules, written as plainly as can be. `rows` is kept in the order of last change."""

    rows: dict[str, Row] = field(default_factory=dict)
    doubt: set[str] = field(default_factory=set)
    checkpoint: bytes | None = None
    total: BatchCounts = field(default_factory=BatchCounts)

    def _changed(self, key: str, row: Row) -> None:
        self.rows.pop(key, None)
        self.rows[key] = row

    def _bury(self, key: str) -> None:
        row = self.rows[key]
        row.action = "DELETED"
        self._changed(key, row)

    def commit(self, batch: dict[str, Any]) -> BatchCounts:
        partition, values, delete = batch["partition"], batch["values"], batch["delete"]
        added = updated = deleted = unchanged = 0
        if batch["restart"]:
            self.doubt.add(partition)
            for row in self.rows.values():
                if row.partition == partition:
                    row.is_doubtful = True
        for key, value in values.items():
            if key in delete:
                continue
            row = self.rows.get(key)
            if row is None or not row.is_live:
                added += 1
                self._changed(key, Row(value, partition))
            elif row.value != value:
                updated += 1
                self._changed(key, Row(value, partition, "UPDATED"))
            else:
                unchanged += 1
                row.partition, row.is_doubtful = partition, False
        for key in dict.fromkeys(delete):
            row = self.rows.get(key)
            if row and row.is_live and partition in ("", row.partition):
                deleted += 1
                self._bury(key)
        if batch["settled"] and partition in self.doubt:
            self.doubt.discard(partition)
            for key, row in list(self.rows.items()):
                if row.is_live and row.partition == partition and row.is_doubtful:
                    deleted += 1
                    self._bury(key)
        self.checkpoint = batch["checkpoint"] or self.checkpoint
        counts = BatchCounts(added, updated, deleted, unchanged)
        self.total += counts
        return counts

    def keep(self, names: frozenset[str]) -> int:
        dying = [
            key for key, row in self.rows.items() if row.is_live and row.partition not in names
        ]
        for key in dying:
            self._bury(key)
        self.total += BatchCounts(deleted=len(dying))
        return len(dying)


class Crash(Exception):
    """The transaction does not commit."""


@contextmanager
def opened(url: str) -> Iterator[tuple[asyncio.Runner, World]]:
    """One database for all examples; each gets a connection of its own."""
    with asyncio.Runner() as runner:
        manager = world_of(url)
        world = runner.run(manager.__aenter__())
        yield runner, world
        runner.run(manager.__aexit__(None, None, None))


async def anew(world: World) -> None:
    async with world.db.write() as tx:
        world.connection = await make_connection(
            tx, world.environment, world.integration, fresh("c")
        )
    world.now = NOW
    await world.start()


async def play(world: World, model: Model, batch: dict[str, Any], event: Any) -> None:
    world.now += timedelta(seconds=batch["passed"])
    call = stored(**{name: value for name, value in batch.items() if name != "passed"})
    if event == "crash":
        with pytest.raises(Crash):
            async with world.db.write() as tx:
                await world.commit_in(tx, call)
                raise Crash
    elif event == "takeover":
        assert world.run
        async with world.db.write() as tx:
            later = (world.run.lease_until or NOW) + LEASE
            world.run = await runs.claim(tx, world.run.id, owner="w", lease=LEASE, now=later)
    elif event:
        _, names = event
        assert (await world.sweep_partitions(set(names))).deleted == model.keep(names)
    assert await world.commit(call) == model.commit(batch)


async def check(world: World, model: Model) -> None:
    found = await world.list()
    assert [(r.id, r.content["value"], r.partition, r.last_action) for r in found] == [
        (key, row.value, row.partition, row.action) for key, row in model.rows.items()
    ]
    assert all((r.deleted_at is not None) == (r.last_action == "DELETED") for r in found)
    positions = [r.position for r in found]
    assert positions == sorted(set(positions))
    times = [r.last_modified_at for r in found]
    assert times == sorted(times)
    assert all(r.first_seen_at <= r.last_modified_at for r in found)
    live = sum(row.is_live for row in model.rows.values())
    assert (await world.counts()).get(MODEL, 0) == live
    assert world.run
    async with world.db.read() as tx:
        run = await runs.find(tx, world.run.id)
        assert await checkpoints.load(tx, world.pk, "files") == model.checkpoint
    assert run
    assert run.counts.get(MODEL, BatchCounts()) == model.total


def test_records_do_as_the_model_says(database_url: str) -> None:
    with opened(database_url) as (runner, world):

        @EXAMPLES
        @given(STEPS)
        def example(steps: list[tuple[dict[str, Any], Any]]) -> None:
            async def run() -> None:
                await anew(world)
                model = Model()
                for batch, event in steps:
                    await play(world, model, batch, event)
                await check(world, model)

            runner.run(run())

        example()


def test_a_reader_at_any_pace_ends_with_the_truth(database_url: str) -> None:
    """Whatever happens between two looks, following the cursor gives the same mirror."""
    with opened(database_url) as (runner, world):

        @EXAMPLES
        @given(STEPS, st.lists(st.integers(1, 5), min_size=12, max_size=12))
        def example(steps: list[tuple[dict[str, Any], Any]], paces: list[int]) -> None:
            async def run() -> None:
                await anew(world)
                mirror: dict[str, Any] = {}
                cursor = 0
                model = Model()
                for (batch, event), limit in zip(steps, paces, strict=False):
                    await play(world, model, batch, event)
                    page = await world.list(after=cursor, limit=limit)
                    assert all(record.position > cursor for record in page)
                    mirror |= {record.id: record for record in page}
                    cursor = page[-1].position if page else cursor
                mirror |= {record.id: record for record in await world.list(after=cursor)}
                # the partition of an unchanged record may move without news
                seen = {key: r.model_copy(update={"partition": ""}) for key, r in mirror.items()}
                assert seen == {
                    r.id: r.model_copy(update={"partition": ""}) for r in await world.list()
                }

            runner.run(run())

        example()


def test_modified_after_is_what_a_scan_would_find(database_url: str) -> None:
    with opened(database_url) as (runner, world):

        @EXAMPLES
        @given(STEPS, st.integers(-5, 40), st.integers(0, 10))
        def example(steps: list[tuple[dict[str, Any], Any]], seconds: int, skip: int) -> None:
            async def run() -> None:
                await anew(world)
                model = Model()
                for batch, event in steps:
                    await play(world, model, batch, event)
                instant = NOW + timedelta(seconds=seconds)
                everything = await world.list()
                after = everything[skip].position if skip < len(everything) else 0
                assert await world.list(after=after, modified_after=instant) == [
                    r for r in everything if r.last_modified_at > instant and r.position > after
                ]

            runner.run(run())

        example()
