"""The fewest scopes that functions of a provider need, and where an administrator approves them.

The command line and the API tell the same.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from fairlead.connect.sessions import CALLBACK_PATH
from fairlead.errors import NotFound
from fairlead.model.provider import Provider
from fairlead.model.scopes import LeastScope, least_scopes
from fairlead.oauth.admin_consent import admin_consent_url
from fairlead.sdk.registry import Registry


def needed_scopes(
    registry: Registry, provider: Provider, names: Sequence[str]
) -> tuple[list[LeastScope], int]:
    """Return the fewest scopes for functions (none named: all), and how many functions those are.

    NotFound, code `unknown_function`: it has no such function.
    """
    there = {one.name: one.scopes for one in registry.actions(provider.name)}
    there |= {one.name: one.scopes for one in registry.syncs(provider.name)}
    for name in names:
        if name not in there:
            raise NotFound(
                f"There is no function '{name}' for the provider '{provider.name}'; there are: "
                f"{', '.join(sorted(there)) or 'none'}.",
                code="unknown_function",
            )
    needs = {name: there[name] for name in names} if names else there
    return least_scopes(provider.scope_ladders, needs), len(needs)


def approval_url(
    provider: Provider, client_id: str, server_url: str, config: Mapping[str, Any]
) -> str | None:
    """Return where an administrator approves an app; None if the vendor has no such page.

    InvalidInput: the address needs a value of `config` that is missing.
    """
    if not provider.admin_consent_url:
        return None
    return admin_consent_url(
        provider,
        client_id=client_id,
        redirect_uri=f"{server_url.rstrip('/')}{CALLBACK_PATH}",
        state="by-hand",
        connection_config={**provider.connection_defaults, **config},
    )
