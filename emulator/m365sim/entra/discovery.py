"""The documents by which clients find their way: OpenID Connect, instance and key discovery.

Follows https://openid.net/specs/openid-connect-discovery-1_0.html and
https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from m365sim.entra.apps import tenant_of_path
from m365sim.entra.keys import signing_key

if TYPE_CHECKING:
    from m365sim.world import World

_SCOPES = ["openid", "profile", "email", "offline_access"]
#: As recorded; more than any id token holds.
_CLAIMS = [
    "sub", "iss", "cloud_instance_name", "cloud_instance_host_name", "cloud_graph_host_name",
    "msgraph_host", "aud", "exp", "iat", "auth_time", "acr", "nonce", "preferred_username", "name",
    "tid", "ver", "at_hash", "c_hash", "email",
]  # fmt: skip
_V1_CLAIMS = [
    "sub", "iss", "cloud_instance_name", "cloud_instance_host_name", "cloud_graph_host_name",
    "aud", "exp", "iat", "auth_time", "acr", "amr", "nonce", "email", "given_name", "family_name",
    "nickname",
]  # fmt: skip
PERSONAL_TENANT_ID = "9188040d-6c67-4c5b-b112-36a304b66dad"


def openid_configuration(world: World, tenant_path: str, *, is_v1: bool = False) -> dict[str, Any]:
    """Return the OpenID Connect document of a tenant, or of `common` and the like."""
    tenant = tenant_of_path(world, tenant_path)
    # MSAL reads the tenant from the first segment of the token endpoint: it must be the id.
    segment = tenant.id if tenant else tenant_path.lower()
    base = f"{world.urls.login}/{segment}"
    protocol = f"{base}/oauth2" if is_v1 else f"{base}/oauth2/v2.0"
    document = {
        "token_endpoint": f"{protocol}/token",
        "token_endpoint_auth_methods_supported": [
            "client_secret_post",
            "private_key_jwt",
            "client_secret_basic",
        ],
        "jwks_uri": f"{base}/discovery/keys" if is_v1 else f"{base}/discovery/v2.0/keys",
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid"] if is_v1 else _SCOPES,
        "issuer": _issuer(world, segment, is_v1=is_v1),
        "request_uri_parameter_supported": False,
        "userinfo_endpoint": f"{world.urls.graph}/oidc/userinfo",
        "authorization_endpoint": f"{protocol}/authorize",
        "device_authorization_endpoint": f"{protocol}/devicecode",
        "http_logout_supported": True,
        "frontchannel_logout_supported": True,
        "end_session_endpoint": f"{protocol}/logout",
        "claims_supported": _V1_CLAIMS if is_v1 else _CLAIMS,
        "tenant_region_scope": "EU" if tenant else None,
        "cloud_instance_name": world.cloud.login.removeprefix("login."),
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": urlsplit(world.urls.graph).netloc,
        "rbac_url": "https://pas.windows.net",
    }
    if is_v1:
        document["microsoft_multi_refresh_token"] = True
    return document


def instance_discovery(world: World, authorization_endpoint: str | None) -> dict[str, Any] | None:
    """Return the aliases of a login host, or None for a host of no cloud we know."""
    ours = urlsplit(world.urls.login).netloc
    known = (world.cloud.login, *world.cloud.aliases)
    parts = urlsplit(authorization_endpoint or f"{world.urls.login}/common/oauth2/authorize")
    if parts.netloc.lower() not in (ours, *known):
        return None
    tenant_path = parts.path.strip("/").split("/")[0] or "common"
    document = f"{world.urls.login}/{tenant_path}/v2.0/.well-known/openid-configuration"
    aliases = list(dict.fromkeys((ours, *known)))
    return {
        "tenant_discovery_endpoint": document,
        "api-version": "1.1",
        "metadata": [
            {"preferred_network": ours, "preferred_cache": ours, "aliases": aliases},
        ],
    }


def key_set() -> dict[str, Any]:
    """Return the keys that tokens are signed with."""
    return {"keys": [signing_key().public]}


def _issuer(world: World, segment: str, *, is_v1: bool) -> str:
    # Of `common` and `organizations` the issuer is a template: literally "{tenantid}".
    tenant_id = {
        "common": "{tenantid}",
        "organizations": "{tenantid}",
        "consumers": PERSONAL_TENANT_ID,
    }.get(segment, segment)
    if is_v1:
        return f"https://sts.windows.net/{tenant_id}/"
    return f"{world.urls.login}/{tenant_id}/v2.0"
