"""The accounts in a browser: who is signed in there, who may sign in, and the page that asks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from m365sim.entra.apps import tenant_of_path
from m365sim.entra.errors import Refusal
from m365sim.entra.grants import Flow, FlowKind
from m365sim.entra.pages import page
from m365sim.sign_in_rules import Proof
from m365sim.tenant import AppRegistration, BrowserSession, Tenant, User

if TYPE_CHECKING:
    from m365sim.world import World

COOKIE = "m365sim_browser"

#: Smart lockout, as a new tenant has it:
#: https://learn.microsoft.com/entra/identity/authentication/howto-password-smart-lockout
LOCKOUT_THRESHOLD = 10
LOCKOUT_DURATION = timedelta(minutes=1)


def new_flow(
    world: World, request: Request, tenant_path: str, params: dict[str, str], kind: FlowKind
) -> Flow:
    """Begin a flow in the requesting browser."""
    now = world.clock.now()
    world.grants.forget_stale_flows(now)
    browser = request.cookies.get(COOKIE) or world.new_secret(32)
    flow = Flow(world.new_secret(32), browser, tenant_path, params, now, kind)
    world.grants.flows[flow.id] = flow
    return flow


def session_of(world: World, browser: str) -> BrowserSession:
    """Return a browser's single sign-on session."""
    return world.directory.sessions.setdefault(browser, BrowserSession(browser))


def signed_in(world: World, flow: Flow) -> list[User]:
    """Return who is signed in in the flow's browser and may go on at its path."""
    tenant = tenant_of_path(world, flow.tenant_path)
    users = world.directory.users
    known = session_of(world, flow.browser).proofs
    found = [users[user_id] for user_id in known if user_id in users]
    return [u for u in found if u.enabled and (tenant is None or u.tenant_id == tenant.id)]


def enter(world: World, flow: Flow, user: User, *, is_fresh: bool = False) -> User:
    """Note who goes on with a flow, and return the account that does, or refuse it.

    Somebody of another tenant than the path's must be a guest there, and goes on as that guest:
    https://learn.microsoft.com/entra/external-id/user-properties. Who was signed in stays so; when
    it is fresh, they have just signed in anew.
    """
    tenant = tenant_of_path(world, flow.tenant_path)
    if tenant is not None and user.tenant_id != tenant.id:
        guest = world.directory.guest(user, tenant.id)
        if guest is None:
            raise not_in_tenant(world, user, tenant)
        if not guest.enabled:
            raise disabled()
        user = guest
    flow.user_id = user.id
    proofs = session_of(world, flow.browser).proofs
    if is_fresh or user.id not in proofs:
        proofs[user.id] = Proof(world.clock.now())
    return user


def proof_of(world: World, flow: Flow, user: User) -> Proof:
    """Return how a person proved who they are in the flow's browser; `enter` comes first."""
    return session_of(world, flow.browser).proofs[user.id]


def approve_mfa(world: World, flow: Flow, user: User) -> None:
    """Note that a person has given a second factor, and has one if there was none."""
    user.mfa_registered = True
    proofs = session_of(world, flow.browser).proofs
    proofs[user.id] = replace(proofs[user.id], mfa_at=world.clock.now())


def approve_external(world: World, flow: Flow, user: User) -> None:
    """Note that a person has passed somebody else's check."""
    proofs = session_of(world, flow.browser).proofs
    proofs[user.id] = replace(proofs[user.id], external_at=world.clock.now())


def account_page(
    world: World,
    flow: Flow,
    app: AppRegistration,
    *,
    username: str | None = None,
    problem: str | None = None,
) -> Response:
    """Ask who the person is."""
    users = _offered(world, flow)
    return page(
        "sign_in.html",
        status=200 if problem is None else 400,
        flow=flow,
        app=app,
        users=users,
        signed_in={user.id for user in signed_in(world, flow)},
        problem=problem,
        username=username or "",
    )


def check_password(world: World, username: str, password: str) -> User:
    """Return the person with this name and password, or refuse.

    Ten wrong passwords in a row lock the account for a minute.
    """
    user = world.directory.user_by_upn(username)
    if user is None:
        raise no_such_user(username)
    now = world.clock.now()
    if user.locked_until is not None and now < user.locked_until:
        raise _locked()
    if user.password != password:
        user.failed_attempts += 1
        if user.failed_attempts >= LOCKOUT_THRESHOLD:
            user.failed_attempts = 0
            user.locked_until = now + LOCKOUT_DURATION
            raise _locked()
        raise Refusal(50126, "Error validating credentials due to invalid username or password.")
    user.failed_attempts = 0
    check_account(world, user)
    return user


def check_account(world: World, user: User) -> None:
    """Refuse a person whose account cannot sign in just now."""
    if not user.enabled:
        raise disabled()
    if user.locked_until is not None and world.clock.now() < user.locked_until:
        raise _locked()
    if user.password_expired:
        raise Refusal(50055, "The password is expired.", suberror="user_password_expired")


def _offered(world: World, flow: Flow) -> list[User]:
    """Return the people of the page: those of the path's tenant, or of the domain hinted at."""
    tenant = tenant_of_path(world, flow.tenant_path)
    hint = flow.request.get("domain_hint", "").strip()
    if tenant is None and hint:
        tenant = world.directory.tenant(hint)
    users = world.directory.users.values()
    return [u for u in users if tenant is None or u.tenant_id == tenant.id]


def _locked() -> Refusal:
    return Refusal(
        50053,
        "The account is locked, you've tried to sign in too many times with an incorrect user ID "
        "or password.",
    )


def no_such_user(username: str) -> Refusal:
    """Return the refusal of a name that no directory has."""
    return Refusal(50034, f"The user account {username} does not exist in the directory.")


def disabled() -> Refusal:
    """Return the refusal of an account that an administrator has disabled."""
    return Refusal(50057, "The user account is disabled.")


def not_in_tenant(world: World, user: User, tenant: Tenant) -> Refusal:
    """Return the refusal of an account from another tenant."""
    home = world.directory.tenants[user.tenant_id]
    return Refusal(
        50020,
        f"User account '{user.upn}' from identity provider 'https://sts.windows.net/{home.id}/' "
        f"does not exist in tenant '{tenant.display_name}' and cannot access the application in "
        "that tenant. The account needs to be added as an external user in the tenant first. Sign "
        "out and sign in again with a different Microsoft Entra user account.",
    )
