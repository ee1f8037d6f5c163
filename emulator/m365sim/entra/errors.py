"""What Entra says when it refuses: AADSTS numbers, OAuth errors, and the JSON that carries them.

Follows https://learn.microsoft.com/entra/identity-platform/reference-error-codes (numbers and
meanings) and RFC 6749 section 5.2. The OAuth code beside a number is what tenants were seen to
answer where the page gives none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from m365sim.world import World

#: number → OAuth error. The message is written where the refusal happens, with its particulars.
OAUTH_ERROR = {
    16000: "interaction_required",
    28000: "invalid_scope",
    28002: "invalid_scope",
    28003: "invalid_scope",
    50011: "invalid_client",
    50020: "invalid_grant",
    50027: "invalid_request",
    50033: "temporarily_unavailable",
    50034: "invalid_grant",
    50053: "invalid_grant",
    50055: "invalid_grant",
    50057: "invalid_grant",
    50058: "login_required",
    50074: "invalid_grant",
    50076: "invalid_grant",
    50078: "invalid_grant",
    50079: "invalid_grant",
    50105: "invalid_grant",
    50126: "invalid_grant",
    50158: "invalid_grant",
    50173: "invalid_grant",
    50194: "invalid_request",
    50196: "invalid_grant",
    53000: "invalid_grant",
    53001: "invalid_grant",
    53002: "invalid_grant",
    53003: "invalid_grant",
    54005: "invalid_grant",
    65001: "invalid_grant",
    65004: "access_denied",
    70000: "invalid_grant",
    70001: "unauthorized_client",
    70003: "unsupported_grant_type",
    70005: "unsupported_response_type",
    70007: "invalid_request",
    70008: "invalid_grant",
    70011: "invalid_scope",
    70016: "authorization_pending",
    70018: "bad_verification_code",
    70019: "expired_token",
    70020: "expired_token",
    70043: "invalid_grant",
    90002: "invalid_request",
    90014: "invalid_request",
    90023: "invalid_request",
    90024: "temporarily_unavailable",
    90033: "temporarily_unavailable",
    90094: "access_denied",
    90095: "access_denied",
    90119: "invalid_request",
    90120: "invalid_request",
    500011: "invalid_resource",
    500112: "invalid_client",
    500113: "invalid_request",
    501481: "invalid_grant",
    501491: "invalid_request",
    650052: "invalid_client",
    650053: "invalid_client",
    650057: "invalid_resource",
    700005: "invalid_grant",
    700016: "unauthorized_client",
    700021: "invalid_client",
    700022: "invalid_scope",
    700023: "invalid_client",
    700024: "invalid_client",
    700025: "invalid_client",
    700027: "invalid_client",
    700054: "unsupported_response_type",
    700082: "invalid_grant",
    700084: "invalid_grant",
    900144: "invalid_request",
    900561: "invalid_request",
    901002: "invalid_request",
    1002012: "invalid_scope",
    7000112: "unauthorized_client",
    7000215: "invalid_client",
    7000218: "invalid_client",
    7000222: "invalid_client",
    9001023: "invalid_request",
    9002326: "invalid_request",
    9002327: "invalid_request",
}

#: Numbers that signing in again, in a browser, may put right. The v2 token endpoint calls them
#: `invalid_grant` and says more in `suberror`; the older one, and a redirect, say so by name.
INTERACTIVE = frozenset({50074, 50076, 50078, 50079, 50158, 53000, 53001, 53002, 53003})


class Refusal(Exception):
    """Entra declines, with a number, a message and the OAuth error that goes with them."""

    def __init__(
        self,
        number: int,
        message: str,
        *,
        suberror: str | None = None,
        error: str | None = None,
        claims: str | None = None,
    ) -> None:
        super().__init__(message)
        self.number = number
        self.message = message
        self.suberror = suberror
        self.claims = claims  # JSON, as text: what a new request should ask for
        self.error = error or OAUTH_ERROR[number]

    @property
    def error_by_name(self) -> str:
        """The OAuth error where the need for a person is told by it, and by no `suberror`."""
        return "interaction_required" if self.number in INTERACTIVE else self.error

    @property
    def status(self) -> int:
        """The HTTP status at the token endpoint."""
        return {"invalid_client": 401, "temporarily_unavailable": 503}.get(self.error, 400)


def missing(field: str) -> Refusal:
    """Return the refusal of a request that lacks a field."""
    return Refusal(900144, f"The request body must contain the following parameter: '{field}'.")


@dataclass(frozen=True, slots=True)
class Trace:
    """The ids by which support finds a refused request again."""

    trace_id: str
    correlation_id: str
    timestamp: str

    @classmethod
    def new(cls, world: World, correlation_id: str | None = None) -> Trace:
        """Return fresh ids; the caller's own correlation id is kept when it is one."""
        return cls(
            trace_id=_guid(world),
            correlation_id=_kept(correlation_id) or _guid(world),
            timestamp=world.clock.now().astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ"),
        )


def description(refusal: Refusal, trace: Trace) -> str:
    """Return `error_description`: number, message, and the ids on lines of their own."""
    lines = (
        f"AADSTS{refusal.number}: {refusal.message}",
        f"Trace ID: {trace.trace_id}",
        f"Correlation ID: {trace.correlation_id}",
        f"Timestamp: {trace.timestamp}",
    )
    return "\r\n".join(lines)


def error_uri(world: World, refusal: Refusal) -> str:
    """Return the page that explains a number."""
    return f"{world.urls.login}/error?code={refusal.number}"


def error_body(
    world: World, refusal: Refusal, trace: Trace, *, is_v1: bool = False
) -> dict[str, Any]:
    """Return the token endpoint's error JSON."""
    body: dict[str, Any] = {
        "error": refusal.error_by_name if is_v1 else refusal.error,
        "error_description": description(refusal, trace),
        "error_codes": [refusal.number],
        "timestamp": trace.timestamp,
        "trace_id": trace.trace_id,
        "correlation_id": trace.correlation_id,
        "error_uri": error_uri(world, refusal),
    }
    if refusal.suberror is not None:
        body["suberror"] = refusal.suberror
    if refusal.claims is not None:
        body["claims"] = refusal.claims
    return body


def _guid(world: World) -> str:
    return str(UUID(int=world.rng.getrandbits(128), version=4))


def _kept(correlation_id: str | None) -> str | None:
    try:
        return str(UUID(correlation_id or ""))
    except ValueError:
        return None
