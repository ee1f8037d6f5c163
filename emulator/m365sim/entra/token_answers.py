"""The JSON of a successful token request, in the spelling of the endpoint that was asked.

Follows https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow; the older
endpoint gives numbers as strings.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from m365sim.entra.claims_request import ClaimsRequest
from m365sim.entra.errors import Refusal, missing
from m365sim.entra.grants import RefreshGrant
from m365sim.entra.keys import base64url
from m365sim.entra.policies import Attempt, check_policies
from m365sim.entra.scopes import (
    AskedResource,
    AskedScopes,
    answered_scope,
    check_available,
    unknown_name,
)
from m365sim.entra.tokens import issue_access_token, issue_id_token
from m365sim.sign_in_rules import Proof
from m365sim.tenant import AppRegistration, Tenant, User

if TYPE_CHECKING:
    from m365sim.world import World

#: Access tokens live 60 to 90 minutes, drawn anew for each.
LIFETIME_SECONDS = (3599, 5399)

#: Those of clients that take challenges live 20 to 28 hours, for they can be ended before:
#: https://learn.microsoft.com/entra/identity-platform/app-resilience-continuous-access-evaluation
LONG_LIFETIME_SECONDS = (20 * 3600, 28 * 3600)


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A form posted to the token endpoint, at the path it was posted to."""

    tenant_path: str
    form: dict[str, str]
    is_v1: bool = False
    origin: str | None = None  # of the page that sent it, if a page did

    def field(self, name: str) -> str:
        """Return a field, or refuse its absence."""
        value = self.form.get(name)
        if not value:
            raise missing(name)
        return value


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who will hold a delegated token: an app, how it proved itself, and a person."""

    app: AppRegistration
    appidacr: str
    user: User
    tenant: Tenant
    proof: Proof
    wanted: ClaimsRequest


def new_lifetime(world: World, wanted: ClaimsRequest) -> int:
    """Draw the lifetime of an access token, in seconds."""
    return world.rng.randint(
        *(LONG_LIFETIME_SECONDS if wanted.takes_challenges else LIFETIME_SECONDS)
    )


def v1_scope(resource: str) -> str:
    """Return the scopes that a request of the older endpoint for a resource stands for."""
    # It always gives a refresh token and an id token.
    return f"{resource.rstrip('/')}/.default openid profile offline_access"


def asked_text(
    world: World, request: TokenRequest, granted_scope: str, granted_resource: str | None
) -> str:
    """Return the scope parameter of a token request, or what the grant was given for."""
    if not request.is_v1:
        return request.form.get("scope") or granted_scope
    return v1_scope(request.form.get("resource") or granted_resource or world.graph_audience)


def delegated_answer(
    world: World,
    request: TokenRequest,
    bearer: Bearer,
    asked: AskedScopes,
    nonce: str | None = None,
    *,
    spa_since: datetime | None = None,
) -> dict[str, Any]:
    """Answer with tokens for a person, or refuse what nobody consented to or a policy forbids."""
    target = asked.resources[0]  # of several, the first
    _check_scopes(world, bearer, asked)
    contexts = bearer.wanted.contexts
    check_policies(world, Attempt(bearer.user, bearer.app, [target], bearer.proof, contexts))
    granted = _granted(world, bearer, target)
    lifetime = new_lifetime(world, bearer.wanted)
    token = issue_access_token(
        world,
        tenant=bearer.tenant,
        app=bearer.app,
        resource=target.resource,
        lifetime=timedelta(seconds=lifetime),
        appidacr=bearer.appidacr,
        user=bearer.user,
        scopes=(granted | asked.oidc) - {"offline_access"},
        proof=bearer.proof,
        wanted=bearer.wanted,
    )
    answer = envelope(world, request, lifetime, token)
    answer["scope"] = answered_scope(target, granted, asked.oidc)
    if asked.wants_refresh_token:
        answer["refresh_token"] = _new_refresh_token(world, request, bearer, asked, spa_since)
    if "openid" in asked.oidc:
        answer["id_token"] = issue_id_token(
            world,
            tenant=bearer.tenant,
            app=bearer.app,
            user=bearer.user,
            nonce=nonce,
            scopes=granted | asked.oidc,
            v1_proof=bearer.proof if request.is_v1 else None,
        )
    if request.form.get("client_info") == "1":
        answer["client_info"] = client_info(bearer.user)
    return answer


def envelope(world: World, request: TokenRequest, lifetime: int, token: str) -> dict[str, Any]:
    """Return what every answer has: the access token and how long it is good for."""
    if not request.is_v1:
        return {
            "token_type": "Bearer",
            "expires_in": lifetime,
            "ext_expires_in": lifetime,
            "access_token": token,
        }
    now = int(world.clock.now().timestamp())
    return {
        "token_type": "Bearer",
        "expires_in": str(lifetime),
        "ext_expires_in": str(lifetime),
        "expires_on": str(now + lifetime),
        "not_before": str(now - 300),
        "resource": request.form.get("resource", world.graph_audience),
        "access_token": token,
    }


def client_info(user: User) -> str:
    """Return what MSAL builds its account id from."""
    return base64url(orjson.dumps({"uid": user.id, "utid": user.tenant_id}))


def _check_scopes(world: World, bearer: Bearer, asked: AskedScopes) -> None:
    target = asked.resources[0]
    unknown = unknown_name(asked)
    if unknown is not None:
        raise Refusal(
            70011,
            "The provided request must include a 'scope' input parameter. The provided value for "
            "the input parameter 'scope' is not valid. The scope "
            f"'{target.prefix}{unknown[0]}' does not exist.",
        )
    check_available(world, target.resource, bearer.tenant)


def _granted(world: World, bearer: Bearer, target: AskedResource) -> frozenset[str]:
    app = bearer.app
    granted = world.directory.granted(
        bearer.tenant.id, app.app_id, target.resource.kind, bearer.user.id
    )
    if not granted or target.names - granted:
        raise Refusal(
            65001,
            "The user or administrator has not consented to use the application with ID "
            f"'{app.app_id}' named '{app.display_name}'. Send an interactive authorization request "
            "for this user and resource.",
            suberror="consent_required",
        )
    return granted


def _new_refresh_token(
    world: World,
    request: TokenRequest,
    bearer: Bearer,
    asked: AskedScopes,
    spa_since: datetime | None,
) -> str:
    token = f"1.A{world.new_secret(96)}"
    world.grants.refresh_tokens[token] = RefreshGrant(
        app_id=bearer.app.app_id,
        user_id=bearer.user.id,
        tenant_id=bearer.tenant.id,
        scope=_named_again(asked),
        issued_at=world.clock.now(),
        proof=bearer.proof,
        resource=request.form.get("resource"),
        spa_since=spa_since,
    )
    return token


def _named_again(asked: AskedScopes) -> str:
    """Spell a scope parameter once more, for a later refresh that names none."""
    names = [
        f"{one.prefix}{name}"
        for one in asked.resources
        for name in (sorted(one.names) or ([".default"] if one.is_default else []))
    ]
    return " ".join([*names, *sorted(asked.oidc)])
