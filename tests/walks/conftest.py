"""The whole platform on a real port, with the real pack, against the emulated cloud."""

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest

from fairlead.app import Running, running
from fairlead.settings import Settings
from m365sim import server
from m365sim.entra.contoso import WEB_APP_ID
from m365sim.faults import Fault
from m365sim.files import Drive
from m365sim.server import Running as Cloud
from m365sim.truth import truth

SECRET_KEY = "s3cr3t-key-of-the-walks"
ENCRYPTION_KEY = base64.b64encode(bytes(range(32))).decode()
WEB_APP_SECRET = "fairlead-secret~for-tests-only"
#: seconds that anything here may take
PATIENCE = 30
CONNECTION = {"provider_config_key": "sp", "connection_id": "walk"}
AS_WALK = {"Provider-Config-Key": "sp", "Connection-Id": "walk"}


@dataclass
class Walk:
    """A platform, a cloud, and the people who use them."""

    fairlead: Running
    cloud: Cloud
    #: the product's server: holds the key
    product: httpx.AsyncClient
    #: a person's browser
    browser: httpx.AsyncClient

    @property
    def drive(self) -> Drive:
        """The root site's document library."""
        [root] = [site for site in self.cloud.world.content.all_sites() if site.path == ""]
        return next(drive for drive in root.drives if not drive.is_system)

    def files(self) -> dict[str, Any]:
        """Path -> item of all that lies in the library now."""
        whole = truth(self.cloud.world, self.drive.id)
        [items] = [d["items"] for site in whole["sites"] for d in site["drives"]]
        return {item["path"]: item for item in items if item["path"]}

    def breaks(self, **fault: Any) -> None:
        """Make requests to the cloud go wrong."""
        self.cloud.world.faults.add(Fault(**fault))

    async def post(self, path: str, body: Any) -> Any:
        answer = await self.product.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    async def get(self, path: str, **query: str) -> Any:
        answer = await self.product.get(path, params=query, headers=AS_WALK)
        assert answer.is_success, answer.text
        return answer.json()

    async def set_up(
        self,
        provider: str = "sharepoint-online",
        integration_config: dict[str, str] | None = None,
        **credentials: str,
    ) -> None:
        """Create the integration."""
        await self.post(
            "/integrations",
            {
                "provider": provider,
                "unique_key": "sp",
                "integration_config": integration_config or {},
                "credentials": {
                    "type": "OAUTH2",
                    "client_id": WEB_APP_ID,
                    "client_secret": WEB_APP_SECRET,
                }
                | credentials,
            },
        )

    async def link(self) -> str:
        made = await self.post("/connect/sessions", {"end_user": {"id": "megan"}})
        return str(made["data"]["connect_link"])

    async def consent_page(self, person: str = "megan") -> httpx.Response:
        """Follow a connect link up to the page where the vendor asks for consent."""
        page = await self.browser.get(await self.link())
        assert page.status_code == 200, page.text
        page = await self.submit(page)
        return await self.submit(
            page, username=f"{person}@contoso.onmicrosoft.com", password=f"{person.title()}-pass-1"
        )

    async def connect(self) -> dict[str, Any]:
        """Connect as a person does; return the new connection, without its credentials."""
        page = await self.submit(await self.consent_page(), decision="accept")
        assert page.status_code == 200, page.text
        assert "is connected" in page.text
        [made] = (await self.get("/connections"))["connections"]
        return dict(made)

    async def submit(self, page: httpx.Response, **values: str) -> httpx.Response:
        """Fill in the form of a page and send it; follow where it leads."""
        forms = re.findall(r"<form[^>]*>.*?</form>", page.text, re.DOTALL)
        wanted = [form for form in forms if all(f'name="{name}"' in form for name in values)]
        assert wanted, page.text
        action = re.search(r'action="([^"]*)"', wanted[0])
        assert action
        fields = {}
        for tag in re.findall(r"<input[^>]*>", wanted[0]):
            found = dict(re.findall(r'(\w+)="([^"]*)"', tag))
            if found.get("type") == "hidden":
                fields[found["name"]] = unescape(found["value"])
        url = urljoin(str(page.url), unescape(action[1]))
        return await self.browser.post(url, data=fields | values)

    async def import_connection(self, credentials: dict[str, Any]) -> None:
        """Take over a connection's credentials under a name that tests know."""
        await self.post("/connections", CONNECTION | {"credentials": credentials})

    async def connected(self, **integration_config: str) -> None:
        """Set up, connect as a person, and keep the result under the name `walk`."""
        await self.set_up(integration_config=integration_config)
        made = await self.connect()
        await self.settled(connection_id=made["connection_id"])
        url = f"/connections/{made['connection_id']}"
        read = await self.get(url, provider_config_key="sp", refresh_token="true")
        credentials = {
            key: read["credentials"][key]
            for key in ("type", "access_token", "refresh_token", "expires_at")
        }
        answer = await self.product.delete(url, params={"provider_config_key": "sp"})
        assert answer.json() == {"success": True}
        await self.import_connection(credentials)

    async def alone(self, connection_id: str = "walk") -> None:
        """Pause every other sync, and wait until none of them runs."""
        which = CONNECTION | {"connection_id": connection_id}
        async with asyncio.timeout(PATIENCE):
            while True:
                listed = await self.get("/sync/status", syncs="*", **which)
                others = [each for each in listed["syncs"] if each["name"] != "drive-items"]
                running = [each["name"] for each in others if each["status"] != "PAUSED"]
                if not running:
                    return
                await self.post("/sync/pause", which | {"syncs": running})
                await asyncio.sleep(0.02)

    async def status(self, connection_id: str = "walk") -> dict[str, Any]:
        which = CONNECTION | {"connection_id": connection_id}
        listed = await self.get("/sync/status", syncs="drive-items", **which)
        [only] = listed["syncs"]
        return dict(only)

    async def sync(self) -> dict[str, Any]:
        """Run the sync and wait for its end; return its status."""
        before = (await self.settled())["latestExecution"]
        await self.post("/sync/trigger", CONNECTION | {"syncs": ["drive-items"]})
        return await self.settled(after=before["id"] if before else None)

    async def settled(
        self, after: str | None = None, connection_id: str = "walk"
    ) -> dict[str, Any]:
        """Wait until the newest run is over, and is another one than `after`."""
        async with asyncio.timeout(PATIENCE):
            while True:
                status = await self.status(connection_id)
                run = status["latestExecution"]
                if run and run["id"] != after and run["finishedAt"]:
                    return status
                await asyncio.sleep(0.02)

    async def records(self, cursor: str | None = None) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            query = {"model": "DriveItem", "limit": "100"} | ({"cursor": cursor} if cursor else {})
            page = await self.get("/records", **query)
            found += page["records"]
            cursor = page["next_cursor"]
            if cursor is None:
                return found


