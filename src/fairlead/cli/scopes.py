"""`fairlead scopes`: the fewest scopes that some functions of a provider need, and why."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from fairlead.connect.least_scopes import approval_url, needed_scopes
from fairlead.model.provider import Provider
from fairlead.model.scopes import LeastScope
from fairlead.sdk.providers_file import add_providers
from fairlead.sdk.registry import load_packs
from fairlead.settings import Settings

#: functions named in a line of why
_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to know."""

    provider: str
    #: names; none = all of them
    functions: Sequence[str]
    client_id: str | None
    #: `NAME=VALUE` of connection_config
    config: Sequence[str]


def scopes(settings: Settings, asked: Asked, *, json: bool) -> None:
    """Print what to ask for, why, and where an administrator approves it."""
    registry = load_packs(own=settings.packs)
    if settings.providers_file is not None:
        add_providers(registry, settings.providers_file)
    provider = registry.provider(asked.provider)
    least, count = needed_scopes(registry, provider, asked.functions)
    consent = None
    if asked.client_id:
        config = dict(pair.partition("=")[::2] for pair in asked.config)
        consent = approval_url(provider, asked.client_id, settings.server_url, config)
    if json:
        shown = {
            "provider": provider.name,
            "scopes": [one.name for one in least] + list(provider.required_scopes),
            "why": {one.name: {one.name: one.functions, **one.covered} for one in least},
            "consent_url": consent,
        }
        sys.stdout.write(orjson.dumps(shown).decode() + "\n")
    else:
        sys.stdout.write(report(provider, count, least, consent))


def report(
    provider: Provider, functions: int, least: Sequence[LeastScope], consent: str | None
) -> str:
    """Return it as text."""
    lines = [f"{provider.name}: what {functions} of its functions need", ""]
    for one in least:
        lines.append(f"{one.name}")
        lines.append(f"    for {_some(one.functions)}")
        lines += [f"    covers {name}, for {_some(who)}" for name, who in one.covered.items()]
    for name in provider.required_scopes:
        lines += [name, "    always asked for"]
    asked = ",".join([*(one.name for one in least), *provider.required_scopes])
    lines += ["", f"Set as scopes of the integration: {asked}"]
    if consent:
        lines.append(f"An administrator approves the app at: {consent}")
        lines.append("    (the page that it ends on may be closed)")
    return "\n".join(lines) + "\n"


def _some(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
