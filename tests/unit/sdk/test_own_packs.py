"""Packs of one's own: where they are looked for, and what is said when they are not right."""

import sys

import pytest

from fairlead.errors import OperatorError
from fairlead.sdk import load_packs
from fairlead.sdk.own_packs import folders_of, load_place

GOOD = """
from fairlead.model.provider import AuthMode, Provider
from fairlead.sdk import Pack
PROVIDER = Provider(name="{name}", display_name="X", auth_mode=AuthMode.NONE)
pack = Pack("{name}", api=lambda send, config: send, providers=[PROVIDER])
def make(): return pack
number = 7
"""
ENTRY = '[project.entry-points."fairlead.packs"]\n{name} = "{name}:{attribute}"\n'


@pytest.fixture(autouse=True)
def _as_before(monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith("own_"):
            del sys.modules[name]


def package(folder, name, content=GOOD):
    (folder / name).mkdir(parents=True)
    (folder / name / "__init__.py").write_text(content.replace("{name}", name))
    return folder


def test_a_folder_that_is_a_project(tmp_path):
    package(tmp_path, "own_project")
    (tmp_path / "pyproject.toml").write_text(ENTRY.format(name="own_project", attribute="make"))
    assert [pack.name for pack in load_place(str(tmp_path))] == ["own_project"]
    assert folders_of(str(tmp_path)) == [tmp_path / "own_project"]


def test_a_project_with_a_src_folder(tmp_path):
    package(tmp_path / "src", "own_src")
    (tmp_path / "pyproject.toml").write_text(ENTRY.format(name="own_src", attribute="pack"))
    assert [pack.name for pack in load_place(str(tmp_path))] == ["own_src"]


def test_a_package_and_a_folder_of_packages(tmp_path):
    package(tmp_path, "own_a")
    package(tmp_path, "own_b")
    (tmp_path / ".hidden").mkdir()
    assert [pack.name for pack in load_place(str(tmp_path / "own_a"))] == ["own_a"]
    assert [pack.name for pack in load_place(str(tmp_path))] == ["own_a", "own_b"]
    assert folders_of(str(tmp_path)) == [tmp_path / "own_a", tmp_path / "own_b"]


def test_a_module_and_what_is_named_in_it(tmp_path, monkeypatch):
    package(tmp_path, "own_module")
    monkeypatch.syspath_prepend(tmp_path)
    assert load_place("own_module") == load_place("own_module:make")
    assert folders_of("own_module") == [tmp_path / "own_module"]
    assert folders_of("own_no_such_module") == []


def test_a_pack_that_is_named_twice_counts_once(tmp_path):
    package(tmp_path, "own_twice")
    place = str(tmp_path / "own_twice")
    found = load_packs(["generic"], own=[place, place])
    assert [pack.name for pack in found.packs] == ["generic", "own_twice"]


def test_what_is_not_there_is_told(tmp_path):
    with pytest.raises(OperatorError, match=r"holds no pack: neither .* fairlead init"):
        load_place(str(tmp_path))
    with pytest.raises(OperatorError, match="neither a folder that is there nor a module"):
        load_place(str(tmp_path / "gone"))
    with pytest.raises(OperatorError, match="own_gone cannot be loaded: ModuleNotFoundError"):
        load_place("own_gone")
    (tmp_path / "pyproject.toml").write_text("[project")
    with pytest.raises(OperatorError, match="is not TOML"):
        load_place(str(tmp_path))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("pack = (", r"cannot be loaded: SyntaxError: .*; mend it"),
        ("\n\nnot_there()", r"NameError: name 'not_there' is not defined \(__init__.py, line 3\)"),
        ("x = 1", "cannot be loaded: AttributeError"),
        ("pack = 7", "own_bad is int, not a Pack; name it as module:attribute"),
        (
            GOOD + "@pack.action(scopes=[], source='http://x')\nasync def a(ctx): 'x.'\n",
            "own_bad is not right: own_bad.a must take `ctx",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path, content, problem):
    package(tmp_path, "own_bad", content)
    with pytest.raises(OperatorError, match=problem):
        load_place(str(tmp_path / "own_bad"))
