from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.model.budget import (
    DEPTH,
    SPENT,
    Allowance,
    Priority,
    Purse,
    Settlement,
    Told,
    Toll,
    Want,
)

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
ALLOWANCE = Allowance(
    name="acme",
    toll=lambda request: Toll(1),
    account="tenant",
    limits=(1_000, 2_000, 4_000),
    limit_header="limit",
    remaining_header="left",
    reset_header="reset",
)
CHANGES = Priority.CHANGES


def later(seconds):
    return NOW + timedelta(seconds=seconds)


def limited(limit=1_000):
    """Return a purse of an account whose limit is known, as full as it can be."""
    purse, _ = Settlement(told=Told(limit, limit, NOW)).of(
        Purse.new(ALLOWANCE, NOW), ALLOWANCE, NOW
    )
    return purse.at(NOW, ALLOWANCE)


def drained(purse=None, at=NOW):
    purse, _ = Settlement(wanted={Priority.INTERACTIVE: Want(1, 10_000)}).of(
        purse or limited(), ALLOWANCE, at
    )
    return purse


@given(
    st.lists(
        st.tuples(
            st.floats(0.01, 30), st.sampled_from(Priority), st.integers(1, 5), st.integers(0, 60)
        ),
        max_size=80,
    )
)
def test_no_minute_sees_more_than_the_limit(asked):
    purse, now, given_at = limited(), NOW, []
    for seconds, priority, first, more in asked:
        now += timedelta(seconds=seconds)
        purse, given = Settlement(wanted={priority: Want(first, more)}).of(purse, ALLOWANCE, now)
        given_at.append((now, given[priority]))
    for begin, _ in given_at:
        end = begin + timedelta(minutes=1)
        assert sum(units for at, units in given_at if begin <= at < end) <= 1_000


def test_what_matters_less_leaves_a_part_for_what_matters_more():
    purse = limited()
    for priority, most in (
        (Priority.PERMISSIONS, 16),
        (Priority.CONTENT, 8),
        (CHANGES, 8),
        (Priority.INTERACTIVE, 8),
    ):
        purse, given = purse.give({priority: Want(1, 1_000)})
        assert given == {priority: most}
    assert purse.give({Priority.INTERACTIVE: Want(1)})[1] == {Priority.INTERACTIVE: 0}


def test_the_most_urgent_is_served_first():
    purse = drained().at(later(1), ALLOWANCE)
    _, given = purse.give({Priority.PERMISSIONS: Want(5), Priority.INTERACTIVE: Want(5)})
    assert given == {Priority.PERMISSIONS: 0, Priority.INTERACTIVE: 5}


def test_a_request_that_costs_more_than_the_bucket_holds_passes_when_it_is_full():
    purse = limited()
    purse, given = purse.give({CHANGES: Want(100)})
    assert given == {CHANGES: 100}
    assert purse.level == 1_000 * DEPTH - 100
    seconds = purse.wait(CHANGES, 100, NOW, ALLOWANCE)
    assert seconds == pytest.approx(100 / (1_000 * SPENT / 60))
    purse = purse.at(later(seconds + 0.001), ALLOWANCE)
    assert purse.give({CHANGES: Want(100)})[1] == {CHANGES: 100}


def test_a_refusal_stops_everything_until_it_is_over():
    purse, given = Settlement(paused_until=later(30), wanted={CHANGES: Want(1)}).of(
        limited(), ALLOWANCE, NOW
    )
    assert given == {CHANGES: 0}
    assert purse.wait(CHANGES, 1, later(10), ALLOWANCE) == 20
    # a shorter one does not end it
    purse, _ = Settlement(paused_until=later(11)).of(purse, ALLOWANCE, later(10))
    assert purse.at(later(29.9), ALLOWANCE).give({CHANGES: Want(1)})[1] == {CHANGES: 0}
    assert purse.at(later(30), ALLOWANCE).give({CHANGES: Want(1)})[1] == {CHANGES: 1}


def test_a_pause_has_an_end_whatever_is_said():
    purse = limited().pause(NOW + timedelta(days=400), NOW)
    assert purse.paused_until == NOW + timedelta(days=1)


def test_what_the_vendor_says_is_left_holds_until_its_reset():
    told = ALLOWANCE.told({"limit": "600", "left": "3", "reset": "9"}, NOW)
    assert told == Told(600, 3, later(9))
    purse, given = Settlement(told=told, wanted={CHANGES: Want(2, 50)}).of(
        limited(), ALLOWANCE, NOW
    )
    assert (purse.limit, given) == (600, {CHANGES: 3})
    assert purse.wait(CHANGES, 1, later(2), ALLOWANCE) == 7
    # an answer that was longer on its way does not bring anything back
    purse, given = Settlement(told=Told(600, 2, later(9)), wanted={CHANGES: Want(1)}).of(
        purse, ALLOWANCE, later(3)
    )
    assert given == {CHANGES: 0}
    assert purse.at(later(9), ALLOWANCE).give({CHANGES: Want(1)})[1] == {CHANGES: 1}


def test_nothing_left_pauses_until_the_reset():
    purse, _ = Settlement(told=Told(1_000, 0, later(12))).of(limited(), ALLOWANCE, NOW)
    assert purse.paused_until == later(12)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"limit": "1000"},
        {"limit": "1000", "left": "many", "reset": "5"},
        {"limit": "1000", "left": "-1", "reset": "5"},
        {"limit": "0", "left": "5", "reset": "5"},
    ],
)
def test_what_cannot_be_understood_tells_nothing(headers):
    assert ALLOWANCE.told(headers, NOW) is None


def test_nothing_is_held_back_before_the_vendor_speaks():
    purse, given = Purse.new(ALLOWANCE, NOW).give({CHANGES: Want(5, 5_000)})
    assert given == {CHANGES: 5_005}
    assert purse.wait(Priority.PERMISSIONS, 100, NOW, ALLOWANCE) == 0
    purse = purse.hear(Told(1_000, 200, later(9)), NOW)
    assert purse.give({CHANGES: Want(5, 5_000)})[1] == {CHANGES: 32}


def test_what_was_told_is_believed_for_a_day():
    purse = limited()
    assert purse.at(later(86_399), ALLOWANCE).limit == 1_000
    purse = purse.at(later(86_400), ALLOWANCE)
    assert purse.give({CHANGES: Want(5_000)})[1] == {CHANGES: 5_000}


@pytest.mark.parametrize(("spent", "limit"), [(10, 1_000), (2_345, 2_000), (9_999, 4_000)])
def test_a_refusal_without_a_word_lets_the_limit_be_guessed_for_an_hour(spent, limit):
    purse, _ = Settlement(spent=spent, paused_until=later(9)).of(
        Purse.new(ALLOWANCE, NOW), ALLOWANCE, NOW
    )
    assert purse.limit == limit
    assert purse.at(later(3_600), ALLOWANCE).limit is None
    # what the vendor says itself counts
    purse, _ = Settlement(told=Told(6_000, 9, NOW)).of(purse, ALLOWANCE, NOW)
    purse, _ = Settlement(paused_until=later(9)).of(purse, ALLOWANCE, NOW)
    assert purse.limit == 6_000


def test_what_comes_back_may_be_spent_again_but_never_more_than_fits():
    purse = drained()
    assert purse.spend(-7).level == purse.level + 7
    assert purse.spend(-1_000).level == 1_000 * DEPTH


def test_a_clock_that_goes_back_gives_nothing():
    purse = drained()
    assert purse.at(later(-30), ALLOWANCE).level == purse.level
