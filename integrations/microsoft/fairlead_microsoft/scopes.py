"""Scopes as each cloud wants them.

An unqualified scope means Microsoft Graph
(https://learn.microsoft.com/entra/identity-platform/scopes-oidc). In the national clouds short
names are as good as long ones, but `.default` must carry the address of their own Graph
(https://learn.microsoft.com/graph/sdks/national-clouds): there, all carry it.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fairlead.model.provider import TokenRequest, TokenRequestHook
from fairlead_microsoft.clouds import Cloud

#: belong to no API
OPENID = frozenset({"openid", "profile", "email", "offline_access", "address", "phone"})


def qualified(scope: str, cloud: Cloud) -> str:
    """Return a scope with its API's address, if the cloud asks for it and it has none."""
    if cloud.is_global or "/" in scope or scope in OPENID:
        return scope
    return f"{cloud.graph_url}/{scope}"


def default_scopes(cloud: Cloud) -> tuple[str, ...]:
    """Return what an integration asks for that names no scopes: all the registration lists."""
    if cloud.is_named:
        return ("offline_access", qualified(".default", cloud))
    return ("offline_access", ".default")


def token_request(cloud: Cloud) -> TokenRequestHook:
    """Make the hook that qualifies a token request's scopes, or names the API that it is for.

    One refresh token, or one app, reaches every API of the tenant, a token at a time: the scope
    says which (https://learn.microsoft.com/entra/identity-platform/refresh-tokens).
    """

    def shape(request: TokenRequest, connection_config: Mapping[str, Any]) -> TokenRequest:
        del connection_config  # the cloud alone decides
        if request.audience:
            scope = f"{request.audience}/.default"
            if request.form.get("grant_type") == "refresh_token":
                # the newest refresh token is the one that lives longest
                scope += " offline_access"
            return replace(request, form={**request.form, "scope": scope})
        asked = request.form.get("scope")
        if not asked:
            return request
        scope = " ".join(qualified(one, cloud) for one in asked.split())
        return replace(request, form={**request.form, "scope": scope})

    return shape
