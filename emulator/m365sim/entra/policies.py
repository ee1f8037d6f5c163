"""Conditional Access: whether a person's sign-in is enough for what is asked.

Follows https://learn.microsoft.com/entra/identity-platform/v2-conditional-access-dev-guide. The
number, `suberror` and `claims` beside each other are those of recorded answers: `basic_action` can
be put right by signing in again, `additional_action` outside of the sign-in, `message_only` not at
all (https://learn.microsoft.com/entra/msal/dotnet/advanced/exceptions/). Policies for workload
identities are not modelled: apps that act alone are let through.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from m365sim.entra.claims_request import policy_claims
from m365sim.entra.errors import Refusal
from m365sim.entra.resources import APP_IDS
from m365sim.entra.scopes import AskedResource
from m365sim.sign_in_rules import Policy, Proof
from m365sim.tenant import AppRegistration, User

if TYPE_CHECKING:
    from m365sim.world import World

_WHY = (
    "Due to a configuration change made by your administrator, or because you moved to a new "
    "location, you must"
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a person is about to get: through which app, to which APIs, and on what proof."""

    user: User
    app: AppRegistration
    asked: Sequence[AskedResource]
    proof: Proof
    contexts: frozenset[str] = frozenset()


def check_policies(world: World, attempt: Attempt) -> None:
    """Refuse a sign-in that the rules of the person's tenant do not find good enough."""
    user, proof = attempt.user, attempt.proof
    kinds = [one.resource.kind for one in attempt.asked]
    target = APP_IDS[kinds[0]]
    targets = frozenset([*kinds, attempt.app.app_id])
    in_force = [
        policy
        for policy in world.directory.rules(user.tenant_id).policies.values()
        if policy.applies(user.id, targets, attempt.contexts)
    ]
    _check_blocks(in_force)
    _check_frequency(world, in_force, proof)
    _check_mfa(world, in_force, user, proof, target)
    _check_device(in_force, user)
    external = _with(in_force, "external")
    if external and proof.external_at is None:
        raise Refusal(
            50158,
            "External security challenge not satisfied. User will be redirected to another page "
            "or authentication provider to satisfy additional authentication challenges.",
            suberror="basic_action",
            claims=_claims(external),
        )


def _check_blocks(in_force: list[Policy]) -> None:
    blocking = _with(in_force, "block")
    if blocking:
        raise Refusal(
            53003,
            "Access has been blocked by Conditional Access policies. The access policy does not "
            "allow token issuance.",
            suberror="message_only",
            claims=_claims(blocking),
        )


def _check_frequency(world: World, in_force: list[Policy], proof: Proof) -> None:
    allowed = [p.sign_in_frequency for p in in_force if p.sign_in_frequency is not None]
    if allowed and world.clock.now() - proof.signed_in_at >= min(allowed):
        raise Refusal(
            70043,
            "The refresh token has expired or is invalid due to sign-in frequency checks by "
            "conditional access. The token was issued on "
            f"{proof.signed_in_at:%Y-%m-%dT%H:%M:%S.0000000Z} and the maximum allowed lifetime for "
            f"this request is {int(min(allowed).total_seconds())}.",
            suberror="token_expired",
        )


def _check_mfa(world: World, in_force: list[Policy], user: User, proof: Proof, target: str) -> None:
    asking = _with(in_force, "mfa")
    if not asking and not user.mfa_required:
        return
    claims = _claims(asking) if asking else None
    if not user.mfa_registered:
        raise Refusal(
            50079,
            f"{_WHY} enroll in multi-factor authentication to access '{target}'.",
            suberror="basic_action",
            claims=claims,
        )
    if proof.mfa_at is None:
        raise Refusal(
            50076,
            f"{_WHY} use multi-factor authentication to access '{target}'.",
            suberror="basic_action",
            claims=claims,
        )
    lifetimes = [p.mfa_lifetime for p in asking if p.mfa_lifetime is not None]
    age: timedelta = world.clock.now() - proof.mfa_at
    if lifetimes and age >= min(lifetimes):
        raise Refusal(
            50078,
            "Presented multi-factor authentication has expired due to policies configured by your "
            "administrator, you must refresh your multi-factor authentication to access "
            f"'{target}'.",
            suberror="basic_action",
            claims=claims,
        )


def _check_device(in_force: list[Policy], user: User) -> None:
    compliant = _with(in_force, "compliant_device")
    if compliant and user.device == "unmanaged":
        raise Refusal(
            53000,
            "Device is not in required device state: compliant. Conditional Access policy requires "
            "a compliant device, and the device is not compliant. The user must enroll their "
            "device with an approved MDM provider like Intune.",
            suberror="additional_action",
            claims=_claims(compliant),
        )
    joined = _with(in_force, "domain_joined_device")
    if joined and user.device != "joined":
        raise Refusal(
            53001,
            "Device is not in required device state: domain_joined. Conditional Access policy "
            "requires a domain joined device, and the device is not domain joined.",
            suberror="additional_action",
            claims=_claims(joined),
        )
    approved = _with(in_force, "approved_app")
    if approved:
        raise Refusal(
            53002,
            "Application used is not an approved application for Conditional Access. User needs "
            "to use one of the apps from the list of approved applications to use in order to get "
            "access.",
            suberror="additional_action",
            claims=_claims(approved),
        )


def _with(in_force: list[Policy], control: str) -> list[Policy]:
    return [policy for policy in in_force if policy.control == control]


def _claims(policies: list[Policy]) -> str:
    return policy_claims([policy.id for policy in policies])
