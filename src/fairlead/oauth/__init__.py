"""OAuth 2.0, the protocol alone: URLs, token requests, what replies mean. Nothing is kept here."""

from fairlead.oauth.audience import (
    audience_at,
    audience_of,
    credential_headers,
    holds_credentials,
    is_open_origin,
)
from fairlead.oauth.authorize import authorization_url, check_overrides
from fairlead.oauth.challenge import claims_of
from fairlead.oauth.interpolate import interpolate
from fairlead.oauth.pkce import challenge_of, new_state, new_verifier
from fairlead.oauth.replies import classify
from fairlead.oauth.scopes import scope_text, scopes_for
from fairlead.oauth.tokens import client_credentials, exchange_code, refresh
from fairlead.oauth.two_step import two_step

__all__ = [
    "audience_at",
    "audience_of",
    "authorization_url",
    "challenge_of",
    "check_overrides",
    "claims_of",
    "classify",
    "client_credentials",
    "credential_headers",
    "exchange_code",
    "holds_credentials",
    "interpolate",
    "is_open_origin",
    "new_state",
    "new_verifier",
    "refresh",
    "scope_text",
    "scopes_for",
    "two_step",
]
