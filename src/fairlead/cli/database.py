"""`fairlead db`: the schema's revision, and bringing it up to date."""

from fairlead.settings import SettingsInvalid
from fairlead.store import migrate


async def upgrade(url: str) -> None:
    """Run the migrations that are missing and name them."""
    try:
        applied = await migrate.upgrade(url)
    except OSError as error:
        raise _unreachable(error) from error
    for revision in applied:
        print(f"applied {revision}")
    print(f"the schema is at {migrate.head()}" if applied else "the schema was up to date")


async def current(url: str) -> None:
    """Print the revision the database is at, and whether one is missing."""
    try:
        revision = await migrate.current(url)
    except OSError as error:
        raise _unreachable(error) from error
    newest = migrate.head()
    if revision is None:
        print("the database has no schema yet; run: fairlead db upgrade")
    elif revision == newest:
        print(f"{revision} (newest)")
    else:
        print(f"{revision}; the newest is {newest}: run: fairlead db upgrade")


def _unreachable(error: OSError) -> SettingsInvalid:
    reason = error.strerror or str(error)
    return SettingsInvalid(f"FAIRLEAD_DATABASE_URL: the database cannot be reached: {reason}")
