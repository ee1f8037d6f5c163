"""What the documents name exists: commands, links, images, anchors."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fairlead.cli.commands import app

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [
    ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "emulator/README.md")
] + sorted((ROOT / "docs").rglob("*.md"))
#: names of documents relative to the project, as test ids
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]
_LINK = re.compile(r"(?<!`)!?\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)


def _prose(path: Path) -> str:
    return _FENCE.sub("", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    document = ROOT / name
    for target in _LINK.findall(_prose(document)):
        if re.match(r"[a-z]+:", target):
            continue
        address, _, anchor = target.partition("#")
        page = (document.parent / address).resolve() if address else document
        assert page.exists(), f"{name} links to {target}"
        if anchor:
            text = page.read_text(encoding="utf-8")
            slugs = {_slug(title) for title in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}
            assert anchor in slugs or f'id="{anchor}"' in text, f"{name} links to {target}"


def _slug(title: str) -> str:
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def test_commands_of_the_readme_exist() -> None:
    verbs = set(re.findall(r"\./run ([a-z]+)", (ROOT / "README.md").read_text()))
    assert {"demo", "test", "serve", "worker", "db"} <= verbs
    arms = re.findall(r"^    ([a-z|* -]+)\)", (ROOT / "run").read_text(), re.MULTILINE)
    known = {word.strip() for arm in arms for word in arm.split("|")}
    assert verbs - known == set()


@pytest.mark.parametrize(
    ("command", "options"),
    [
        (["serve"], ["--host", "--port"]),
        (["worker"], []),
        (["demo"], ["--library", "--once", "--port", "--keep"]),
        (["db", "upgrade"], []),
        (["db", "current"], []),
    ],
)
def test_documented_commands_explain_themselves(command: list[str], options: list[str]) -> None:
    ran = CliRunner().invoke(app, [*command, "--help"], prog_name="fairlead")
    assert ran.exit_code == 0
    shown = ran.stdout
    assert " ".join(["Usage:", "fairlead", *command]) in " ".join(shown.split())
    for option in options:
        assert option in shown


def test_the_recipe_of_the_readme_is_the_real_one() -> None:
    recipe = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[0]
    source = "integrations/microsoft/fairlead_microsoft/sharepoint/drive_items.py"
    assert recipe.strip() in (ROOT / source).read_text()


def test_contributing_stays_short() -> None:
    assert len((ROOT / "CONTRIBUTING.md").read_text().splitlines()) <= 150


def test_every_decision_has_its_context_and_its_price() -> None:
    pages = sorted((ROOT / "docs/adr").glob("0*.md"))
    assert [page.name[:4] for page in pages] == [
        f"{number:04}" for number in range(1, len(pages) + 1)
    ]
    for page in pages:
        titles = re.findall(r"^## (.+)$", page.read_text(), re.MULTILINE)
        assert titles == ["Context", "Decision", "Price"], page.name


def test_picture_brings_nothing_from_elsewhere() -> None:
    svg = (ROOT / "docs/picture.svg").read_text()
    assert "prefers-color-scheme: dark" in svg
    assert re.findall(r"https?://[^\"\s]+", svg) == ["http://www.w3.org/2000/svg"]
