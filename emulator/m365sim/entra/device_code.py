"""Sign-in on another device: the codes that are handed out, and what polling for them answers.

Follows https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code and RFC 8628. The
page lists no `slow_down`; a client that polls before its interval is over gets it all the same, as
RFC 8628 section 3.5 has it, and must then wait five seconds longer each time. Numbers beside the
errors are those of recorded answers: 70016 pending, 70020 too late (70019 on the page). Of the two
addresses that the real service names, microsoft.com/devicelogin and login.microsoft.com/device, it
names the second: certificates that are good for microsoft.com would be good for too much.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from m365sim.clouds import GLOBAL
from m365sim.entra import consent
from m365sim.entra.accounts import check_account, no_such_user
from m365sim.entra.apps import find_app
from m365sim.entra.authorize_request import check_names
from m365sim.entra.claims_request import read_claims
from m365sim.entra.errors import Refusal, missing
from m365sim.entra.grants import DEVICE_CODE_LIFETIME, POLL_SECONDS, DeviceGrant
from m365sim.entra.outages import check_service
from m365sim.entra.people import check_grant, person_of
from m365sim.entra.scopes import parse_scopes
from m365sim.entra.token_answers import Bearer, TokenRequest, delegated_answer, v1_scope
from m365sim.sign_in_rules import Proof
from m365sim.tenant import AppRegistration

if TYPE_CHECKING:
    from m365sim.world import World

GRANT_TYPES = ("urn:ietf:params:oauth:grant-type:device_code", "device_code")
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that is taken for another
_LENGTH = 9


def device_code_answer(
    world: World, tenant_path: str, form: dict[str, str], *, is_v1: bool = False
) -> dict[str, Any]:
    """Answer a device's request for codes, or raise the `Refusal` that it earns."""
    app = find_app(world, tenant_path, form.get("client_id"))
    check_service(world, tenant_path, app)
    resource = form.get("resource") if is_v1 else None
    if is_v1 and not resource:
        raise missing("resource")
    scope = v1_scope(resource) if resource else form.get("scope", "")
    asked = parse_scopes(world, scope)
    check_names(app, asked)
    now = world.clock.now()
    for code in [code for code, known in world.grants.devices.items() if known.has_ended(now)]:
        # Kept for as long again, so that one who polls learns that it is over.
        if now - world.grants.devices[code].issued_at >= 2 * DEVICE_CODE_LIFETIME:
            del world.grants.devices[code]
    grant = DeviceGrant(
        device_code=f"1.A{world.new_secret(96)}",
        user_code="".join(world.rng.choice(_LETTERS) for _ in range(_LENGTH)),
        app_id=app.app_id,
        tenant_path=tenant_path,
        scope=scope,
        issued_at=now,
        wanted=read_claims(form.get("claims")),
        resource=resource,
    )
    world.grants.devices[grant.device_code] = grant
    address = verification_uri(world)
    answer = {
        "user_code": grant.user_code,
        "device_code": grant.device_code,
        "verification_url" if is_v1 else "verification_uri": address,
        "expires_in": int(DEVICE_CODE_LIFETIME.total_seconds()),
        "interval": POLL_SECONDS,
        "message": f"To sign in, use a web browser to open the page {address} and enter the code "
        f"{grant.user_code} to authenticate.",
    }
    # The older endpoint gives numbers as strings.
    return {k: str(v) for k, v in answer.items()} if is_v1 else answer


def verification_uri(world: World) -> str:
    """Return where a person types a code in."""
    if world.cloud is GLOBAL and world.urls.login == f"https://{GLOBAL.login}":
        return GLOBAL.device_login
    return f"{world.urls.login}/common/oauth2/deviceauth"


def device_of(world: World, user_code: str) -> DeviceGrant:
    """Return the waiting device of a code that a person typed, or refuse."""
    typed = user_code.replace("-", "").replace(" ", "").upper()
    if not typed:
        raise Refusal(90119, "The user code is null or empty.")
    grant = next((d for d in world.grants.devices.values() if d.user_code == typed), None)
    if grant is None:
        raise Refusal(70018, "Invalid verification code. Check the code and type it in again.")
    if grant.has_ended(world.clock.now()):
        raise Refusal(70019, "The verification code expired. Have the device show a new one.")
    if grant.state != "pending":
        raise Refusal(90120, "The request was already authorized or declined.")
    return grant


def redeem_device_code(
    world: World, request: TokenRequest, app: AppRegistration, appidacr: str
) -> dict[str, Any]:
    """Answer a device that polls: with tokens, or with the `Refusal` that tells it what to do."""
    field = "device_code" if request.form.get("device_code") or not request.is_v1 else "code"
    grant = world.grants.devices.get(request.field(field))
    if grant is None or grant.app_id != app.app_id or grant.state == "redeemed":
        raise Refusal(
            70018,
            "The provided value for the input parameter 'device_code' is not valid. It is unknown "
            "or was redeemed already.",
        )
    now = world.clock.now()
    if grant.has_ended(now) and grant.state != "approved":
        raise Refusal(
            70020,
            "The provided value for the input parameter 'device_code' is not valid. This device "
            "code has expired.",
        )
    if grant.state == "declined":
        raise Refusal(
            65004, "The end user denied the authorization request.", error="authorization_declined"
        )
    if grant.state == "pending" and world.auto_sign_in is not None:
        _approve_at_once(world, grant, world.auto_sign_in)
    if grant.user_id is None or grant.proof is None:
        _check_pace(world, grant)
        raise Refusal(
            70016,
            "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
        )
    user, tenant = person_of(world, grant.user_id)
    check_grant(user, app, grant.issued_at, grant.proof)
    asked = parse_scopes(world.of(tenant.id), grant.scope)
    bearer = Bearer(app, appidacr, user, tenant, grant.proof, grant.wanted)
    answer = delegated_answer(world, request, bearer, asked)
    grant.state = "redeemed"
    return answer


def _check_pace(world: World, grant: DeviceGrant) -> None:
    now, before = world.clock.now(), grant.polled_at
    grant.polled_at = now
    if before is not None and (now - before).total_seconds() < grant.interval:
        grant.interval += 5
        raise Refusal(
            70016,
            "OAuth 2.0 device flow error. Authorization is pending, and polling is too frequent. "
            f"Wait {grant.interval} seconds.",
            error="slow_down",
        )


def _approve_at_once(world: World, grant: DeviceGrant, upn: str) -> None:
    """Let the user who answers every sign-in answer this one; consent is theirs to give."""
    user = world.directory.user_by_upn(upn)
    if user is None:
        raise no_such_user(upn)
    check_account(world, user)
    app = world.directory.apps[grant.app_id]
    asked = parse_scopes(world, grant.scope)
    question = consent.open_question(world, app, user, asked, is_forced=False)
    if question is not None:
        if not consent.may_agree(user, question):
            raise consent.admin_required(app)
        consent.record(world, app, user, question, for_everyone=False)
    now = world.clock.now()
    grant.user_id = user.id
    grant.proof = Proof(now, mfa_at=now, external_at=now)
    grant.state = "approved"
