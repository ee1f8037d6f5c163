"""Decide where a request may go, and whether it may carry the connection's credentials.

Callers' URLs and stored links of vendors are absolute, so each is judged by its origin alone: the
provider's own get credentials, those it declares open are called without, others not at all.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fairlead.errors import EgressRefused, InvalidInput, OperatorError
from fairlead.http import parse_url
from fairlead.model.credentials import Credentials
from fairlead.model.provider import Provider
from fairlead.oauth import (
    audience_at,
    credential_headers,
    holds_credentials,
    interpolate,
    is_open_origin,
)

_ABSOLUTE = re.compile(r"https?:", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes, and which credentials it carries."""

    url: str
    #: "" the connection's main ones, an origin: those for the further API there, None: none
    audience: str | None

    @property
    def is_audience(self) -> bool:
        """Does it carry credentials?"""
        return self.audience is not None


def target_of(provider: Provider, url: str, connection_config: Mapping[str, Any]) -> Target:
    """Return where a caller's URL or path leads.

    A path is below the provider's base URL. EgressRefused (`base_url_override_not_allowed`) for an
    absolute URL of another origin; InvalidInput for a path that tries to be something else.
    """
    if not _ABSOLUTE.match(url):
        _check_path(url)
        base = _base(provider, connection_config)
        origin, wire = parse_url(base + (url if url.startswith("/") else f"/{url}"))
        if audience_at(provider, origin, wire, connection_config) is not None:
            return Target(wire, audience="")
        if provider.permit_paths and is_open_origin(provider, origin, connection_config):
            return Target(wire, None)
        raise OperatorError(
            f"The base URL of {provider.display_name} is not https; correct the provider"
        )
    try:
        origin, wire = parse_url(url)
    except EgressRefused as error:
        raise _not_allowed(provider) from error
    audience = audience_at(provider, origin, wire, connection_config)
    if audience is not None or is_open_origin(provider, origin, connection_config):
        return Target(wire, audience)
    raise _not_allowed(provider)


def authorise(
    provider: Provider,
    credentials: Credentials,
    target: Target,
    connection_config: Mapping[str, Any],
) -> dict[str, str]:
    """Return the headers to add to a request there; none unless it may have credentials."""
    if target.audience is None:
        return {}
    return credential_headers(provider, credentials, connection_config)


def provider_headers(provider: Provider, connection_config: Mapping[str, Any]) -> dict[str, str]:
    """Return what the provider wants with every call, but for headers that carry credentials."""
    return {
        name: interpolate(template, connection_config, quote=False)
        for name, template in provider.headers.items()
        if not holds_credentials(template)
    }


def _base(provider: Provider, connection_config: Mapping[str, Any]) -> str:
    if not provider.base_url:
        raise OperatorError(
            f"{provider.display_name} has no base URL; call an absolute address of it"
        )
    return interpolate(provider.base_url, connection_config, quote=True).rstrip("/")


def _check_path(path: str) -> None:
    before_query = path.partition("?")[0]
    if before_query.startswith("//") or "\\" in before_query or _SCHEME.match(path):
        raise InvalidInput(
            "The path must begin with one slash and name no host; correct it",
            code="invalid_path",
        )


def _not_allowed(provider: Provider) -> EgressRefused:
    return EgressRefused(
        f"The address is not one of {provider.display_name}'s; call it directly, or use a path "
        "below the provider's base URL",
        code="base_url_override_not_allowed",
    )
