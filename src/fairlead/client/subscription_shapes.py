"""What the API answers about subscriptions."""

from typing import Literal, TypedDict

from fairlead.client.shapes import SyncName


class Subscription(TypedDict):
    """What the vendor tells of one place."""

    address: str
    state: Literal["wanted", "active", "failed", "ending"]
    #: why it is not active, or was not renewed
    reason: str | None
    expiresAt: str | None
    renewedAt: str | None
    lastNoticeAt: str | None
    notices: int
    #: runs in succession that found changes of which no notice had told
    silences: int
    syncs: list[SyncName]


class Subscriptions(TypedDict):
    """Subscriptions of a connection, and what became of its integration's notices."""

    subscriptions: list[Subscription]
    #: accepted, unknown, forged, replayed, malformed
    notices: dict[str, int]
