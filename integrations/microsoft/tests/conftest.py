import sys
from pathlib import Path

import pytest

from m365sim.harness import started

# Tests are imported one by one (importmode=importlib), so the folder of plugins is named here.
sys.path.insert(0, str(Path(__file__).parent / "plugins"))


@pytest.fixture(scope="module")
def sim():
    """An emulated cloud for all tests of a module."""
    with started() as one:
        yield one


@pytest.fixture
async def lab(sim):
    """Whoever calls actions there."""
    from action_cases import open_lab

    async with open_lab(sim) as lab:
        yield lab


@pytest.fixture
async def syncs():
    """Whoever runs syncs, in a tenant of his own."""
    from sync_lab import open_sync_lab

    async with open_sync_lab() as lab:
        yield lab
