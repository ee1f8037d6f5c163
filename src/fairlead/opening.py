"""Open what the server and the commands beside it have in common, once, from the settings.

The way out is the same for all: whatever a person examines by a command is reached as the server
reaches it (guard, proxy, providers of the operator's own).
"""

import re
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from fairlead.connect.freshen import Freshener
from fairlead.gateway.budgets import Budgets
from fairlead.gateway.doctor import Doctor
from fairlead.gateway.send import Gateway
from fairlead.http.egress import EgressPolicy
from fairlead.http.transport import Transport
from fairlead.model.clock import Clock, NewId, SystemClock, new_id
from fairlead.observe.journal import Journal
from fairlead.observe.otlp import Reporter
from fairlead.observe.watch import Watch
from fairlead.sdk.providers_file import add_providers
from fairlead.sdk.registry import Registry, load_packs
from fairlead.settings import Settings, SettingsInvalid
from fairlead.store import migrate
from fairlead.store.database import Database
from fairlead.vault.vault import Vault

#: connections to vendors at once, of a command
_FEW = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A database, and the way out to vendors."""

    settings: Settings
    db: Database
    vault: Vault
    registry: Registry
    transport: Transport
    freshener: Freshener
    budgets: Budgets
    gateway: Gateway
    doctor: Doctor
    clock: Clock
    new_id: NewId
    journal: Journal
    watch: Watch


@asynccontextmanager
async def opened(
    settings: Settings,
    *,
    clock: Clock | None = None,
    registry: Registry | None = None,
    connections: int = _FEW,
) -> AsyncIterator[Opened]:
    """Open it, and close it in order at the end.

    SettingsInvalid, in one line: no encryption key, no such file, a schema that is not of this
    version, a providers file that is wrong.
    """
    clock, vault = clock or SystemClock(), vault_of(settings)
    registry = registry_of(settings, registry)
    async with AsyncExitStack() as stack:
        db = await stack.enter_async_context(open_database(settings, vault))
        journal = Journal(db, vault, clock, days=settings.log_days)
        stack.push_async_callback(journal.close)
        watch = Watch(journal, clock, new_id, calls_per_second=settings.log_proxy_per_second)
        if settings.otlp_endpoint:
            reporter = Reporter(settings, watch.meters, clock)
            reporter.start(journal)
            stack.push_async_callback(reporter.close)
            # before the reporter ends: what is left has spans, too
            stack.push_async_callback(journal.close)
        transport = await Transport.open(
            EgressPolicy([*settings.egress_allow, *loopback_origins(registry)]),
            clock=clock,
            connections=connections,
            proxy=settings.egress_proxy.get_secret_value() if settings.egress_proxy else "",
        )
        stack.push_async_callback(transport.close)
        freshener = Freshener(db, vault, registry, transport, clock, new_id, watch)
        stack.push_async_callback(freshener.close)
        budgets = Budgets(db, clock)
        stack.push_async_callback(budgets.close)
        gateway = Gateway(registry, freshener, transport, clock, budgets=budgets, watch=watch)
        doctor = Doctor(
            db,
            vault,
            registry,
            freshener,
            gateway,
            transport,
            clock,
            server_url=settings.server_url,
            webhook_url=settings.webhook_url,
        )
        yield Opened(
            settings=settings,
            db=db,
            vault=vault,
            registry=registry,
            transport=transport,
            freshener=freshener,
            budgets=budgets,
            gateway=gateway,
            doctor=doctor,
            clock=clock,
            new_id=new_id,
            journal=journal,
            watch=watch,
        )


def registry_of(settings: Settings, packs: Registry | None = None) -> Registry:
    """Return every pack and provider that the settings name; `packs` replaces the installed."""
    registry = packs or load_packs(own=settings.packs)
    if settings.providers_file is not None:
        add_providers(registry, settings.providers_file)
    return registry


def vault_of(settings: Settings) -> Vault:
    """Return the vault; SettingsInvalid if its key is not set."""
    if not settings.encryption_keys:
        raise SettingsInvalid(
            "FAIRLEAD_ENCRYPTION_KEY is not set; give the key of the server whose database this "
            "is, or for a new one make a key with: openssl rand -base64 32"
        )
    return Vault.of(*settings.encryption_keys)


@asynccontextmanager
async def open_database(settings: Settings, vault: Vault | None = None) -> AsyncIterator[Database]:
    """Open the server's database; SettingsInvalid if it is not there, or not of this version."""
    if settings.sqlite_path is not None and not settings.sqlite_path.exists():
        raise SettingsInvalid(
            f"FAIRLEAD_DATABASE_URL: {settings.sqlite_path} does not exist; name the file of the "
            "server, or make a new one: fairlead db upgrade"
        )
    await check_schema(settings)
    db = await Database.open(settings.database_url, vault)
    try:
        yield db
    finally:
        await db.close()


async def check_schema(settings: Settings) -> None:
    """Raise SettingsInvalid unless the database has exactly the tables of this version."""
    there, wanted = await migrate.current(settings.database_url), migrate.head()
    if there == wanted:
        return
    if there is not None and not migrate.is_known(there):
        raise SettingsInvalid(
            f"FAIRLEAD_DATABASE_URL: the database is at revision {there}, which this version does "
            f"not know (its newest is {wanted}); install the version that made it, or newer"
        )
    state = "has no tables yet" if there is None else f"is at revision {there}, not at {wanted}"
    raise SettingsInvalid(f"FAIRLEAD_DATABASE_URL: the database {state}; run: fairlead db upgrade")


def loopback_origins(registry: Registry) -> set[str]:
    """Return `host:port` of the providers' own addresses on this machine.

    Whoever configured a cloud on this machine wants it called; nothing else private is reachable.
    """
    return set(_loopback(_addresses(registry)))


def _addresses(registry: Registry) -> Iterator[str]:
    for provider in registry.providers.values():
        yield from (provider.base_url, provider.token_url)
        yield from provider.credential_origins
        yield from provider.open_origins
        for audience in provider.audiences:
            yield from audience.origins


def _loopback(urls: Iterable[str]) -> Iterator[str]:
    for url in urls:
        parts = urlsplit(re.sub(r"\$\{[^}]*\}|\*", "x", url))
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        if host == "localhost" or host.endswith(".localhost"):
            # stands for every name below it
            yield f"localhost:{port}"
        elif re.fullmatch(r"127(\.\d{1,3}){3}", host):
            yield f"{host}:{port}"
        elif host == "::1":
            yield f"[::1]:{port}"
