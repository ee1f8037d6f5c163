from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from fairlead.connect.validity import is_due, is_renewable, is_valid, renewal_at, token_of
from fairlead.model.credentials import (
    ApiKeyCredentials,
    BasicCredentials,
    ClientCredentials,
    NoCredentials,
    OAuth2Credentials,
)

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
STATIC = [
    ApiKeyCredentials(api_key=SecretStr("k")),
    BasicCredentials(username="u", password=SecretStr("p")),
    NoCredentials(),
]


def _delegated(minutes=None, *, token="at", refresh_token="rt", **raw):
    return OAuth2Credentials(
        access_token=SecretStr(token),
        refresh_token=SecretStr(refresh_token) if refresh_token else None,
        expires_at=None if minutes is None else NOW + timedelta(minutes=minutes),
        raw=raw,
    )


@pytest.mark.parametrize("credentials", STATIC, ids=lambda each: each.type)
def test_static_ones_never_end(credentials):
    assert token_of(credentials) == ""
    assert not is_renewable(credentials)
    assert renewal_at(credentials) is None
    assert not is_due(credentials, NOW)
    assert is_valid(credentials, NOW)


@pytest.mark.parametrize(
    ("raw", "margin_minutes"),
    [
        ({}, 15),
        ({"expires_in": 3600}, 15),
        ({"expires_in": 86_400}, 15),
        ({"expires_in": "1200"}, 5),
        ({"expires_in": 600}, 2.5),
        ({"expires_in": None}, 15),
        ({"expires_in": "soon"}, 15),
        ({"expires_in": 1e300}, 15),
    ],
)
def test_margin_is_a_quarter_of_a_short_life(raw, margin_minutes):
    credentials = _delegated(100, **raw)
    assert renewal_at(credentials) == NOW + timedelta(minutes=100 - margin_minutes)


def test_due_from_the_margin_on():
    assert not is_due(_delegated(15.01), NOW)
    assert is_due(_delegated(15), NOW)
    assert is_due(_delegated(-1), NOW)
    assert not is_due(_delegated(None), NOW)


def test_without_a_token_due_at_once():
    app = ClientCredentials(token=SecretStr(""), client_id="c")
    assert is_due(app, NOW)
    assert not is_valid(app, NOW)


def test_valid_until_the_end():
    assert is_valid(_delegated(0.01), NOW)
    assert not is_valid(_delegated(0), NOW)
    assert is_valid(_delegated(None), NOW)
