"""What stands in tokens about the person, the app and how they proved who they are.

Follows https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference and
https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference. The opaque claims
(`aio`, `rh`) are random here, and nothing may be read from them there.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from m365sim.entra.keys import base64url
from m365sim.entra.resources import APP_IDS, Resource
from m365sim.sign_in_rules import Proof
from m365sim.tenant import AppRegistration, Tenant, User

if TYPE_CHECKING:
    from m365sim.world import World

#: Role templates: https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference
GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
DEFAULT_USER = "b79fbf4d-3ef9-4689-8143-76b194e85509"
DEFAULT_SERVICE_PRINCIPAL = "0997a1d0-0d1d-4acb-b408-d5ca73121e90"
LOOPBACK = "127.0.0.1"


def common_claims(
    world: World, tenant: Tenant, app: AppRegistration, appidacr: str
) -> dict[str, Any]:
    """Return the claims of every access token in the v1 format, but for times and audience."""
    return {
        "iss": f"https://sts.windows.net/{tenant.id}/",
        "aio": world.new_secret(24),
        "app_displayname": app.display_name,
        "appid": app.app_id,
        "appidacr": appidacr,
        "rh": f"1.{world.new_secret(32)}.",
        "tenant_region_scope": "EU",
        "tid": tenant.id,
        "uti": world.new_secret(16),
        "ver": "1.0",
        "xms_tcdt": 1577836800,
    }


def person_claims(
    tenant: Tenant, app: AppRegistration, resource: Resource, user: User, proof: Proof | None
) -> dict[str, Any]:
    """Return the claims of a delegated token, but for its permissions."""
    given, _, family = user.display_name.partition(" ")
    claims = {
        "acct": 0,
        "acr": "1",
        "amr": methods(proof),
        "family_name": family,
        "given_name": given,
        "idtyp": "user",
        "ipaddr": LOOPBACK,
        "name": user.display_name,
        "oid": user.id,
        "sub": pairwise_subject(tenant.id, APP_IDS[resource.kind], user.id),
        "unique_name": user.upn,
        "upn": user.upn,
        "wids": roles_of(user),
        "xms_idrel": "1 2",
        "xms_st": {"sub": pairwise_subject(tenant.id, app.app_id, user.id)},
    }
    if user.device != "unmanaged":
        claims["deviceid"] = _guid(f"device/{user.id}")
    return claims


def app_claims(tenant: Tenant, app: AppRegistration) -> dict[str, Any]:
    """Return the claims of an app's own token, but for its permissions."""
    principal_id = service_principal_id(tenant.id, app.app_id)
    return {
        "idp": f"https://sts.windows.net/{tenant.id}/",
        "idtyp": "app",
        "oid": principal_id,
        "sub": principal_id,
        "wids": [DEFAULT_SERVICE_PRINCIPAL],
        "xms_idrel": "7 2",
    }


def id_claims(
    world: World, tenant: Tenant, app: AppRegistration, user: User, scopes: frozenset[str]
) -> dict[str, Any]:
    """Return the claims of an id token in the v2 format, as far as its scopes go."""
    claims: dict[str, Any] = {
        "aud": app.app_id,
        "iss": f"{world.urls.login}/{tenant.id}/v2.0",
        "aio": world.new_secret(24),
        "rh": f"1.{world.new_secret(32)}.",
        "sub": pairwise_subject(tenant.id, app.app_id, user.id),
        "tid": tenant.id,
        "uti": world.new_secret(16),
        "ver": "2.0",
    }
    if "profile" in scopes:
        claims |= {"name": user.display_name, "oid": user.id, "preferred_username": user.upn}
    if "email" in scopes:
        claims["email"] = user.email
    return claims


def v1_id_claims(
    world: World, tenant: Tenant, app: AppRegistration, user: User, proof: Proof
) -> dict[str, Any]:
    """Return the claims of an id token in the v1 format, which the older endpoint gives."""
    given, _, family = user.display_name.partition(" ")
    return {
        "aud": app.app_id,
        "iss": f"https://sts.windows.net/{tenant.id}/",
        "amr": methods(proof),
        "family_name": family,
        "given_name": given,
        "ipaddr": LOOPBACK,
        "name": user.display_name,
        "oid": user.id,
        "rh": f"1.{world.new_secret(32)}.",
        "sub": pairwise_subject(tenant.id, app.app_id, user.id),
        "tid": tenant.id,
        "unique_name": user.upn,
        "upn": user.upn,
        "uti": world.new_secret(16),
        "ver": "1.0",
    }


def methods(proof: Proof | None) -> list[str]:
    """Return `amr`: the ways in which a person proved who they are."""
    if proof is None or proof.mfa_at is None:
        return ["pwd"]
    return ["pwd", "mfa"]


def roles_of(user: User) -> list[str]:
    """Return `wids`: the roles that a person has in the whole directory."""
    return [GLOBAL_ADMINISTRATOR, DEFAULT_USER] if user.is_admin else [DEFAULT_USER]


def pairwise_subject(tenant_id: str, app_id: str, user_id: str) -> str:
    """Return the id by which one app, and no other, knows a user."""
    return base64url(hashlib.sha256(f"{tenant_id}/{app_id}/{user_id}".encode()).digest())


def service_principal_id(tenant_id: str, app_id: str) -> str:
    """Return the object id of an app's service principal in a tenant."""
    return _guid(f"sp/{tenant_id}/{app_id}")


def _guid(name: str) -> str:
    raw = hashlib.sha256(name.encode()).hexdigest()
    return f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-8{raw[17:20]}-{raw[20:32]}"
