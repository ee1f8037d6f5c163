"""The operator's file of colours, logo and name: read strictly, refused in one line."""

import json
from pathlib import Path
from typing import Any

import pytest

from fairlead.connect.branding import LARGEST_LOGO_BYTES, Branding
from fairlead.settings import SettingsInvalid

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'


def written(folder: Path, told: Any) -> Path:
    (folder / "logo.svg").write_bytes(SVG)
    file = folder / "ui.json"
    file.write_text(told if isinstance(told, str) else json.dumps(told))
    return file


def test_without_a_file_there_are_defaults() -> None:
    usual = Branding.load(None).usual
    assert (usual.default_theme, usual.show_watermark, usual.logo) == ("system", True, "")


def test_environments_differ(tmp_path: Path) -> None:
    told = {
        "productName": "Acme",
        "logo": "logo.svg",
        "theme": {"light": {"primary": "#112233"}},
        "environments": {"prod": {"theme": {"dark": {"primary": "#AABBCC"}}, "productName": "P"}},
    }
    branding = Branding.load(written(tmp_path, told))
    assert branding.usual.product_name == "Acme"
    assert branding.usual.theme.light.primary == "#112233"
    [(name, logo)] = branding.logos.items()
    assert (logo.content, logo.media_type) == (SVG, "image/svg+xml")
    assert name.startswith("logo-")
    assert name.endswith(".svg")
    prod = branding._others["prod"]
    assert (prod.product_name, prod.logo) == ("P", name)
    assert (prod.theme.light.primary, prod.theme.dark.primary) == ("#112233", "#AABBCC")


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ("{", "is no JSON"),
        ("[]", "holds no JSON object"),
        ({"environments": []}, "'environments' maps names"),
        ({"environments": {"dev": 1}}, "'environments' maps names"),
        ({"colour": "red"}, "colour: Extra inputs"),
        ({"defaultTheme": "blue"}, "defaultTheme: Input should be 'light', 'dark' or 'system'"),
        ({"theme": {"light": {"primary": "red"}}}, "theme.light.primary: String should match"),
        ({"environments": {"dev": {"theme": {"dark": {"primary": "x;}"}}}}}, "theme.dark.primary"),
        ({"logo": "logo.gif"}, "logo: logo.gif is none of .svg"),
        ({"logo": "gone.png"}, "logo: gone.png cannot be read"),
        ({"logo": "large.png"}, "logo: large.png is larger than"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(tmp_path: Path, told: Any, why: str) -> None:
    (tmp_path / "large.png").write_bytes(bytes(LARGEST_LOGO_BYTES + 1))
    with pytest.raises(SettingsInvalid) as refused:
        Branding.load(written(tmp_path, told))
    said = str(refused.value)
    assert said.startswith("FAIRLEAD_CONNECT_UI_FILE")
    assert why in said
    assert "\n" not in said


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="cannot be read: No such file"):
        Branding.load(tmp_path / "gone.json")
