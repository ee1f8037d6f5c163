"""Eight workers, one tenant: most of the allowance is used, and no refusal is ignored."""

import uuid
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fake_vendor import FakeResponse
from pydantic import SecretStr
from virtual_time import VirtualTime

from fairlead.gateway.budgets import Budgets
from fairlead.gateway.send import Gateway
from fairlead.model.connection import Connection
from fairlead.model.credentials import ClientCredentials
from fairlead.model.exchange import Request
from fairlead.sdk import Registry
from fairlead.store.database import Database
from fairlead_microsoft import pack
from fairlead_microsoft.clouds import GLOBAL
from m365sim.throttle import Limits, Meter, limits_of
from m365sim.throttle.meter import ON_ITS_WAY

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
WORKERS = 8
MINUTE, MINUTES = timedelta(minutes=1), 2
TENANT = "11111111-1111-4111-8111-111111111111"
#: what an answer takes
SECONDS_A_CALL = 0.05


class Tenant:
    """The vendor's account of what is asked of it; a transport."""

    def __init__(self, time: VirtualTime, limits: Limits, *, is_silent: bool = False) -> None:
        self._time = time
        self._is_silent = is_silent
        self.meter = Meter()
        self.meter.turn_on(limits=limits)
        self.used: Counter[int] = Counter()
        self.waits: list[tuple[datetime, datetime]] = []
        self.sent_at: list[datetime] = []

    async def send(self, request: Request, **options: Any) -> FakeResponse:
        await self._time.sleep(SECONDS_A_CALL / 2)
        now = self._time.clock.now()
        self.sent_at.append(now)
        cost = 5 if request.url.endswith("/permissions") else 1
        verdict = self.meter.charge("app", TENANT, None, cost, now)
        headers = {name.decode(): value.decode() for name, value in verdict.headers}
        if verdict.is_allowed:
            self.used[int((now - NOW) / MINUTE)] += cost
        else:
            self.waits.append((now, now + timedelta(seconds=int(headers["retry-after"]))))
        if self._is_silent:
            headers = {name: said for name, said in headers.items() if name == "retry-after"}
        await self._time.sleep(SECONDS_A_CALL / 2)
        return FakeResponse(verdict.status, b"{}", headers, url=request.url)

    def ignored(self) -> list[datetime]:
        """Return the requests that came although the vendor had asked to wait, and time to hear."""
        return [
            at
            for at in self.sent_at
            if any(begin + ON_ITS_WAY < at < end for begin, end in self.waits)
        ]


class AppOnly:
    """Gives out an app's token."""

    def remembered(self, connection: Connection, audience: str) -> None:
        """Remember nothing."""

    async def fresh_credentials(self, connection: Connection, **options: Any) -> ClientCredentials:
        return ClientCredentials(token=SecretStr("at"), client_id="app-" + connection.connection_id)


@pytest.fixture
def shared_url(request: pytest.FixtureRequest) -> str:
    """URL of the database that the processes share."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
async def doors(shared_url: str) -> AsyncIterator[Any]:
    """Gateways of as many processes as are wanted, at one tenant."""
    async with AsyncExitStack() as stack:

        async def open_doors(time: VirtualTime, tenant: Tenant) -> list[Any]:
            connection = Connection(
                id=1,
                environment_id=1,
                integration_id=1,
                integration_key="sharepoint",
                provider="sharepoint-online-oauth2-cc",
                connection_id=uuid.uuid4().hex,
                connection_config={"tenantId": TENANT},
                created_at=NOW,
                updated_at=NOW,
            )
            registry, senders = Registry([pack(GLOBAL)]), []
            for _ in range(WORKERS):
                db = await Database.open(shared_url)
                stack.push_async_callback(db.close)
                budgets = Budgets(db, time.clock, sleep=time.sleep)
                stack.push_async_callback(budgets.close)
                freshener: Any = AppOnly()
                transport: Any = tenant
                gateway = Gateway(
                    registry, freshener, transport, time.clock, budgets=budgets, sleep=time.sleep
                )
                senders.append(gateway.sender(connection, lambda: None, is_patient=True))
            return senders

        yield open_doors


async def work(send: Any, time: VirtualTime, until: datetime, *paths: str) -> None:
    """Ask as fast as one may, until a moment."""
    number = 0
    while time.clock.now() < until:
        url = f"https://graph.microsoft.com/v1.0/drives/d/{paths[number % len(paths)]}"
        async with await send(Request(url=url)) as answer:
            assert answer.status == 200
        number += 1


@pytest.mark.parametrize(
    ("shared_url", "limits", "is_silent"),
    [
        ("sqlite", limits_of(1), False),
        ("postgresql", limits_of(1), False),
        # a larger customer, and vendors that say nothing but no
        ("sqlite", limits_of(2_000), False),
        ("sqlite", limits_of(1), True),
        ("sqlite", Limits(600, 600_000, 100_000), True),
    ],
    ids=["SQLite", "PostgreSQL", "larger", "silent", "silent and smaller"],
    indirect=["shared_url"],
)
async def test_eight_workers_use_what_they_may(doors: Any, limits: Limits, is_silent: bool) -> None:
    time = VirtualTime(NOW)
    tenant = Tenant(time, limits, is_silent=is_silent)
    senders = await doors(time, tenant)
    until = NOW + MINUTES * MINUTE
    paths = ["root/delta?token=1", "items/1/permissions", "items/2/permissions"]
    await time.run(*(work(send, time, until, *paths) for send in senders))
    for minute in range(MINUTES):
        assert tenant.used[minute] >= 0.85 * limits.app_per_minute, tenant.used
    assert not tenant.ignored()
    assert tenant.meter.counts["early"] == 0
    assert is_silent or not tenant.waits
