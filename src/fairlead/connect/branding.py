"""Branding: how the connect page shall look, from one JSON file of the operator's.

The file holds the contract's `connectUISettings` (3.3: `defaultTheme`, `theme`, `showWatermark`),
and besides `productName`, `logo` (a file beside it) and `environments`: what differs in some of
them. Everything has a default, so there need be no file.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from fairlead.settings import SettingsInvalid
from fairlead.store import Database, environments

LARGEST_LOGO_BYTES = 262_144
_KINDS = {".svg": "image/svg+xml", ".png": "image/png", ".webp": "image/webp"}
_ENVIRONMENTS = "environments"

Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        hide_input_in_errors=True,
    )


class Palette(_Part):
    """The colours of one theme."""

    #: of buttons and links
    primary: Colour


class Palettes(_Part):
    """The colours of both themes."""

    light: Palette = Palette(primary="#0b6e4f")
    dark: Palette = Palette(primary="#5fd3a6")


class ConnectUi(_Part):
    """How the connect page looks in one environment."""

    product_name: Annotated[str, Field(max_length=60)] = ""
    #: name of a file beside that of the settings
    logo: str = ""
    default_theme: Literal["light", "dark", "system"] = "system"
    theme: Palettes = Palettes()
    show_watermark: bool = True


@dataclass(frozen=True, slots=True)
class Logo:
    """The product's logo."""

    content: bytes
    media_type: str
    #: the file name in its URL, which changes with the content
    name: str


class Branding:
    """What there is to show, for each environment."""

    def __init__(
        self, usual: ConnectUi, others: Mapping[str, ConnectUi], logos: list[Logo]
    ) -> None:
        self.usual = usual
        self._others = others
        self.logos = {logo.name: logo for logo in logos}
        self._names: dict[int, str] = {}

    @classmethod
    def load(cls, path: Path | None) -> "Branding":
        """Read the file; SettingsInvalid says in one line what is wrong with it."""
        if path is None:
            return cls(ConnectUi(), {}, [])
        try:
            told = orjson.loads(path.read_bytes())
        except OSError as error:
            raise _invalid(f"cannot be read: {error.strerror or error}") from error
        except ValueError as error:
            raise _invalid(f"is no JSON: {error}") from error
        if not isinstance(told, dict):
            raise _invalid("holds no JSON object")
        differing = told.pop(_ENVIRONMENTS, {})
        if not isinstance(differing, dict) or not all(
            isinstance(each, dict) for each in differing.values()
        ):
            raise _invalid("'environments' maps names of environments to objects; correct it")
        logos: list[Logo] = []
        usual = _read(told, path.parent, logos)
        others = {
            name: _read(_merged(told, each), path.parent, logos) for name, each in differing.items()
        }
        return cls(usual, others, logos)

    async def of(self, db: Database, environment_id: int | None) -> ConnectUi:
        """Return how it looks in an environment; None = where none is known."""
        if environment_id is None or not self._others:
            return self.usual
        if environment_id not in self._names:
            async with db.read() as tx:
                self._names |= {each.id: each.name for each in await environments.list_all(tx)}
        return self._others.get(self._names.get(environment_id, ""), self.usual)


def _read(told: dict[str, Any], folder: Path, logos: list[Logo]) -> ConnectUi:
    try:
        ui = ConnectUi.model_validate(told)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise _invalid(f"{place}: {first['msg']}") from None
    if not ui.logo:
        return ui
    logo = _logo(folder / ui.logo)
    logos.append(logo)
    return ui.model_copy(update={"logo": logo.name})


def _logo(path: Path) -> Logo:
    kind = _KINDS.get(path.suffix.lower())
    if kind is None:
        raise _invalid(f"logo: {path.name} is none of {', '.join(_KINDS)}")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _invalid(f"logo: {path.name} cannot be read: {error.strerror or error}") from error
    if len(content) > LARGEST_LOGO_BYTES:
        raise _invalid(f"logo: {path.name} is larger than {LARGEST_LOGO_BYTES} bytes")
    stamp = hashlib.sha256(content).hexdigest()[:16]
    return Logo(content, kind, f"logo-{stamp}{path.suffix.lower()}")


def _merged(usual: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(usual)
    for name, value in other.items():
        before = merged.get(name)
        both = isinstance(before, dict) and isinstance(value, dict)
        merged[name] = _merged(before or {}, value) if both else value
    return merged


def _invalid(why: str) -> SettingsInvalid:
    return SettingsInvalid(f"FAIRLEAD_CONNECT_UI_FILE {why}")
