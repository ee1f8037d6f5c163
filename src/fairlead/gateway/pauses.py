"""Who asked to be left alone, and until when: a throttled call pauses all calls of a connection."""

from datetime import datetime, timedelta

_MOST = 10_000


class Pauses:
    """Remembers until when each connection should not be called."""

    def __init__(self) -> None:
        self._until: dict[int, datetime] = {}

    def note(self, pk: int, delay_seconds: float, now: datetime) -> None:
        """Remember a wish; the later of two counts."""
        until = now + timedelta(seconds=min(delay_seconds, 86_400.0))
        if until <= now:
            return
        if len(self._until) >= _MOST:
            self._until = {key: end for key, end in self._until.items() if end > now}
        self._until[pk] = max(until, self._until.get(pk, until))

    def left(self, pk: int, now: datetime) -> float:
        """Return seconds until the connection may be called again."""
        until = self._until.get(pk)
        if until is None:
            return 0.0
        if until <= now:
            del self._until[pk]
            return 0.0
        return (until - now).total_seconds()
