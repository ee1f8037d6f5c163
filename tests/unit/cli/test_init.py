"""`fairlead init`: what it writes works as it is, and it writes over nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from fairlead.cli import starter_pack
from fairlead.errors import Conflict, InvalidInput

ROOT = Path(__file__).resolve().parents[3]


def test_it_writes_a_pack_whose_own_tests_pass(tmp_path):
    folder = tmp_path / "acme-crm"
    written = starter_pack.write("acme-crm", folder)
    assert {str(path.relative_to(folder)) for path in written} == {
        "README.md",
        "acme_crm/__init__.py",
        "acme_crm/api.py",
        "acme_crm/pack.py",
        "acme_crm/provider.py",
        "acme_crm/tasks.py",
        "pyproject.toml",
        "tests/recordings/get-task.json",
        "tests/recordings/tasks.json",
        "tests/test_acme_crm.py",
    }
    assert not [path for path in written if "my_integration" in path.read_text()]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "9 passed" in ran.stdout
    rules = ["--select", "E,F,I,UP,B", "--config", "src=['.']", "--isolated"]
    looked = subprocess.run(
        [sys.executable, "-m", "ruff", "check", *rules, "--line-length", "100", str(folder)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert looked.returncode == 0, looked.stdout


def test_it_writes_over_nothing(tmp_path):
    folder = tmp_path / "x"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    with pytest.raises(Conflict, match="is there already and not empty"):
        starter_pack.write("acme", folder)
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(Conflict):
        starter_pack.write("acme", file)


@pytest.mark.parametrize(
    "name", ["", "Acme", "acme_crm", "-a", "a--b", "1a", "a" * 61, "../x", "é", "a\n"]
)
def test_a_name_is_kebab_case(name, tmp_path):
    with pytest.raises(InvalidInput, match="is no name for a pack"):
        starter_pack.write(name, tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["json", "class", "fairlead", "tests"])
def test_a_name_hides_no_other_module(name, tmp_path):
    with pytest.raises(InvalidInput, match="name of another Python module"):
        starter_pack.write(name, tmp_path / "new")
