"""Colours that can be read: contrast as [WCAG 2.2](https://www.w3.org/TR/WCAG22/#contrast-minimum).

An operator chooses one colour a theme; what stands on it, and where it may be written in, follows.
"""

from dataclasses import dataclass

#: least contrast of text
READABLE = 4.5
# one of these reads on any colour: the worse case is 4.58
_BLACK, _WHITE = "#000000", "#ffffff"


@dataclass(frozen=True, slots=True)
class Scheme:
    """What the pages' sheet takes for granted of one theme."""

    paper: str
    ink: str


LIGHT = Scheme("#ffffff", "#16201c")
DARK = Scheme("#18211e", "#e8efec")


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours (`#rrggbb`): 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def ink_on(colour: str) -> str:
    """Return black or white, whichever reads better on a colour."""
    return max((_WHITE, _BLACK), key=lambda ink: contrast(ink, colour))


def variables(accent: str, scheme: Scheme) -> str:
    """Return the custom properties that follow from an accent."""
    link = accent if contrast(accent, scheme.paper) >= READABLE else scheme.ink
    return f"--accent: {accent}; --accent-ink: {ink_on(accent)}; --link: {link};"


def sheet(light: str, dark: str) -> str:
    """Return the sheet that puts the operator's colours over the usual ones."""
    return (
        f":root {{ {variables(light, LIGHT)} }}\n"
        "@media (prefers-color-scheme: dark) {\n"
        f"  :root:not([data-theme=light]) {{ {variables(dark, DARK)} }}\n"
        "}\n"
        f":root[data-theme=dark] {{ {variables(dark, DARK)} }}\n"
    )


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
