"""`fairlead records export` and `fairlead sync checkpoint`: what a sync keeps, from the machine."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from clinic import Clinic
from sqlalchemy import select

from fairlead.cli import records
from fairlead.cli.records import Whose
from fairlead.errors import Conflict, NotFound
from fairlead.settings import Settings, SettingsInvalid
from fairlead.store import checkpoints, streams, tables
from fairlead.store.database import Database


@pytest.fixture
def settings(sqlite_url: str) -> Settings:
    return Settings(database_url=sqlite_url)


async def whose(clinic: Clinic, settings: Settings) -> Whose:
    connection = await clinic.person()
    db = await Database.open(settings.database_url)
    async with db.write() as tx:
        await checkpoints.save(
            tx,
            connection.id,
            "drive-items",
            "base",
            content=b'{"links":{}}',
            now=connection.created_at,
        )
    await db.close()
    return Whose(connection.connection_id, connection.integration_key)


async def test_export_to_a_file(clinic: Clinic, settings: Settings, tmp_path: Path) -> None:
    connection = await whose(clinic, settings)
    out = tmp_path / "items.csv"
    which: dict[str, Any] = {"variant": "base", "form": "csv"}
    await records.export(settings, connection, model="DriveItem", out=out, **which)
    assert out.read_text().startswith("id,driveId,itemId,name,")
    with pytest.raises(NotFound, match="keeps a model 'None'"):
        await records.export(settings, connection, model="None", out=out, **which)
    with pytest.raises(SettingsInvalid, match="cannot be written"):
        await records.export(settings, connection, model="DriveItem", out=tmp_path, **which)


async def test_a_checkpoint_is_shown_and_cleared(
    clinic: Clinic, settings: Settings, capsys: Any
) -> None:
    connection = await whose(clinic, settings)
    capsys.readouterr()
    await records.show_checkpoint(settings, connection, "drive-items", "base")
    assert capsys.readouterr().out == '{"links":{}}\n'
    await records.clear_checkpoint(settings, connection, "drive-items", "base")
    assert "reads everything" in capsys.readouterr().out
    with pytest.raises(NotFound, match="has no checkpoint"):
        await records.show_checkpoint(settings, connection, "drive-items", "base")


async def test_what_does_not_exist_is_named(clinic: Clinic, settings: Settings) -> None:
    connection = await whose(clinic, settings)
    for wrong, named in (
        (Whose("none", connection.integration), "no connection 'none'"),
        (Whose(connection.connection, connection.integration, "none"), "no environment 'none'"),
    ):
        with pytest.raises(NotFound, match=named):
            await records.show_checkpoint(settings, wrong, "drive-items", "base")


async def test_a_stale_model_is_deleted(clinic: Clinic, settings: Settings, capsys: Any) -> None:
    connection = await whose(clinic, settings)
    capsys.readouterr()
    db = await Database.open(settings.database_url)
    async with db.write() as tx:
        pk = await tx.scalar(select(tables.connections.c.id))
        await streams.lock(tx, pk, "Old", "v1", datetime.now(UTC))
    await db.close()
    await records.delete_stale(settings, connection, model="Old", variant=None)
    assert capsys.readouterr().out == "Old::v1: 0 records deleted\n"
    with pytest.raises(NotFound, match="no records of a model 'Old'"):
        await records.delete_stale(settings, connection, model="Old", variant=None)
    with pytest.raises(Conflict, match="drive-items"):
        await records.delete_stale(settings, connection, model="DriveItem", variant=None)
