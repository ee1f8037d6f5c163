"""The pages made from the code say what the code says."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from fairlead import errors
from fairlead.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs/generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATOR = _generator()
SITE = ("cli.md", "http-api.md", "error-index.md", "llms.txt")


@pytest.mark.parametrize("name", sorted(GENERATOR.PAGES))
def test_page_is_up_to_date(name: str) -> None:
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert text == GENERATOR.PAGES[name](), "run: ./run python docs/generate.py"


def test_every_error_has_a_section() -> None:
    page = GENERATOR.errors_page()
    for one in vars(errors).values():
        if isinstance(one, type) and issubclass(one, errors.FairleadError):
            assert f'<a id="{one.code}"></a>\n## {one.__name__}\n' in page


def test_every_setting_is_explained() -> None:
    comments = GENERATOR._comments((ROOT / "src/fairlead/settings.py").read_text())
    assert set(Settings.model_fields) <= set(comments)


def test_the_site_has_a_page_of_every_command_route_and_code() -> None:
    cli, http, index, llms = (GENERATOR.SITE_PAGES[name]() for name in SITE)
    for command in ("serve", "db backup", "approvals approve", "syncs history", "config check"):
        assert f"\n## fairlead {command}\n" in cli
    assert "| 3 | the server could not be reached" in cli
    for route in ("POST /action/trigger", "GET /records", "POST /approvals/{approval_id}/approve"):
        assert f"\n### {route}\n" in http
    for code in ("missing_scope", "own_approval", "function_timed_out"):
        assert f"`{code}` | [" in index
    assert "- [Agents](agents.md): `/mcp` gives an agent" in llms
    assert "(cli.md)" in llms


def test_check_says_which_pages_are_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(GENERATOR, "HERE", tmp_path)
    monkeypatch.setattr(GENERATOR, "PAGES", {"one.md": lambda: "new\n"})
    (tmp_path / "one.md").write_text("old\n")
    assert GENERATOR.main(["--check"]) == 1
    assert capsys.readouterr().out == "out of date: one.md\n"
    assert GENERATOR.main([]) == 0
    assert GENERATOR.main(["--check"]) == 0
    assert (tmp_path / "one.md").read_text() == "new\n"
