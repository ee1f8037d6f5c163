"""A world with a clock that stands still, and an HTTP client that reaches it without a network."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from m365sim.clock import VirtualClock
from m365sim.control import control_app
from m365sim.faults import with_faults
from m365sim.files import Drive, Item
from m365sim.graph import graph_app
from m365sim.sharepoint import sharepoint_app
from m365sim.testing import delegated_token
from m365sim.world import World, build_world

GRAPH = "https://graph.microsoft.com/v1.0"
START = datetime(2026, 6, 3, 15, 0, tzinfo=UTC)


class Client:
    """Speaks to a world's surfaces; to Graph with a token, to the tenant host without."""

    def __init__(self, world: World) -> None:
        self.world = world
        # Longer than real ones, so that tests can move the clock without signing in again.
        self.token: str | None = delegated_token(world, lifetime=timedelta(days=400))
        tenant_host = httpx.ASGITransport(
            with_faults(sharepoint_app(world), world, "sharepoint")  # type: ignore[arg-type]
        )
        graph = httpx.ASGITransport(with_faults(graph_app(world), world, "graph"))  # type: ignore[arg-type]
        self.http = httpx.AsyncClient(
            mounts={
                "https://graph.microsoft.com": graph,
                "https://contoso.sharepoint.com": tenant_host,
                "https://contoso-my.sharepoint.com": tenant_host,
                "http://control": httpx.ASGITransport(control_app(world)),  # type: ignore[arg-type]
            }
        )

    async def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request to Graph: a path below v1.0, or a link."""
        url = path if path.startswith("https:") else GRAPH + path
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers |= options.pop("headers", {})
        return await self.http.request(method, url, headers=headers, **options)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.call("GET", path, **options)

    async def json(self, path: str, **options: Any) -> dict[str, Any]:
        response = await self.get(path, **options)
        assert response.status_code == 200, response.text
        return response.json()

    async def round(
        self, link: str, **options: Any
    ) -> tuple[list[dict[str, Any]], str, list[dict[str, Any]]]:
        """Page through a delta round: all entries, the deltaLink, and the pages."""
        entries: list[dict[str, Any]] = []
        pages = []
        while True:
            page = await self.json(link, **options)
            pages.append(page)
            entries += page["value"]
            assert ("@odata.nextLink" in page) != ("@odata.deltaLink" in page)
            if "@odata.deltaLink" in page:
                return entries, page["@odata.deltaLink"], pages
            link = page["@odata.nextLink"]


@pytest.fixture
def world() -> Iterator[World]:
    made = build_world(clock=VirtualClock(START), seed=7)
    yield made
    made.content.close()


@pytest.fixture
async def graph(world: World) -> AsyncIterator[Client]:
    client = Client(world)
    yield client
    await client.http.aclose()


@pytest.fixture
def drive(world: World) -> Drive:
    """The library of the marketing site."""
    site = world.content.site_at("contoso.sharepoint.com", "/sites/marketing")
    assert site is not None
    return site.drives[0]


@pytest.fixture
def at(drive: Drive):
    """Address an item of the marketing library by its path."""

    def address(path: str) -> str:
        return f"/drives/{drive.id}/root:/" + "/".join(quote(p, safe="") for p in path.split("/"))

    return address


@pytest.fixture
def find(drive: Drive):
    def item(path: str) -> Item:
        return drive.resolve(drive.root, path.split("/"))

    return item
