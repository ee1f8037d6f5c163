"""The emulated tenant: its addresses, its people, and what it counted."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from fairlead_microsoft.demo.children import Children

#: the person who connects: no administrator, may consent for herself
PERSON = "Megan Bowen"
#: the app registration that stands for the product
APP = "fairlead"


@dataclass(frozen=True, slots=True)
class Tenant:
    """What the emulator printed when it was ready."""

    name: str
    domain: str
    person: str
    upn: str
    password: str
    client_id: str
    client_secret: str
    urls: Mapping[str, str]
    cloud_file: Path

    async def requests(self, session: aiohttp.ClientSession) -> int:
        """Return how many requests its Graph and SharePoint hosts have answered so far."""
        async with session.get(f"{self.urls['control']}/_m365sim/requests") as response:
            seen = await response.json()
        return sum(
            int(one["count"]) for one in seen["counts"] if one["surface"] in ("graph", "sharepoint")
        )


async def start_tenant(children: Children, library: Path, redirect_uri: str) -> Tenant:
    """Start `m365sim serve` with one library that mirrors a folder, and wait until it listens."""
    cloud_file = children.folder / "cloud.json"
    arguments = ["m365sim", "serve", "--json", "--port", "0", "--library", str(library)]
    arguments += ["--cloud-file", str(cloud_file), "--redirect-uri", redirect_uri]
    child = await children.start("m365sim", arguments, {})
    said: dict[str, Any] = json.loads(await child.first_line())
    person = next(user for user in said["users"] if user["display_name"] == PERSON)
    app = next(app for app in said["apps"] if app["display_name"] == APP)
    return Tenant(
        name=said["tenant"]["display_name"],
        domain=said["tenant"]["domain"],
        person=PERSON,
        upn=person["upn"],
        password=person["password"],
        client_id=app["app_id"],
        client_secret=app["secret"],
        urls=said["urls"],
        cloud_file=cloud_file,
    )
