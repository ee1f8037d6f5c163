import pytest


@pytest.fixture
async def v1(sim):
    """Whoever calls actions on SharePoint's own API there."""
    from v1_cases import open_v1_lab

    async with open_v1_lab(sim) as lab:
        yield lab
