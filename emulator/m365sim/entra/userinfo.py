"""What OpenID Connect tells an app about the person who signed in, besides the id token.

Follows https://learn.microsoft.com/entra/identity-platform/userinfo. It is on Graph's host.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from m365sim.entra.token_claims import pairwise_subject
from m365sim.entra.tokens import Principal

if TYPE_CHECKING:
    from m365sim.world import World

USERINFO = "/oidc/userinfo"


def userinfo(world: World, principal: Principal) -> dict[str, str] | None:
    """Return the claims that a token's scopes allow, or None for a token that allows none."""
    user = principal.user
    if user is None or "openid" not in principal.scopes:
        return None
    claims = {"sub": pairwise_subject(user.tenant_id, principal.app_id, user.id)}
    if "profile" in principal.scopes:
        given, _, family = user.display_name.partition(" ")
        picture = f"{world.graph_audience}/v1.0/me/photo/$value"
        claims |= {
            "name": user.display_name,
            "family_name": family,
            "given_name": given,
            "picture": picture,
        }
    if "email" in principal.scopes:
        claims["email"] = user.email
    return claims
