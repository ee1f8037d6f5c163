"""`grant_type=password`: an app that knows somebody's password. No page can be shown.

Follows https://learn.microsoft.com/entra/identity-platform/v2-oauth-ropc
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from m365sim.entra.accounts import check_password, not_in_tenant
from m365sim.entra.apps import tenant_of_path
from m365sim.entra.assignments import check_assignment
from m365sim.entra.claims_request import read_claims
from m365sim.entra.errors import Refusal
from m365sim.entra.scopes import parse_scopes, several_resources
from m365sim.entra.token_answers import Bearer, TokenRequest, delegated_answer, v1_scope
from m365sim.sign_in_rules import Proof
from m365sim.tenant import AppRegistration

if TYPE_CHECKING:
    from m365sim.world import World

NOT_HERE = ("common", "consumers")


def redeem_password(
    world: World, request: TokenRequest, app: AppRegistration, appidacr: str
) -> dict[str, Any]:
    """Answer with tokens for a name and password, or raise the `Refusal` that they earn."""
    if request.tenant_path.lower() in NOT_HERE:
        raise grant_not_here()
    for field, name in (("username", "username"), ("password", "pwd")):
        if not request.form.get(field):
            raise Refusal(
                90014,
                f"The required field '{name}' is missing from the credential. Ensure that you have "
                "all the necessary parameters for the login request.",
            )
    scope = v1_scope(request.field("resource")) if request.is_v1 else request.field("scope")
    if len(parse_scopes(world, scope).resources) > 1:
        raise several_resources(scope)
    user = check_password(world, request.form["username"], request.form["password"])
    tenant = world.directory.tenants[user.tenant_id]
    named = tenant_of_path(world, request.tenant_path)
    if named is not None and named.id != tenant.id:
        raise not_in_tenant(world, user, named)
    check_assignment(user, app)
    asked = parse_scopes(world.of(tenant.id), scope)
    proof = Proof(world.clock.now())
    wanted = read_claims(request.form.get("claims"))
    bearer = Bearer(app, appidacr, user, tenant, proof, wanted)
    return delegated_answer(world, request, bearer, asked)


def grant_not_here() -> Refusal:
    """Return the refusal of a grant that needs to know the tenant."""
    return Refusal(
        9001023,
        "The grant type is not supported over the /common or /consumers endpoints. Please use "
        "the /organizations or tenant-specific endpoint.",
    )
