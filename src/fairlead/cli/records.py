"""`fairlead records` and `fairlead sync`: what a connection's syncs keep, seen from the machine."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from fairlead.api.logs import configure_logs
from fairlead.errors import NotFound
from fairlead.model.connection import Connection
from fairlead.opening import open_database, registry_of
from fairlead.sdk.schemas import columns_of
from fairlead.settings import Settings, SettingsInvalid
from fairlead.store import checkpoints, connections, environments, streams
from fairlead.store.database import Database
from fairlead.store.record_export import Format, writer_of
from fairlead.store.record_export import export as exported
from fairlead.store.record_seals import PLAIN, Seals
from fairlead.vault import Vault


@dataclass(frozen=True, slots=True)
class Whose:
    """Which connection is meant, as the command line says it."""

    connection: str
    integration: str
    environment: str = "dev"


@asynccontextmanager
async def _open(settings: Settings, whose: Whose) -> AsyncIterator[tuple[Database, Connection]]:
    # logs go elsewhere than what the command prints
    configure_logs(settings)
    async with open_database(settings) as db:
        async with db.read() as tx:
            named = {each.name: each for each in await environments.list_all(tx)}
            if whose.environment not in named:
                raise NotFound(f"There is no environment '{whose.environment}'")
            found = await connections.find(
                tx, named[whose.environment].id, whose.integration, whose.connection
            )
        if found is None:
            raise NotFound(f"There is no connection '{whose.connection}' of '{whose.integration}'")
        yield db, found


def _seals(settings: Settings) -> Seals:
    keys = settings.encryption_keys
    return Seals(Vault.of(*keys)) if keys else PLAIN


async def export(
    settings: Settings, whose: Whose, *, model: str, variant: str, form: Format, out: Path | None
) -> None:
    """Write every live record of a model to a file, or print them."""
    registry = registry_of(settings)
    async with _open(settings, whose) as (db, connection):
        columns = columns_of(registry.syncs(connection.provider), model)
        if columns is None:
            raise NotFound(f"No sync of '{whose.integration}' keeps a model '{model}'")
        writer = writer_of(form, columns)
        try:
            target = out.open("wb") if out else sys.stdout.buffer
        except OSError as error:
            reason = error.strerror or error
            raise SettingsInvalid(f"{out} cannot be written: {reason}") from error
        try:
            async for piece in exported(
                db,
                connection_pk=connection.id,
                model=model,
                variant=variant,
                writer=writer,
                seals=_seals(settings),
            ):
                target.write(piece)
        finally:
            target.close() if out else target.flush()


async def show_checkpoint(settings: Settings, whose: Whose, sync: str, variant: str) -> None:
    """Print where a sync goes on."""
    async with _open(settings, whose) as (db, connection), db.read() as tx:
        content = await checkpoints.load(tx, connection.id, sync, variant)
    if content is None:
        raise NotFound(f"'{sync}' has no checkpoint; its next run reads everything")
    print(content.decode(errors="replace"))


async def clear_checkpoint(settings: Settings, whose: Whose, sync: str, variant: str) -> None:
    """Forget where a sync goes on."""
    async with _open(settings, whose) as (db, connection), db.write() as tx:
        await checkpoints.clear(tx, connection.id, sync, variant)
    print(f"the next run of '{sync}' reads everything; its records stay")


async def delete_stale(
    settings: Settings, whose: Whose, *, model: str, variant: str | None
) -> None:
    """Delete a model that no sync keeps any more, for good."""
    registry = registry_of(settings)
    async with _open(settings, whose) as (db, connection), db.write() as tx:
        streams.check_stale(model, registry.syncs(connection.provider))
        deleted = await streams.remove(tx, connection.id, model, variant)
    if not deleted:
        raise NotFound(f"'{whose.connection}' has no records of a model '{model}'")
    for name, count in deleted.items():
        print(f"{name}: {count} records deleted")
