"""The providers' pages: every one of ours has one, and what they call tested is."""

import re
from pathlib import Path

import pytest

from fairlead.sdk import load_packs

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs/providers").glob("*.md"))
#: of the peer whose names these syncs have; where ours differ, the page says why
BEGIN_THERE = {
    "content-types": True,
    "drive-item-versions": True,
    "drive-items": False,
    "drives": False,
    "list-columns": True,
    "list-items": True,
    "lists": True,
    "permissions": False,
    "shared-sites-selection": False,
    "site-columns": False,
    "site-pages": False,
    "sites": False,
    "subsites": True,
    "user-files": True,
    "user-files-selection": False,
}


def test_every_provider_of_microsoft_has_a_page() -> None:
    registry = load_packs()
    ours = {name for name in registry.providers if _is_microsofts(name)}
    assert {page.stem for page in PAGES} == ours


def _is_microsofts(name: str) -> bool:
    pack = load_packs().pack_for(name)
    return pack is not None and pack.name.startswith("microsoft")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_has_all_its_parts(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    titles = re.findall(r"^## (.+)$", text, re.MULTILINE)
    wanted = ("Access requirements", "Set up", "Permissions of each function", "Links")
    assert set(wanted) <= {*titles}
    assert "Gotchas of the API" in titles
    for fact in ("Paid account", "Administrator's consent", "App review by Microsoft"):
        assert f"| {fact} |" in text
    assert ".svg)" in text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_gotchas_are_tested(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    claims = re.findall(r"\(\[test\]\(([^)]+)\),\s+`(\w+)`\)", text)
    assert len(claims) == text.count("[test](")
    for address, name in claims:
        source = (page.parent / address).resolve().read_text(encoding="utf-8")
        assert re.search(rf"def {name}\(", source), name


def test_syncs_begin_as_in_the_field_but_for_one() -> None:
    syncs = {one.name: one.auto_start for one in load_packs().syncs("sharepoint-online")}
    assert syncs == BEGIN_THERE | {"drive-items": True}
    assert "but for `drive-items`" in (ROOT / "docs/providers/sharepoint-online.md").read_text()
