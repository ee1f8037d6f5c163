"""How often somebody may fail to sign in, by e-mail and by address; each process counts alone."""

from collections import deque
from datetime import datetime, timedelta

from fairlead.errors import CallerError
from fairlead.model.clock import Clock

#: failures within this count
WINDOW = timedelta(minutes=15)
#: failures for one e-mail
FOR_EMAIL = 5
#: failures from one address, behind which many may sit
FROM_ADDRESS = 50
#: e-mails and addresses remembered at most
_ROOM = 10_000


class TooManyAttempts(CallerError):
    """Too many attempts to sign in failed; wait a quarter of an hour and try again."""

    code = "too_many_attempts"
    status = 429


class Attempts:
    """Remembers failures, and refuses who had too many."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures: dict[tuple[str, str], deque[datetime]] = {}

    def check(self, email: str, address: str) -> None:
        """Raise TooManyAttempts for an e-mail or an address with too many failures."""
        limits = {("email", email): FOR_EMAIL, ("address", address): FROM_ADDRESS}
        if any(len(self._recent(who)) >= limit for who, limit in limits.items()):
            raise TooManyAttempts

    def failed(self, email: str, address: str) -> None:
        """Note a failure."""
        if len(self._failures) >= _ROOM:
            old = [who for who in self._failures if not self._recent(who)]
            # while so many are fresh, somebody floods: the oldest goes
            for who in old or [next(iter(self._failures))]:
                del self._failures[who]
        for who in (("email", email), ("address", address)):
            self._failures.setdefault(who, deque()).append(self._clock.now())

    def succeeded(self, email: str) -> None:
        """Forget the failures for an e-mail."""
        self._failures.pop(("email", email), None)

    def _recent(self, who: tuple[str, str]) -> deque[datetime]:
        failures = self._failures.get(who, deque())
        while failures and failures[0] <= self._clock.now() - WINDOW:
            failures.popleft()
        return failures
