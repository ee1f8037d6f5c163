"""Who may receive a connection's credentials, and in which form.

A token that reaches another party is lost
([RFC 6750, 5.3](https://www.rfc-editor.org/rfc/rfc6750#section-5.3)), so the origin of every URL is
compared with the provider's own before a header is made.
"""

import base64
import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from fairlead.errors import EgressRefused, InvalidInput
from fairlead.http import Origin, parse_url
from fairlead.model.credentials import (
    ApiKeyCredentials,
    BasicCredentials,
    ClientCredentials,
    Credentials,
    NoCredentials,
    OAuth2Credentials,
    TwoStepCredentials,
)
from fairlead.model.provider import Provider
from fairlead.oauth.interpolate import PLACE, interpolate, places


def audience_of(provider: Provider, url: str, connection_config: Mapping[str, Any]) -> str | None:
    """Return which token a request to this absolute URL may carry, None = it may carry none.

    "" is the connection's main one: the origin is that of the base URL or one of
    `credential_origins`. An origin is the token for the further API there. None for an address
    that is not encrypted (unless it is on this machine) or not plainly readable.
    """
    try:
        origin, wire = parse_url(url)
    except EgressRefused:
        return None
    return audience_at(provider, origin, wire, connection_config)


def audience_at(
    provider: Provider, origin: Origin, wire: str, connection_config: Mapping[str, Any]
) -> str | None:
    """Say the same of a URL that `parse_url` has read."""
    if origin.scheme != "https" and not origin.is_loopback:
        return None
    permits = provider.permit_paths
    if permits is not None and re.fullmatch(permits, _target(wire), re.IGNORECASE):
        return None
    own = (provider.base_url, *provider.credential_origins)
    if _matches(origin, own, connection_config):
        return ""
    for audience in provider.audiences:
        if not _matches(origin, audience.origins, connection_config):
            continue
        target = _target(wire)
        if audience.paths is None or re.fullmatch(audience.paths, target, re.IGNORECASE):
            return str(origin)
    return None


def _target(wire: str) -> str:
    """Return path and query of a URL that `parse_url` has read: what follows the host."""
    return wire[wire.index("/", len("https://")) :]


def is_open_origin(
    provider: Provider, origin: Origin, connection_config: Mapping[str, Any]
) -> bool:
    """May this origin be called for the provider, without credentials?"""
    return _matches(origin, provider.open_origins, connection_config)


def credential_headers(
    provider: Provider,
    credentials: Credentials,
    connection_config: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, str]:
    """Return the headers that carry the credentials.

    A header of the provider that has a place for them (`${apiKey}`, `${accessToken}`,
    `${credentials.NAME}`) gets them there; its name may come from the connection's config. Tokens
    and passwords go into Authorization as well; a key does unless such a header has it.
    """
    templates = [(name, text) for name, text in provider.headers.items() if holds_credentials(text)]
    if not templates and isinstance(credentials, OAuth2Credentials):
        return {"Authorization": f"Bearer {credentials.access_token.get_secret_value()}"}
    values, usual = _told(credentials)
    placed = {
        interpolate(name, connection_config, quote=False): _filled(
            template, values, connection_config
        )
        for name, template in templates
        # what was optional and is not there leaves its header out
        if all(
            place in values or place.startswith("connectionConfig.") for place in places(template)
        )
    }
    if placed and isinstance(credentials, ApiKeyCredentials):
        return placed
    if "authorization" in {name.lower() for name in placed}:
        return placed
    return {**({"Authorization": usual} if usual else {}), **placed}


@lru_cache(maxsize=1024)
def holds_credentials(template: str) -> bool:
    """Say whether a header's template has a place for credentials."""
    return any(not place.startswith("connectionConfig.") for place in places(template))


def _told(credentials: Credentials) -> tuple[dict[str, str], str]:
    """Return what fills the places of templates, and the usual Authorization header."""
    match credentials:
        case OAuth2Credentials(access_token=token):
            named = {"access_token": token.get_secret_value()}
        case ClientCredentials(token=token):
            secret = credentials.client_secret
            named = {"token": token.get_secret_value(), "client_id": credentials.client_id}
            named |= {"client_secret": secret.get_secret_value()} if secret else {}
        case TwoStepCredentials(token=token):
            named = {
                **{name: value.get_secret_value() for name, value in credentials.fields.items()},
                "token": token.get_secret_value(),
            }
        case BasicCredentials(username=username, password=password):
            named = {"username": username, "password": password.get_secret_value()}
            pair = f"{username}:{password.get_secret_value()}"
            usual = "Basic " + base64.b64encode(pair.encode()).decode()
            return _places(named) | named, usual
        case ApiKeyCredentials(api_key=key):
            named = {"apiKey": key.get_secret_value()}
            return _places(named) | named, f"Bearer {key.get_secret_value()}"
        case NoCredentials():
            return {}, ""
    bearer = token.get_secret_value()
    return _places(named) | {"accessToken": bearer}, f"Bearer {bearer}"


def _places(named: Mapping[str, str]) -> dict[str, str]:
    return {f"credentials.{name}": value for name, value in named.items()}


def _filled(template: str, values: Mapping[str, str], connection_config: Mapping[str, Any]) -> str:
    """Fill the places; the credentials go in last, so that nothing in them is taken for a place."""
    parts = PLACE.split(template)
    return "".join(
        part
        if index % 2 == 0
        else values[part]
        if part in values
        else interpolate(f"${{{part}}}", connection_config, quote=False)
        for index, part in enumerate(parts)
    )


def _matches(
    origin: Origin, patterns: tuple[str, ...], connection_config: Mapping[str, Any]
) -> bool:
    for pattern in patterns:
        try:
            filled = interpolate(pattern, connection_config, quote=True)
        except InvalidInput:
            # a place that this connection does not fill names no origin
            continue
        if filled and origin.matches(_origin_part(filled)):
            return True
    return False


@lru_cache(maxsize=4096)
def _origin_part(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"
