"""What happened to the sites of a tenant, and the tokens of `sites/delta` that point into it.

https://learn.microsoft.com/graph/api/site-delta
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime, timedelta

from m365sim.files.changes import RETENTION
from m365sim.files.problems import BadToken, TokenExpired
from m365sim.files.site import Site


@dataclass(frozen=True, slots=True)
class SiteToken:
    """A place in the history: the end of a round, or a page in the midst of one."""

    at: int  # when the round began (seconds since 1970)
    until: int  # changes up to this number belong to the round
    since: int | None  # None: a full enumeration
    position: int = 0
    is_end: bool = False

    def write(self) -> str:
        """Encode as an opaque text."""
        since = "" if self.since is None else str(self.since)
        text = f"sites;{self.at};{self.until};{since};{self.position};{int(self.is_end)}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> SiteToken:
        """Decode; a token that is broken is a BadToken."""
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            kind, at, until, since, position, is_end = raw.decode().split(";")
            token = cls(
                int(at), int(until), int(since) if since else None, int(position), is_end == "1"
            )
        except (ValueError, binascii.Error) as broken:
            raise BadToken("The token is not valid.") from broken
        if kind != "sites":
            raise BadToken("The token is not valid.")
        return token


class SiteLog:
    """Every change of the sites of a tenant, numbered from 1 on."""

    def __init__(self) -> None:
        self._changes: list[Site] = []
        self._gone: set[Site] = set()
        self._floor = 0

    @property
    def head(self) -> int:
        """The number of the latest change."""
        return len(self._changes)

    def record(self, site: Site, *, gone: bool = False) -> None:
        """Note that a site was made, changed or deleted."""
        self._changes.append(site)
        if gone:
            self._gone.add(site)

    def is_gone(self, site: Site) -> bool:
        """Tell whether a site was deleted."""
        return site in self._gone

    def expire(self) -> None:
        """Let every token given out so far be too old."""
        if self._changes:
            self._changes.append(self._changes[-1])
            self._floor = self.head

    def open(self, text: str | None, now: datetime, retention: timedelta = RETENTION) -> SiteToken:
        """Return the page that a token asks for, the first of a full enumeration without one.

        A token older than the retention is TokenExpired: nothing is published, so it is that of
        the log of a library.
        """
        at = int(now.timestamp())
        if text is None:
            return SiteToken(at, self.head, None)
        if text == "latest":
            return SiteToken(at, self.head, self.head)
        token = SiteToken.read(text)
        too_old = at - token.at > retention.total_seconds() or token.until < self._floor
        if too_old or token.until > self.head:
            raise TokenExpired("The token is too old. Start again with a full enumeration.")
        return SiteToken(at, self.head, token.until) if token.is_end else token

    def changed(self, since: int, until: int) -> list[Site]:
        """List the sites changed in (since, until], each once, by its last change there."""
        order: dict[Site, None] = {}
        for site in self._changes[since:until]:
            order.pop(site, None)
            order[site] = None
        return list(order)
