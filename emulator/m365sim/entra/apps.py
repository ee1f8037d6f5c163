"""Which tenant and which app a request is about, and whether the app has proved who it is.

Follows https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
"""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from m365sim.entra.assertions import ASSERTION_TYPE, check_assertion
from m365sim.entra.assignments import check_switched_on
from m365sim.entra.errors import Refusal, missing
from m365sim.tenant import AppRegistration, Tenant

if TYPE_CHECKING:
    from m365sim.world import World

#: Paths that stand for "any tenant".
MANY_TENANTS = ("common", "organizations")


def tenant_of_path(world: World, tenant_path: str) -> Tenant | None:
    """Return the tenant that a path names, None for `common` and the like, or refuse."""
    if tenant_path.lower() in (*MANY_TENANTS, "consumers"):
        return None
    tenant = world.directory.tenant(tenant_path)
    if tenant is None:
        raise Refusal(
            90002,
            f"Tenant '{tenant_path}' not found. Check to make sure you have the correct tenant ID "
            "and are signing into the correct cloud. Check with your subscription administrator, "
            "this may happen if there are no active subscriptions for the tenant.",
        )
    return tenant


def find_app(world: World, tenant_path: str, client_id: str | None) -> AppRegistration:
    """Return the app that a request names, if it may be used at this path, or refuse."""
    if not client_id:
        raise missing("client_id")
    tenant = tenant_of_path(world, tenant_path)
    app = world.directory.apps.get(client_id.lower())
    if app is None or tenant_path.lower() == "consumers":
        raise _unknown_app(client_id, tenant)
    if not app.enabled:
        raise Refusal(7000112, f"Application '{app.app_id}'({app.display_name}) is disabled.")
    if tenant is not None:
        check_switched_on(app, tenant.id)
    if app.multi_tenant:
        return app
    if tenant is None:
        raise Refusal(
            50194,
            f"Application '{client_id}'({app.display_name}) is not configured as a multi-tenant "
            "application. Usage of the /common endpoint is not supported for such apps created "
            "after '10/15/2018'. Use a tenant-specific endpoint or configure the application to "
            "be multi-tenant.",
        )
    if tenant.id != app.tenant_id:
        raise _unknown_app(client_id, tenant)
    return app


def service_principal(world: World, tenant: Tenant, app: AppRegistration) -> None:
    """Refuse an app that nobody has brought into a tenant."""
    if not world.directory.knows_app(tenant.id, app.app_id):
        raise _unknown_app(app.app_id, tenant)


def basic_credentials(authorization: str | None) -> tuple[str, str] | None:
    """Read client id and secret from an HTTP Basic header (RFC 6749 section 2.3.1)."""
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return unquote_plus(user), unquote_plus(password)


def authenticate(world: World, tenant_path: str, app: AppRegistration, form: dict[str, str]) -> str:
    """Check an app's proof of identity; return what it was, as in the claim `appidacr`.

    "0" is none, "1" a secret, "2" a certificate. A public app has none, and may not try.
    """
    secret, assertion = form.get("client_secret"), form.get("client_assertion")
    if app.is_public:
        if secret or assertion:
            raise Refusal(
                700025,
                "Client is public so neither 'client_assertion' nor 'client_secret' should be "
                "presented.",
            )
        return "0"
    if assertion:
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise missing("client_assertion_type")
        check_assertion(world, tenant_path, app, assertion)
        return "2"
    if not secret:
        raise Refusal(
            7000218,
            "The request body must contain the following parameter: 'client_assertion' or "
            "'client_secret'.",
        )
    _check_secret(world, app, secret)
    return "1"


def _check_secret(world: World, app: AppRegistration, secret: str) -> None:
    found = None
    for known in app.secrets:
        if hmac.compare_digest(known.value.encode(), secret.encode()):
            found = known
    if found is None:
        raise Refusal(
            7000215,
            "Invalid client secret provided. Ensure the secret being sent in the request is the "
            "client secret value, not the client secret ID, for a secret added to app "
            f"'{app.app_id}'.",
        )
    if found.expires_at <= world.clock.now():
        raise Refusal(
            7000222,
            f"The provided client secret keys for app '{app.app_id}' are expired. Visit the Azure "
            "portal to create new keys for your app, or consider using certificate credentials "
            "for added security.",
        )


def _unknown_app(client_id: str, tenant: Tenant | None) -> Refusal:
    where = f"'{tenant.display_name}'" if tenant else "any directory that may sign in here"
    return Refusal(
        700016,
        f"Application with identifier '{client_id}' was not found in the directory {where}. This "
        "can happen if the application has not been installed by the administrator of the tenant "
        "or consented to by any user in the tenant. You may have sent your authentication request "
        "to the wrong tenant.",
    )
