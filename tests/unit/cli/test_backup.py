"""`fairlead db backup` and `restore`."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from fairlead.engine import sole
from fairlead.store import migrate

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
async def database(tmp_path: Path) -> Path:
    path = tmp_path / "fairlead.sqlite"
    await migrate.upgrade(f"sqlite:///{path}")
    return path


def add(path: Path, name: str) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("INSERT INTO environments (name, created_at) VALUES (?, 0)", [name])


def names(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as db:
        return [name for (name,) in db.execute("SELECT name FROM environments ORDER BY name")]


def test_what_was_copied_comes_back(run: Run, database: Path, tmp_path: Path) -> None:
    url, copy = f"sqlite:///{database}", tmp_path / "copy.sqlite"
    add(database, "one")
    with closing(sqlite3.connect(database)) as busy:
        # not in the file yet, but in the log beside it: others may be at work
        busy.execute("PRAGMA journal_mode = WAL")
        busy.execute("INSERT INTO environments (name, created_at) VALUES ('two', 0)")
        busy.commit()
        code, said, _ = run("db", "backup", str(copy), database_url=url)
    assert (code, "checked" in said) == (0, True)
    assert copy.stat().st_mode & 0o077 == 0
    assert names(copy) == ["one", "two"]
    add(database, "three")
    code, said, _ = run("db", "restore", str(copy), "--yes", database_url=url)
    assert (code, migrate.head() in said) == (0, True)
    assert names(database) == ["one", "two"]
    assert not list(tmp_path.glob("*.part"))


def test_not_while_a_server_runs(run: Run, database: Path, tmp_path: Path) -> None:
    url, copy = f"sqlite:///{database}", tmp_path / "copy.sqlite"
    assert run("db", "backup", str(copy), database_url=url)[0] == 0
    add(database, "later")
    held = sole.lock(database.with_name(database.name + ".lock"))
    assert held
    with closing(held):
        code, _, said = run("db", "restore", str(copy), "--yes", database_url=url)
    assert (code, "Another process" in said) == (2, True)
    assert names(database) == ["later"]


def test_what_is_no_copy_replaces_nothing(run: Run, database: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{database}"
    (tmp_path / "text").write_text("no database at all, and long enough to look at" * 100)
    with closing(sqlite3.connect(tmp_path / "other")) as db, db:
        db.execute("CREATE TABLE things (id INTEGER)")
    add(database, "kept")
    for name, says in (("text", "damaged one"), ("other", "no database of"), ("none", "There is")):
        code, _, said = run("db", "restore", str(tmp_path / name), "--yes", database_url=url)
        assert (code, says in said) == (2, True), said
    assert names(database) == ["kept"]
    code, _, said = run("db", "backup", str(tmp_path / "no/where"), database_url=url)
    assert (code, "no folder" in said) == (2, True)


@pytest.mark.parametrize(("verb", "tool"), [("backup", "pg_dump"), ("restore", "pg_restore")])
def test_postgresql_has_tools_of_its_own(run: Run, verb: str, tool: str) -> None:
    url = "postgresql://ada:secret@db.example:5433/fairlead"
    code, _, said = run("db", verb, "copy.dump", database_url=url)
    assert (code, tool in said, "secret" in said) == (2, True, False)
    assert "host=db.example port=5433 dbname=fairlead user=ada" in said
