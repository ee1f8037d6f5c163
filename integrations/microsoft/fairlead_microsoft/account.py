"""Who connected: read from the tokens, and asked of Graph.

Tokens: https://learn.microsoft.com/entra/identity-platform/access-tokens. Their signature is not
verified and need not be: they came from the token endpoint itself, and what is read here labels a
connection; nothing is authorised by it.
"""

import json
from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fairlead.errors import FairleadError
from fairlead.model.provider import Account, OnConnectedHook, Reply, SendFn
from fairlead_microsoft.clouds import Cloud


def find_account(cloud: Cloud) -> OnConnectedHook:
    """Make the hook that finds tenant, user and SharePoint host of a new connection."""
    probe = f"{cloud.graph_url}/v1.0/sites/root?$select=webUrl,siteCollection"

    async def on_connected(
        tokens: Mapping[str, Any], connection_config: Mapping[str, Any], send: SendFn
    ) -> Account:
        del connection_config  # nothing in it tells who signed in
        found = identity_of(tokens)
        try:
            reply = await send(probe)
        except FairleadError:
            # The grant is good whether or not the probe is: the host is only nice to know.
            return Account(found)
        if host := _sharepoint_host(reply):
            found["sharepointHost"] = host
        return Account(found)

    return on_connected


async def find_tenant(
    tokens: Mapping[str, Any], connection_config: Mapping[str, Any], send: SendFn
) -> Account:
    """Find the tenant of an app's connection; that an app has no user needs no asking."""
    del connection_config, send
    return Account({k: v for k, v in identity_of(tokens).items() if k == "tenantId"})


def identity_of(tokens: Mapping[str, Any]) -> dict[str, str]:
    """Return `tenantId`, `userId` and `userPrincipalName` as far as the tokens tell them."""
    for name in ("access_token", "id_token"):
        claims = claims_of(tokens.get(name))
        tenant_id = _guid(claims.get("tid"))
        if tenant_id is None:
            continue
        found = {"tenantId": tenant_id}
        if user_id := _guid(claims.get("oid")):
            found["userId"] = user_id
        principal = claims.get("upn") or claims.get("preferred_username")
        if isinstance(principal, str):
            found["userPrincipalName"] = principal
        return found
    return {}


def claims_of(token: object) -> dict[str, Any]:
    """Return a JWT's claims unverified; {} for a token that is none (they may be opaque)."""
    if not isinstance(token, str) or token.count(".") != 2:
        return {}
    payload = token.split(".")[1]
    try:
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (Base64Error, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _guid(value: object) -> str | None:
    try:
        return str(UUID(value)) if isinstance(value, str) else None
    except ValueError:
        return None


def _sharepoint_host(reply: Reply) -> str | None:
    if reply.status != 200:
        return None
    try:
        site = json.loads(reply.body)
    except ValueError:
        return None
    collection = site.get("siteCollection") if isinstance(site, dict) else None
    host = collection.get("hostname") if isinstance(collection, dict) else None
    return host if isinstance(host, str) and host else None
