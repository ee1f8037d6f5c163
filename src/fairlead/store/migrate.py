"""Migrations: bring a database to the schema of this version, or say where it is."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

from fairlead.errors import OperatorError
from fairlead.store import dialect

_SCRIPTS = Path(__file__).parent / "migrations"


def _config() -> Config:
    config = Config()
    # A path with a percent sign would be taken for interpolation.
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    return config


def head() -> str:
    """Return the newest revision that this version knows."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    if revision is None:
        raise RuntimeError("No migration is installed")
    return revision


def is_known(revision: str) -> bool:
    """Say whether this version has the migration that leads to a revision."""
    return revision in {
        script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()
    }


async def current(url: str) -> str | None:
    """Return the revision of the database, None if it has none of our tables."""
    readers, writers = dialect.engines(url)
    try:
        await dialect.probe(writers)
        async with writers.connect() as connection:
            return await connection.run_sync(_revision)
    finally:
        await readers.dispose()
        await writers.dispose()


async def upgrade(url: str) -> list[str]:
    """Run what is missing, all in one transaction; return the revisions that were applied.

    OperatorError if a newer version was here.
    Two processes that start at the same time are harmless: the second waits and finds it done.
    """
    readers, writers = dialect.engines(url)
    try:
        await dialect.probe(writers)
        async with writers.begin() as connection:
            await dialect.hold_schema(connection)
            return await connection.run_sync(_upgrade)
    except CommandError as error:
        raise OperatorError(
            "FAIRLEAD_DATABASE_URL: the database's schema is one that this version does not know "
            f"({error}); install the version that made it, or newer",
            code="unknown_schema",
        ) from error
    finally:
        await readers.dispose()
        await writers.dispose()


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _upgrade(connection: Connection) -> list[str]:
    applied: list[str] = []

    def note(*, step: Any, **_: Any) -> None:
        applied.append(step.up_revision_id)

    config = _config()
    config.attributes["connection"] = connection
    config.attributes["on_version_apply"] = note
    command.upgrade(config, "head")
    return applied
