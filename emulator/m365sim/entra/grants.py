"""What Entra has handed out and takes back: codes, refresh tokens, sign-ins under way."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from m365sim.entra.claims_request import ClaimsRequest
from m365sim.sign_in_rules import Proof

FlowKind = Literal["v2", "v1", "admin", "admin-v1", "device"]  # what began a sign-in

CODE_LIFETIME = timedelta(minutes=10)
REFRESH_LIFETIME = timedelta(days=90)
SPA_REFRESH_LIFETIME = timedelta(hours=24)
DEVICE_CODE_LIFETIME = timedelta(minutes=15)
POLL_SECONDS = 5
FLOW_LIFETIME = timedelta(hours=1)


@dataclass(slots=True)
class CodeGrant:
    """An authorization code, bound to the request that it answers."""

    app_id: str
    user_id: str
    tenant_id: str
    tenant_path: str  # what stood in the path: codes are redeemed where they were asked for
    redirect_uri: str
    scope: str
    issued_at: datetime
    proof: Proof
    wanted: ClaimsRequest
    nonce: str | None = None
    challenge: str | None = None
    challenge_method: str = "plain"
    resource: str | None = None  # v1 requests name a resource, not scopes
    redeemed: bool = False


@dataclass(frozen=True, slots=True)
class RefreshGrant:
    """A refresh token: bound to a user and an app, to no resource."""

    app_id: str
    user_id: str
    tenant_id: str
    scope: str
    issued_at: datetime
    proof: Proof
    resource: str | None = None
    spa_since: datetime | None = None  # a single-page app's: all its successors end with it


@dataclass(slots=True)
class DeviceGrant:
    """A device that waits for a person to sign in elsewhere (RFC 8628)."""

    device_code: str
    user_code: str
    app_id: str
    tenant_path: str
    scope: str
    issued_at: datetime
    wanted: ClaimsRequest
    resource: str | None = None
    polled_at: datetime | None = None
    interval: int = POLL_SECONDS
    state: Literal["pending", "approved", "declined", "redeemed"] = "pending"
    user_id: str | None = None
    proof: Proof | None = None

    def has_ended(self, now: datetime) -> bool:
        """Tell whether it is too late to sign in."""
        return now - self.issued_at >= DEVICE_CODE_LIFETIME


@dataclass(slots=True)
class Flow:
    """A sign-in under way in one browser: the authorize request and how far the person got."""

    id: str
    browser: str  # the browser's cookie: nobody else may carry the flow on
    tenant_path: str
    request: dict[str, str]
    started_at: datetime
    kind: FlowKind = "v2"
    user_id: str | None = None
    stage: str = ""  # the page that was shown last, where its answer must be told apart


@dataclass(slots=True)
class Grants:
    """Everything outstanding."""

    codes: dict[str, CodeGrant] = field(default_factory=dict)
    refresh_tokens: dict[str, RefreshGrant] = field(default_factory=dict)
    flows: dict[str, Flow] = field(default_factory=dict)
    devices: dict[str, DeviceGrant] = field(default_factory=dict)  # by device code
    seen: dict[str, list[datetime]] = field(default_factory=dict)  # equal token requests → when

    def forget_stale_flows(self, now: datetime) -> None:
        """Drop the sign-ins that nobody finished."""
        stale = [f.id for f in self.flows.values() if now - f.started_at > FLOW_LIFETIME]
        for flow_id in stale:
            del self.flows[flow_id]
