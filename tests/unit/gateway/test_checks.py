"""The doctor's checks, at their edges."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from certificates import make_pair
from fake_vendor import FakeResponse, FakeTransport
from pydantic import SecretStr

from fairlead.errors import EgressRefused, Throttled, Unavailable
from fairlead.gateway.checks import (
    CERTIFICATE_MARGIN,
    WORST_SKEW,
    check_certificate,
    check_clock,
    check_webhook,
    unreachable,
)
from fairlead.model.credentials import ApiKeyCredentials, ClientCredentials
from fairlead.model.diagnosis import Chart, Level, finding_of
from fairlead.model.provider import Reply

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def outcome(chart):
    """Return what the only check came to, and the codes that were found."""
    [check] = chart.checks
    return check.outcome, list(chart.findings)


@pytest.mark.parametrize(
    ("skew", "expected"),
    [
        (timedelta(), ("passed", [])),
        (WORST_SKEW - SECOND, ("passed", [])),
        (WORST_SKEW, ("failed", ["clock_skew"])),
        (-WORST_SKEW, ("failed", ["clock_skew"])),
    ],
)
def test_clock(skew, expected):
    chart = Chart()
    check_clock(chart, Reply(200, {"date": format_datetime(NOW, usegmt=True)}), NOW + skew)
    assert outcome(chart) == expected
    if chart.findings:
        word = "ahead of" if skew > timedelta() else "behind"
        assert f"4 minutes {word}" in chart.findings["clock_skew"].cause


@pytest.mark.parametrize("headers", [{}, {"date": "yesterday"}])
def test_an_answer_without_a_date_says_nothing_of_the_clock(headers):
    chart = Chart()
    check_clock(chart, Reply(200, headers), NOW)
    assert chart.checks == []


@pytest.mark.parametrize(
    ("left", "expected", "level"),
    [
        (CERTIFICATE_MARGIN + SECOND, ("passed", []), None),
        (CERTIFICATE_MARGIN, ("failed", ["certificate_expires_soon"]), Level.WARNING),
        (SECOND, ("failed", ["certificate_expires_soon"]), Level.WARNING),
        (timedelta(), ("failed", ["certificate_expired"]), Level.PROBLEM),
    ],
)
def test_certificate(pair, left, expected, level):
    chart, pem = Chart(), make_pair(pair.key, not_after=NOW + left).pem
    credentials = ClientCredentials(token=SecretStr(""), client_id="a", client_certificate=pem)
    check_certificate(chart, credentials, NOW)
    assert outcome(chart) == expected
    assert chart.facts["certificateExpiresAt"] == (NOW + left).isoformat()
    assert [finding.level for finding in chart.findings.values()] == [level] * len(chart.findings)


def test_certificate_that_is_none():
    chart = Chart()
    credentials = ClientCredentials(token=SecretStr(""), client_id="a", client_certificate="x")
    check_certificate(chart, credentials, NOW)
    assert outcome(chart) == ("failed", ["certificate_unreadable"])
    check_certificate(chart, ApiKeyCredentials(api_key=SecretStr("k")), NOW)
    assert len(chart.checks) == 1


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (FakeResponse(405), ("passed", [])),
        (Unavailable("It is down; try later"), ("failed", ["webhook_unreachable"])),
        (EgressRefused("It is private; allow it"), ("failed", ["webhook_refused"])),
    ],
)
async def test_webhook(answer, expected):
    chart = Chart()
    give = answer if isinstance(answer, Exception) else (answer.status, answer)
    transport = FakeTransport(lambda _: give)
    await check_webhook(chart, transport, "https://product.example/hooks/s3cret")
    assert outcome(chart) == expected
    [sent] = transport.sent
    # nothing is delivered by it
    assert (sent.request.method, sent.request.body) == ("HEAD", None)
    assert "s3cret" not in str(chart.findings)


async def test_no_webhook():
    chart, transport = Chart(), FakeTransport()
    await check_webhook(chart, transport, "")
    assert outcome(chart) == ("skipped", [])
    assert transport.sent == []


def test_only_silence_is_unreachable():
    assert unreachable("https://a", Unavailable("No answer; try")).code == "provider_unreachable"
    assert unreachable("https://a", Throttled("Wait")).code == "throttled"


def test_an_error_becomes_a_finding():
    found = finding_of(Unavailable("The vendor is down; try again later."))
    assert (found.cause, found.fix) == ("The vendor is down.", "Try again later.")
    alone = finding_of(Unavailable("The vendor is down."))
    assert alone.fix.startswith("See https://")


def test_one_code_is_found_once_and_may_be_said_more_exactly():
    chart = Chart()
    first, second = finding_of(Unavailable("One; a")), finding_of(Unavailable("Two; b"))
    chart.found(first)
    chart.found(second)
    assert list(chart.findings.values()) == [first]
    exact = second.model_copy(update={"code": "exact"})
    chart.failed("check", exact, instead_of=first.code)
    assert list(chart.findings.values()) == [exact]
