"""`grant_type=authorization_code`: a code becomes tokens, once.

Follows https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow and RFC 7636.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any

from m365sim.entra.claims_request import read_claims
from m365sim.entra.errors import Refusal
from m365sim.entra.grants import CODE_LIFETIME, CodeGrant
from m365sim.entra.keys import base64url
from m365sim.entra.people import check_grant, person_of
from m365sim.entra.scopes import AskedScopes, parse_scopes, unknown_name
from m365sim.entra.spa import check_origin
from m365sim.entra.token_answers import Bearer, TokenRequest, asked_text, delegated_answer
from m365sim.tenant import AppRegistration

if TYPE_CHECKING:
    from m365sim.world import World


def redeem_code(
    world: World, request: TokenRequest, app: AppRegistration, appidacr: str
) -> dict[str, Any]:
    """Answer with tokens for a code, or raise the `Refusal` that it earns."""
    code = request.field("code")
    redirect_uri = request.field("redirect_uri")
    grant = world.grants.codes.get(code)
    if grant is None or grant.app_id != app.app_id:
        raise Refusal(
            70000,
            "The provided value for the 'code' parameter is not valid. The code is unknown or was "
            "issued to another application.",
        )
    _check_use(world, request, grant, redirect_uri)
    is_spa = redirect_uri in app.spa_redirect_uris
    check_origin(request, is_spa=is_spa)
    user, tenant = person_of(world, grant.user_id)
    check_grant(user, app, grant.issued_at, grant.proof)
    world = world.of(tenant.id)  # whose SharePoint is meant where none is named
    asked = _asked(world, request, grant)
    wanted = grant.wanted.joined(read_claims(request.form.get("claims")))
    bearer = Bearer(app, appidacr, user, tenant, grant.proof, wanted)
    spa_since = world.clock.now() if is_spa else None
    answer = delegated_answer(world, request, bearer, asked, grant.nonce, spa_since=spa_since)
    grant.redeemed = True
    return answer


def _check_use(world: World, request: TokenRequest, grant: CodeGrant, redirect_uri: str) -> None:
    if grant.redeemed:
        raise Refusal(
            54005,
            "OAuth2 Authorization code was already redeemed, please retry with a new valid code or "
            "use an existing refresh token.",
        )
    if request.tenant_path.lower() != grant.tenant_path.lower():
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


def _asked(world: World, request: TokenRequest, grant: CodeGrant) -> AskedScopes:
    scope = request.form.get("scope")
    if not request.is_v1 and not scope and grant.resource is not None:
        # The older endpoint gave the code, for a resource and for no scope.
        raise Refusal(
            28003,
            "Provided value for the input parameter scope cannot be empty when requesting an "
            "access token using the provided authorization code. Please specify a valid scope.",
        )
    asked = parse_scopes(world, asked_text(world, request, grant.scope, grant.resource))
    if scope and len(asked.resources) > 1:
        raise Refusal(
            28000,
            "Provided value for the input parameter scope is not valid because it contains more "
            f"than one resource. Scope {scope} is not valid.",
        )
    if unknown_name(asked) is not None:
        raise Refusal(
            28002,
            f"Provided value for the input parameter scope '{scope}' is not valid when requesting "
            "an access token. Please specify a valid scope.",
        )
    return asked


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
