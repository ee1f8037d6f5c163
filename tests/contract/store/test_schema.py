"""The migrations make the tables of `tables.py`, to the last index, in both dialects."""

import asyncio
import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from fairlead.store.dialect import async_url
from fairlead.store.migrate import current, head, upgrade
from fairlead.store.migrations import versions
from fairlead.store.tables import metadata

COLUMNS = """
    SELECT table_name, column_name, data_type, is_nullable, column_default, is_identity
    FROM information_schema.columns WHERE table_schema = 'public'
"""
# 'n': that a column is not null, which the columns say
CONSTRAINTS = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
"""
CATALOGUE = {
    "sqlite": ["SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"],
    "postgresql": [
        COLUMNS,
        CONSTRAINTS,
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    ],
}

#: newest first
DOWN = [
    importlib.import_module(f"{versions.__name__}.{name}")
    for name in sorted((one.name for one in pkgutil.iter_modules(versions.__path__)), reverse=True)
]
REVISIONS = len(DOWN)


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """Make the URL of an empty database of each dialect."""
    if request.param == "postgresql":
        make: Callable[[], str] = request.getfixturevalue("make_postgresql")
        return make
    paths = iter(range(100))
    return lambda: f"sqlite:///{tmp_path}/{next(paths)}.sqlite"


async def catalogue(url: str, prepare: Callable[[Connection], Any] | None = None) -> set[Any]:
    engine = create_async_engine(async_url(url))
    async with engine.begin() as connection:
        if prepare:
            await connection.run_sync(prepare)
        found = set()
        for query in CATALOGUE[engine.dialect.name]:
            for row in (await connection.exec_driver_sql(query)).all():
                words = [" ".join(v.split()) if isinstance(v, str) else v for v in row]
                if "alembic_version" not in str(words):
                    found.add(tuple(words))
    await engine.dispose()
    return found


def clauses(found: set[Any]) -> set[Any]:
    """Return the catalogue with the clauses of each CREATE TABLE in one order."""
    return {
        tuple(
            tuple(sorted(v.split(", "))) if isinstance(v, str) and v.startswith("CREATE T") else v
            for v in (_closed(v) for v in row)
        )
        for row in found
    }


def _closed(value: Any) -> Any:
    is_table = isinstance(value, str) and value.startswith("CREATE TABLE")
    return value.replace("( ", "(, ").replace(" )", ", )") if is_table else value


async def test_migrated_equals_metadata(new_url: Callable[[], str]) -> None:
    migrated, created = await asyncio.to_thread(lambda: (new_url(), new_url()))
    await upgrade(migrated)
    assert clauses(await catalogue(migrated)) == clauses(
        await catalogue(created, metadata.create_all)
    )


async def test_autogenerate_finds_nothing_to_do(new_url: Callable[[], str]) -> None:
    url = await asyncio.to_thread(new_url)
    await upgrade(url)
    engine = create_async_engine(async_url(url))
    async with engine.connect() as connection:
        assert not await connection.run_sync(
            lambda sync: compare_metadata(MigrationContext.configure(sync), metadata)
        )
    await engine.dispose()


async def test_upgrade_says_what_it_did(new_url: Callable[[], str]) -> None:
    url = await asyncio.to_thread(new_url)
    assert await current(url) is None
    applied = await upgrade(url)
    assert applied[-1] == head()
    assert await current(url) == head()
    assert await upgrade(url) == []


async def test_two_upgrades_at_once_are_harmless(new_url: Callable[[], str]) -> None:
    url = await asyncio.to_thread(new_url)
    assert sorted(map(len, await asyncio.gather(upgrade(url), upgrade(url)))) == [0, REVISIONS]


async def test_a_migration_that_fails_leaves_nothing(
    new_url: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = await asyncio.to_thread(new_url)

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("in mid migration")

    with monkeypatch.context() as patch:
        patch.setattr("alembic.op.create_index", fail)
        with pytest.raises(RuntimeError, match="in mid migration"):
            await upgrade(url)
    assert await catalogue(url) == set()
    assert await current(url) is None
    assert len(await upgrade(url)) == REVISIONS


async def test_down_and_up_again(new_url: Callable[[], str]) -> None:
    url = await asyncio.to_thread(new_url)
    await upgrade(url)
    before = await catalogue(url)
    assert await catalogue(url, downgrade) == set()
    await upgrade(url)
    assert await catalogue(url) == before


def downgrade(connection: Connection) -> None:
    context = MigrationContext.configure(connection)
    with Operations.context(context):
        for revision in DOWN:
            revision.downgrade()
    connection.execute(text("DELETE FROM alembic_version"))
