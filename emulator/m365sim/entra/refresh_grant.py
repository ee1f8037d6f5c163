"""`grant_type=refresh_token`: new tokens, and the old refresh token stays as good as it was.

Follows https://learn.microsoft.com/entra/identity-platform/refresh-tokens
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from m365sim.entra.apps import tenant_of_path
from m365sim.entra.claims_request import read_claims
from m365sim.entra.errors import Refusal
from m365sim.entra.grants import REFRESH_LIFETIME, SPA_REFRESH_LIFETIME, RefreshGrant
from m365sim.entra.people import check_grant, person_of
from m365sim.entra.scopes import parse_scopes
from m365sim.entra.spa import check_origin
from m365sim.entra.token_answers import Bearer, TokenRequest, asked_text, delegated_answer
from m365sim.tenant import AppRegistration

if TYPE_CHECKING:
    from m365sim.world import World


def refresh(
    world: World, request: TokenRequest, app: AppRegistration, appidacr: str
) -> dict[str, Any]:
    """Answer with new tokens, or raise the `Refusal` that the request earns."""
    grant = world.grants.refresh_tokens.get(request.field("refresh_token"))
    if grant is None or grant.app_id != app.app_id:
        raise Refusal(
            70000,
            "The provided value for the 'refresh_token' parameter is not valid. The token is "
            "unknown or was issued to another application.",
        )
    check_origin(request, is_spa=grant.spa_since is not None)
    _check_age(world, grant)
    path_tenant = tenant_of_path(world, request.tenant_path)
    user, tenant = person_of(world, grant.user_id)
    check_grant(user, app, grant.issued_at, grant.proof)
    if path_tenant is not None and path_tenant.id != tenant.id:
        raise Refusal(
            50020,
            f"User account '{user.upn}' from identity provider "
            f"'https://sts.windows.net/{tenant.id}/' does not exist in tenant "
            f"'{path_tenant.display_name}'.",
        )
    world = world.of(tenant.id)  # whose SharePoint is meant where none is named
    asked = parse_scopes(world, asked_text(world, request, grant.scope, grant.resource))
    wanted = read_claims(request.form.get("claims"))
    bearer = Bearer(app, appidacr, user, tenant, grant.proof, wanted)
    return delegated_answer(world, request, bearer, asked, spa_since=grant.spa_since)


def _check_age(world: World, grant: RefreshGrant) -> None:
    now = world.clock.now()
    if grant.spa_since is not None and now - grant.spa_since >= SPA_REFRESH_LIFETIME:
        raise Refusal(
            700084,
            "The refresh token was issued to a single page app (SPA), and therefore has a fixed, "
            "limited lifetime of 1.00:00:00, which cannot be extended. It is now expired and a new "
            "sign in request must be sent by the SPA to the sign in page. The token was issued on "
            f"{grant.spa_since:%Y-%m-%dT%H:%M:%S.0000000Z}.",
        )
    if now - grant.issued_at >= REFRESH_LIFETIME:
        raise Refusal(
            700082,
            "The refresh token has expired due to inactivity. The token was issued on "
            f"{grant.issued_at:%Y-%m-%dT%H:%M:%S.0000000Z} and was inactive for 90.00:00:00.",
        )
