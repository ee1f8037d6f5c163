"""Continuous access evaluation: an API learns at once what became of a person or an app.

Follows https://learn.microsoft.com/entra/identity/conditional-access/concept-continuous-access-evaluation
(the events) and https://learn.microsoft.com/entra/identity-platform/claims-challenge (the header).
Only clients that said they understand challenges are challenged; the tokens of others live on to
their end. Here the API learns it without the delay of up to 15 minutes.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from m365sim.entra.claims_request import CHALLENGES, newer_than
from m365sim.entra.resources import APP_IDS

if TYPE_CHECKING:
    from m365sim.entra.tokens import Principal
    from m365sim.world import World

#: What Graph was seen to say; of a disabled person or app it says the same here.
MESSAGE = (
    "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: "
    "TokenIssuedBeforeRevocationTimestamp"
)


def challenge(world: World, principal: Principal) -> str | None:
    """Return the `WWW-Authenticate` of a token that an event has overtaken, or None."""
    if CHALLENGES not in principal.capabilities:
        return None
    moment = _overtaken_at(world, principal)
    if moment is None:
        return None
    claims = base64.b64encode(newer_than(moment)).decode()
    return (
        f'Bearer realm="", authorization_uri="{world.urls.login}/common/oauth2/authorize", '
        f'client_id="{APP_IDS["graph"]}", error_description="{MESSAGE}", '
        f'error="insufficient_claims", claims="{claims}"'
    )


def _overtaken_at(world: World, principal: Principal) -> int | None:
    now = int(world.clock.now().timestamp())
    user = principal.user
    if user is None:
        app = world.directory.apps.get(principal.app_id)
        if app is None or not app.enabled or principal.tenant_id in app.disabled_in:
            return now
        return None
    since = user.tokens_valid_from
    if since is not None and principal.issued_at < since.timestamp():
        return int(since.timestamp())
    if not user.enabled or user.id not in world.directory.users:
        return now
    return None
