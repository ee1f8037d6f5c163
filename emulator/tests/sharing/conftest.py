"""A world, and the people in it."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from m365sim.clock import VirtualClock
from m365sim.entra.contoso import DAEMON_APP_ID
from m365sim.entra.tokens import Principal
from m365sim.tenant import User
from m365sim.world import World, build_world


@pytest.fixture
def world() -> Iterator[World]:
    made = build_world(clock=VirtualClock(datetime(2026, 6, 3, 15, tzinfo=UTC)), seed=7)
    yield made
    made.content.close()


@pytest.fixture
def person(world):
    def find(name: str) -> User:
        found = world.directory.user_by_upn(f"{name}@contoso.onmicrosoft.com")
        assert found is not None
        return found

    return find


@pytest.fixture
def guest(world) -> User:
    upn = "gina_fabrikam.com#EXT#@contoso.onmicrosoft.com"
    user = User("guest-1", world.tenant.id, upn, "Gina Guest", "x", "gina@fabrikam.com")
    return world.directory.add_user(user)


@pytest.fixture
def principal(world):
    def of(user: User | None) -> Principal:
        return Principal(world.tenant.id, DAEMON_APP_ID, "app", user, frozenset(), frozenset(), "1")

    return of


@pytest.fixture
def site(world):
    found = world.content.site_at("contoso.sharepoint.com", "/sites/engineering")
    assert found is not None
    return found


@pytest.fixture
def drive(site):
    return site.drives[0]


@pytest.fixture
def level(world, drive, principal):
    """How much somebody may do with the item at a path."""

    def of(user: User | None, path: str = "") -> int:
        item = drive.resolve(drive.root, [name for name in path.split("/") if name])
        return world.sharing.viewer(principal(user), drive).level(item)

    return of
