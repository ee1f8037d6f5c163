from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from m365sim.internet import Internet, running
from m365sim.server import Options


@pytest.fixture
async def internet(tmp_path: Path) -> AsyncIterator[Internet]:
    async with running(Options(), ca_dir=tmp_path / "ca") as internet:
        yield internet


@pytest.fixture
async def client(internet: Internet) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client that knows of the emulator what its environment would tell it."""
    trusting = ssl.create_default_context(cafile=internet.ca_file)
    async with httpx.AsyncClient(
        proxy=internet.proxy_url, verify=trusting, trust_env=False, timeout=30
    ) as client:
        yield client
