"""The account of an app and a tenant."""

from datetime import UTC, datetime, timedelta

import pytest

from m365sim.throttle import Limits, Meter, limits_of

START = datetime(2026, 6, 3, 15, tzinfo=UTC)


@pytest.fixture
def meter():
    made = Meter()
    made.turn_on(limits=Limits(100, 1000, 500, 50))
    return made


def charge(meter, cost=1, at=0.0, app="a", user=None):
    return meter.charge(app, "t", user, cost, START + timedelta(seconds=at))


def said(verdict):
    return {name.decode(): value.decode() for name, value in verdict.headers}


@pytest.mark.parametrize(
    ("licences", "minute", "day", "tenant"),
    [
        (0, 1250, 1_200_000, 18_750),
        (1000, 1250, 1_200_000, 18_750),
        (1001, 2500, 2_400_000, 37_500),
        (15_000, 3750, 3_600_000, 56_250),
        (50_000, 5000, 4_800_000, 75_000),
        (50_001, 6250, 6_000_000, 93_750),
    ],
)
def test_limits_grow_with_the_licences(licences, minute, day, tenant):
    limits = limits_of(licences)
    assert (limits.app_per_minute, limits.app_per_day) == (minute, day)
    assert limits.tenant_per_five_minutes == tenant


def test_a_warning_comes_from_eighty_percent_on(meter):
    assert said(charge(meter, 79)) == {}
    assert said(charge(meter, 1, at=20)) == {
        "ratelimit-limit": "100",
        "ratelimit-remaining": "20",
        "ratelimit-reset": "40",
    }
    verdict = charge(meter, 20, at=30)
    assert verdict.is_allowed
    assert said(verdict)["ratelimit-remaining"] == "0"


def test_too_much_is_refused_until_the_minute_ends(meter):
    charge(meter, 100)
    verdict = charge(meter, 1, at=15)
    assert verdict.status == 429
    assert said(verdict) == {
        "retry-after": "45",
        "ratelimit-limit": "100",
        "ratelimit-remaining": "0",
        "ratelimit-reset": "45",
    }
    assert charge(meter, 1, at=15, app="another").is_allowed
    assert charge(meter, 1, at=60).is_allowed
    assert meter.counts == {"units": 103, "throttled": 1}


def test_what_is_refused_counts_as_well(meter):
    charge(meter, 101)
    for n in range(20):
        charge(meter, 50, at=60.0 * 60 * (n + 1))
    # 101 + 18 x 50 is over the day's thousand at the 18th hour.
    assert charge(meter, 1, at=60.0 * 60 * 21).status == 429


def test_who_comes_too_early_waits_longer(meter):
    charge(meter, 101)
    first = charge(meter, 1, at=10)
    assert (first.status, said(first)) == (429, {"retry-after": "60"})
    assert said(charge(meter, 1, at=20)) == {"retry-after": "60"}
    assert meter.counts["early"] == 2
    assert charge(meter, 1, at=79).status == 429
    assert charge(meter, 1, at=90).is_allowed is True


def test_what_was_on_its_way_is_no_early_call(meter):
    charge(meter, 101)
    for _ in range(60):
        assert said(charge(meter, 1, at=0.9)) == {"retry-after": "60"}
    assert meter.counts["early"] == 0
    assert charge(meter, 1, at=60).is_allowed


def test_penalties_end_somewhere(meter):
    charge(meter, 101)
    for _ in range(49):
        verdict = charge(meter, 1, at=1)
    assert meter.counts["early"] == 49
    assert int(said(verdict)["retry-after"]) <= 600


def test_who_never_waits_is_blocked(meter):
    charge(meter, 101)
    for n in range(49):
        assert charge(meter, 1, at=1 + n / 20).status == 429
    blocked = charge(meter, 1, at=5)
    assert (blocked.status, said(blocked)) == (503, {"retry-after": "3600"})
    assert charge(meter, 1, at=3000).status == 503
    assert charge(meter, 1, at=3000 + 3600).is_allowed


def test_all_apps_together_have_a_limit(meter):
    for n in range(5):
        assert charge(meter, 100, app=f"app {n}").is_allowed
    verdict = charge(meter, 1, app="one more")
    assert verdict.status == 429
    assert said(verdict) == {"retry-after": "300"}


def test_a_user_has_a_limit_too(meter):
    for n in range(50):
        assert charge(meter, 0, app=f"app {n}", user="u").is_allowed
    assert charge(meter, 0, app="more", user="u").status == 429
    assert charge(meter, 0, app="else", user="v").is_allowed


def test_turning_on_and_off(meter):
    charge(meter, 101)
    meter.turn_on(licences=2000)
    assert meter.limits.app_per_minute == 2500
    assert charge(meter, 101).is_allowed
    report = meter.report(START)
    assert report["on"] is True
    assert report["counts"] == {"units": 101}
    assert report["held"] == []
    assert {"window": "minute", "of": ["a", "t"], "used": 101} in report["used"]
    meter.turn_off()
    assert not meter.is_on
    assert meter.report(START)["used"] == []


def test_a_world_may_be_built_with_it_turned_on():
    from m365sim.server import Options

    for wanted in (True, False):
        world = Options(throttle=wanted).build()
        world.content.close()
        assert world.throttle.is_on is wanted
