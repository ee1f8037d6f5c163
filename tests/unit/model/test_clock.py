"""Microseconds are exact, whatever the instant."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from fairlead.model.clock import ManualClock, SystemClock, epoch_us, from_epoch_us


@given(st.datetimes(timezones=st.just(UTC)))
def test_microseconds_round_trip(instant):
    assert from_epoch_us(epoch_us(instant)) == instant


def test_the_system_clock_is_aware():
    assert SystemClock().now().utcoffset() == timedelta(0)


def test_a_manual_clock_moves_only_when_told():
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    clock.advance(timedelta(hours=1))
    assert clock.now() == clock.now() == datetime(2026, 1, 1, 1, tzinfo=UTC)
