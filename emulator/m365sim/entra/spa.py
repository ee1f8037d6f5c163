"""Apps that live in a browser page: they redeem across origins, with no secret, for a day.

Follows https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow#redirect-uris-for-single-page-apps-spas
"""

from __future__ import annotations

from m365sim.entra.errors import Refusal
from m365sim.entra.token_answers import TokenRequest


def check_origin(request: TokenRequest, *, is_spa: bool) -> None:
    """Refuse a page where a server is meant, and a server where a page is."""
    if is_spa and request.origin is None:
        raise Refusal(
            9002327,
            "Tokens issued for the 'Single-Page Application' client-type may only be redeemed via "
            "cross-origin requests.",
        )
    if request.origin is not None and not is_spa:
        raise cross_origin()


def cross_origin() -> Refusal:
    """Return the refusal of a request from a page that no page may make."""
    return Refusal(
        9002326,
        "Cross-origin token redemption is permitted only for the 'Single-Page Application' "
        "client-type.",
    )
