"""`fairlead scopes`: the fewest scopes that some functions of a provider need, and why."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from fairlead.connect.sessions import CALLBACK_PATH
from fairlead.errors import NotFound
from fairlead.model.provider import Provider
from fairlead.model.scopes import LeastScope, least_scopes
from fairlead.oauth.admin_consent import admin_consent_url
from fairlead.sdk.providers_file import add_providers
from fairlead.sdk.registry import Registry, load_packs
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
    needs = _needs(registry, asked.provider, asked.functions)
    least = least_scopes(provider.scope_ladders, needs)
    consent = _consent(settings, provider, asked) if asked.client_id else None
    if json:
        shown = {
            "provider": provider.name,
            "scopes": [one.name for one in least] + list(provider.required_scopes),
            "why": {one.name: {one.name: one.functions, **one.covered} for one in least},
            "consent_url": consent,
        }
        sys.stdout.write(orjson.dumps(shown).decode() + "\n")
    else:
        sys.stdout.write(report(provider, len(needs), least, consent))


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


def _needs(registry: Registry, provider: str, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    there = {one.name: one.scopes for one in registry.actions(provider)}
    there |= {one.name: one.scopes for one in registry.syncs(provider)}
    for name in names:
        if name not in there:
            raise NotFound(
                f"There is no function '{name}' for the provider '{provider}'; there are: "
                f"{', '.join(sorted(there)) or 'none'}.",
                code="unknown_function",
            )
    return {name: there[name] for name in names} if names else there


def _consent(settings: Settings, provider: Provider, asked: Asked) -> str | None:
    if not provider.admin_consent_url:
        return None
    config = dict(pair.partition("=")[::2] for pair in asked.config)
    return admin_consent_url(
        provider,
        client_id=asked.client_id or "",
        redirect_uri=f"{settings.server_url.rstrip('/')}{CALLBACK_PATH}",
        state="by-hand",
        connection_config={**provider.connection_defaults, **config},
    )


def _some(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
