"""A sign-in service that is having a bad time, for one tenant: faults that pass by themselves.

The numbers are those of https://learn.microsoft.com/entra/identity-platform/reference-error-codes,
each called `temporarily_unavailable` and answered with 503, as recorded in
https://github.com/Azure/azure-sdk-for-python/issues/14241 (90033) and
https://github.com/AzureAD/microsoft-authentication-library-for-js/issues/4019 (50033).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from m365sim.entra.apps import tenant_of_path
from m365sim.entra.errors import Refusal
from m365sim.tenant import AppRegistration

if TYPE_CHECKING:
    from m365sim.world import World

BUDGET_WINDOW = timedelta(minutes=1)
_MESSAGE = "A transient error has occurred. Please try again."


def check_service(world: World, tenant_path: str, app: AppRegistration) -> None:
    """Refuse what the tenant's sign-in service cannot answer just now."""
    outage = world.directory.rules(_tenant_id(world, tenant_path, app)).outage
    if outage == "service":
        raise Refusal(50033, _MESSAGE)
    if outage == "directory":
        raise Refusal(90033, _MESSAGE)


def check_budget(world: World, tenant_path: str, app: AppRegistration) -> None:
    """Refuse a token request beyond those that the tenant's service can bear within a minute."""
    tenant_id = _tenant_id(world, tenant_path, app)
    budget = world.directory.rules(tenant_id).request_budget
    if budget is None:
        return
    key, now = f"budget {tenant_id}", world.clock.now()
    recent = [at for at in world.grants.seen.get(key, []) if now - at < BUDGET_WINDOW]
    world.grants.seen[key] = [*recent, now]
    if len(recent) >= budget:
        raise Refusal(90024, _MESSAGE)


def _tenant_id(world: World, tenant_path: str, app: AppRegistration) -> str:
    """Return whose service it is: the tenant of the path, at `common` the app's own."""
    tenant = tenant_of_path(world, tenant_path)
    return tenant.id if tenant else app.tenant_id
