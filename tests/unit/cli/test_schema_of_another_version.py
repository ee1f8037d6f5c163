"""Every command that opens the database says in one line what is wrong with it, and what to do."""

import base64
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from fairlead.store import migrate

Run = Callable[..., tuple[int, str, str]]
KEY = base64.b64encode(bytes(32)).decode()
COMMANDS = (
    ("vault", "status"),
    ("vault", "rotate"),
    ("credentials", "list", "i"),
    ("credentials", "new-certificate", "i"),
    ("credentials", "rotate", "i"),
    ("credentials", "export", "i", "k"),
    ("credentials", "activate", "i", "k"),
    ("credentials", "retire", "i", "k"),
    ("doctor", "c1"),
    ("records", "export", "c", "--integration", "i", "--model", "File"),
    ("sync", "checkpoint", "show", "c", "s", "--integration", "i"),
    ("sync", "checkpoint", "clear", "c", "s", "--integration", "i"),
    ("run", "get-site", "--connection", "c1"),
    ("replay", "r1"),
)
HOW = {
    "none": "does not exist",
    "empty": "the database has no tables yet; run: fairlead db upgrade",
    "old": "the database is at revision 0004, not at {head}; run: fairlead db upgrade",
    "new": "the database is at revision ffff, which this version does not know",
    "other": "is not a database",
}


def prepare(file: Path, how: str) -> None:
    file.unlink(missing_ok=True)
    if how == "other":
        file.write_bytes(b"no database at all, but long enough to be looked at" * 20)
    elif how != "none":
        with closing(sqlite3.connect(file)) as db, db:
            if how != "empty":
                revision = {"old": "0004", "new": "ffff"}[how]
                db.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
                db.execute("INSERT INTO alembic_version VALUES (?)", (revision,))


@pytest.mark.parametrize("how", HOW)
def test_one_line_that_names_what_to_do(run: Run, tmp_path: Path, how: str) -> None:
    """All commands in one test, for starting them is most of its time."""
    file = tmp_path / "fairlead.sqlite"
    for command in COMMANDS:
        prepare(file, how)
        code, out, err = run(*command, encryption_key=KEY)
        assert (code, out) == (2, ""), command
        assert HOW[how].format(head=migrate.head()) in err, command
        assert err.startswith("fairlead: "), command
        assert err.count("\n") == 1, command
        for word in ("Traceback", "SELECT", "sqlalchemy", "no such table"):
            assert word not in err, command
        assert file.exists() is (how != "none"), command
