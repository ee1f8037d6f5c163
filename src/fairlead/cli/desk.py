"""What commands need that work beside the server: its database, and the way out to vendors."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from fairlead.api.logs import configure_logs
from fairlead.app import loopback_origins
from fairlead.connect.freshen import Freshener
from fairlead.engine.engine import Engine
from fairlead.gateway.send import Gateway
from fairlead.http.egress import EgressPolicy
from fairlead.http.transport import Transport
from fairlead.model.clock import SystemClock, new_id
from fairlead.model.connection import Connection
from fairlead.sdk.providers_file import add_providers
from fairlead.sdk.registry import Registry, load_packs
from fairlead.settings import Settings, SettingsInvalid
from fairlead.store import connections, environments
from fairlead.store.database import Database
from fairlead.vault.tokens import hash_token
from fairlead.vault.vault import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A database and the way out, without a server; the engine is not started."""

    settings: Settings
    db: Database
    vault: Vault
    registry: Registry
    gateway: Gateway
    engine: Engine


def registry_of(settings: Settings) -> Registry:
    """Return every pack and provider that the settings name."""
    registry = load_packs(own=settings.packs)
    if settings.providers_file is not None:
        add_providers(registry, settings.providers_file)
    return registry


def vault_of(settings: Settings) -> Vault:
    """Return the server's vault; SettingsInvalid if its key is not set."""
    if settings.encryption_key is None:
        raise SettingsInvalid(
            "FAIRLEAD_ENCRYPTION_KEY is not set; it must be the key of the server whose connection "
            "is used"
        )
    return Vault.of(*settings.encryption_keys)


@asynccontextmanager
async def open_database(settings: Settings, vault: Vault | None = None) -> AsyncIterator[Database]:
    """Open the server's database; SettingsInvalid if its file is not there."""
    if settings.sqlite_path is not None and not settings.sqlite_path.exists():
        raise SettingsInvalid(f"FAIRLEAD_DATABASE_URL: {settings.sqlite_path} does not exist")
    db = await Database.open(settings.database_url, vault)
    try:
        yield db
    finally:
        await db.close()


@asynccontextmanager
async def open_desk(settings: Settings) -> AsyncIterator[Desk]:
    """Open everything that a function of a stored connection needs, whether a server runs or not.

    Logs below warnings are not shown.
    """
    configure_logs(settings.model_copy(update={"log_level": "warning"}))
    vault, registry, clock = vault_of(settings), registry_of(settings), SystemClock()
    async with AsyncExitStack() as stack:
        db = await stack.enter_async_context(open_database(settings, vault))
        policy = EgressPolicy([*settings.egress_allow, *loopback_origins(registry)])
        transport = await Transport.open(
            policy,
            clock=clock,
            proxy=settings.egress_proxy.get_secret_value() if settings.egress_proxy else "",
        )
        stack.push_async_callback(transport.close)
        freshener = Freshener(db, vault, registry, transport, clock, new_id)
        stack.push_async_callback(freshener.close)
        gateway = Gateway(registry, freshener, transport, clock)
        engine = Engine(settings, db, vault, registry, gateway, clock, new_id)
        yield Desk(
            settings=settings,
            db=db,
            vault=vault,
            registry=registry,
            gateway=gateway,
            engine=engine,
        )


async def connection_named(
    db: Database, settings: Settings, connection_id: str, integration: str | None
) -> Connection:
    """Return the one connection of that id; SettingsInvalid if there is none, or several.

    Looked for in the environment of FAIRLEAD_SECRET_KEY, or in all of them.
    """
    async with db.read() as tx:
        key = settings.secret_key
        opened = key and await environments.find_by_key_hash(tx, hash_token(key.get_secret_value()))
        everywhere = [opened[0]] if opened else await environments.list_all(tx)
        found = [
            connection
            for environment in everywhere
            for connection in await connections.find_any(tx, environment.id, connection_id)
            if integration in (None, connection.integration_key)
        ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise SettingsInvalid(
            f"there is no connection '{connection_id}'"
            + (f" of '{integration}'" if integration else "")
            + "; GET /connections lists them"
        )
    keys = ", ".join(sorted(connection.integration_key for connection in found))
    raise SettingsInvalid(
        f"several connections are called '{connection_id}'; name the integration with "
        f"--integration: {keys}"
    )
