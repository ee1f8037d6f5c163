"""Colours that can be read, whatever an operator chooses."""

import re

import pytest

from fairlead.dashboard.colours import DARK, LIGHT, READABLE, contrast, ink_on, sheet, variables


def test_contrast_as_wcag_counts_it() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#ffffff", "#777777") == contrast("#777777", "#ffffff")


@pytest.mark.parametrize("accent", ["#000000", "#ffffff", "#ffdd00", "#7a3ed0", "#777777"])
@pytest.mark.parametrize("scheme", [LIGHT, DARK])
def test_whatever_the_colour_text_can_be_read(accent: str, scheme: object) -> None:
    assert contrast(ink_on(accent), accent) >= READABLE
    link = re.search(r"--link: (#\w+);", variables(accent, scheme))  # type: ignore[arg-type]
    assert link
    assert contrast(link[1], scheme.paper) >= READABLE  # type: ignore[attr-defined]


def test_each_theme_has_its_colour() -> None:
    text = sheet("#aa0000", "#ffcccc")
    light, _, dark = text.partition("@media (prefers-color-scheme: dark)")
    assert "--accent: #aa0000" in light
    assert dark.count("--accent: #ffcccc") == 2
    assert ":root:not([data-theme=light])" in dark
    assert ":root[data-theme=dark]" in dark
