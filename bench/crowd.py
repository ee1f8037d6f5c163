"""Many connections of a provider that does nothing, written straight into the database."""

import base64
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
from sqlalchemy import text

from bench.stage import Stage, child, free_port, until_healthy
from fairlead.engine.scheduler import schedule_id
from fairlead.model.credentials import NoCredentials
from fairlead.model.schedule import ScheduleState
from fairlead.store import connections, environments, integrations, schedules
from fairlead.store.database import Database
from fairlead.store.migrate import upgrade
from fairlead.vault.rows import credentials_row
from fairlead.vault.tokens import hash_token
from fairlead.vault.vault import Vault

INTEGRATION = "crowd"
#: what the pack ships
SYNCS = ("pages", "nothing")
_STARTED = ScheduleState.STARTED
PACK = '''
import asyncio
from collections.abc import AsyncIterator

from fairlead.model.provider import AuthMode, Provider
from fairlead.sdk import Batch, Checkpoint, Ctx, Metadata, Pack, Record, SyncCtx

SOURCE = "https://example.com"
PAGES = 20


class Thing(Record):
    id: str


class Place(Checkpoint):
    page: int = 0


class Api:
    pass


pack = Pack(
    "crowd",
    api=lambda send, config: Api(),
    providers=[Provider(name="crowd", display_name="Crowd", auth_mode=AuthMode.NONE)],
)


@pack.sync(every="1h", scopes=[], source=SOURCE, auto_start=False)
async def pages(ctx: SyncCtx[Api, Metadata, Place]) -> AsyncIterator[Batch[Thing]]:
    """Bring pages as a vendor does that takes 50 ms for each."""
    for page in range(ctx.checkpoint.page, PAGES):
        await asyncio.sleep(0.05)
        things = [Thing(id=f"{page}-{each}") for each in range(10)]
        yield Batch(upsert=things, checkpoint=Place(page=page + 1))


@pack.sync(every="1h", scopes=[], source=SOURCE, auto_start=False)
async def nothing(ctx: SyncCtx[Api, Metadata, Place]) -> AsyncIterator[Batch[Thing]]:
    """Find that nothing has changed."""
    yield Batch(checkpoint=ctx.checkpoint)


@pack.action(scopes=[], source=SOURCE)
async def noop(ctx: Ctx[Api]) -> Thing:
    """Do nothing."""
    return Thing(id="a")
'''


@dataclass(frozen=True, slots=True)
class Crowd:
    """A database, and what processes on it are given."""

    url: str
    folder: Path
    env: dict[str, str]
    vault: Vault

    @classmethod
    async def make(cls, url: str, folder: Path) -> "Crowd":
        """Migrate the database and write the pack."""
        await upgrade(url)
        (folder / "crowd_pack.py").write_text(PACK, encoding="utf-8")
        key = base64.b64encode(os.urandom(32)).decode()
        env = {
            "FAIRLEAD_DATABASE_URL": url,
            "FAIRLEAD_ENCRYPTION_KEY": key,
            "FAIRLEAD_SECRET_KEY": secrets.token_hex(24),
            "FAIRLEAD_PACKS": "crowd_pack",
            "PYTHONPATH": str(folder),
            "FAIRLEAD_LOG_LEVEL": "warning",
        }
        return cls(url, folder, env, Vault.of(key))

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        """Open the database beside the processes."""
        db = await Database.open(self.url, self.vault)
        try:
            yield db
        finally:
            await db.close()

    async def fill(self, slots: dict[str, datetime], sync: str) -> dict[str, int]:
        """Write a connection for each name, its sync due at the instant; return their numbers."""
        now, made = datetime.now(UTC), {}
        async with self.database() as db:
            async with db.write() as tx:
                environment = await environments.ensure_environment(
                    tx,
                    name="dev",
                    key_hash=hash_token(self.env["FAIRLEAD_SECRET_KEY"]),
                    now=now,
                )
                integration = await integrations.insert(
                    tx,
                    self.vault,
                    environment_id=environment.id,
                    unique_key=INTEGRATION,
                    provider="crowd",
                    display_name="Crowd",
                    client_id=None,
                    client_secret=None,
                    scopes=None,
                    webhook_secret=None,
                    forward_webhooks=True,
                    config={},
                    custom={},
                    now=now,
                )
            names = list(slots)
            for first in range(0, len(names), 500):
                async with db.write() as tx:
                    for name in names[first : first + 500]:
                        row = credentials_row(environment.id, integration.id, name)
                        connection, _ = await connections.upsert(
                            tx,
                            environment_id=environment.id,
                            integration=integration,
                            connection_id=name,
                            sealed=self.vault.seal_credentials(NoCredentials(), row=row),
                            now=now,
                        )
                        made[name] = connection.id
                        for each in SYNCS:
                            await schedules.ensure(
                                tx,
                                id=schedule_id(connection.id, each, "base"),
                                environment_id=environment.id,
                                connection_pk=connection.id,
                                integration_key=INTEGRATION,
                                sync_name=each,
                                frequency="1h",
                                state=_STARTED if each == sync else ScheduleState.PAUSED,
                                next_run_at=slots[name] if each == sync else None,
                                now=now,
                            )
        return made

    async def put_off(self, by: timedelta) -> None:
        """Make everything due so much later."""
        async with self.database() as db, db.write() as tx:
            moved = text("UPDATE schedules SET next_run_at = next_run_at + :by")
            await tx.execute(moved, {"by": by // timedelta(microseconds=1)})

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Stage]:
        """Serve on the database until the block ends."""
        port, key = free_port(), self.env["FAIRLEAD_SECRET_KEY"]
        async with (
            aiohttp.ClientSession() as session,
            child(["fairlead.cli", "serve", "--port", str(port)], self.folder, self.env) as process,
        ):
            made = Stage(session, {}, f"http://127.0.0.1:{port}", key, process)
            await until_healthy(made)
            yield made
