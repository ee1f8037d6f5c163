"""Access and id tokens: issued, and verified for the APIs behind them.

Follows https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference and
https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference. Graph gives out the
v1 format whichever endpoint was asked.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from joserfc import jwt
from joserfc.errors import BadSignatureError, JoseError

from m365sim.entra.keys import base64url, signing_key
from m365sim.entra.resources import APP_IDS, GRAPH, Resource
from m365sim.tenant import AppRegistration, ResourceKind, Tenant, User

if TYPE_CHECKING:
    from m365sim.world import World

CLOCK_SKEW_SECONDS = 300
VERIFIED_CACHE_SIZE = 10_000


@dataclass(frozen=True, slots=True)
class Principal:
    """On whose behalf a request is made: an app, and the person it acts for, if any."""

    tenant_id: str
    app_id: str
    app_display_name: str
    user: User | None
    scopes: frozenset[str]  # delegated permissions
    roles: frozenset[str]  # application permissions
    appidacr: str  # how the app proved itself: "0" not at all, "1" secret, "2" certificate


class InvalidToken(Exception):
    """The bearer token does not open this API; carries what the answer says."""

    def __init__(self, code: str, message: str, www_authenticate: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.www_authenticate = www_authenticate


def issue_access_token(
    world: World,
    *,
    tenant: Tenant,
    app: AppRegistration,
    resource: Resource,
    lifetime: timedelta,
    appidacr: str,
    user: User | None = None,
    scopes: frozenset[str] = frozenset(),
    roles: frozenset[str] = frozenset(),
) -> str:
    """Sign an access token for an API: delegated when there is a user, app-only when not."""
    now = int(world.clock.now().timestamp())
    claims: dict[str, Any] = {
        "aud": world.graph_audience if resource == GRAPH else resource.audience,
        "iss": f"https://sts.windows.net/{tenant.id}/",
        "iat": now,
        "nbf": now,
        "exp": now + int(lifetime.total_seconds()),
        "app_displayname": app.display_name,
        "appid": app.app_id,
        "appidacr": appidacr,
        "tid": tenant.id,
        "tenant_region_scope": "EU",
        "uti": world.new_secret(16),
        "ver": "1.0",
        "xms_tcdt": 1577836800,
        "xms_idrel": "1 2" if user else "7 2",
    }
    if user is not None:
        given, _, family = user.display_name.partition(" ")
        claims |= {
            "acct": 0,
            "acr": "1",
            "amr": ["pwd"],
            "family_name": family,
            "given_name": given,
            "idtyp": "user",
            "name": user.display_name,
            "oid": user.id,
            "scp": " ".join(sorted(scopes)),
            "sub": pairwise_subject(tenant.id, APP_IDS[resource.kind], user.id),
            "unique_name": user.upn,
            "upn": user.upn,
            "xms_st": {"sub": pairwise_subject(tenant.id, app.app_id, user.id)},
        }
    else:
        principal_id = service_principal_id(tenant.id, app.app_id)
        claims |= {"idtyp": "app", "oid": principal_id, "sub": principal_id}
        if roles:
            claims["roles"] = sorted(roles)
    return _signed(claims)


def issue_id_token(
    world: World, *, tenant: Tenant, app: AppRegistration, user: User, nonce: str | None
) -> str:
    """Sign an OpenID Connect id token, in the v2 format."""
    now = int(world.clock.now().timestamp())
    claims: dict[str, Any] = {
        "aud": app.app_id,
        "iss": f"{world.urls.login}/{tenant.id}/v2.0",
        "iat": now,
        "nbf": now,
        "exp": now + 3600 + CLOCK_SKEW_SECONDS,
        "email": user.email,
        "name": user.display_name,
        "oid": user.id,
        "preferred_username": user.upn,
        "sub": pairwise_subject(tenant.id, app.app_id, user.id),
        "tid": tenant.id,
        "uti": world.new_secret(16),
        "ver": "2.0",
    }
    if nonce is not None:
        claims["nonce"] = nonce
    return _signed(claims)


def verify_access_token(
    world: World, authorization_header: str | None, audience: ResourceKind
) -> Principal:
    """Return on whose behalf a request is made, or raise `InvalidToken`.

    Like the real APIs this looks at the token only: a person disabled a minute ago keeps access
    until the token ends.
    """
    scheme, _, token = (authorization_header or "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise _refusal(world, audience, "Access token is empty.")
    cache_key = f"{audience} {token}"
    now = world.clock.now().timestamp()
    known = world.verified.get(cache_key)
    if known is not None and now < known[0]:
        return known[1]
    claims = _verified_claims(world, token, audience, now)
    principal = _principal(world, claims, audience)
    if len(world.verified) >= VERIFIED_CACHE_SIZE:
        world.verified.clear()
    world.verified[cache_key] = (float(claims["exp"]), principal)
    return principal


def pairwise_subject(tenant_id: str, app_id: str, user_id: str) -> str:
    """Return the id by which one app, and no other, knows a user."""
    return base64url(hashlib.sha256(f"{tenant_id}/{app_id}/{user_id}".encode()).digest())


def service_principal_id(tenant_id: str, app_id: str) -> str:
    """Return the object id of an app's service principal in a tenant."""
    raw = hashlib.sha256(f"sp/{tenant_id}/{app_id}".encode()).hexdigest()
    return f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-8{raw[17:20]}-{raw[20:32]}"


