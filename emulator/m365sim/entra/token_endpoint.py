"""`POST /{tenant}/oauth2/v2.0/token`, and the older `/{tenant}/oauth2/token`.

Follows https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow; the
other grants have files of their own.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from m365sim.entra.apps import authenticate, find_app, service_principal, tenant_of_path
from m365sim.entra.claims_request import read_claims
from m365sim.entra.code_grant import redeem_code
from m365sim.entra.device_code import GRANT_TYPES as DEVICE_GRANT_TYPES
from m365sim.entra.device_code import redeem_device_code
from m365sim.entra.errors import Refusal
from m365sim.entra.outages import check_budget, check_service
from m365sim.entra.password_grant import grant_not_here, redeem_password
from m365sim.entra.refresh_grant import refresh
from m365sim.entra.scopes import application_resource, check_available
from m365sim.entra.spa import cross_origin
from m365sim.entra.token_answers import TokenRequest, envelope, new_lifetime
from m365sim.entra.tokens import issue_access_token
from m365sim.tenant import AppRegistration

if TYPE_CHECKING:
    from m365sim.world import World

LOOP_WINDOW = timedelta(minutes=5)
_FOR_PAGES = ("authorization_code", "refresh_token")


def token_response(world: World, request: TokenRequest) -> dict[str, Any]:
    """Answer a token request with the JSON of success, or raise the `Refusal` that it earns."""
    grant_type = request.field("grant_type")
    tenant_of_path(world, request.tenant_path)
    app = find_app(world, request.tenant_path, request.form.get("client_id"))
    if "resource" in request.form and not request.is_v1:
        raise Refusal(901002, "The 'resource' request parameter is not supported.")
    check_service(world, request.tenant_path, app)
    appidacr = _who(world, request, app, grant_type)
    check_budget(world, request.tenant_path, app)
    _check_loop(world, request, app, grant_type)
    if grant_type == "authorization_code":
        return redeem_code(world, request, app, appidacr)
    if grant_type == "refresh_token":
        return refresh(world, request, app, appidacr)
    if grant_type == "client_credentials":
        return _client_credentials(world, request, app, appidacr)
    if grant_type == "password":
        return redeem_password(world, request, app, appidacr)
    if grant_type in DEVICE_GRANT_TYPES:
        return redeem_device_code(world, request, app, appidacr)
    raise Refusal(70003, f"The app requested an unsupported grant type '{grant_type}'.")


def _who(world: World, request: TokenRequest, app: AppRegistration, grant_type: str) -> str:
    """Have an app prove itself; a page of its own cannot, and must not try."""
    if request.origin is None:
        return authenticate(world, request.tenant_path, app, request.form)
    has_proof = request.form.get("client_secret") or request.form.get("client_assertion")
    if has_proof or grant_type not in _FOR_PAGES:
        raise cross_origin()
    return "0"


def _check_loop(world: World, request: TokenRequest, app: AppRegistration, grant_type: str) -> None:
    """Refuse an app that sends the same request over and over, where its tenant has a limit."""
    tenant = tenant_of_path(world, request.tenant_path)
    limit = world.directory.rules(tenant.id if tenant else app.tenant_id).loop_limit
    if limit is None:
        return
    told = {k: v for k, v in request.form.items() if k != "client_assertion"}
    whole = repr((request.tenant_path, grant_type, sorted(told.items()))).encode()
    key = hashlib.sha256(whole).hexdigest()
    now = world.clock.now()
    recent = [at for at in world.grants.seen.get(key, []) if now - at < LOOP_WINDOW]
    world.grants.seen[key] = [*recent, now]
    if len(recent) >= limit:
        raise Refusal(
            50196,
            "The server terminated an operation because it encountered a client request loop. "
            "Please contact your app vendor.",
        )


def _client_credentials(
    world: World, request: TokenRequest, app: AppRegistration, appidacr: str
) -> dict[str, Any]:
    tenant = tenant_of_path(world, request.tenant_path)
    if tenant is None:
        raise grant_not_here()
    scope = f"{request.field('resource').rstrip('/')}/.default" if request.is_v1 else None
    asked = application_resource(world, scope or request.field("scope"))
    service_principal(world, tenant, app)
    check_available(world, asked.resource, tenant)
    wanted = read_claims(request.form.get("claims"))
    lifetime = new_lifetime(world, wanted)
    token = issue_access_token(
        world,
        tenant=tenant,
        app=app,
        resource=asked.resource,
        lifetime=timedelta(seconds=lifetime),
        appidacr=appidacr,
        roles=world.directory.roles(tenant.id, app.app_id, asked.resource.kind),
        wanted=wanted,
    )
    return envelope(world, request, lifetime, token)
