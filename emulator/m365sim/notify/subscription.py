"""A subscription to changes of a drive or a list.

https://learn.microsoft.com/graph/api/resources/subscription
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from m365sim.files import Drive

if TYPE_CHECKING:
    from m365sim.sharing import Sharing

MAX_LIFETIME = timedelta(minutes=42_300)  # of drives and lists
CHALLENGE_AHEAD = timedelta(hours=1)  # of the end, at the most, authorization is asked for


class Changing(Protocol):
    """What counts its changes: the log of a drive, a list."""

    @property
    def head(self) -> int:
        """The number of the latest change."""
        ...


@dataclass(frozen=True, slots=True)
class SecurityOf:
    """Counts the changes of permissions in a drive."""

    sharing: Sharing
    drive: Drive

    def __call__(self, since: int) -> int:
        """Return how many there were after a number of the drive's log."""
        return self.sharing.changes(self.drive, since)


@dataclass(frozen=True, slots=True)
class Watched:
    """What is watched, known by the numbers of its changes."""

    resource: str  # as the subscriber named it, without a slash ahead
    kind: str  # of what changes: "driveItem", "listItem"
    what: Drive | Changing
    security_of: SecurityOf | None = None

    def head(self) -> int:
        """Return the number of the latest change."""
        return self.what.log.head if isinstance(self.what, Drive) else self.what.head

    def security(self, since: int) -> int:
        """Count the changes of permissions after a number."""
        return self.security_of(since) if self.security_of is not None else 0


@dataclass(slots=True, eq=False)
class Subscription:
    """Who is told of changes, where, and until when."""

    id: str
    watched: Watched
    app_id: str
    creator_id: str
    notification_url: str
    created_at: datetime
    expires_at: datetime
    seen: int  # the number of the last change that was told
    client_state: str | None = None
    lifecycle_url: str | None = None
    tls_version: str = "v1_2"
    with_security: bool = False  # whether changes of permissions are told, too
    changed_at: datetime | None = None  # when a change was noticed that was not told yet
    challenged_at: datetime | None = None  # when authorization was asked for
    is_paused: bool = False  # nothing is told until it is reauthorized
    #: Makes the notification of one of SharePoint's own webhooks; None for those of Graph.
    payload: Callable[[Subscription], dict[str, Any]] | None = None

    def has_news(self) -> bool:
        """Tell whether anything changed that it is about."""
        head = self.watched.head()
        if head <= self.seen:
            return False
        return self.with_security or head - self.seen > self.watched.security(self.seen)

    def wants_challenge(self, now: datetime) -> bool:
        """Tell whether its end is so near that authorization is asked for, once."""
        if self.lifecycle_url is None or self.challenged_at is not None:
            return False
        ahead = min(CHALLENGE_AHEAD, (self.expires_at - self.created_at) / 4)
        return now >= self.expires_at - ahead

    def authorize(self) -> None:
        """Take note that its owner may still have it."""
        self.challenged_at = None
        self.is_paused = False

    def renew(self, now: datetime, expires_at: datetime) -> None:
        """Let it end later, or earlier; that authorizes it anew."""
        self.created_at, self.expires_at = now, expires_at
        self.authorize()