Start = Callable[..., Any]


@pytest.fixture
def walk_settings() -> dict[str, Any]:
    """What a test wants the platform to be set to; overridden there."""
    return {}


@pytest.fixture
async def walk(
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    walk_settings: dict[str, Any],
) -> AsyncIterator[Walk]:
    async with server.running() as cloud:
        cloud_file = tmp_path / "cloud.json"
        cloud_file.write_text(json.dumps(cloud.cloud))
        monkeypatch.setenv("FAIRLEAD_MICROSOFT_CLOUD", str(cloud_file))
        settings = Settings(
            database_url=database_url,
            encryption_key=ENCRYPTION_KEY,
            secret_key=SECRET_KEY,
            tick_seconds=0.05,
            **walk_settings,
        )
        async with running(settings) as fairlead:
            app = cloud.world.directory.apps[WEB_APP_ID]
            app.redirect_uris.append(f"{fairlead.url}/oauth/callback")
            key = {"Authorization": f"Bearer {SECRET_KEY}"}
            async with (
                httpx.AsyncClient(base_url=fairlead.url, headers=key, timeout=PATIENCE) as product,
                httpx.AsyncClient(follow_redirects=True, timeout=PATIENCE) as browser,
            ):
                yield Walk(fairlead, cloud, product, browser)
