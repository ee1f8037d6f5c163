"""`POST /{tenant}/oauth2/v2.0/token`, and the older `/{tenant}/oauth2/token`.

Follows https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow,
https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow,
https://learn.microsoft.com/entra/identity-platform/refresh-tokens and RFC 7636.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from m365sim.entra.apps import authenticate, find_app, service_principal, tenant_of_path
from m365sim.entra.errors import Refusal
from m365sim.entra.grants import CODE_LIFETIME, REFRESH_LIFETIME, CodeGrant, RefreshGrant
from m365sim.entra.keys import base64url
from m365sim.entra.resources import serves
from m365sim.entra.scopes import application_resource, no_such_resource, parse_scopes
from m365sim.entra.token_answers import (
    Bearer,
    TokenRequest,
    delegated_answer,
    envelope,
    new_lifetime,
)
from m365sim.entra.tokens import issue_access_token
from m365sim.tenant import AppRegistration, Tenant, User

if TYPE_CHECKING:
    from m365sim.world import World


def token_response(world: World, request: TokenRequest) -> dict[str, Any]:
    """Answer a token request with the JSON of success, or raise the `Refusal` that it earns."""
    grant_type = request.field("grant_type")
    tenant_of_path(world, request.tenant_path)
    app = find_app(world, request.tenant_path, request.form.get("client_id"))
    if "resource" in request.form and not request.is_v1:
        raise Refusal(901002, "The 'resource' request parameter is not supported.")
    appidacr = authenticate(world, request.tenant_path, app, request.form)
    if grant_type == "authorization_code":
        return _redeem_code(world, request, app, appidacr)
    if grant_type == "refresh_token":
        return _refresh(world, request, app, appidacr)
    if grant_type == "client_credentials":
        return _client_credentials(world, request, app, appidacr)
    raise Refusal(70003, f"The app requested an unsupported grant type '{grant_type}'.")


def _redeem_code(
    world: World, request: TokenRequest, app: AppRegistration, appidacr: str
) -> dict[str, Any]:
    code = request.field("code")
    redirect_uri = request.field("redirect_uri")
    grant = world.grants.codes.get(code)
    if grant is None or grant.app_id != app.app_id:
        raise Refusal(
            70000,
            "The provided value for the 'code' parameter is not valid. The code is unknown or was "
            "issued to another application.",
        )
    if grant.redeemed:
        raise Refusal(
            54005,
            "OAuth2 Authorization code was already redeemed, please retry with a new valid code or "
            "use an existing refresh token.",
        )
    if grant.tenant_path.lower() != request.tenant_path.lower():
        raise Refusal(
            700005,
            "Provided Authorization Code is intended to use against other tenant, thus rejected. "
            "OAuth2 Authorization Code must be redeemed against same tenant it was acquired for "
            "(/common or /{tenant-ID} as appropriate).",
        )
    if redirect_uri != grant.redirect_uri:
        raise Refusal(
            500112,
            f"The reply address '{redirect_uri}' does not match the reply address "
            f"'{grant.redirect_uri}' provided when requesting Authorization code.",
        )
    if world.clock.now() - grant.issued_at >= CODE_LIFETIME:
        raise Refusal(
            70008,
            "The provided authorization code or refresh token has expired due to inactivity. Send "
            "a new interactive authorization request for this user and resource.",
        )
    _check_verifier(grant, request.form.get("code_verifier"))
    user, tenant = _person(world, grant)
    bearer = Bearer(app, appidacr, user, tenant)
    asked = parse_scopes(world, _scope(world, request, grant))
    if request.form.get("scope") and len(asked.resources) > 1:
        raise Refusal(
            28000,
            "Provided value for the input parameter scope is not valid because it contains more "
            f"than one resource. Scope {request.form['scope']} is not valid.",
        )
    answer = delegated_answer(world, request, bearer, asked, grant.nonce)
    grant.redeemed = True
    return answer


def _refresh(
    world: World, request: TokenRequest, app: AppRegistration, appidacr: str
) -> dict[str, Any]:
    grant = world.grants.refresh_tokens.get(request.field("refresh_token"))
    if grant is None or grant.app_id != app.app_id:
        raise Refusal(
            70000,
            "The provided value for the 'refresh_token' parameter is not valid. The token is "
            "unknown or was issued to another application.",
        )
    if world.clock.now() - grant.issued_at >= REFRESH_LIFETIME:
        raise Refusal(
            700082,
            "The refresh token has expired due to inactivity. The token was issued on "
            f"{grant.issued_at:%Y-%m-%dT%H:%M:%S.0000000Z} and was inactive for 90.00:00:00.",
        )
    path_tenant = tenant_of_path(world, request.tenant_path)
    user, tenant = _person(world, grant)
    if path_tenant is not None and path_tenant.id != tenant.id:
        raise Refusal(
            50020,
            f"User account '{user.upn}' from identity provider "
            f"'https://sts.windows.net/{tenant.id}/' does not exist in tenant "
            f"'{path_tenant.display_name}'.",
        )
    asked = parse_scopes(world, _scope(world, request, grant))
    return delegated_answer(world, request, Bearer(app, appidacr, user, tenant), asked)


def _client_credentials(
    world: World, request: TokenRequest, app: AppRegistration, appidacr: str
) -> dict[str, Any]:
    tenant = tenant_of_path(world, request.tenant_path)
    if tenant is None:
        raise Refusal(
            9001023,
            "The grant type is not supported over the /common or /consumers endpoints. Please use "
            "the /organizations or tenant-specific endpoint.",
        )
    if request.is_v1:
        asked = application_resource(world, f"{request.field('resource').rstrip('/')}/.default")
    else:
        asked = application_resource(world, request.field("scope"))
    service_principal(world, tenant, app)
    if not serves(asked.resource, tenant):
        raise no_such_resource(world, asked.resource.audience)
    lifetime = new_lifetime(world)
    token = issue_access_token(
        world,
        tenant=tenant,
        app=app,
        resource=asked.resource,
        lifetime=timedelta(seconds=lifetime),
        appidacr=appidacr,
        roles=world.directory.roles(tenant.id, app.app_id, asked.resource.kind),
    )
    return envelope(world, request, lifetime, token)


def _check_verifier(grant: CodeGrant, verifier: str | None) -> None:
    if grant.challenge is None and not verifier:
        return
    computed = verifier or ""
    if grant.challenge_method == "S256":
        computed = base64url(hashlib.sha256(computed.encode()).digest())
    if verifier is None or not hmac.compare_digest(
        (grant.challenge or "").encode(), computed.encode()
    ):
        raise Refusal(
            501481,
            "The Code_Verifier does not match the code_challenge supplied in the authorization "
            "request.",
        )


def _person(world: World, grant: CodeGrant | RefreshGrant) -> tuple[User, Tenant]:
    user = world.directory.users[grant.user_id]
    if not user.enabled:
        raise Refusal(50057, "The user account is disabled.")
    if user.sessions_revoked_at is not None and grant.issued_at <= user.sessions_revoked_at:
        raise Refusal(
            50173,
            "The provided grant has expired due to it being revoked, a fresh auth token is needed. "
            "The user might have changed or reset their password. The grant was issued on "
            f"'{grant.issued_at:%Y-%m-%dT%H:%M:%S.0000000Z}' and the TokensValidFrom date (before "
            "which tokens are not valid) for this user is "
            f"'{user.sessions_revoked_at:%Y-%m-%dT%H:%M:%S.0000000Z}'.",
            suberror="bad_token",
        )
    return user, world.directory.tenants[user.tenant_id]


def _scope(world: World, request: TokenRequest, grant: CodeGrant | RefreshGrant) -> str:
    if not request.is_v1:
        return request.form.get("scope") or grant.scope
    resource = request.form.get("resource") or grant.resource or world.graph_audience
    # The older endpoint always gives a refresh token and an id token.
    return f"{resource.rstrip('/')}/.default openid profile offline_access"
