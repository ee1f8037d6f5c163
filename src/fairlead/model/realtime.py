"""Realtime: what an integration's config says of changes that are told as they happen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from fairlead.errors import InvalidInput

#: keys of an integration's config, each `on` or `off`
SUBSCRIBE = "realtime"
CHANGES = "change_webhooks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Realtime:
    """What one integration wants to hear of, and tell."""

    #: ask the vendor to tell of changes
    subscribes: bool = False
    #: tell the product of each record that changed
    tells_changes: bool = False

    @classmethod
    def of(cls, config: Mapping[str, str]) -> Self:
        """Read an integration's config; InvalidInput names a switch that is neither on nor off."""
        return cls(subscribes=_switch(config, SUBSCRIBE), tells_changes=_switch(config, CHANGES))


def _switch(config: Mapping[str, str], name: str) -> bool:
    value = config.get(name, "off")
    if value not in {"on", "off"}:
        raise InvalidInput(f"'{name}' is 'on' or 'off', not '{value}'")
    return value == "on"
