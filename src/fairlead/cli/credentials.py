"""`fairlead credentials`: keys by which apps prove themselves; only certificates leave."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from fairlead.api.logs import configure_logs
from fairlead.connect.app_keys import AppKeys
from fairlead.errors import NotFound
from fairlead.model.app_key import AppKey, KeyState
from fairlead.model.connection import Connection
from fairlead.model.integration import Integration
from fairlead.oauth.certificate import der_of
from fairlead.opening import opened
from fairlead.settings import Settings, SettingsInvalid
from fairlead.store import connections, environments, integrations


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose keys are meant, as the command line says it."""

    integration: str
    connection: str | None = None
    environment: str = "dev"


@dataclass(frozen=True, slots=True)
class _Desk:
    keys: AppKeys
    integration: Integration
    connection: Connection | None


@asynccontextmanager
async def _open(settings: Settings, whose: Whose) -> AsyncIterator[_Desk]:
    # logs go elsewhere than what the command prints
    configure_logs(settings)
    async with opened(settings) as core:
        connection = None
        async with core.db.read() as tx:
            named = {each.name: each for each in await environments.list_all(tx)}
            environment = named.get(whose.environment)
            if environment is None:
                raise NotFound(f"There is no environment '{whose.environment}'")
            integration = await integrations.find(tx, core.vault, environment.id, whose.integration)
            if integration is None:
                raise NotFound(f"There is no integration '{whose.integration}'")
            if whose.connection is not None:
                connection = await connections.find(
                    tx, environment.id, whose.integration, whose.connection
                )
                if connection is None:
                    raise NotFound(
                        f"There is no connection '{whose.connection}' of '{whose.integration}'"
                    )
        keys = AppKeys(core.db, core.vault, core.registry, core.freshener, core.clock, core.new_id)
        yield _Desk(keys, integration, connection)


async def make(
    settings: Settings, whose: Whose, *, days: int, name: str, out: Path | None, is_rotation: bool
) -> None:
    """Make a key pair, write its certificate, and say what is to be done with it."""
    async with _open(settings, whose) as desk:
        there = await desk.keys.all_of(desk.integration, desk.connection)
        live = [key for key in there if key.state in {KeyState.ACTIVE, KeyState.NEXT}]
        if is_rotation and not live:
            raise NotFound(
                "There is no key to be replaced; make the first one: fairlead credentials "
                "new-certificate"
            )
        key = await desk.keys.make(desk.integration, desk.connection, days=days, name=name)
    _write(key, out)
    print(
        f"key {key.id}\nthumbprint {key.thumbprint}\nvalid until {key.expires_at:%Y-%m-%d}\n"
        "Register the certificate with the app at the vendor. As soon as it is accepted it signs"
        + ("; until then the old key goes on." if live else ".")
    )


async def show(settings: Settings, whose: Whose) -> None:
    """Print the keys, newest first."""
    async with _open(settings, whose) as desk:
        keys = await desk.keys.all_of(desk.integration, desk.connection)
    for key in keys:
        owner = "all connections" if key.connection_pk is None else "one connection"
        note = f"  refused: {key.refusal}" if key.refusal else ""
        print(
            f"{key.id}  {key.state.value:8}  {key.thumbprint}  until {key.expires_at:%Y-%m-%d}"
            f"  {owner}{note}"
        )
    if not keys:
        print("there is no key yet; make one: fairlead credentials new-certificate")


async def export(settings: Settings, whose: Whose, key_id: str, out: Path | None) -> None:
    """Write a key's certificate again."""
    async with _open(settings, whose) as desk:
        _write(await desk.keys.find(desk.integration, key_id), out)


async def activate(settings: Settings, whose: Whose, key_id: str, *, force: bool) -> None:
    """Switch to a key, if the vendor takes it."""
    async with _open(settings, whose) as desk:
        key = await desk.keys.switch_to(desk.integration, key_id, force=force)
    print(f"{key.thumbprint} signs now")


async def retire(settings: Settings, whose: Whose, key_id: str, *, force: bool) -> None:
    """Destroy a key's private half."""
    async with _open(settings, whose) as desk:
        key = await desk.keys.retire(desk.integration, key_id, force=force)
    print(f"{key.thumbprint} is retired; remove its certificate at the vendor")


def _write(key: AppKey, out: Path | None) -> None:
    if out is None:
        print(key.certificate, end="")
        return
    is_der = out.suffix.lower() in {".cer", ".der"}
    try:
        out.write_bytes(der_of(key.certificate) if is_der else key.certificate.encode())
    except OSError as error:
        raise SettingsInvalid(f"{out} cannot be written: {error.strerror or error}") from error
    print(f"wrote {out}")
