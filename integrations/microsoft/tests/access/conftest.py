"""A tenant and the pack's functions in it, called by an app that may read everything."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from plain_http import Http

from fairlead.sdk.testing import run_action
from fairlead_microsoft import pack
from fairlead_microsoft.clouds import Cloud
from m365sim.entra.resources import Resource
from m365sim.files.blob import MemoryBlob
from m365sim.files.item import SYSTEM
from m365sim.server import Running, running
from m365sim.sharing import Level
from m365sim.tenant import User
from m365sim.testing import app_token, delegated_token

ROLES = ("Files.Read.All", "GroupMember.Read.All", "User.Read.All")


class Lab:
    """Asks about people's access, and asks the people themselves."""

    def __init__(self, cloud: Running, session: aiohttp.ClientSession) -> None:
        self.world = cloud.world
        self.graph_url = cloud.urls.graph
        self.session = session
        self.pack = pack(Cloud("custom", **cloud.cloud))
        self.tenant = cloud.world.tenant
        self.sharepoint = Resource(
            "sharepoint", f"https://{self.tenant.sharepoint_host}", self.tenant.name
        )
        self.be_app()

    def be_app(self, *, reaches_sites: bool = True, roles: tuple[str, ...] = ROLES) -> None:
        """Call as the app alone; without `reaches_sites`, not SharePoint's own API."""
        site_token = None
        if reaches_sites:  # by a certificate
            site_token = app_token(
                self.world, ["Sites.Read.All"], resource=self.sharepoint, appidacr="2"
            )
        self.http = Http(self.session, self.graph_url, app_token(self.world, roles), site_token)

    async def run(self, name: str, /, **given: Any) -> dict[str, Any]:
        self.http.requests.clear()
        return dict(await run_action(self.pack, name, given, self.http))

    def user(self, name: str) -> User:
        found = self.world.directory.user_by_upn(f"{name}@{self.tenant.domain}")
        assert found is not None
        return found

    def new_user(self, name: str, *, is_guest: bool = False) -> User:
        upn = f"{name}@{self.tenant.domain}"
        mail = upn
        if is_guest:
            upn, mail = f"{name}_fabrikam.com#EXT#@{self.tenant.domain}", f"{name}@fabrikam.com"
        user = User(self.world.sharing.new_id(), self.tenant.id, upn, name.title(), "x", mail)
        return self.world.directory.add_user(user)

    def where(self, drive: Any, item: Any) -> dict[str, str]:
        return {
            "siteId": drive.site.id,
            "driveId": drive.id,
            "itemId": drive.item_id(item.uid),
        }

    def put(self, drive: Any, folder: Any, name: str) -> Any:
        return drive.put_file(folder, name, MemoryBlob(name.encode()), SYSTEM)[0]

    def level(self, drive: Any, item: Any, user: User) -> Level:
        """What they may do, by whatever app, if their account lets them in at all."""
        if not user.enabled or user.id not in self.world.directory.users:
            return Level.NONE
        return self.world.sharing.viewer_of(user, drive).level(item)

    async def opens(self, drive: Any, item: Any, user: User) -> bool:
        """Ask for the item as this person would."""
        token = delegated_token(
            self.world, user.upn.partition("@")[0], ["Files.ReadWrite.All", "User.Read"]
        )
        url = f"{self.graph_url}/v1.0/drives/{drive.id}/items/{drive.item_id(item.uid)}"
        headers = {"Authorization": f"Bearer {token}"}
        async with self.session.get(url, headers=headers) as answer:
            return answer.status == 200


@pytest.fixture
async def access() -> AsyncIterator[Lab]:
    async with running() as cloud, aiohttp.ClientSession() as session:
        yield Lab(cloud, session)
