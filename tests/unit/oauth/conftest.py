from dataclasses import replace
from datetime import UTC, datetime

import pytest
from fake_vendor import FakeTransport

from fairlead.model.clock import ManualClock
from fairlead.model.provider import AuthMode, Provider

ACME = Provider(
    name="acme",
    display_name="Acme",
    auth_mode=AuthMode.OAUTH2,
    base_url="https://api.acme.example",
    authorization_url="https://login.acme.example/${connectionConfig.tenant}/authorize",
    token_url="https://login.acme.example/${connectionConfig.tenant}/token",
    default_scopes=(".default", "offline_access"),
    required_scopes=("offline_access",),
    authorization_params={"prompt": "select_account", "hint": "${connectionConfig.tenant}"},
    token_params={"audience": "${connectionConfig.tenant}"},
)


@pytest.fixture
def acme():
    return ACME


@pytest.fixture
def make_acme():
    return lambda **changes: replace(ACME, **changes)


@pytest.fixture
def clock():
    return ManualClock(datetime(2026, 11, 24, 8, 0, tzinfo=UTC))


@pytest.fixture
def transport():
    return FakeTransport()
