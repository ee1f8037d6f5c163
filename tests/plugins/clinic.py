"""A clinic for tests: the emulated cloud, a database, and connections to be examined."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from pydantic import SecretStr

from fairlead.connect.establish import Establisher
from fairlead.connect.freshen import Freshener
from fairlead.gateway.doctor import Doctor
from fairlead.gateway.send import Gateway
from fairlead.http import EgressPolicy, Transport
from fairlead.model.clock import SystemClock
from fairlead.model.connection import Connection
from fairlead.model.credentials import (
    ClientCredentials,
    Credentials,
    OAuth2Credentials,
    TwoStepCredentials,
)
from fairlead.model.diagnosis import Diagnosis
from fairlead.sdk import Registry, load_packs
from fairlead.store import Database, connections, environments, integrations
from fairlead.vault import Vault
from m365sim import server
from m365sim.entra.contoso import DAEMON_APP_ID, TENANT_ID, WEB_APP_ID
from m365sim.entra.grants import RefreshGrant
from m365sim.fault import Fault
from m365sim.sign_in_rules import Proof
from m365sim.tenant import User
from m365sim.world import World

SECRET = "fairlead-secret~for-tests-only"
DAEMON_SECRET = "daemon-secret~for-tests-only"
SERVER_URL = "https://fairlead.example"
CALLBACK = f"{SERVER_URL}/oauth/callback"
EVERYWHERE = ["127.0.0.1", "localhost"]


class ShiftedClock:
    """The machine's clock, wrong by a constant."""

    def __init__(self) -> None:
        self.wrong_by = timedelta()

    def now(self) -> datetime:
        return SystemClock().now() + self.wrong_by


