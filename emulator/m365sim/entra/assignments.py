"""Apps that a tenant opens to chosen people only, or to nobody.

Follows https://learn.microsoft.com/entra/identity/enterprise-apps/what-is-access-management
"""

from __future__ import annotations

from m365sim.entra.errors import Refusal
from m365sim.tenant import AppRegistration, User


def check_switched_on(app: AppRegistration, tenant_id: str) -> None:
    """Refuse an app that an administrator has switched off in a tenant."""
    if tenant_id in app.disabled_in:
        raise Refusal(70001, f"Application '{app.app_id}'({app.display_name}) is disabled.")


def check_assignment(user: User, app: AppRegistration) -> None:
    """Refuse a person whom an administrator has not let in, where that is required."""
    check_switched_on(app, user.tenant_id)
    assigned = app.assigned.get(user.tenant_id)
    if assigned is None or user.id in assigned:
        return
    raise Refusal(
        50105,
        f"Your administrator has configured the application {app.display_name} ('{app.app_id}') to "
        "block users unless they are specifically granted ('assigned') access to the application. "
        f"The signed-in user '{user.upn}' is blocked because they are not a direct member of a "
        "group with access, nor had access directly assigned by an administrator. Please contact "
        "your administrator to assign access to this application.",
    )
