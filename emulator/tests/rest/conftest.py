"""A world, and a client that speaks `_api` of the marketing site with a certificate's token."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from m365sim.clock import VirtualClock
from m365sim.entra.resources import Resource
from m365sim.faults import with_faults
from m365sim.files import Drive
from m365sim.graph import graph_app
from m365sim.sharepoint import sharepoint_app
from m365sim.testing import app_token, delegated_token
from m365sim.world import World, build_world

HOST = "https://contoso.sharepoint.com"
SITE = "/sites/marketing"
SHAREPOINT = Resource("sharepoint", HOST, "contoso")
VERBOSE = "application/json;odata=verbose"
PLAIN = "application/json;odata=nometadata"
START = datetime(2026, 6, 3, 15, 0, tzinfo=UTC)


class Api:
    """Speaks to `_api` of one site."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.token = app_token(
            world,
            resource=SHAREPOINT,
            appidacr="2",
            roles=["Sites.FullControl.All"],
        )
        tenant_host = httpx.ASGITransport(
            with_faults(sharepoint_app(world), world, "sharepoint")  # type: ignore[arg-type]
        )
        graph = httpx.ASGITransport(graph_app(world))  # type: ignore[arg-type]
        self.http = httpx.AsyncClient(
            mounts={HOST: tenant_host, "https://graph.microsoft.com": graph}
        )

    def as_user(self, *scopes: str, **options: Any) -> None:
        """Speak for somebody from now on."""
        self.token = delegated_token(
            self.world, scopes=list(scopes), resource=SHAREPOINT, **options
        )

    async def call(
        self, method: str, path: str, *, accept: str | None = PLAIN, **options: Any
    ) -> httpx.Response:
        url = path if path.startswith("https:") else f"{HOST}{SITE}/_api/{path}"
        headers = {"authorization": f"Bearer {self.token}", "accept": accept or "*/*"}
        headers |= options.pop("headers", {})
        return await self.http.request(method, url, headers=headers, **options)

    async def get(self, path: str, status: int = 200, **options: Any) -> Any:
        found = await self.call("GET", path, **options)
        assert found.status_code == status, found.text
        return found.json()

    async def post(self, path: str, status: int = 200, **options: Any) -> Any:
        found = await self.call("POST", path, **options)
        assert found.status_code == status, found.text
        return found.json() if found.content else None

    async def graph(self, path: str) -> Any:
        """Ask Graph about the same world."""
        token = delegated_token(self.world)
        url = path if path.startswith("https:") else f"https://graph.microsoft.com/v1.0{path}"
        found = await self.http.get(url, headers={"authorization": f"Bearer {token}"})
        assert found.status_code == 200, found.text
        return found.json()


@pytest.fixture
def world() -> Iterator[World]:
    made = build_world(clock=VirtualClock(START), seed=7)
    yield made
    made.content.close()


@pytest.fixture
async def api(world: World) -> AsyncIterator[Api]:
    client = Api(world)
    yield client
    await client.http.aclose()


@pytest.fixture
def drive(world: World) -> Drive:
    """The library of the marketing site."""
    site = world.content.site_at("contoso.sharepoint.com", SITE)
    assert site is not None
    return site.drives[0]