def _signed(claims: dict[str, Any]) -> str:
    key = signing_key()
    header = {"typ": "JWT", "alg": "RS256", "x5t": key.kid, "kid": key.kid}
    return jwt.encode(header, claims, key.key, algorithms=["RS256"])


def _verified_claims(
    world: World, token: str, audience: ResourceKind, now: float
) -> dict[str, Any]:
    try:
        claims = jwt.decode(token, signing_key().key, algorithms=["RS256"]).claims
    except BadSignatureError as wrong:
        raise _refusal(
            world, audience, "Access token validation failure. Invalid signature."
        ) from wrong
    except (JoseError, ValueError) as malformed:
        raise _refusal(
            world, audience, "IDX14100: JWT is not well formed, there are no dots (.)."
        ) from malformed
    if not _is_for(world, claims, audience):
        raise _refusal(world, audience, "Access token validation failure. Invalid audience.")
    if now >= claims["exp"]:
        raise _refusal(world, audience, "Lifetime validation failed, the token is expired.")
    if now + CLOCK_SKEW_SECONDS < claims["nbf"]:
        raise _refusal(world, audience, "Lifetime validation failed, the token is not yet valid.")
    return dict(claims)


def _is_for(world: World, claims: dict[str, Any], audience: ResourceKind) -> bool:
    named = str(claims.get("aud", ""))
    if audience == "graph":
        return named == world.graph_audience
    tenant = world.directory.tenant_of_host(named.removeprefix("https://"))
    return named.endswith(f".{world.cloud.sharepoint}") and tenant is world.tenant


def _principal(world: World, claims: dict[str, Any], audience: ResourceKind) -> Principal:
    user = world.directory.users.get(claims["oid"])
    tid = claims["tid"]
    if tid not in world.directory.tenants or (audience == "sharepoint" and tid != world.tenant.id):
        raise _refusal(world, audience, "Access token validation failure. Invalid issuer.")
    return Principal(
        tenant_id=claims["tid"],
        app_id=claims["appid"],
        app_display_name=claims["app_displayname"],
        user=user if claims["idtyp"] == "user" else None,
        scopes=frozenset(str(claims.get("scp", "")).split()),
        roles=frozenset(claims.get("roles", ())),
        appidacr=claims["appidacr"],
    )


def _refusal(world: World, audience: ResourceKind, message: str) -> InvalidToken:
    if audience == "graph":
        challenge = (
            'Bearer realm="", '
            f'authorization_uri="{world.urls.login}/common/oauth2/authorize", '
            f'client_id="{APP_IDS["graph"]}"'
        )
        return InvalidToken("InvalidAuthenticationToken", message, challenge)
    # Clients find a tenant's id by asking without a token and reading the realm.
    challenge = (
        f'Bearer realm="{world.tenant.id}",client_id="{APP_IDS["sharepoint"]}",'
        f'trusted_issuers="{APP_IDS["sharepoint"]}@*,https://sts.windows.net/*/,'
        f'{world.urls.login}/*/v2.0",authorization_uri="{world.urls.login}/common/oauth2/authorize"'
    )
    return InvalidToken("invalid_client", message, challenge)
