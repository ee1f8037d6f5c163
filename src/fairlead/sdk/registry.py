"""Registry: every installed pack, and what runs on which provider.

Packs are found through the entry-point group `fairlead.packs`; an entry is a Pack, or a callable
without arguments that returns one (it may read the environment then). Those of one's own need not
be installed (`own_packs.py`).
"""

from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from fairlead.errors import NotFound, OperatorError, UnknownProvider
from fairlead.model.function import Action, Sync
from fairlead.model.provider import Provider
from fairlead.sdk.own_packs import GROUP, load_place
from fairlead.sdk.pack import Pack


class Registry:
    """What the installed packs ship."""

    def __init__(self, packs: Iterable[Pack[Any]] = ()) -> None:
        self.packs: list[Pack[Any]] = []
        self._providers: dict[str, Provider] = {}
        self._pack_of: dict[str, Pack[Any]] = {}
        for pack in packs:
            self.add(pack)

    def add(self, pack: Pack[Any]) -> None:
        """Take in one more pack; OperatorError if another one ships the same provider."""
        for name, provider in pack.providers.items():
            if name in self._pack_of:
                raise OperatorError(
                    f"packs {self._pack_of[name].name} and {pack.name} both ship the provider "
                    f"{name}; uninstall one of them"
                )
            self._providers[name] = provider
            self._pack_of[name] = pack
        self.packs.append(pack)

    def add_provider(self, provider: Provider, pack: Pack[Any]) -> None:
        """Take in a provider beside those that packs ship; the pack's functions run on it."""
        self._providers[provider.name] = provider
        self._pack_of[provider.name] = pack

    @property
    def providers(self) -> Mapping[str, Provider]:
        """Every provider by its name."""
        return self._providers

    def provider(self, name: str) -> Provider:
        """Return a provider; UnknownProvider if no pack ships it."""
        try:
            return self._providers[name]
        except KeyError:
            raise UnknownProvider(
                f"No installed pack ships the provider '{name}'; install the pack or correct "
                "the name."
            ) from None

    def pack_for(self, provider_name: str) -> Pack[Any] | None:
        """Return the pack that ships a provider."""
        return self._pack_of.get(provider_name)

    def syncs(self, provider_name: str) -> list[Sync]:
        """Return the syncs that run on connections of a provider, by name."""
        pack = self.pack_for(provider_name)
        return sorted(pack.syncs.values(), key=lambda sync: sync.name) if pack else []

    def actions(self, provider_name: str) -> list[Action]:
        """Return the actions that run on connections of a provider, by name."""
        pack = self.pack_for(provider_name)
        return sorted(pack.actions.values(), key=lambda action: action.name) if pack else []

    def sync(self, provider_name: str, name: str) -> Sync:
        """Return one sync; NotFound names those there are."""
        pack = self.pack_for(provider_name)
        if pack is None or name not in pack.syncs:
            there = ", ".join(sync.name for sync in self.syncs(provider_name)) or "none"
            raise NotFound(
                f"There is no sync '{name}' for the provider '{provider_name}'; there are: "
                f"{there}.",
                code="unknown_sync",
            )
        return pack.syncs[name]

    def action(self, provider_name: str, name: str) -> Action:
        """Return one action; NotFound names those there are."""
        pack = self.pack_for(provider_name)
        if pack is None or name not in pack.actions:
            there = ", ".join(action.name for action in self.actions(provider_name)) or "none"
            raise NotFound(
                f"There is no action '{name}' for the provider '{provider_name}'; there are: "
                f"{there}.",
                code="unknown_action",
            )
        return pack.actions[name]


def load_packs(names: Iterable[str] = (), *, own: Iterable[str] = ()) -> Registry:
    """Load the installed packs, or only those named (by entry point), and those of one's `own`.

    `own` names folders or modules (`own_packs.py`); a pack that is installed too counts once.
    OperatorError: a named pack is not installed, or one cannot be loaded.
    """
    found = {entry.name: entry for entry in entry_points(group=GROUP)}
    wanted = list(names) or sorted(found)
    registry = Registry()
    for name in wanted:
        if name not in found:
            raise OperatorError(
                f"The pack '{name}' is not installed; there are: {', '.join(sorted(found))}."
            )
        registry.add(_loaded(found[name]))
    for place in own:
        for pack in load_place(place):
            if not any(pack is there for there in registry.packs):
                registry.add(pack)
    return registry


def _loaded(entry: EntryPoint) -> Pack[Any]:
    try:
        pack = entry.load()
    except (ImportError, AttributeError) as error:
        raise OperatorError(
            f"The pack '{entry.name}' cannot be loaded ({error}); install it again or remove it."
        ) from error
    if callable(pack) and not isinstance(pack, Pack):
        pack = pack()
    if not isinstance(pack, Pack):
        raise OperatorError(
            f"The entry point '{entry.name}' of {GROUP} gives {type(pack).__name__}, not a Pack."
        )
    return pack
