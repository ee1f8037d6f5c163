"""A copy of a SQLite file while others write to it, and back; PostgreSQL has tools of its own.

https://www.sqlite.org/backup.html
"""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from fairlead.errors import OperatorError

#: pages copied before others get a turn, 16 MB
_PAGES = 4096
Progress = Callable[[int, int], None]


def copy(source: Path, target: Path, progress: Progress | None = None) -> str:
    """Copy the file as it is at the end, checked; return the revision of its schema.

    `progress` is called with pages done and pages in all. The copy is nobody else's to read, and
    takes the target's place in one step. OperatorError: no database there, or a damaged one.
    """
    if not source.is_file():
        raise OperatorError(f"There is no database at {source}; check the path.", code="no_backup")

    def tell(_status: int, left: int, total: int) -> None:
        if progress is not None:
            progress(total - left, total)

    whole = target.with_name(target.name + ".part")
    whole.unlink(missing_ok=True)
    whole.touch(mode=0o600)
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as read,
            closing(sqlite3.connect(whole)) as write,
        ):
            read.backup(write, pages=_PAGES, progress=tell)
            # one file, with nothing beside it
            write.execute("PRAGMA journal_mode = DELETE")
            revision = _checked(write, source)
        with whole.open("rb+") as file:
            os.fsync(file.fileno())
        for beside in ("-wal", "-shm"):
            target.with_name(target.name + beside).unlink(missing_ok=True)
        whole.replace(target)
    except sqlite3.DatabaseError as error:
        raise OperatorError(
            f"{source} is no database, or a damaged one ({error}); take another copy.",
            code="bad_backup",
        ) from error
    finally:
        whole.unlink(missing_ok=True)
    return revision


def _checked(connection: sqlite3.Connection, source: Path) -> str:
    (said,) = connection.execute("PRAGMA integrity_check").fetchone()
    if said != "ok":
        raise OperatorError(f"{source} is damaged: {said}; take another copy.", code="bad_backup")
    try:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError:
        row = None
    if row is None:
        raise OperatorError(f"{source} is no database of fairlead's.", code="bad_backup")
    return str(row[0])
