from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from fake_vendor import FakeTransport
from pydantic import SecretStr
from told import told

from fairlead.connect.app_approvals import AppApprovals
from fairlead.connect.establish import Establisher
from fairlead.connect.freshen import Freshener
from fairlead.connect.sessions import Sessions
from fairlead.connect.submission import Submissions
from fairlead.model.clock import ManualClock
from fairlead.model.credentials import OAuth2Credentials
from fairlead.model.provider import AuthMode, ConfigField, Provider
from fairlead.sdk import Pack, Registry
from fairlead.store import Database, connections, environments, integrations
from fairlead.vault import Vault

ACME = Provider(
    name="acme",
    display_name="Acme",
    auth_mode=AuthMode.OAUTH2,
    base_url="https://api.acme.example",
    authorization_url="https://login.acme.example/authorize",
    token_url="https://login.acme.example/token",
    default_scopes=("files.read",),
    required_scopes=("offline_access",),
    authorization_params={"prompt": "select_account"},
)
TENANTED = Provider(
    name="tenanted",
    display_name="Tenanted",
    auth_mode=AuthMode.OAUTH2,
    base_url="https://api.tenanted.example",
    authorization_url="https://login.tenanted.example/${connectionConfig.tenant}/authorize",
    token_url="https://login.tenanted.example/token",
    connection_config={
        "tenant": ConfigField(title="Tenant", pattern="[a-z0-9]+", example="contoso"),
        "region": ConfigField(title="Region", required=False),
    },
    connection_defaults={"region": "eu"},
)
APP_ONLY = Provider(
    name="app-only",
    display_name="App only",
    auth_mode=AuthMode.OAUTH2_CC,
    base_url="https://api.app.example",
    token_url="https://login.app.example/token",
    default_scopes=("all/.default",),
)
KEYED = Provider(
    name="keyed",
    display_name="Keyed",
    auth_mode=AuthMode.API_KEY,
    base_url="https://api.keyed.example",
)

SERVER = "https://fairlead.example/"


@dataclass
class World:
    """One environment with one integration of each provider."""

    db: Database
    vault: Vault
    registry: Registry
    transport: FakeTransport
    clock: ManualClock
    sessions: Sessions
    establisher: Establisher
    freshener: Freshener
    submissions: Submissions
    environment: object
    other_environment: object
    integrations: dict

    async def connect(self, credentials, *, key="acme", connection_id="c1", config=None, **more):
        connection, _ = await self.establisher.import_connection(
            self.environment.id,
            self.integrations[key],
            connection_id=connection_id,
            credentials=credentials,
            connection_config=config or {},
            metadata=None,
            end_user=more.get("end_user"),
            tags=more.get("tags", {}),
            webhook_url_override=None,
        )
        self.freshener.forget(connection.id)
        await self.events()
        return connection

    async def delegated(self, *, minutes=60, refresh_token="rt-0", access_token="at-0", **more):
        return await self.connect(
            OAuth2Credentials(
                access_token=SecretStr(access_token),
                refresh_token=SecretStr(refresh_token) if refresh_token else None,
                expires_at=self.clock.now() + timedelta(minutes=minutes),
            ),
            **more,
        )

    async def events(self):
        """Take what is in the outbox since the last time."""
        async with self.db.write() as tx:
            return await told(tx, self.clock.now())

    async def stored(self, connection):
        from fairlead.vault import credentials_row

        async with self.db.read() as tx:
            sealed = await connections.sealed(tx, connection.id)
        row = credentials_row(
            connection.environment_id, connection.integration_id, connection.connection_id
        )
        return self.vault.open_credentials(sealed, row=row)

    async def read(self, connection):
        async with self.db.read() as tx:
            return await connections.by_pk(tx, connection.id)

    def another_freshener(self, db=None):
        return Freshener(db or self.db, self.vault, self.registry, self.transport, self.clock)


@pytest.fixture
def make_world():
    async def make(db, *providers):
        clock = ManualClock(datetime(2026, 11, 24, 8, 0, tzinfo=UTC))
        vault = Vault([b"k" * 32])
        providers = providers or (ACME, TENANTED, APP_ONLY, KEYED)
        registry = Registry([Pack("acme", api=lambda send, config: None, providers=providers)])
        transport = FakeTransport()
        numbers = count(1)

        def new_id():
            return f"id-{next(numbers)}"

        made = {}
        async with db.write() as tx:
            environment = await environments.ensure_environment(
                tx, name="dev", key_hash="1" * 64, now=clock.now()
            )
            other = await environments.ensure_environment(
                tx, name="prod", key_hash="2" * 64, now=clock.now()
            )
            for provider in providers:
                made[provider.name] = await integrations.insert(
                    tx,
                    vault,
                    environment_id=environment.id,
                    unique_key=provider.name,
                    provider=provider.name,
                    display_name=provider.display_name,
                    client_id="app",
                    client_secret="app-secret",
                    scopes=None,
                    webhook_secret=None,
                    forward_webhooks=True,
                    config={},
                    custom={},
                    now=clock.now(),
                )
        sessions = Sessions(db, vault, registry, clock, new_id, SERVER)
        establisher = Establisher(db, vault, registry, transport, clock, new_id)
        apps = AppApprovals(db, vault, registry, transport, establisher, clock, SERVER)
        return World(
            db=db,
            vault=vault,
            registry=registry,
            transport=transport,
            clock=clock,
            sessions=sessions,
            establisher=establisher,
            submissions=Submissions(
                sessions, establisher, apps, registry, transport, clock, new_id, db, vault
            ),
            freshener=Freshener(db, vault, registry, transport, clock, new_id),
            environment=environment,
            other_environment=other,
            integrations=made,
        )

    return make


@pytest.fixture
def clock():
    return ManualClock(datetime(2026, 11, 24, 8, 0, tzinfo=UTC))


@pytest.fixture
async def sqlite(sqlite_url):
    db = await Database.open(sqlite_url, Vault([b"k" * 32]))
    yield db
    await db.close()


@pytest.fixture
async def world(sqlite, make_world):
    return await make_world(sqlite)
