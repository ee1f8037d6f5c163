"""The engine's world on each dialect."""

from collections.abc import AsyncIterator

import pytest
from engine_world import World

from fairlead.store.database import Database


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    world = await World.open(database)
    yield world
    await world.close()
