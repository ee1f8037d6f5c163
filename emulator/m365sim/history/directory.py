"""How changes of the directory are told: consent, roles, secrets, sessions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from m365sim.history.log import History
    from m365sim.sign_in_rules import Policy
    from m365sim.tenant import AppRegistration, User


def note_consent(
    history: History,
    tenant_id: str,
    app: AppRegistration,
    action: str,
    permissions: Iterable[str] = (),
    *,
    resource: str | None = None,
    user_id: str | None = None,
) -> None:
    """Write down what was consented to an app: by one user, or for the tenant; or withdrawn."""
    of = {"app": app.app_id}
    if user_id is not None:
        of["user"] = user_id
    history.note(
        tenant_id,
        action,
        "consent",
        of,
        app.display_name,
        resource=resource,
        permissions=sorted(permissions),
    )


def note_app(history: History, app: AppRegistration, action: str, **details: Any) -> None:
    """Write down that an app's registration is another than before."""
    history.note(app.tenant_id, action, "app", {"app": app.app_id}, app.display_name, **details)


def note_policy(history: History, policy: Policy, action: str) -> None:
    """Write down that a Conditional Access policy came into force, went, or asks for more."""
    of = {"policy": policy.id}
    history.note(policy.tenant_id, action, "policy", of, policy.name, control=policy.control)


def note_user(history: History, user: User, action: str, **details: Any) -> None:
    """Write down that an account is another than before."""
    history.note(user.tenant_id, action, "user", {"user": user.id}, user.upn, **details)
