"""Runs syncs of the pack in an emulated tenant, and keeps what they mirrored."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from plain_http import Http

from fairlead.sdk.testing import SyncOutcome, Table, run_sync
from fairlead_microsoft import pack
from fairlead_microsoft.clouds import Cloud
from m365sim.files import Drive, Site
from m365sim.server import Running, running
from m365sim.testing import app_token, delegated_token
from m365sim.world import World

#: permissions that read everything
READ = ("Sites.Read.All", "Files.Read.All")


class SyncLab:
    """One connection in one tenant: of a user, or of an app alone."""

    def __init__(self, cloud: Running, session: aiohttp.ClientSession) -> None:
        self.world = cloud.world
        self.pack = pack(Cloud("custom", **cloud.cloud))
        self._session, self._graph = session, cloud.urls.graph
        self._tables: dict[str, Table] = {}
        self._checkpoints: dict[str, bytes | None] = {}
        self.be_user()

    def be_user(self, name: str = "alex", scopes: Iterable[str] = READ) -> None:
        """Act for a user from now on."""
        self._become(delegated_token(self.world, name, scopes))

    def be_app(self, roles: Iterable[str] = READ) -> None:
        """Act as the app alone from now on."""
        self._become(app_token(self.world, roles))

    def _become(self, token: str) -> None:
        self.token = token
        #: sends as whoever it is
        self.http = Http(self._session, self._graph, token)

    async def run(
        self, name: str, metadata: Mapping[str, Any] | None = None, **more: Any
    ) -> SyncOutcome:
        """Run a sync on top of what it did before."""
        self.http.requests.clear()
        ran = await run_sync(
            self.pack,
            name,
            self.http,
            metadata=metadata,
            table=self._tables.setdefault(name, Table()),
            checkpoint=self._checkpoints.get(name),
            **more,
        )
        self._checkpoints[name] = ran.checkpoint
        return ran

    @property
    def requests(self) -> list[str]:
        """What the last run asked for."""
        return [request.url.partition("/v1.0")[2] for request in self.http.requests]

    def live(self, name: str) -> dict[str, dict[str, Any]]:
        """Return what a sync holds."""
        return self._tables[name].live()

    def site(self, path: str = "/sites/marketing") -> Site:
        """Return a site by its path."""
        found = self.world.content.site_at(self.world.content.host, path)
        assert found is not None
        return found

    def sites(self) -> list[Site]:
        """Return the top sites that are nobody's OneDrive."""
        return [site for site in self.world.content.sites if not site.is_personal]

    def drive(self, path: str = "/sites/marketing") -> Drive:
        """Return the first library of a site."""
        return self.site(path).drives[0]


@asynccontextmanager
async def open_sync_lab(world: World | None = None) -> AsyncIterator[SyncLab]:
    """Give a lab with a tenant of its own, or in this world, while the block lasts."""
    async with running(world) as cloud, aiohttp.ClientSession() as session:
        yield SyncLab(cloud, session)
