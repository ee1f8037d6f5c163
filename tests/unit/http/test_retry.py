from datetime import UTC, datetime

import pytest

from fairlead.http import backoff, retry_after, retry_delay
from fairlead.model.limits import RateLimit
from fairlead.model.provider import AuthMode, Provider, Reply

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
PLAIN = Provider(name="plain", display_name="Plain", auth_mode=AuthMode.NONE)


def _reply(status, method="GET", **headers):
    return Reply(
        status=status,
        method=method,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("17", 17.0),
        (" 2.5 ", 2.5),
        ("-3", 0.0),
        ("Tue, 24 Nov 2026 08:00:30 GMT", 30.0),
        ("Tuesday, 24-Nov-26 08:01:00 GMT", 60.0),
        ("Tue, 24 Nov 2026 07:00:00 GMT", 0.0),
        ("Tue, 24 Nov 2026 08:00:30 -0000", 30.0),
        ("soon", None),
        ("inf", None),
        ("nan", None),
        ("", None),
    ],
)
def test_retry_after_is_read(value, seconds):
    assert retry_after({"retry-after": value}, NOW) == seconds


def test_no_header_no_wish():
    assert retry_after({}, NOW) is None


@pytest.mark.parametrize("status", [200, 204, 304, 400, 401, 403, 404, 409, 410, 501, 505, 507])
def test_what_stands(status):
    assert retry_delay(_reply(status), PLAIN, 0, NOW) is None


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 509])
def test_what_passes(status):
    assert retry_delay(_reply(status), PLAIN, 0, NOW) == 1.0
    assert retry_delay(_reply(status, retry_after="9"), PLAIN, 3, NOW) == 9.0


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_what_may_have_happened_is_not_repeated(method):
    assert retry_delay(_reply(503, method, retry_after="1"), PLAIN, 0, NOW) is None
    # throttled means not carried out
    assert retry_delay(_reply(429, method, retry_after="4"), PLAIN, 0, NOW) == 4.0


@pytest.mark.parametrize("method", ["get", "HEAD", "OPTIONS", "PUT", "DELETE"])
def test_idempotent_methods_are(method):
    assert retry_delay(_reply(503, method), PLAIN, 0, NOW) == 1.0


def _hooked(seconds):
    return Provider(
        name="h", display_name="H", auth_mode=AuthMode.NONE, throttle=lambda _reply: seconds
    )


def test_larger_of_hook_and_header_wins():
    assert retry_delay(_reply(429, retry_after="5"), _hooked(20.0), 0, NOW) == 20.0
    assert retry_delay(_reply(429, retry_after="50"), _hooked(20.0), 0, NOW) == 50.0
    assert retry_delay(_reply(503, "POST"), _hooked(3.0), 0, NOW) == 3.0


def test_hook_that_warns_on_a_good_answer_does_not_repeat_it():
    assert retry_delay(_reply(200), _hooked(3.0), 0, NOW) is None


def test_hook_that_sees_nothing_leaves_the_rules():
    assert retry_delay(_reply(404), _hooked(None), 0, NOW) is None
    assert retry_delay(_reply(502), _hooked(None), 1, NOW) == 2.0


def test_callers_statuses_are_repeated_too():
    also = frozenset({404})
    assert retry_delay(_reply(404, "POST"), PLAIN, 2, NOW, also=also) == 4.0
    assert retry_delay(_reply(403, "POST"), PLAIN, 2, NOW, also=also) is None


def _limited(**rule):
    return Provider(
        name="l", display_name="L", auth_mode=AuthMode.NONE, rate_limit=RateLimit(**rule)
    )


@pytest.mark.parametrize(
    ("rule", "headers", "seconds"),
    [
        ({"after": ("retry-after", "ratelimit-reset")}, {"ratelimit_reset": "7"}, 7.0),
        (
            {"after": ("retry-after", "ratelimit-reset")},
            {"retry_after": "Tue, 24 Nov 2026 08:00:30 GMT", "ratelimit_reset": "7"},
            30.0,
        ),
        ({"at": ("x-reset",)}, {"x_reset": str(NOW.timestamp() + 12)}, 12.0),
        ({"at": ("x-reset",)}, {"x_reset": "Tue, 24 Nov 2026 08:00:45 GMT"}, 45.0),
        ({"at": ("x-reset",)}, {"x_reset": "1"}, 0.0),
        ({"at": ("x-reset",)}, {"x_reset": "nan"}, 1.0),
        ({"after": ("x-wait",)}, {"retry_after": "9"}, 1.0),
    ],
)
def test_provider_says_which_headers_hold(rule, headers, seconds):
    assert retry_delay(_reply(429, **headers), _limited(**rule), 0, NOW) == seconds


def test_nothing_left_is_a_throttle_of_whatever_method():
    provider = _limited(after=("x-reset",), remaining="x-left")
    reply = _reply(403, "POST", x_left="0", x_reset="5")
    assert retry_delay(reply, provider, 0, NOW) == 5.0
    assert retry_delay(_reply(403, x_left="1"), provider, 0, NOW) is None
    # a verdict stays one, however many calls are left
    assert retry_delay(_reply(404, x_left="0"), provider, 0, NOW) is None


def test_provider_may_name_the_statuses():
    provider = _limited(statuses=frozenset({409, 502}))
    assert retry_delay(_reply(409, "POST"), provider, 0, NOW) == 1.0
    assert retry_delay(_reply(502), provider, 0, NOW) == 1.0
    assert retry_delay(_reply(502, "POST"), provider, 0, NOW) is None
    assert retry_delay(_reply(429), provider, 0, NOW) is None


def test_backoff_doubles_and_is_bounded():
    assert [backoff(n) for n in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert backoff(10_000) == 60
