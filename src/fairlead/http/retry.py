"""When to send a request again, and how long to wait first.

`Retry-After` as in [RFC 9110, 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3); which
methods may be repeated as in [9.2.2](https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2).
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from fairlead.model.provider import Provider, Reply

IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
#: 5xx that say "not now"; the others (not implemented, storage full) say "never like this"
_PASSING = frozenset({500, 502, 503, 504, 509})
_FIRST_SECONDS = 1.0
_LONGEST_SECONDS = 60.0


def retry_delay(
    reply: Reply,
    provider: Provider,
    attempt: int,
    now: datetime,
    *,
    also: frozenset[int] = frozenset(),
    repeatable: bool | None = None,
) -> float | None:
    """Return seconds to wait before sending the request again, None = the reply stands.

    `attempt` counts from 0. A throttled request (429, or the provider's hook says so) was not
    carried out, so any method may be repeated; after other 5xx only what is `repeatable`: the
    idempotent methods, if nobody says otherwise. Statuses in `also` are the caller's wish, for any
    method.
    """
    if repeatable is None:
        repeatable = reply.method.upper() in IDEMPOTENT
    throttled = provider.throttle(reply) if provider.throttle is not None else None
    is_refused = reply.status >= 400
    if not (
        reply.status == 429
        or (throttled is not None and is_refused)
        or (reply.status in _PASSING and repeatable)
        or reply.status in also
    ):
        return None
    asked = [delay for delay in (throttled, retry_after(reply.headers, now)) if delay is not None]
    return max(0.0, *asked) if asked else backoff(attempt)


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds that a `Retry-After` header (number or date) asks for.

    None: no such header (names are lower case), or nothing that can be understood.
    """
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            moment = parsedate_to_datetime(value)
        except ValueError:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, (moment - now).total_seconds())
    return max(0.0, seconds) if math.isfinite(seconds) else None


def backoff(attempt: int) -> float:
    """Return seconds to wait when nobody said how long: 1, 2, 4 ... at most 60."""
    return float(min(_LONGEST_SECONDS, _FIRST_SECONDS * 2 ** min(attempt, 16)))
