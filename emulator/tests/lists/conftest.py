"""A world with a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from m365sim.clock import VirtualClock
from m365sim.files import Actor, Site
from m365sim.world import World, build_world


@pytest.fixture
def world() -> Iterator[World]:
    made = build_world(clock=VirtualClock(datetime(2026, 6, 3, 15, tzinfo=UTC)), seed=7)
    yield made
    made.content.close()


@pytest.fixture
def site(world: World) -> Site:
    found = world.content.site_at("contoso.sharepoint.com", "/sites/engineering")
    assert found is not None
    return found


@pytest.fixture
def alex() -> Actor:
    return Actor("u-1", "Alex Wilber", "alex@contoso.onmicrosoft.com")
