"""What commands need that work beside the server: its database, and the way out to vendors."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fairlead.api.logs import configure_logs
from fairlead.engine.engine import Engine
from fairlead.errors import NotFound
from fairlead.gateway.send import Gateway
from fairlead.model.connection import Connection
from fairlead.model.environment import Environment
from fairlead.observe.journal import Journal
from fairlead.opening import opened
from fairlead.sdk.registry import Registry
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
    journal: Journal


@asynccontextmanager
async def open_desk(settings: Settings) -> AsyncIterator[Desk]:
    """Open everything that a function of a stored connection needs, whether a server runs or not.

    Logs below warnings are not shown.
    """
    configure_logs(settings.model_copy(update={"log_level": "warning"}))
    async with opened(settings) as core:
        engine = Engine(
            settings,
            core.db,
            core.vault,
            core.registry,
            core.gateway,
            core.clock,
            core.new_id,
            watch=core.watch,
        )
        yield Desk(
            settings=settings,
            db=core.db,
            vault=core.vault,
            registry=core.registry,
            gateway=core.gateway,
            engine=engine,
            journal=core.journal,
        )


async def environment_named(db: Database, name: str) -> Environment:
    """Return the environment of that name; NotFound if there is none."""
    async with db.read() as tx:
        for each in await environments.list_all(tx):
            if each.name == name:
                return each
    raise NotFound(f"There is no environment '{name}'; a server that has run once makes 'dev'.")


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
