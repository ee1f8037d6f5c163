"""A tenant, and SharePoint's own API of it as an app with a certificate calls it."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from plain_http import Http

from fairlead_microsoft.clouds import Cloud
from fairlead_microsoft.rest import Rest
from m365sim.entra.resources import Resource
from m365sim.faults import Fault
from m365sim.server import Running, running
from m365sim.testing import app_token, delegated_token

FULL = ("Sites.FullControl.All",)
SITE = "/sites/marketing"
CONFIG = {"tenantName": "contoso"}


class RestLab:
    """Speaks the dialect in an emulated tenant, and looks behind it."""

    def __init__(self, cloud: Running, session: aiohttp.ClientSession) -> None:
        self.world = cloud.world
        self.cloud = Cloud("custom", **cloud.cloud)
        self._graph_url = cloud.urls.graph
        self._session = session
        self.waits: list[float] = []
        self.tenant = cloud.world.tenant
        self.sharepoint = Resource(
            "sharepoint", f"https://{self.tenant.sharepoint_host}", self.tenant.name
        )
        self.be()

    def be(
        self,
        who: str | None = None,
        *,
        scopes: Iterable[str] = FULL,
        appidacr: str = "2",
        graph_scopes: Iterable[str] = ("Sites.Read.All",),
        config: dict[str, Any] | None = None,
    ) -> Rest:
        """Call as somebody, or as the app alone, from now on."""
        if who is None:
            token = app_token(self.world, scopes, resource=self.sharepoint, appidacr=appidacr)
            graph = app_token(self.world, graph_scopes)
        else:
            token = delegated_token(self.world, who, scopes, resource=self.sharepoint)
            graph = delegated_token(self.world, who, graph_scopes)
        self.http = Http(self._session, self._graph_url, graph, token)
        self.api = Rest(
            self.http,
            CONFIG if config is None else config,
            cloud=self.cloud,
            sleep=self._sleep,
        )
        return self.api

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    @property
    def requests(self) -> list[Any]:
        return self.http.requests

    def fault(self, path: str = "*", **what: Any) -> Fault:
        """Have a request to the tenant's host go wrong."""
        return self.world.faults.add(Fault(host="sharepoint", path=path, **what))

    def site(self, path: str = SITE) -> Any:
        return self.world.content.site_at(self.world.content.host, path)

    @property
    def drive(self) -> Any:
        return self.site().drives[0]

    def item(self, path: str) -> Any:
        return self.drive.resolve(self.drive.root, path.split("/"))


@asynccontextmanager
async def open_rest_lab() -> AsyncIterator[RestLab]:
    """Give a lab while the block lasts."""
    async with running() as cloud, aiohttp.ClientSession() as session:
        yield RestLab(cloud, session)