@dataclass
class Clinic:
    """Connections to m365sim, and the doctor."""

    cloud: server.Running
    db: Database
    registry: Registry
    stack: AsyncExitStack
    clock: ShiftedClock = field(default_factory=ShiftedClock)
    webhook_url: str = ""
    #: what may be called although it is private
    allow: list[str] = field(default_factory=lambda: list(EVERYWHERE))
    vault: Vault = field(default_factory=lambda: Vault([b"k" * 32]))
    numbers: Any = field(default_factory=lambda: count(1))

    @property
    def world(self) -> World:
        return self.cloud.world

    @property
    def user(self) -> User:
        """The person who connects."""
        found = self.world.directory.user_by_upn("megan@contoso.onmicrosoft.com")
        assert found
        return found

    def breaks(self, **fault: Any) -> None:
        """Make all such requests to the cloud go wrong."""
        self.world.faults.add(Fault(count=None, **fault))

    def consents(self, *names: str) -> None:
        """Let the administrator grant these permissions of Graph; none named: all."""
        directory = self.world.directory
        everything = directory.apps[WEB_APP_ID].delegated_permissions["graph"]
        wanted = frozenset(names) or everything
        directory.grant(TENANT_ID, WEB_APP_ID, "graph", wanted)

    async def person(self, **more: Any) -> Connection:
        """Connect the person, who has consented."""
        if not more.pop("without_consent", False):
            self.consents()
        now = self.world.clock.now()
        refresh_token = f"rt-{next(self.numbers)}"
        scope = more.pop("scope", "https://graph.microsoft.com/.default offline_access")
        issued_at = now - more.pop("age", timedelta())
        self.world.grants.refresh_tokens[refresh_token] = RefreshGrant(
            WEB_APP_ID, self.user.id, TENANT_ID, scope, issued_at, Proof(issued_at)
        )
        tokens = more.pop("tokens", {"access_token": "at"})
        credentials = OAuth2Credentials(
            access_token=SecretStr(tokens["access_token"]),
            refresh_token=SecretStr(refresh_token) if more.pop("can_refresh", True) else None,
            expires_at=now + timedelta(minutes=5),
            raw=tokens,
        )
        more.setdefault("config", {"tenant": "organizations"})
        return await self.connect("sharepoint-online", credentials, **more)

    async def app(self, pair: Any = None, **more: Any) -> Connection:
        """Connect the app for itself: by a certificate, or by its secret."""
        credentials = ClientCredentials(
            token=SecretStr(""),
            client_id=more.pop("client_id", DAEMON_APP_ID),
            client_secret=None if pair else SecretStr(more.pop("secret", DAEMON_SECRET)),
            client_certificate=pair.pem if pair else None,
            client_private_key=SecretStr(pair.key_pem) if pair else None,
        )
        more.setdefault("config", {"tenantId": TENANT_ID})
        return await self.connect("sharepoint-online-oauth2-cc", credentials, **more)

    async def rest_app(
        self, pair: Any, metadata: dict[str, Any] | None = None, **config: str
    ) -> Connection:
        """Connect the app for itself to SharePoint's own API."""
        credentials = TwoStepCredentials(
            token=SecretStr(""),
            fields={"clientId": SecretStr(DAEMON_APP_ID)},
            client_certificate=pair.pem,
            client_private_key=SecretStr(pair.key_pem),
        )
        config = {"tenantId": TENANT_ID, "tenantName": "contoso"} | config
        name = "sharepoint-online-v1"
        return await self.connect(name, credentials, config=config, metadata=metadata)

    def registers(self, pair: Any) -> None:
        """Let the app have a certificate."""
        self.world.directory.apps[DAEMON_APP_ID].certificates = [pair.der]

    async def connect(
        self,
        provider: str,
        credentials: Credentials,
        *,
        config: dict[str, str],
        client_id: str | None = WEB_APP_ID,
        secret: str = SECRET,
        scopes: tuple[str, ...] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> Connection:
        now, number = self.clock.now(), next(self.numbers)
        async with self.db.write() as tx:
            environment = await environments.ensure_environment(
                tx, name="dev", key_hash="1" * 64, now=now
            )
            integration = await integrations.insert(
                tx,
                self.vault,
                environment_id=environment.id,
                unique_key=f"i{number}",
                provider=provider,
                display_name="SharePoint",
                client_id=client_id,
                client_secret=secret,
                scopes=scopes,
                webhook_secret=None,
                forward_webhooks=True,
                config={},
                custom={},
                now=now,
            )
        transport = await self.transport()
        establisher = Establisher(
            self.db,
            self.vault,
            self.registry,
            transport,
            self.clock,
            lambda: f"e{next(self.numbers)}",
        )
        connection, _ = await establisher.import_connection(
            environment.id,
            integration,
            connection_id=f"c{number}",
            credentials=credentials,
            connection_config=config,
            metadata=metadata,
            end_user=None,
            tags={},
            webhook_url_override=None,
        )
        return connection

    async def transport(self) -> Transport:
        transport = await Transport.open(EgressPolicy(self.allow), clock=self.clock)
        self.stack.push_async_callback(transport.close)
        return transport

    def gateway(self, transport: Transport) -> tuple[Freshener, Gateway]:
        freshener = Freshener(self.db, self.vault, self.registry, transport, self.clock)
        return freshener, Gateway(self.registry, freshener, transport, self.clock)

    async def read(self, connection: Connection) -> Connection:
        """Return a connection as it is now."""
        async with self.db.read() as tx:
            current = await connections.by_pk(tx, connection.id)
        assert current
        return current

    async def examine(self, connection: Connection, *probe: str) -> Diagnosis:
        """Examine a connection as it is now."""
        transport = await self.transport()
        freshener, gateway = self.gateway(transport)
        doctor = Doctor(
            self.db,
            self.vault,
            self.registry,
            freshener,
            gateway,
            transport,
            self.clock,
            server_url=SERVER_URL,
            webhook_url=self.webhook_url,
        )
        return await doctor.examine(await self.read(connection), probe)


@pytest.fixture
async def clinic(
    sqlite_url: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Clinic]:
    """A clinic on SQLite; everybody's addresses are registered."""
    async with server.running() as cloud, AsyncExitStack() as stack:
        cloud_file = tmp_path / "cloud.json"
        cloud_file.write_text(json.dumps(cloud.cloud))
        monkeypatch.setenv("FAIRLEAD_MICROSOFT_CLOUD", str(cloud_file))
        cloud.world.directory.apps[WEB_APP_ID].redirect_uris.append(CALLBACK)
        db = await Database.open(sqlite_url, Vault([b"k" * 32]))
        stack.push_async_callback(db.close)
        yield Clinic(cloud, db, load_packs(), stack)
