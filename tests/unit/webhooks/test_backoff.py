"""When a failed delivery is tried again."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from fairlead.webhooks.backoff import LIFETIME, next_attempt_at

BORN = datetime(2026, 1, 1, tzinfo=UTC)


def _attempts() -> list[datetime]:
    """Play an event whose every attempt fails at once."""
    moments = [BORN]
    while again_at := next_attempt_at(len(moments), created_at=BORN, now=moments[-1]):
        moments.append(again_at)
    return moments


def test_first_retry_comes_within_seconds_and_waits_grow() -> None:
    moments = _attempts()
    waits = [later - earlier for earlier, later in pairwise(moments)]
    assert waits[0] == timedelta(seconds=5)
    assert waits == sorted(waits)


def test_attempts_go_on_for_most_of_a_day_and_then_end() -> None:
    moments = _attempts()
    assert timedelta(hours=23) < moments[-1] - BORN <= LIFETIME
    assert len(moments) == 11


def test_an_old_event_is_given_up_even_after_few_attempts() -> None:
    late = BORN + LIFETIME
    assert next_attempt_at(1, created_at=BORN, now=late) is None
