"""The `claims` parameter: what a client can do, and what a challenge told it to ask for.

Follows https://learn.microsoft.com/entra/identity-platform/claims-challenge and
https://openid.net/specs/openid-connect-core-1_0.html#ClaimsParameter
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from m365sim.entra.errors import Refusal

#: The only capability there is: the client understands claims challenges.
CHALLENGES = "cp1"


@dataclass(frozen=True, slots=True)
class ClaimsRequest:
    """A claims parameter, understood. Parts that we do not know are ignored, as they may be."""

    capabilities: frozenset[str] = frozenset()
    contexts: frozenset[str] = frozenset()  # authentication contexts: c1 to c99
    not_before: int | None = None  # only tokens issued later will do; seconds

    @property
    def takes_challenges(self) -> bool:
        """Tell whether the client can be challenged, and so may have long-lived tokens."""
        return CHALLENGES in self.capabilities

    def joined(self, other: ClaimsRequest) -> ClaimsRequest:
        """Return both requests in one: that of the sign-in and that of the token request."""
        return ClaimsRequest(
            self.capabilities | other.capabilities,
            self.contexts | other.contexts,
            other.not_before or self.not_before,
        )


def read_claims(text: str | None) -> ClaimsRequest:
    """Understand a claims parameter, or raise the `Refusal` that it earns."""
    if not text:
        return ClaimsRequest()
    try:
        document = orjson.loads(text)
    except ValueError as malformed:
        raise _invalid() from malformed
    if not isinstance(document, dict):
        raise _invalid()
    wanted = document.get("access_token") or {}
    if not isinstance(wanted, dict):
        raise _invalid()
    moment = next(iter(_values(wanted.get("nbf"))), "")
    return ClaimsRequest(
        frozenset(value.lower() for value in _values(wanted.get("xms_cc"))),
        frozenset(value.lower() for value in _values(wanted.get("acrs"))),
        int(moment) if moment.isdecimal() else None,
    )


def policy_claims(policy_ids: list[str]) -> str:
    """Return the `claims` of an answer that policies refused; the client may send it back."""
    wanted = {"access_token": {"capolids": {"essential": True, "values": policy_ids}}}
    return orjson.dumps(wanted).decode()


def newer_than(moment: int) -> bytes:
    """Return the claims by which an API asks for a token issued after a critical event."""
    # The value is a string in the real challenge.
    return orjson.dumps({"access_token": {"nbf": {"essential": True, "value": str(moment)}}})


def _values(wanted: Any) -> list[str]:
    if not isinstance(wanted, dict):
        return []
    several = wanted.get("values")
    found = several if isinstance(several, list) else [wanted.get("value")]
    return [str(value) for value in found if isinstance(value, str | int)]


def _invalid() -> Refusal:
    return Refusal(90023, "The 'claims' parameter is not a valid JSON object.")
