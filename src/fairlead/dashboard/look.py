"""Look: how one page shows itself, by the operator's branding and what its address asks for.

The address's `theme`, `lang` and `detectClosedAuthWindow` are the contract's (5.1); `embedder` is
ours: the origin of the page that shows this one in a frame, and nobody else is told anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from fairlead.connect.branding import ConnectUi
from fairlead.connect.embedders import Embedders

THEMES = ("light", "dark", "system")
_LONGEST_LANG = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a page shows itself."""

    ui: ConnectUi
    #: what the address asks for; "" = nothing
    asked_theme: str = ""
    lang: str = ""
    #: origin of the page around this one, "" = this one stands alone
    embedder: str = ""
    detects_closing: bool = False

    @property
    def theme(self) -> str:
        return self.asked_theme or self.ui.default_theme

    @property
    def query(self) -> dict[str, str]:
        """What the next page's address must carry on."""
        told = {
            "theme": self.asked_theme,
            "lang": self.lang,
            "embedder": self.embedder,
            "detectClosedAuthWindow": "true" if self.detects_closing else "",
        }
        return {name: value for name, value in told.items() if value}

    @property
    def encoded(self) -> str:
        return urlencode(self.query)

    @property
    def sheet(self) -> str:
        """The name of the sheet with the operator's colours."""
        light, dark = self.ui.theme.light.primary, self.ui.theme.dark.primary
        return f"theme-{light[1:]}-{dark[1:]}.css".lower()


#: of pages that are not for end users
PLAIN = Look(ui=ConnectUi())


def look_of(ui: ConnectUi, asked: Mapping[str, str], embedders: Embedders) -> Look:
    """Return the look that an address asks for; what it may not ask for is left out."""
    theme, embedder = asked.get("theme", ""), asked.get("embedder", "")
    return Look(
        ui=ui,
        asked_theme=theme if theme in THEMES else "",
        lang=asked.get("lang", "")[:_LONGEST_LANG],
        embedder=embedder if embedder and embedders.allows(embedder) else "",
        detects_closing=asked.get("detectClosedAuthWindow") == "true",
    )
