"""Where random histories happen: one database, one platform, a connection for each history."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from direct_cloud import TickingClock
from tenant_life import TenantLife

from fairlead.model.connection import Connection
from fairlead.model.credentials import NoCredentials
from fairlead.model.environment import Environment
from fairlead.model.integration import Integration
from fairlead.sdk.registry import Registry
from fairlead.settings import Settings
from fairlead.store import connections, environments, integrations
from fairlead.store.database import Database
from fairlead.vault.rows import credentials_row
from fairlead.vault.vault import Vault
from fairlead_microsoft import pack, rest_pack
from fairlead_microsoft.clouds import GLOBAL
from fairlead_microsoft.graph import Graph
from fairlead_microsoft.rest import Rest
from m365sim.world import World

START = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
#: what passes when the pack waits by itself: set by the story that is being lived
CLOCKS: list["SkewedClock"] = []


async def _sleep(seconds: float) -> None:
    await CLOCKS[-1].sleep(seconds)


_SHIPPED = pack(GLOBAL)
PACK = _SHIPPED.serving(_SHIPPED.providers.values(), api=partial(Graph, cloud=GLOBAL, sleep=_sleep))
_SHIPPED_V1 = rest_pack(GLOBAL)
REST_PACK = _SHIPPED_V1.serving(
    _SHIPPED_V1.providers.values(), api=partial(Rest, cloud=GLOBAL, sleep=_sleep)
)
REGISTRY = Registry([PACK, REST_PACK])
VAULT = Vault.of("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
USER, APP = "sharepoint-online", "sharepoint-online-oauth2-cc"
#: whoever calls SharePoint's own API
V1 = "sharepoint-online-v1"


class SkewedClock:
    """The platform's clock: that of the cloud, and whatever it was set wrong by."""

    def __init__(self, true: TickingClock) -> None:
        self._true = true
        self.off = timedelta()

    def now(self) -> datetime:
        return self._true.now() + self.off

    def advance(self, by: timedelta) -> None:
        self._true.advance(by)

    async def sleep(self, seconds: float) -> None:
        await self._true.sleep(seconds)


@dataclass(frozen=True)
class Plot:
    """What is mirrored in a history, and what must be there in the end."""

    sync: str
    model: str
    #: who does things where
    life: Callable[[World], TenantLife]
    metadata: Callable[[World, TenantLife], dict[str, Any]]
    #: record id -> what counts of it
    truth: Callable[[World, TenantLife], Mapping[str, Any]]
    told: Callable[[dict[str, Any]], Any]
    scopes: tuple[str, ...] = ("Sites.Read.All", "Files.Read.All")
    #: what a record is called in `truth`
    key: Callable[[dict[str, Any]], str] = lambda one: str(one["id"])
    #: what of a record a fresh read must tell, too
    steady: Callable[[dict[str, Any]], dict[str, Any]] = lambda one: one
    #: is it read by SharePoint's own API?
    is_v1: bool = False

    def provider(self, *, is_app: bool) -> str:
        """Return through which provider it is read."""
        return V1 if self.is_v1 else APP if is_app else USER


class Stage:
    """One database for many histories, each with a connection of its own."""

    def __init__(
        self, db: Database, environment: Environment, shops: Mapping[str, Integration]
    ) -> None:
        self.db = db
        self._environment = environment
        self._shops = shops
        self._numbers = itertools.count(1)
        self.settings = Settings(database_url=db.url, schedule_spread=0)

    @classmethod
    async def open(cls, url: str) -> "Stage":
        db = await Database.open(url)
        shops = {}
        async with db.write() as tx:
            environment = await environments.ensure_environment(
                tx, name="dev", key_hash="00", now=START
            )
            for provider in (USER, APP, V1):
                shops[provider] = await integrations.insert(
                    tx,
                    VAULT,
                    environment_id=environment.id,
                    unique_key=provider,
                    provider=provider,
                    display_name=provider,
                    client_id="id",
                    client_secret=None,
                    scopes=None,
                    webhook_secret=None,
                    forward_webhooks=True,
                    config={},
                    custom={},
                    now=START,
                )
        return cls(db, environment, shops)

    async def close(self) -> None:
        await self.db.close()

    async def connect(self, provider: str, metadata: dict[str, Any]) -> Connection:
        """Make a connection."""
        integration, name = self._shops[provider], f"c{next(self._numbers)}"
        row = credentials_row(integration.environment_id, integration.id, name)
        async with self.db.write() as tx:
            connection, _ = await connections.upsert(
                tx,
                environment_id=integration.environment_id,
                integration=integration,
                connection_id=name,
                sealed=VAULT.seal_credentials(NoCredentials(), row=row),
                metadata=metadata,
                connection_config={"tenantName": "contoso"} if provider == V1 else None,
                now=START,
            )
        return connection

    async def forget(self, connection: Connection) -> None:
        """Delete a connection and all that was kept of it."""
        async with self.db.write() as tx:
            await connections.delete(tx, connection.id)
