"""Providers for APIs that no pack knows: the connection's config says where the API is.

Credentials: [RFC 6750](https://www.rfc-editor.org/rfc/rfc6750) bearer tokens,
[RFC 7617](https://www.rfc-editor.org/rfc/rfc7617) user name and password, a key in a header of the
API's own choice, or none.
"""

from fairlead.model.provider import AuthMode, ConfigField, Provider

_BASE_URL = ConfigField(
    title="Base URL",
    description="Address of the API, as its documentation gives it; calls go below it.",
    # user names in addresses would be credentials in a place that is not sealed
    pattern=r"https?://[^\s/@?#]+(?:/[^\s?#]*)?",
    example="https://api.example.com/v1",
)
_HEADER_NAME = ConfigField(
    title="Header",
    description="Name of the header that carries the key.",
    # not those that frame the request
    pattern=r"(?i:(?!(?:host|connection|te|upgrade|(?:content|transfer)-[a-z-]*)$)[a-z0-9-]{1,64})",
    example="X-API-Key",
    required=False,
)
_BASE = "${connectionConfig.baseUrl}"

UNAUTHENTICATED = Provider(
    name="unauthenticated",
    display_name="Public API",
    auth_mode=AuthMode.NONE,
    categories=("other",),
    base_url=_BASE,
    connection_config={"baseUrl": _BASE_URL},
)
PRIVATE_API_GENERIC = Provider(
    name="private-api-generic",
    display_name="Private API (key in a header)",
    auth_mode=AuthMode.API_KEY,
    categories=("other",),
    base_url=_BASE,
    connection_config={"baseUrl": _BASE_URL, "headerName": _HEADER_NAME},
    connection_defaults={"headerName": "X-API-Key"},
    headers={"${connectionConfig.headerName}": "${apiKey}"},
)
PRIVATE_API_BEARER = Provider(
    name="private-api-bearer",
    display_name="Private API (bearer token)",
    auth_mode=AuthMode.API_KEY,
    categories=("other",),
    base_url=_BASE,
    connection_config={"baseUrl": _BASE_URL},
)
PRIVATE_API_BASIC = Provider(
    name="private-api-basic",
    display_name="Private API (user name and password)",
    auth_mode=AuthMode.BASIC,
    categories=("other",),
    base_url=_BASE,
    connection_config={"baseUrl": _BASE_URL},
)
PROVIDERS = (UNAUTHENTICATED, PRIVATE_API_GENERIC, PRIVATE_API_BEARER, PRIVATE_API_BASIC)
