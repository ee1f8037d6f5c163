"""Runs the syncs of both APIs in one emulated tenant, and keeps what each mirrored."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from plain_http import Http
from rest_lab import CONFIG, FULL
from sync_lab import READ, SyncLab

from fairlead.sdk.testing import SyncOutcome, Table, run_sync
from fairlead_microsoft import rest_pack
from fairlead_microsoft.clouds import Cloud
from m365sim.entra.resources import Resource
from m365sim.faults import Fault
from m365sim.server import Running, running
from m365sim.testing import app_token, delegated_token

#: as the product names the site of most tests
SITE = "/sites/marketing"


class RestSyncLab:
    """One connection of each API in one tenant, seen by the same app or user."""

    def __init__(self, cloud: Running, session: aiohttp.ClientSession) -> None:
        self.world = cloud.world
        self.pack = rest_pack(Cloud("custom", **cloud.cloud))
        self.graph = SyncLab(cloud, session)
        self.graph.be_app(READ)
        self._session, self._graph_url = session, cloud.urls.graph
        tenant = cloud.world.tenant
        self._resource = Resource("sharepoint", f"https://{tenant.sharepoint_host}", tenant.name)
        self._tables: dict[str, Table] = {}
        self._checkpoints: dict[str, bytes | None] = {}
        self.be_app()

    def be_app(self, roles: Iterable[str] = FULL) -> None:
        """Act as the app alone from now on."""
        token = app_token(self.world, roles, resource=self._resource, appidacr="2")
        self.http = Http(self._session, self._graph_url, "", token)

    def be_user(self, name: str = "alex", scopes: Iterable[str] = ("AllSites.Read",)) -> None:
        """Act for a user from now on."""
        token = delegated_token(self.world, name, scopes, resource=self._resource)
        self.http = Http(self._session, self._graph_url, "", token)

    async def run(
        self, name: str, metadata: Mapping[str, Any] | None = None, **more: Any
    ) -> SyncOutcome:
        """Run a sync on top of what it did before."""
        self.http.requests.clear()
        ran = await run_sync(
            self.pack,
            name,
            self.http,
            metadata={"sites": [SITE]} if metadata is None else metadata,
            connection_config=CONFIG,
            table=self._tables.setdefault(name, Table()),
            checkpoint=self._checkpoints.get(name),
            **more,
        )
        self._checkpoints[name] = ran.checkpoint
        return ran

    @property
    def requests(self) -> list[str]:
        """What the last run asked for."""
        return [request.url.partition("/_api/")[2] for request in self.http.requests]

    def live(self, name: str) -> dict[str, dict[str, Any]]:
        """Return what a sync holds."""
        return self._tables[name].live()

    def site(self, path: str = SITE) -> Any:
        return self.graph.site(path)

    def drive(self, path: str = SITE) -> Any:
        return self.site(path).drives[0]

    def fault(self, path: str = "*", **what: Any) -> Fault:
        """Have a request to the tenant's host go wrong."""
        return self.world.faults.add(Fault(host="sharepoint", path=path, **what))


@asynccontextmanager
async def open_rest_sync_lab() -> AsyncIterator[RestSyncLab]:
    """Give a lab with a tenant of its own while the block lasts."""
    async with running() as cloud, aiohttp.ClientSession() as session:
        yield RestSyncLab(cloud, session)
