"""When a call is sent again: only if that does no harm, as often as allowed, as the server asks."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from fairlead.client.errors import FairleadApiError, Unreachable

#: of a server or of something before it that cannot serve now, but may soon
_PASSING = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How often, and how patiently, a call that is safe to repeat is sent again."""

    #: further attempts after the first; 0 = none
    most: int = 2
    #: doubled each time, and spread by chance
    first_wait_seconds: float = 0.5
    #: a server that asks for a longer wait gets none: the error is raised at once
    longest_wait_seconds: float = 30.0
    #: a number from 0 to 1
    chance: Callable[[], float] = random.random

    def wait_seconds(
        self, error: FairleadApiError, attempt: int, *, is_idempotent: bool
    ) -> float | None:
        """Return how long to wait before attempt `attempt + 1` (the first is 0); None = give up."""
        if attempt >= self.most or not is_idempotent:
            return None
        if not isinstance(error, Unreachable) and error.status not in _PASSING:
            return None
        asked = error.retry_after_seconds
        if asked is not None:
            return asked if asked <= self.longest_wait_seconds else None
        full = min(self.first_wait_seconds * 2.0**attempt, self.longest_wait_seconds)
        return full * (0.5 + self.chance() / 2)
