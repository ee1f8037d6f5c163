"""Meters: bounded, and in the right bucket."""

import pytest

from fairlead.observe import meters
from fairlead.observe.meters import BUCKETS, STATUSES, Count, Timing


def test_each_time_falls_into_the_bucket_that_ends_at_or_above_it() -> None:
    timing = Timing("t", "", ())
    for seconds in (0.0, BUCKETS[0], 0.006, 10_000.0):
        timing.observe((), seconds)
    [(numbers, [total])] = timing.rows.values()
    assert (numbers[0], numbers[1], numbers[-1], sum(numbers)) == (2, 1, 1, 4)
    assert total == pytest.approx(10_000.011)


def test_what_has_too_many_labels_counts_as_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meters, "MOST_SERIES", 2)
    count, timing = Count("c", "", ("a", "b")), Timing("t", "", ("a",))
    for name in "xyzx":
        count.add((name, name))
        timing.observe((name,), 1.0)
    assert count.rows == {("x", "x"): 2, ("y", "y"): 1, ("other", "other"): 1}
    assert {labels[0]: sum(row[0]) for labels, row in timing.rows.items()} == {
        "x": 2,
        "y": 1,
        "other": 1,
    }


def test_statuses_are_few() -> None:
    assert STATUSES[204] == STATUSES[200] == "2xx"
    assert STATUSES[429] == "429"
    assert len(set(STATUSES.values())) < 15
