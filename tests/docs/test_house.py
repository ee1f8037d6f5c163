"""Rules of the house that no linter knows: sizes, the vendor's name, addresses, stubs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = ("src", "emulator", "integrations")
#: lines of a file: beyond this, two nouns live in it
LONGEST = 500
_VENDOR = re.compile(r"sharepoint|microsoft|onedrive|\bentra\b|AADSTS", re.IGNORECASE)
#: addresses of package indexes and their file hosts, and absolute paths of somebody's machine; in
#: pieces, so that this file does not match itself
_INDEXES = "|".join(
    ["pypi" + r"\.org", "python" + r"hosted\.org", "registry" + r"\.npmjs", "index" + "-url="]
)
_PLACES = "|".join(
    ["/home" + r"/\w+/", "/Users" + r"/\w+/", "/root" + r"/\.\w", "/work" + "/(main|shared|\\.)"]
)
_ADDRESS = re.compile(f"{_INDEXES}|{_PLACES}")
_UNDONE = re.compile(r"\b(TODO|FIXME|XXX)\b|NotImplementedError")


def tracked() -> list[Path]:
    """Return the files of the project: those git knows or would add, else all that are ours."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0:
        names = [name.decode() for name in listed.stdout.split(b"\0") if name]
        return [ROOT / name for name in names if (ROOT / name).is_file()]
    hidden = {".venv", ".private", ".git", "__pycache__", ".mypy_cache", ".ruff_cache"}
    return [path for path in ROOT.rglob("*") if path.is_file() and not hidden & {*path.parts}]


def texts() -> list[tuple[str, str]]:
    found = []
    for path in tracked():
        try:
            found.append((str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return found


TEXTS = texts()


def test_no_file_grows_beyond_its_noun(capsys: pytest.CaptureFixture[str]) -> None:
    sizes = sorted(
        (
            (text.count("\n"), name)
            for name, text in TEXTS
            if name.startswith(CODE) and name.endswith(".py") and "/tests/" not in name
        ),
        reverse=True,
    )
    shown = [f"  {lines:4}  {name}" for lines, name in sizes[:10]]
    with capsys.disabled():
        sys.stdout.write("\n".join(["\nthe ten largest files:", *shown, ""]))
    assert [name for lines, name in sizes if lines > LONGEST] == []


def test_the_platform_never_names_the_vendor() -> None:
    found = [
        f"{name}: {match[0]}"
        for name, text in TEXTS
        if name.startswith("src/")
        for match in _VENDOR.finditer(f"{name}\n{text}")
    ]
    assert found == []


def test_no_file_names_an_index_or_somebodys_machine() -> None:
    found = [f"{name}: {match[0]}" for name, text in TEXTS for match in _ADDRESS.finditer(text)]
    assert found == []


def test_nothing_is_left_undone() -> None:
    found = [
        f"{name}: {match[0]}"
        for name, text in TEXTS
        if name.startswith(CODE)
        for match in _UNDONE.finditer(text)
    ]
    assert found == []


def test_no_test_is_skipped_or_sleeps() -> None:
    shortcuts = re.compile(r"pytest\.(mark\.)?skip|assert True\b|\btime\.sleep\(")
    found = [
        f"{name}: {match[0]}"
        for name, text in TEXTS
        if "tests/" in name and name.endswith(".py") and not name.endswith("test_house.py")
        for match in shortcuts.finditer(text)
    ]
    assert found == []
