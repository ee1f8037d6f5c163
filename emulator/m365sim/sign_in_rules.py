"""A tenant's own rules for signing in: Conditional Access, admin consent requests, what it lacks.

Follows https://learn.microsoft.com/entra/identity/conditional-access/overview and
https://learn.microsoft.com/entra/identity/enterprise-apps/configure-admin-consent-workflow
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, get_args

#: What a policy asks for. "external" is a check by somebody else (a custom control).
Control = Literal[
    "block", "mfa", "compliant_device", "domain_joined_device", "approved_app", "external"
]
CONTROLS: tuple[str, ...] = get_args(Control)
Device = Literal["unmanaged", "compliant", "joined"]
DEVICES: tuple[str, ...] = get_args(Device)
#: What is down: the token service itself, or the directory behind it.
Outage = Literal["service", "directory"]
OUTAGES: tuple[str, ...] = get_args(Outage)


@dataclass(frozen=True, slots=True)
class Policy:
    """A Conditional Access policy: for whom, for what, and what it asks for.

    An empty set stands for everybody and everything. `targets` holds `graph`, `sharepoint` or the
    client ids of apps; `contexts` limits the policy to requests that ask for an authentication
    context.
    """

    id: str
    tenant_id: str
    name: str
    control: Control | None = None
    sign_in_frequency: timedelta | None = None
    mfa_lifetime: timedelta | None = None  # how old an approval may be; None: as the sign-in
    users: frozenset[str] = frozenset()  # ids
    excluded_users: frozenset[str] = frozenset()
    targets: frozenset[str] = frozenset()
    contexts: frozenset[str] = frozenset()

    def applies(self, user_id: str, targets: frozenset[str], contexts: frozenset[str]) -> bool:
        """Tell whether a request falls under the policy."""
        if user_id in self.excluded_users or (self.users and user_id not in self.users):
            return False
        if self.contexts and not self.contexts & contexts:
            return False
        return not self.targets or bool(self.targets & targets)


@dataclass(frozen=True, slots=True)
class Proof:
    """How and when a person proved who they are in one browser."""

    signed_in_at: datetime
    mfa_at: datetime | None = None
    external_at: datetime | None = None
    has_password: bool = True


@dataclass(slots=True)
class TenantRules:
    """The settings of one tenant that decide about sign-ins."""

    policies: dict[str, Policy] = field(default_factory=dict)
    takes_consent_requests: bool = False  # the admin consent workflow is switched on
    has_sharepoint: bool = True
    loop_limit: int | None = None  # equal token requests within five minutes
    outage: Outage | None = None
    request_budget: int | None = None  # token requests within a minute


@dataclass(slots=True)
class ConsentRequest:
    """What somebody who may not consent asked the administrators for."""

    id: str
    tenant_id: str
    app_id: str
    user_id: str
    reason: str
    asked_at: datetime
    permissions: dict[str, list[str]]  # "graph" or "sharepoint" → names
