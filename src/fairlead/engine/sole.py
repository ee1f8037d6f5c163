"""With SQLite one process does everything: a lock on a file says which."""

import sys
from pathlib import Path
from typing import IO

from fairlead.errors import OperatorError


def lock(path: Path) -> IO[bytes] | None:
    """Lock the file until the result is closed, or this process ends however it may.

    OperatorError if another process holds it. None where the system has no such locks.
    """
    if sys.platform == "win32":
        return None
    import fcntl  # noqa: PLC0415 - not there on every system

    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise OperatorError(
            f"Another process runs syncs on {path.with_suffix('')}; with SQLite only one may. Stop "
            "it, or give both a PostgreSQL database."
        ) from error
    return file
