from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

BUILD = Path(__file__).parent / "build.py"


@pytest.fixture
def build(tmp_path, monkeypatch):
    """The module, pointed at a project of its own, with a uv that only notes what it was asked."""
    spec = importlib.util.spec_from_file_location("build", BUILD)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.delenv("FAIRLEAD_UV", raising=False)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "ENVIRONMENT", tmp_path / ".venv-judges")
    monkeypatch.setattr(module, "REQUIREMENTS", tmp_path / "judges.txt")
    module.REQUIREMENTS.write_text("one==1\n")
    return module


def script(path, body):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"#!{sys.executable}\nimport pathlib, sys\nhere = pathlib.Path({str(path)!r}).parent\n{body}"
    )
    path.chmod(0o755)
    return path


NOTES = """
with (here / "asked").open("a") as asked:
    asked.write(" ".join(sys.argv[1:3]) + "\\n")
if sys.argv[1] == "venv":
    python = pathlib.Path(sys.argv[-1]) / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
"""


def test_no_uv_is_told_how_to_get_it(build):
    with pytest.raises(build.NoUv, match=r"run `./run setup` once.*FAIRLEAD_UV"):
        build.build()


def test_a_uv_that_is_named_but_not_there(build, monkeypatch, tmp_path):
    script(tmp_path / ".private/bin/uv", NOTES)
    monkeypatch.setenv("FAIRLEAD_UV", str(tmp_path / "nowhere"))
    with pytest.raises(build.NoUv):
        build.build()


@pytest.mark.parametrize("place", [".private/bin/uv", ".private/lib/bin/uv"])
def test_uv_is_found_where_the_project_puts_it(build, tmp_path, place):
    placed = script(tmp_path / place, NOTES)
    assert build.find_uv() == placed


def test_a_uv_of_ones_own(build, monkeypatch, tmp_path):
    own = script(tmp_path / "bin" / "my-uv", NOTES)
    monkeypatch.setenv("FAIRLEAD_UV", str(own))
    assert build.find_uv() == own


def test_it_is_built_once_and_again_when_the_pins_change(build, tmp_path):
    asked = script(tmp_path / ".private/bin/uv", NOTES).parent / "asked"
    python = build.build()
    assert python == tmp_path / ".venv-judges/bin/python"
    assert asked.read_text().splitlines() == ["venv -q", "pip sync"]
    build.build()
    assert len(asked.read_text().splitlines()) == 2
    build.REQUIREMENTS.write_text("one==2\n")
    build.build()
    assert asked.read_text().splitlines() == ["venv -q", "pip sync", "pip sync"]


def test_a_build_that_failed_is_tried_again(build, tmp_path):
    uv = script(tmp_path / ".private/bin/uv", f"{NOTES}\nif sys.argv[1] == 'pip': sys.exit(3)\n")
    for _ in range(2):
        with pytest.raises(subprocess.CalledProcessError):
            build.build()
    assert (uv.parent / "asked").read_text().splitlines() == ["venv -q", "pip sync", "pip sync"]
