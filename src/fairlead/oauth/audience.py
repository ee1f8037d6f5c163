"""Who may receive a connection's credentials, and in which form.

A token that reaches another party is lost
([RFC 6750, 5.3](https://www.rfc-editor.org/rfc/rfc6750#section-5.3)), so the origin of every URL is
compared with the provider's own before a header is made.
"""

import base64
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from fairlead.errors import EgressRefused, InvalidInput
from fairlead.http import Origin, origin_of
from fairlead.model.credentials import (
    ApiKeyCredentials,
    BasicCredentials,
    ClientCredentials,
    Credentials,
    NoCredentials,
    OAuth2Credentials,
)
from fairlead.model.provider import Provider
from fairlead.oauth.interpolate import interpolate


def is_audience(provider: Provider, url: str, connection_config: Mapping[str, Any]) -> bool:
    """May a request to this absolute URL carry the provider's credentials?

    Yes, if its origin is that of the base URL or one of `credential_origins`, and it is encrypted
    (or the provider itself is plain http on this machine). Never for a URL that is not plainly
    readable.
    """
    try:
        origin = origin_of(url)
    except EgressRefused:
        return False
    return is_audience_origin(provider, origin, connection_config)


def is_audience_origin(
    provider: Provider, origin: Origin, connection_config: Mapping[str, Any]
) -> bool:
    """May requests to this origin carry the provider's credentials?"""
    if origin.scheme != "https" and not origin.is_loopback:
        return False
    own = (provider.base_url, *provider.credential_origins)
    return _matches(origin, own, connection_config)


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

    A static key goes where a header of the provider says `${apiKey}`, else as a bearer token; the
    header's name may come from the connection's config.
    """
    match credentials:
        case OAuth2Credentials(access_token=token) | ClientCredentials(token=token):
            return {"Authorization": f"Bearer {token.get_secret_value()}"}
        case BasicCredentials(username=username, password=password):
            pair = f"{username}:{password.get_secret_value()}"
            return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
        case ApiKeyCredentials(api_key=key):
            secret = key.get_secret_value()
            placed = {
                interpolate(name, connection_config, quote=False): template.replace(
                    "${apiKey}", secret
                )
                for name, template in provider.headers.items()
                if "${apiKey}" in template
            }
            return placed or {"Authorization": f"Bearer {secret}"}
        case NoCredentials():
            return {}


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


def _origin_part(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"
