"""A small world for tests of the store: one environment, integration, connection, and its sync."""

import hashlib
import itertools
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from fairlead.model.batch import BatchCounts, StoredBatch
from fairlead.model.connection import Connection
from fairlead.model.credentials import SealedCredentials
from fairlead.model.environment import Environment
from fairlead.model.integration import Integration
from fairlead.model.record import Record
from fairlead.model.run import Run, RunKind, RunTrigger
from fairlead.store import connections, environments, integrations, records, runs
from fairlead.store.database import Database, Tx
from fairlead.store.deletions import Breaker
from fairlead.store.record_seals import PLAIN, Seals
from fairlead.vault import Vault

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
LEASE = timedelta(seconds=20)
MODEL = "File"
_numbers = itertools.count(1)


def fresh(prefix: str) -> str:
    """Return a name that no other test of this process uses."""
    return f"{prefix}-{next(_numbers)}"


def stored(
    values: Mapping[str, Any] | None = None,
    *,
    delete: Sequence[str] = (),
    model: str = MODEL,
    **more: Any,
) -> StoredBatch:
    """Return a batch of records `id -> value`."""
    upsert = {}
    for name, value in (values or {}).items():
        content = orjson.dumps({"id": name, "value": value}, option=orjson.OPT_SORT_KEYS)
        upsert[name] = hashlib.blake2b(content, digest_size=16).digest(), content
    return StoredBatch(model=model, upsert=upsert, delete=delete, **more)


@dataclass
class World:
    """One connection, and shorthand for what its sync does."""

    db: Database
    vault: Vault
    environment: Environment
    integration: Integration
    connection: Connection
    now: datetime = NOW
    run: Run | None = field(default=None)
    breaker: Breaker = field(default_factory=Breaker)
    seals: Seals = PLAIN

    @property
    def pk(self) -> int:
        return self.connection.id

    async def start(self, function: str = "files", variant: str = "base") -> Run:
        """Enqueue and claim a run of the sync."""
        async with self.db.write() as tx:
            run = await self.enqueue(tx, function=function, variant=variant)
            assert run
            self.run = await runs.claim(tx, run.id, owner="w1", lease=LEASE, now=self.now)
        assert self.run
        return self.run

    async def enqueue(self, tx: Tx, **more: Any) -> Run | None:
        values: dict[str, Any] = {
            "id": fresh("run"),
            "environment_id": self.environment.id,
            "connection_pk": self.pk,
            "kind": RunKind.SYNC,
            "function": "files",
            "trigger": RunTrigger.CALL,
            "now": self.now,
        }
        return await runs.enqueue(tx, **(values | more))

    async def commit_in(self, tx: Tx, batch: StoredBatch) -> BatchCounts:
        run = self.run
        assert run
        return await records.commit_batch(
            tx,
            connection_pk=self.pk,
            sync_name=run.function,
            run_id=run.id,
            fencing_token=run.fencing_token,
            batch=batch,
            now=self.now,
            breaker=self.breaker,
            seals=self.seals,
        )

    async def commit(self, batch: StoredBatch) -> BatchCounts:
        """Commit a batch of the run, started if need be."""
        if self.run is None:
            await self.start()
        return await self.db.transact(lambda tx: self.commit_in(tx, batch))

    async def put(
        self, values: Mapping[str, Any] | None = None, *, delete: Sequence[str] = (), **more: Any
    ) -> tuple[int, int, int, int]:
        """Commit a batch; return (added, updated, deleted, unchanged)."""
        counts = await self.commit(stored(values, delete=delete, **more))
        return counts.added, counts.updated, counts.deleted, counts.unchanged

    async def sweep_partitions(self, keep: set[str]) -> BatchCounts:
        run = self.run
        assert run
        async with self.db.write() as tx:
            return await records.sweep_partitions(
                tx,
                connection_pk=self.pk,
                model=MODEL,
                variant="base",
                keep=keep,
                run_id=run.id,
                fencing_token=run.fencing_token,
                now=self.now,
            )

    async def list(self, **more: Any) -> list[Record]:
        values: dict[str, Any] = {"model": MODEL, "limit": 10_000, "seals": self.seals}
        async with self.db.read() as tx:
            return await records.list_records(tx, connection_pk=self.pk, **(values | more))

    async def counts(self) -> dict[str, int]:
        async with self.db.read() as tx:
            return await records.counts(tx, self.pk)

    async def live(self) -> dict[str, Any]:
        """Return id -> value of the records that are not deleted."""
        return {r.id: r.content["value"] for r in await self.list() if r.deleted_at is None}


async def make_connection(
    tx: Tx, environment: Environment, integration: Integration, connection_id: str, **more: Any
) -> Connection:
    """Create a connection."""
    values: dict[str, Any] = {"sealed": SealedCredentials(envelope=b"sealed"), "now": NOW}
    connection, _ = await connections.upsert(
        tx,
        environment_id=environment.id,
        integration=integration,
        connection_id=connection_id,
        **(values | more),
    )
    return connection


async def make_integration(
    tx: Tx, vault: Vault, environment: Environment, unique_key: str, **more: Any
) -> Integration:
    """Create an integration."""
    return await integrations.insert(
        tx,
        vault,
        environment_id=environment.id,
        unique_key=unique_key,
        provider="acme",
        display_name="Acme",
        now=NOW,
        **more,
    )


async def make_world(db: Database) -> World:
    """Fill a database with a world of its own."""
    vault = Vault([b"k" * 32])
    async with db.write() as tx:
        environment = await environments.ensure_environment(
            tx, name=fresh("env"), key_hash=fresh("hash"), now=NOW
        )
        integration = await make_integration(tx, vault, environment, "acme")
        connection = await make_connection(tx, environment, integration, "c1")
    return World(db, vault, environment, integration, connection)


@asynccontextmanager
async def world_of(url: str) -> AsyncIterator[World]:
    """Open a database with a world of its own."""
    db = await Database.open(url, Vault([b"k" * 32]))
    try:
        yield await make_world(db)
    finally:
        await db.close()


@pytest.fixture
async def world(database: Database) -> World:
    """A world in each dialect."""
    return await make_world(database)
