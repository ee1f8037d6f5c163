"""Batches of made-up records, and a connection whose sync writes them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from sqlalchemy import select

from fairlead.model.batch import StoredBatch
from fairlead.model.content import hashed
from fairlead.model.credentials import SealedCredentials
from fairlead.model.run import RunKind, RunTrigger
from fairlead.store import (
    connections,
    environments,
    integrations,
    migrate,
    records,
    runs,
    tables,
)
from fairlead.store.database import Database
from fairlead.store.record_seals import PLAIN, Seals
from fairlead.vault import Vault

BATCH = 1000
MODEL = "DriveItem"
NOW = datetime(2026, 1, 1, tzinfo=UTC)

Rows = dict[str, tuple[bytes, bytes]]


def batch_of(number: int, changed: float = 0.0) -> Rows:
    """Make the records of a batch, the same every time, but for a share of them."""
    random = Random(number)
    drive = "b!" + random.randbytes(33).hex()[:64]
    rows: Rows = {}
    for place in range(BATCH):
        item = "01" + random.randbytes(16).hex().upper()
        name = f"report {place} {random.randbytes(6).hex()}.docx"
        is_changed = place < BATCH * changed
        content = {
            "id": f"{drive}/{item}",
            "driveId": drive,
            "itemId": item,
            "name": name,
            "path": f"/Shared Documents/2026/{place % 40}/{name}",
            "webUrl": f"https://contoso.sharepoint.com/sites/a/Shared%20Documents/{name}",
            "size": random.randrange(1 << 24) + is_changed,
            "eTag": f'"{{{random.randbytes(16).hex()}}},{1 + is_changed}"',
            "createdDateTime": "2026-01-01T00:00:00Z",
            "lastModifiedDateTime": "2026-01-01T00:00:00Z",
            "createdBy": {"user": {"id": random.randbytes(16).hex(), "displayName": "Megan"}},
            "file": {"hashes": {"quickXorHash": random.randbytes(15).hex()}},
            "description": random.randbytes(110).hex(),
        }
        rows[f"{drive}/{item}"] = hashed(content, frozenset())
    return rows


@dataclass
class Shelf:
    """One connection's records, and a run that writes them."""

    db: Database
    connection: int
    run: str
    token: int
    seals: Seals = PLAIN
    now: datetime = NOW

    async def commit(self, rows: Rows) -> None:
        self.now += timedelta(seconds=1)
        batch = StoredBatch(model=MODEL, upsert=rows, checkpoint=b"{}")
        await self.db.transact(
            lambda tx: records.commit_batch(
                tx,
                connection_pk=self.connection,
                sync_name="files",
                run_id=self.run,
                fencing_token=self.token,
                batch=batch,
                now=self.now,
                seals=self.seals,
            )
        )


@asynccontextmanager
async def shelf(url: str) -> AsyncIterator[Shelf]:
    """Make a database with one connection whose sync runs."""
    await migrate.upgrade(url)
    db = await Database.open(url)
    try:
        async with db.write() as tx:
            environment = await environments.ensure_environment(
                tx, name="dev", key_hash="0", now=NOW
            )
            integration = await integrations.insert(
                tx,
                Vault([bytes(32)]),
                environment_id=environment.id,
                unique_key="i",
                provider="p",
                display_name="P",
                now=NOW,
            )
            await connections.upsert(
                tx,
                environment_id=environment.id,
                integration=integration,
                connection_id="c",
                sealed=SealedCredentials(envelope=b""),
                now=NOW,
            )
        yield await shelf_of(db)
    finally:
        await db.close()


async def shelf_of(db: Database) -> Shelf:
    """Let the only connection's sync run."""
    async with db.write() as tx:
        connection = await tx.first(
            select(tables.connections.c.id, tables.connections.c.environment_id)
        )
        assert connection is not None
        await runs.enqueue(
            tx,
            id="r",
            environment_id=connection.environment_id,
            connection_pk=connection.id,
            kind=RunKind.SYNC,
            function="files",
            trigger=RunTrigger.CALL,
            now=NOW,
        )
        run = await runs.claim(tx, "r", owner="bench", lease=timedelta(days=9999), now=NOW)
    assert run is not None
    return Shelf(db, connection.id, run.id, run.fencing_token)
