import pytest
from rest_sync_lab import open_rest_sync_lab


@pytest.fixture
async def syncs():
    """Whoever runs the syncs of both APIs, in a tenant of a test's own."""
    async with open_rest_sync_lab() as lab:
        yield lab
