import pytest
from rest_lab import open_rest_lab


@pytest.fixture
async def lab():
    """A tenant of a test's own, and the dialect in it."""
    async with open_rest_lab() as one:
        yield one
