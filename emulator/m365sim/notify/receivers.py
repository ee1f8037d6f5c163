"""How quickly receivers answer, and what becomes of those that do not.

https://learn.microsoft.com/graph/change-notifications-delivery-webhooks: an endpoint where more
than 10 % of the answers of ten minutes took longer than ten seconds is slow, above 15 % its
notifications are dropped. From how many answers on that counts is not said; here from ten on.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from urllib.parse import urlsplit

WINDOW = timedelta(minutes=10)
SLOW_AFTER = 10.0  # seconds
SLOW_SHARE, DROP_SHARE = 0.10, 0.15
ENOUGH = 10  # answers
SLOW_DELAY = timedelta(seconds=10)


class Receivers:
    """What is known of every endpoint: scheme, host and port of its address."""

    def __init__(self) -> None:
        self._answers: dict[str, deque[tuple[datetime, bool]]] = {}

    def record(self, url: str, now: datetime, seconds: float) -> None:
        """Take note of how long an answer took."""
        kept = self._answers.setdefault(_endpoint(url), deque())
        kept.append((now, seconds >= SLOW_AFTER))

    def state(self, url: str, now: datetime) -> str:
        """Return `normal`, `slow` or `drop`."""
        kept = self._answers.get(_endpoint(url), deque())
        while kept and kept[0][0] < now - WINDOW:
            kept.popleft()
        if len(kept) < ENOUGH:
            return "normal"
        share = sum(is_slow for _, is_slow in kept) / len(kept)
        if share > DROP_SHARE:
            return "drop"
        return "slow" if share > SLOW_SHARE else "normal"

    def report(self, now: datetime) -> dict[str, str]:
        """Return the state of every endpoint met so far."""
        return {endpoint: self.state(endpoint, now) for endpoint in self._answers}


def _endpoint(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
