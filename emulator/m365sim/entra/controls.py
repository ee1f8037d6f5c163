"""The part of the control API that is about signing in: its addresses and what they change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from m365sim.entra import policy_switches, switches

if TYPE_CHECKING:
    from m365sim.world import World

#: world, the parts of the path, the JSON sent → the JSON answered
Change = Callable[["World", list[str], dict[str, Any]], dict[str, Any] | None]


@dataclass(frozen=True, slots=True)
class SignInControl:
    """An address of the control API."""

    verb: str
    path: str
    change: Change
    meaning: str
    status: int = 200


SIGN_IN_CONTROLS = (
    SignInControl("GET", "users", lambda w, _, __: switches.people(w), "every account"),
    SignInControl(
        "POST",
        "users/{upn}",
        lambda w, parts, body: switches.switch_user(w, parts[1], body),
        "enabled, locked, passwordExpired, mfaRequired, mfaRegistered, mayConsent, isAdmin: bool; "
        "revokeSessions, delete: true; password (changed by the person), resetPassword (by an "
        "administrator): text; device: unmanaged, compliant, joined",
    ),
    SignInControl(
        "POST",
        "apps/{id}",
        lambda w, parts, body: switches.switch_app(w, parts[1], body),
        "expireSecrets, withdrawConsent: true; addSecret: text; certificates: [PEM, ...]; "
        "enabled, idTokens: bool; spaRedirectUris: [...]; assigned: [upn, ...], or null for "
        "everybody; disabledIn: [tenant, ...]; tenant",
    ),
    SignInControl(
        "GET",
        "policies",
        lambda w, _, __: policy_switches.policies(w),
        "the Conditional Access policies in force",
    ),
    SignInControl(
        "POST",
        "policies",
        lambda w, _, body: policy_switches.add_policy(w, body),
        "control: mfa, block, compliant_device, domain_joined_device, approved_app, external; "
        "signInFrequency, mfaLifetime: seconds; users, excludedUsers: [upn, ...]; targets: "
        "[graph, sharepoint, client ids]; contexts: [c1, ...]; name, id, tenant",
        201,
    ),
    SignInControl(
        "DELETE",
        "policies",
        lambda w, _, __: policy_switches.remove_policies(w),
        "take all policies out of force",
    ),
    SignInControl(
        "DELETE",
        "policies/{id}",
        lambda w, parts, _: policy_switches.remove_policies(w, parts[1]),
        "take one policy out of force",
    ),
    SignInControl(
        "POST",
        "tenants/{id or domain}",
        lambda w, parts, body: policy_switches.switch_tenant(w, parts[1], body),
        "consentRequests, sharepoint (has it): bool; loopLimit: equal token requests in 5 minutes; "
        "requestBudget: token requests in a minute; outage: service, directory, or null",
    ),
    SignInControl(
        "GET",
        "consent-requests",
        lambda w, _, __: policy_switches.consent_requests(w),
        "what people asked their administrators for",
    ),
    SignInControl(
        "POST",
        "consent-requests/{id}",
        lambda w, parts, body: policy_switches.answer_consent_request(w, parts[1], body),
        "approve: bool, for the whole tenant",
    ),
)
