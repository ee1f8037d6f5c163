"""Whether a person is still who a grant was given to: the checks at every token request.

Follows https://learn.microsoft.com/entra/identity-platform/refresh-tokens#token-revocation: an
expired password ends nothing, a changed one ends what public apps hold, and a revocation all.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from m365sim.entra.accounts import disabled
from m365sim.entra.assignments import check_assignment
from m365sim.entra.errors import Refusal
from m365sim.sign_in_rules import Proof
from m365sim.tenant import AppRegistration, Tenant, User

if TYPE_CHECKING:
    from m365sim.world import World


def person_of(world: World, user_id: str) -> tuple[User, Tenant]:
    """Return the person of a grant and their tenant, or refuse one who is gone."""
    user = world.directory.users.get(user_id)
    if user is None:
        raise Refusal(
            50034,
            "The user account does not exist in the directory. To sign into this application, the "
            "account must be added to the directory.",
            suberror="bad_token",
        )
    return user, world.directory.tenants[user.tenant_id]


def check_grant(user: User, app: AppRegistration, issued_at: datetime, proof: Proof) -> None:
    """Refuse a grant that an event has overtaken since it was given."""
    if not user.enabled:
        raise disabled()
    ends = [user.sessions_revoked_at]
    if app.is_public and proof.has_password:
        ends.append(user.password_changed_at)
    since = max((moment for moment in ends if moment is not None), default=None)
    if since is not None and issued_at <= since:
        raise Refusal(
            50173,
            "The provided grant has expired due to it being revoked, a fresh auth token is needed. "
            "The user might have changed or reset their password. The grant was issued on "
            f"'{issued_at:%Y-%m-%dT%H:%M:%S.0000000Z}' and the TokensValidFrom date (before "
            "which tokens are not valid) for this user is "
            f"'{since:%Y-%m-%dT%H:%M:%S.0000000Z}'.",
            suberror="bad_token",
        )
    check_assignment(user, app)
