"""`fairlead users`: who may sign in, from the command line."""

import io
import sys
from pathlib import Path

import pytest

from fairlead.cli import commands
from fairlead.store import migrate


@pytest.fixture
async def _database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path}/users.db"
    monkeypatch.setenv("FAIRLEAD_DATABASE_URL", url)
    await migrate.upgrade(url)


@pytest.fixture
def run(_database, monkeypatch, capsys):
    def _run(*arguments: str, piped: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["fairlead", "users", *arguments])
        monkeypatch.setattr(sys, "stdin", io.StringIO(piped))
        with pytest.raises(SystemExit) as ended:
            commands.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return _run


def test_a_persons_life(run, tmp_path: Path) -> None:
    password = "correct horse battery"
    new = ("new", "Ada@example.com", "--name", "Ada", "--password-stdin")
    code, out, said = run(*new, piped=password + "\n")
    assert (code, out) == (0, "")
    assert "may sign in as admin" in said
    assert password.encode() not in (tmp_path / "users.db").read_bytes()
    assert run("list")[1] == "ada@example.com\tadmin\tAda\tnever\n"
    code, _, said = run(*new, piped=password)
    assert (code, "already" in said) == (2, True)
    code, _, said = run("remove", "ada@example.com")
    assert (code, "last admin" in said) == (2, True)
    eve = ("new", "eve@example.com", "--role", "viewer", "--password-stdin")
    code, _, said = run(*eve, piped="short")
    assert (code, "15 to 256 characters" in said) == (2, True)
    assert run(*eve, piped=password)[0] == 0
    changed = run("password", "eve@example.com", "--password-stdin", piped="another long password")
    assert changed[0] == 0
    assert run("remove", "EVE@example.com")[0] == 0
    code, _, said = run("remove", "eve@example.com")
    assert (code, "nobody with the e-mail" in said) == (2, True)
