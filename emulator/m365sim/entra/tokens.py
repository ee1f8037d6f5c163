"""Access and id tokens: issued, and verified for the APIs behind them.

Follows https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference and
https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference. Graph gives out the
v1 format whichever endpoint was asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from joserfc import jwt
from joserfc.errors import BadSignatureError, JoseError

from m365sim.entra.claims_request import ClaimsRequest
from m365sim.entra.critical_events import MESSAGE, challenge
from m365sim.entra.keys import signing_key
from m365sim.entra.resources import APP_IDS, GRAPH, Resource
from m365sim.entra.token_claims import (
    app_claims,
    common_claims,
    id_claims,
    pairwise_subject,
    person_claims,
    service_principal_id,
    v1_id_claims,
)
from m365sim.sign_in_rules import Proof
from m365sim.tenant import AppRegistration, ResourceKind, Tenant, User

if TYPE_CHECKING:
    from m365sim.world import World

CLOCK_SKEW_SECONDS = 300
VERIFIED_CACHE_SIZE = 10_000

__all__ = [
    "InvalidToken",
    "Principal",
    "issue_access_token",
    "issue_id_token",
    "pairwise_subject",
    "service_principal_id",
    "verify_access_token",
]


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
    issued_at: int = 0  # seconds
    capabilities: frozenset[str] = frozenset()  # of the client: "cp1" takes challenges


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
    proof: Proof | None = None,
    wanted: ClaimsRequest | None = None,
) -> str:
    """Sign an access token for an API: delegated when there is a user, app-only when not."""
    now = _issue_time(world, user)
    claims: dict[str, Any] = {
        "aud": world.graph_audience if resource == GRAPH else resource.audience,
        "iat": now,
        "nbf": now,
        "exp": now + int(lifetime.total_seconds()),
        **common_claims(world, tenant, app, appidacr),
    }
    if user is not None:
        claims |= person_claims(tenant, app, resource, user, proof)
        claims["scp"] = " ".join(sorted(scopes))
    else:
        claims |= app_claims(tenant, app)
        if roles:
            claims["roles"] = sorted(roles)
    if wanted is not None and wanted.takes_challenges:
        claims["xms_cc"] = ["CP1"]
    if wanted is not None and wanted.contexts:
        claims["acrs"] = sorted(wanted.contexts)
    return _signed(claims)


def issue_id_token(
    world: World,
    *,
    tenant: Tenant,
    app: AppRegistration,
    user: User,
    nonce: str | None,
    scopes: frozenset[str],
    code_hash: str | None = None,
    v1_proof: Proof | None = None,
) -> str:
    """Sign an OpenID Connect id token: in the v2 format, or in v1 if given how they signed in."""
    now = _issue_time(world, user)
    claims: dict[str, Any] = {
        "iat": now,
        "nbf": now,
        "exp": now + 3600 + CLOCK_SKEW_SECONDS,
        **(
            id_claims(world, tenant, app, user, scopes)
            if v1_proof is None
            else v1_id_claims(world, tenant, app, user, v1_proof)
        ),
    }
    if nonce is not None:
        claims["nonce"] = nonce
    if code_hash is not None:
        claims["c_hash"] = code_hash
    return _signed(claims)


def verify_access_token(
    world: World, authorization_header: str | None, audience: ResourceKind
) -> Principal:
    """Return on whose behalf a request is made, or raise `InvalidToken`.

    Like the real APIs this looks at the token only: a person disabled a minute ago keeps access
    until the token ends, unless the client takes challenges (`critical_events`).
    """
    scheme, _, token = (authorization_header or "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise _refusal(world, audience, "Access token is empty.")
    cache_key = f"{audience} {token}"
    now = world.clock.now().timestamp()
    known = world.verified.get(cache_key)
    if known is not None and now < known[0]:
        return _unchallenged(world, known[1], audience)
    claims = _verified_claims(world, token, audience, now)
    principal = _principal(world, claims, audience)
    if len(world.verified) >= VERIFIED_CACHE_SIZE:
        world.verified.clear()
    world.verified[cache_key] = (float(claims["exp"]), principal)
    return _unchallenged(world, principal, audience)


def _issue_time(world: World, user: User | None) -> int:
    now = int(world.clock.now().timestamp())
    # Tokens of the second in which an event happened are dead: a new one is of the next.
    since = user.tokens_valid_from if user else None
    return now if since is None else max(now, int(since.timestamp()))


def _unchallenged(world: World, principal: Principal, audience: ResourceKind) -> Principal:
    www_authenticate = challenge(world, principal)
    if www_authenticate is not None:
        raise InvalidToken("InvalidAuthenticationToken", MESSAGE, www_authenticate)
    if principal.user is not None and principal.user.id not in world.directory.users:
        raise _refusal(world, audience, "The user of the token does not exist.")
    return principal


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
    if claims["idtyp"] == "user" and user is None:
        raise _refusal(world, audience, "The user of the token does not exist.")
    return Principal(
        tenant_id=claims["tid"],
        app_id=claims["appid"],
        app_display_name=claims["app_displayname"],
        user=user if claims["idtyp"] == "user" else None,
        scopes=frozenset(str(claims.get("scp", "")).split()),
        roles=frozenset(claims.get("roles", ())),
        appidacr=claims["appidacr"],
        issued_at=int(claims["iat"]),
        capabilities=frozenset(str(value).lower() for value in claims.get("xms_cc", ())),
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
