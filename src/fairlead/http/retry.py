"""When to send a request again, and how long to wait first.

`Retry-After` as in [RFC 9110, 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3); which
methods may be repeated as in [9.2.2](https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2).
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from fairlead.model.limits import RateLimit
from fairlead.model.provider import Provider, Reply

IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
#: 5xx that say "not now"; the others (not implemented, storage full) say "never like this"
_PASSING = frozenset({500, 502, 503, 504, 509})
#: what is answered to a call beyond the last; other statuses judge the call itself
_USED_UP = frozenset({403, 429})
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

    `attempt` counts from 0. A throttled request (429, nothing left, or the provider's hook says
    so) was not carried out, so any method may be repeated; after other 5xx only what is
    `repeatable`: the idempotent methods, if nobody says otherwise. The provider may name other
    statuses than 429 and the passing 5xx. Statuses in `also` are the caller's wish, for any method.
    """
    if repeatable is None:
        repeatable = reply.method.upper() in IDEMPOTENT
    throttled = provider.throttle(reply) if provider.throttle is not None else None
    rule = provider.rate_limit
    worth_it = rule.statuses or _PASSING | {429}
    if not (
        (reply.status in worth_it and (repeatable or reply.status < 500))
        or (throttled is not None and reply.status >= 400)
        or (reply.status in _USED_UP and is_used_up(reply.headers, rule))
        or reply.status in also
    ):
        return None
    waits = (throttled, asked_wait(reply.headers, rule, now))
    asked = [delay for delay in waits if delay is not None]
    return max(0.0, *asked) if asked else backoff(attempt)


def asked_wait(headers: Mapping[str, str], rule: RateLimit, now: datetime) -> float | None:
    """Return the seconds that the headers named by `rule` ask for, the longest; None = none does.

    Names of headers are lower case.
    """
    waits = [_read_wait(headers.get(name, ""), now) for name in rule.after]
    waits += [_read_moment(headers.get(name, ""), now) for name in rule.at]
    return max((wait for wait in waits if wait is not None), default=None)


def is_used_up(headers: Mapping[str, str], rule: RateLimit) -> bool:
    """Tell whether the vendor says that no call is left."""
    return bool(rule.remaining) and headers.get(rule.remaining, "").strip() == "0"


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds that a `Retry-After` header (number or date) asks for.

    None: no such header (names are lower case), or nothing that can be understood.
    """
    return _read_wait(headers.get("retry-after", ""), now)


def _read_moment(value: str, now: datetime) -> float | None:
    """Return the seconds until a moment, given as seconds since 1970 or as a date."""
    try:
        since_1970 = float(value)
    except ValueError:
        return _read_wait(value, now)
    return max(0.0, since_1970 - now.timestamp()) if math.isfinite(since_1970) else None


def _read_wait(value: str, now: datetime) -> float | None:
    value = value.strip()
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
