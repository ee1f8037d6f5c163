from __future__ import annotations

from datetime import UTC, datetime
from random import Random

import pytest

from m365sim.clock import VirtualClock
from m365sim.files import Actor, Content
from m365sim.tenant import Tenant

ALEX = Actor("id-1", "Alex", "alex@contoso.onmicrosoft.com")


@pytest.fixture
def clock():
    return VirtualClock(datetime(2026, 6, 3, 15, 0, tzinfo=UTC))


@pytest.fixture
def content(clock):
    tenant = Tenant("t-1", "contoso", "contoso.onmicrosoft.com", "Contoso")
    made = Content(clock=clock, rng=Random(1), tenant=tenant)
    yield made
    made.close()


@pytest.fixture
def site(content):
    return content.add_site("/sites/x", "X")


@pytest.fixture
def drive(content, site):
    return content.add_drive(site)


@pytest.fixture
def alex():
    return ALEX
