"""`fairlead keys`: keys that may do a part."""

import json
import sys
from pathlib import Path

import pytest

from fairlead.cli import commands
from fairlead.store import migrate


@pytest.fixture
async def _database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path}/keys.db"
    monkeypatch.setenv("FAIRLEAD_DATABASE_URL", url)
    await migrate.upgrade(url)


@pytest.fixture
def run(_database, monkeypatch, capsys):
    def _run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["fairlead", "keys", *arguments])
        with pytest.raises(SystemExit) as ended:
            commands.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return _run


@pytest.fixture
def environment(_database, tmp_path: Path) -> None:
    import sqlite3

    with sqlite3.connect(tmp_path / "keys.db") as db:
        db.execute("INSERT INTO environments (name, created_at) VALUES ('dev', 1767225600000000)")


@pytest.mark.usefixtures("environment")
def test_a_keys_life(run, tmp_path: Path) -> None:
    code, key, said = run("new", "agent", "--read-only")
    assert code == 0
    assert key.startswith("fl_")
    assert "environment:mcp, environment:records:read" in said
    assert key.strip().encode() not in (tmp_path / "keys.db").read_bytes()
    code, _, said = run("new", "agent", "--scope", "environment:proxy")
    assert (code, "already" in said) == (2, True)
    _, listed, _ = run("list")
    assert listed.split("\t")[0] == "agent"
    assert listed.rstrip().endswith("environment:mcp environment:records:read")
    [told] = json.loads(run("list", "--json")[1])
    assert (told["name"], told["scopes"][0]) == ("agent", "environment:mcp")
    assert run("new", "asker", "--ask-first")[0] == 0
    assert run("list")[1].splitlines()[1].endswith(" environment:actions:propose")
    assert run("revoke", "asker")[0] == 0
    assert run("revoke", "agent")[0] == 0
    assert run("list")[1] == ""


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["new", "x"], "Say what the key may do"),
        (["new", "x", "--scope", "everything"], "is no scope"),
        (["revoke", "x"], "no key named 'x'"),
        (["revoke", "default"], "FAIRLEAD_SECRET_KEY"),
        (["list", "--environment", "prod"], "no environment 'prod'"),
    ],
)
def test_what_is_refused(run, arguments: list[str], says: str) -> None:
    code, out, said = run(*arguments)
    assert (code, out) == (2, "")
    assert says in said
    assert said.count("\n") == 1
