"""Switches of the control API for people and apps: the state that sign-ins and tokens depend on.

What cannot be meant is a ValueError.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate

from m365sim.entra.accounts import LOCKOUT_DURATION
from m365sim.history.directory import note_app, note_user
from m365sim.sign_in_rules import DEVICES, Device
from m365sim.tenant import AppRegistration, AppSecret, Tenant, User

if TYPE_CHECKING:
    from m365sim.world import World


def switch_user(world: World, upn: str, wanted: dict[str, Any]) -> dict[str, Any]:
    """Change a person's account, and return what it is like now."""
    user = find_user(world, upn)
    check_switches("users", wanted, _USER_SWITCHES)
    for name, value in wanted.items():
        head = world.history.head
        _USER_SWITCHES[name](world, user, value)
        if world.history.head == head:  # else it was written down where it was done
            note_user(world.history, user, "updated", changed=[name])
    return _shown_user(world, user)


def people(world: World) -> dict[str, Any]:
    """Return every person's account."""
    return {"users": [_shown_user(world, user) for user in world.directory.users.values()]}


def switch_app(world: World, app_id: str, wanted: dict[str, Any]) -> dict[str, Any]:
    """Change an app registration, or what a tenant makes of it, and return what it is like now.

    `tenant` names the tenant whose consent or assignments are meant.
    """
    app = world.directory.apps.get(app_id)
    if app is None:
        raise ValueError(f"There is no app {app_id}.")
    tenant = find_tenant(world, wanted.get("tenant"))
    check_switches("apps", wanted, {"tenant", *_APP_SWITCHES})
    for name, value in wanted.items():
        if name != "tenant":
            head = world.history.head
            _APP_SWITCHES[name](world, app, tenant, value)
            if world.history.head == head:
                note_app(world.history, app, "updated", changed=[name])
    assigned = app.assigned.get(tenant.id)
    return {
        "appId": app.app_id,
        "displayName": app.display_name,
        "enabled": app.enabled,
        "idTokens": app.gives_id_tokens,
        "spaRedirectUris": app.spa_redirect_uris,
        "secrets": [secret.expires_at.isoformat() for secret in app.secrets],
        "disabledIn": sorted(app.disabled_in),
        "assigned": None if assigned is None else upns_of(world, assigned),
    }


def check_switches(what: str, wanted: dict[str, Any], known: Iterable[str]) -> None:
    """Refuse switches that there are not."""
    if unknown := set(wanted) - set(known):
        raise ValueError(f"{what} have no {', '.join(sorted(unknown))}")


def find_user(world: World, upn: str) -> User:
    """Return a person by sign-in name."""
    user = world.directory.user_by_upn(str(upn))
    if user is None:
        raise ValueError(f"There is no user {upn}.")
    return user


def find_tenant(world: World, name: str | None) -> Tenant:
    """Return a tenant by id or domain; without a name the first one."""
    if name is None:
        return world.tenant
    tenant = world.directory.tenant(str(name))
    if tenant is None:
        raise ValueError(f"There is no tenant {name}.")
    return tenant


def upns_of(world: World, user_ids: Iterable[str]) -> list[str]:
    """Return the sign-in names of people, in order."""
    known = world.directory.users
    return sorted(known[user_id].upn for user_id in user_ids if user_id in known)


def _shown_user(world: World, user: User) -> dict[str, Any]:
    is_locked = user.locked_until is not None and world.clock.now() < user.locked_until
    return {
        "upn": user.upn,
        "enabled": user.enabled,
        "locked": is_locked,
        "mayConsent": user.may_consent,
        "isAdmin": user.is_admin,
        "mfaRegistered": user.mfa_registered,
        "mfaRequired": user.mfa_required,
        "passwordExpired": user.password_expired,
        "device": user.device,
    }


def _enable(world: World, user: User, value: Any) -> None:
    if value:
        user.enabled = True
    elif user.enabled:
        world.directory.disable_user(user, world.clock.now())


def _device(_: World, user: User, value: Any) -> None:
    if value not in DEVICES:
        raise ValueError(f"A device is one of {', '.join(DEVICES)}.")
    user.device = cast("Device", value)


def _if_true(change: Callable[[World, User], None]) -> Callable[[World, User, Any], None]:
    return lambda world, user, value: change(world, user) if value else None


def _lock(world: World, user: User, value: Any) -> None:
    user.locked_until = world.clock.now() + LOCKOUT_DURATION if value else None


def _mfa_required(world: World, user: User, value: Any) -> None:
    if value and not user.mfa_required:
        world.directory.require_mfa(user, world.clock.now())
    user.mfa_required = bool(value)


_USER_SWITCHES: dict[str, Callable[[World, User, Any], None]] = {
    "enabled": _enable,
    "revokeSessions": _if_true(lambda w, u: w.directory.revoke_sessions(u, w.clock.now())),
    "password": lambda w, u, v: w.directory.change_password(u, str(v), w.clock.now()),
    "resetPassword": lambda w, u, v: w.directory.change_password(
        u, str(v), w.clock.now(), by_admin=True
    ),
    "passwordExpired": lambda _, u, v: setattr(u, "password_expired", bool(v)),
    "locked": _lock,
    "mfaRequired": _mfa_required,
    "mfaRegistered": lambda _, u, v: setattr(u, "mfa_registered", bool(v)),
    "device": _device,
    "mayConsent": lambda _, u, v: setattr(u, "may_consent", bool(v)),
    "isAdmin": lambda _, u, v: setattr(u, "is_admin", bool(v)),
    "delete": _if_true(lambda w, u: w.directory.remove_user(u, w.clock.now())),
}


def _assign(world: World, app: AppRegistration, tenant: Tenant, value: Any) -> None:
    if value is None:
        app.assigned.pop(tenant.id, None)
    else:
        app.assigned[tenant.id] = {find_user(world, upn).id for upn in value}


def _switch_off(world: World, app: AppRegistration, _: Tenant, value: Any) -> None:
    app.disabled_in = {find_tenant(world, str(name)).id for name in value}


def _add_secret(world: World, app: AppRegistration, _: Tenant, value: Any) -> None:
    two_years = world.clock.now() + timedelta(days=730)
    app.secrets = [*app.secrets, AppSecret(str(value), two_years)]


def _certify(_: World, app: AppRegistration, __: Tenant, value: Any) -> None:
    app.certificates = [
        load_pem_x509_certificate(str(pem).encode()).public_bytes(Encoding.DER) for pem in value
    ]


_APP_SWITCHES: dict[str, Callable[[World, AppRegistration, Tenant, Any], None]] = {
    "expireSecrets": lambda w, a, _, v: w.directory.expire_secrets(a, w.clock.now()) if v else None,
    "addSecret": _add_secret,
    "certificates": _certify,
    "withdrawConsent": lambda w, a, t, v: (
        w.directory.withdraw_consent(t.id, a.app_id) if v else None
    ),
    "enabled": lambda _, a, __, v: setattr(a, "enabled", bool(v)),
    "idTokens": lambda _, a, __, v: setattr(a, "gives_id_tokens", bool(v)),
    "spaRedirectUris": lambda _, a, __, v: setattr(a, "spa_redirect_uris", [str(u) for u in v]),
    "assigned": _assign,
    "disabledIn": _switch_off,
}
