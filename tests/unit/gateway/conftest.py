from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from fake_vendor import FakeTransport
from pydantic import SecretStr

from fairlead.gateway.send import Gateway
from fairlead.model.clock import ManualClock
from fairlead.model.connection import Connection
from fairlead.model.credentials import OAuth2Credentials
from fairlead.model.provider import AuthMode, Provider
from fairlead.sdk import Pack, Registry

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
ACME = Provider(
    name="acme",
    display_name="Acme",
    auth_mode=AuthMode.OAUTH2,
    base_url="https://api.acme.example/base/",
    credential_origins=("https://*.files.acme.example",),
    open_origins=("https://*.cdn.example",),
    headers={"Accept": "application/json"},
)


class FakeFreshener:
    """Gives out one token after the other."""

    def __init__(self):
        self.credentials = _token(0)
        self.asked = []
        self.audiences = []
        self.claims = []
        self.renews = True
        self.error = None

    def remembered(self, connection, audience=""):
        return None

    async def fresh_credentials(
        self, connection, *, force=False, after_401_of=None, audience="", claims=""
    ):
        self.asked.append(after_401_of)
        self.audiences.append(audience)
        self.claims.append(claims)
        if self.error is not None and (after_401_of is not None or not self.renews):
            raise self.error
        if after_401_of is not None and self.renews:
            self.credentials = _token(len(self.asked))
        return self.credentials


def _token(number):
    return OAuth2Credentials(access_token=SecretStr(f"at-{number}"))


class Door:
    """A gateway between a function that answers and a clock that its waits move."""

    def __init__(self, provider=ACME, config=None, **options):
        self.provider = provider
        self.transport = FakeTransport()
        self.freshener = FakeFreshener()
        self.clock = ManualClock(NOW)
        self.waits = []
        self.connection = Connection(
            id=1,
            environment_id=1,
            integration_id=1,
            integration_key="acme-key",
            provider="acme",
            connection_id="c1",
            connection_config=config or {},
            created_at=NOW,
            updated_at=NOW,
        )
        pack = Pack("acme", api=lambda send, config: None, providers=[provider])
        self.gateway = Gateway(
            Registry([pack]),
            self.freshener,
            self.transport,
            self.clock,
            sleep=self._sleep,
            **options,
        )

    async def _sleep(self, seconds):
        self.waits.append(seconds)
        self.clock.advance(timedelta(seconds=seconds))

    async def send(self, request, **options):
        return await self.gateway.send(self.connection, request, **options)


@pytest.fixture
def acme():
    return ACME


@pytest.fixture
def make_door():
    def make(config=None, provider=ACME, options=None, **changes):
        return Door(replace(provider, **changes), config, **(options or {}))

    return make


@pytest.fixture
def door():
    return Door()
