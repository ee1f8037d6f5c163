"""Which scopes to ask for ([RFC 6749, 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3))."""

from collections.abc import Iterable, Mapping
from typing import Any

from fairlead.model.provider import Provider

#: key of connection_config that replaces the integration's scopes for one connection
OVERRIDE = "oauth_scopes_override"


def scopes_for(
    provider: Provider,
    integration_scopes: Iterable[str] | None,
    connection_config: Mapping[str, Any],
) -> tuple[str, ...]:
    """Return the scopes of a connection: its own override, else the integration's, else defaults.

    What the provider requires is added when it is missing.
    """
    override = connection_config.get(OVERRIDE)
    if isinstance(override, str):
        override = [part.strip() for part in override.split(",")]
    if isinstance(override, list | tuple) and any(override):
        chosen = [str(scope) for scope in override if scope]
    elif integration_scopes is not None:
        chosen = list(integration_scopes)
    else:
        chosen = list(provider.default_scopes)
    return with_required(provider, chosen)


def with_required(provider: Provider, scopes: Iterable[str]) -> tuple[str, ...]:
    """Return the scopes without repeats, and the provider's required ones that were missing."""
    return tuple(dict.fromkeys([*scopes, *provider.required_scopes]))


def scope_text(provider: Provider, text: str) -> str:
    """Return a caller's whole `scope` value, word for word if it holds what is required."""
    separator = provider.scope_separator
    named = text.replace(separator, " ").split()
    missing = [scope for scope in provider.required_scopes if scope not in named]
    return separator.join([text.strip(), *missing]) if missing else text
