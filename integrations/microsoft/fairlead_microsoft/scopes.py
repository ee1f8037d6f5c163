"""Scopes and claims of token requests, as each cloud wants them.

An unqualified scope means Microsoft Graph
(https://learn.microsoft.com/entra/identity-platform/scopes-oidc). In the national clouds short
names are as good as long ones, but `.default` must carry the address of their own Graph
(https://learn.microsoft.com/graph/sdks/national-clouds): there, all carry it.

Every request declares `cp1`: this client answers a claims challenge, so tokens live longer, and end
at once when an administrator ends them
(https://learn.microsoft.com/entra/identity-platform/claims-challenge).
"""

import json
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
        form = {**request.form, "claims": with_capability(request.form.get("claims", ""))}
        if request.audience:
            form["scope"] = f"{request.audience}/.default"
            if form.get("grant_type") == "refresh_token":
                # the newest refresh token is the one that lives longest
                form["scope"] += " offline_access"
        elif form.get("grant_type") == "refresh_token" and not form.get("scope"):
            # a refresh token is for no API, and the newest may have come with another one's token:
            # without a scope, that API would be meant
            form["scope"] = " ".join(default_scopes(cloud))
        elif asked := form.get("scope"):
            form["scope"] = " ".join(qualified(one, cloud) for one in asked.split())
        return replace(request, form=form)

    return shape


def with_capability(claims: str) -> str:
    """Return the claims of a request, JSON, with what this client is capable of among them."""
    asked = json.loads(claims) if claims else {}
    token = asked.get("access_token")
    token = token if isinstance(token, dict) else {}
    merged = {**asked, "access_token": {**token, "xms_cc": {"values": ["cp1"]}}}
    return json.dumps(merged, separators=(",", ":"))
