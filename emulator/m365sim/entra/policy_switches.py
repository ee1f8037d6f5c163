"""Switches of the control API for what a tenant asks of sign-ins: policies, rules, requests.

What cannot be meant is a ValueError.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from m365sim.entra.switches import check_switches, find_tenant, find_user, upns_of
from m365sim.sign_in_rules import CONTROLS, OUTAGES, Control, Outage, Policy

if TYPE_CHECKING:
    from m365sim.world import World

_RESOURCES = ("graph", "sharepoint")
_TENANT_SWITCHES = ("consentRequests", "sharepoint", "loopLimit", "requestBudget", "outage")


def add_policy(world: World, wanted: dict[str, Any]) -> dict[str, Any]:
    """Put a Conditional Access policy in force, and return it."""
    known = {
        "id", "tenant", "name", "control", "signInFrequency", "mfaLifetime",
        "users", "excludedUsers", "targets", "contexts",
    }  # fmt: skip
    check_switches("policies", wanted, known)
    control = wanted.get("control")
    if control is not None and control not in CONTROLS:
        raise ValueError(f"A control is one of {', '.join(CONTROLS)}.")
    if control is None and "signInFrequency" not in wanted:
        raise ValueError("A policy has a control or a signInFrequency, in seconds.")
    targets = frozenset(str(target) for target in wanted.get("targets", ()))
    for target in targets:
        if target not in _RESOURCES and target not in world.directory.apps:
            raise ValueError(f"A target is graph, sharepoint or the client id of an app: {target}")
    policy = Policy(
        id=wanted.get("id") or str(UUID(int=world.rng.getrandbits(128), version=4)),
        tenant_id=find_tenant(world, wanted.get("tenant")).id,
        name=str(wanted.get("name", control or "sign-in frequency")),
        control=cast("Control | None", control),
        sign_in_frequency=_seconds(wanted.get("signInFrequency")),
        mfa_lifetime=_seconds(wanted.get("mfaLifetime")),
        users=_ids(world, wanted.get("users", ())),
        excluded_users=_ids(world, wanted.get("excludedUsers", ())),
        targets=targets,
        contexts=frozenset(str(context).lower() for context in wanted.get("contexts", ())),
    )
    return _shown_policy(world, world.directory.add_policy(policy))


def policies(world: World) -> dict[str, Any]:
    """Return the policies in force, in every tenant."""
    found = [
        _shown_policy(world, policy)
        for tenant_id in world.directory.tenants
        for policy in world.directory.rules(tenant_id).policies.values()
    ]
    return {"policies": found}


def remove_policies(world: World, policy_id: str | None = None) -> None:
    """Take one policy out of force, or all."""
    for tenant_id in world.directory.tenants:
        in_force = world.directory.rules(tenant_id).policies
        for policy in list(in_force.values()):
            if policy_id in (None, policy.id):
                world.directory.remove_policy(policy)


def switch_tenant(world: World, name: str, wanted: dict[str, Any]) -> dict[str, Any]:
    """Change what a tenant allows, and return its rules."""
    tenant = find_tenant(world, name)
    check_switches("tenants", wanted, _TENANT_SWITCHES)
    rules = world.directory.rules(tenant.id)
    if "consentRequests" in wanted:
        rules.takes_consent_requests = bool(wanted["consentRequests"])
    if "sharepoint" in wanted:
        rules.has_sharepoint = bool(wanted["sharepoint"])
    if "loopLimit" in wanted:
        rules.loop_limit = _count(wanted["loopLimit"])
    if "requestBudget" in wanted:
        rules.request_budget = _count(wanted["requestBudget"])
    if "outage" in wanted:
        outage = wanted["outage"]
        if outage is not None and outage not in OUTAGES:
            raise ValueError(f"An outage is one of {', '.join(OUTAGES)}, or null.")
        rules.outage = cast("Outage | None", outage)
    return {
        "id": tenant.id,
        "domain": tenant.domain,
        "consentRequests": rules.takes_consent_requests,
        "sharepoint": rules.has_sharepoint,
        "loopLimit": rules.loop_limit,
        "requestBudget": rules.request_budget,
        "outage": rules.outage,
    }


def consent_requests(world: World) -> dict[str, Any]:
    """Return what people asked their administrators for."""
    return {
        "requests": [
            {
                "id": request.id,
                "tenant": request.tenant_id,
                "appId": request.app_id,
                "user": world.directory.users[request.user_id].upn,
                "reason": request.reason,
                "at": request.asked_at.isoformat(),
                "permissions": request.permissions,
            }
            for request in world.directory.consent_requests.values()
            if request.user_id in world.directory.users
        ]
    }


def answer_consent_request(world: World, request_id: str, wanted: dict[str, Any]) -> dict[str, Any]:
    """Approve or deny a request, as an administrator would for the whole tenant."""
    request = world.directory.consent_requests.get(request_id)
    if request is None:
        raise ValueError(f"There is no request {request_id}.")
    if wanted.get("approve") not in (True, False):
        raise ValueError("Say approve: true or false.")
    del world.directory.consent_requests[request_id]
    if wanted["approve"]:
        for kind, names in request.permissions.items():
            world.directory.grant(
                request.tenant_id,
                request.app_id,
                "sharepoint" if kind == "sharepoint" else "graph",
                frozenset(names),
            )
    return {"id": request_id, "approved": wanted["approve"]}


def _ids(world: World, upns: Iterable[str]) -> frozenset[str]:
    return frozenset(find_user(world, upn).id for upn in upns)


def _count(value: Any) -> int | None:
    return None if value is None else int(value)


def _seconds(value: Any) -> timedelta | None:
    return None if value is None else timedelta(seconds=float(value))


def _shown_policy(world: World, policy: Policy) -> dict[str, Any]:
    frequency, lifetime = policy.sign_in_frequency, policy.mfa_lifetime
    return {
        "id": policy.id,
        "tenant": policy.tenant_id,
        "name": policy.name,
        "control": policy.control,
        "signInFrequency": frequency.total_seconds() if frequency else None,
        "mfaLifetime": lifetime.total_seconds() if lifetime else None,
        "users": upns_of(world, policy.users),
        "excludedUsers": upns_of(world, policy.excluded_users),
        "targets": sorted(policy.targets),
        "contexts": sorted(policy.contexts),
    }
