"""`fairlead serve` dies by kill -9 in a first sync, again and again: the records end up exact."""

import asyncio
import base64
import json
import os
import random
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from m365sim import server
from m365sim.entra.contoso import WEB_APP_ID
from m365sim.server import Options
from m365sim.server import Running as Cloud
from m365sim.truth import truth

pytestmark = pytest.mark.faults

SECRET_KEY = "s3cr3t-key-of-the-killed"
ENCRYPTION_KEY = base64.b64encode(bytes(range(32))).decode()
FILES = 8_000
KILLS = 3
SECONDS = 240


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Cloud]:
    async with server.running(
        Options(seed_files=FILES, auto_sign_in="megan@contoso.onmicrosoft.com")
    ) as running:
        (tmp_path / "cloud.json").write_text(json.dumps(running.cloud))
        yield running


class Server:
    """One `fairlead serve` after another, on the same database and port."""

    def __init__(self, folder: Path, database_url: str, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._folder = folder
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("FAIRLEAD_")},
            "FAIRLEAD_DATABASE_URL": database_url,
            "FAIRLEAD_ENCRYPTION_KEY": ENCRYPTION_KEY,
            "FAIRLEAD_SECRET_KEY": SECRET_KEY,
            "FAIRLEAD_MICROSOFT_CLOUD": str(folder / "cloud.json"),
            "FAIRLEAD_LEASE_SECONDS": "1",
        }
        self._command = (sys.executable, "-m", "fairlead.cli", "serve", "--port", str(port))
        self._process: Process | None = None

    async def start(self) -> None:
        """Start it and wait until it listens."""
        self._process = process = await asyncio.create_subprocess_exec(
            *self._command, stdout=DEVNULL, stderr=PIPE, cwd=self._folder, env=self._environment
        )
        assert process.stderr is not None
        said = b""
        async with asyncio.timeout(SECONDS):
            while b"listens on" not in said:
                line = await process.stderr.readline()
                assert line, said.decode()
                said += line
        # what it says later must not fill the pipe
        self._reader = asyncio.create_task(process.stderr.read())

    async def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            await self._process.wait()
            await self._reader
            self._process = None


@asynccontextmanager
async def serving(folder: Path, database_url: str, port: int) -> AsyncIterator[Server]:
    running = Server(folder, database_url, port)
    try:
        await running.start()
        yield running
    finally:
        await running.kill()


async def status(product: httpx.AsyncClient, connection_id: str) -> dict[str, Any]:
    query = {
        "syncs": "drive-items",
        "provider_config_key": "sp",
        "connection_id": connection_id,
    }
    answer = await product.get("/sync/status", params=query)
    [only] = answer.json()["syncs"]
    return dict(only["latestExecution"] or {}) | {"kept": only["recordCount"].get("DriveItem", 0)}


async def until(
    product: httpx.AsyncClient, connection_id: str, holds: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """Poll the newest run until something holds; return it."""
    async with asyncio.timeout(SECONDS):
        while True:
            run = await status(product, connection_id)
            if holds(run):
                return run
            await asyncio.sleep(0.02)


async def records(product: httpx.AsyncClient, connection_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    query = {"model": "DriveItem", "limit": "5000"}
    headers = {"Provider-Config-Key": "sp", "Connection-Id": connection_id}
    while True:
        page = (await product.get("/records", params=query, headers=headers)).json()
        found += page["records"]
        if page["next_cursor"] is None:
            return found
        query["cursor"] = page["next_cursor"]


async def connected(product: httpx.AsyncClient) -> str:
    """Create the integration, connect as a person would, and return the connection's id."""
    credentials = {
        "type": "OAUTH2",
        "client_id": WEB_APP_ID,
        "client_secret": "fairlead-secret~for-tests-only",
    }
    body = {"provider": "sharepoint-online", "unique_key": "sp", "credentials": credentials}
    assert (await product.post("/integrations", json=body)).is_success
    made = await product.post("/connect/sessions", json={"end_user": {"id": "megan"}})
    query = {"connect_session_token": made.json()["data"]["token"]}
    page = await product.get("/oauth/connect/sp", params=query, follow_redirects=True)
    assert "is connected" in page.text, page.text
    [only] = (await product.get("/connections")).json()["connections"]
    return str(only["connection_id"])


async def test_kill_9_in_a_first_sync(
    tmp_path: Path, database_url: str, unused_tcp_port: int, cloud: Cloud
) -> None:
    whole = truth(cloud.world)
    drive = max((d for s in whole["sites"] for d in s["drives"]), key=lambda d: len(d["items"]))
    wanted = {f"{drive['id']}/{item['id']}": item for item in drive["items"] if item["path"]}
    assert len(wanted) >= FILES
    async with (
        serving(tmp_path, database_url, unused_tcp_port) as running,
        httpx.AsyncClient(
            base_url=running.url, headers={"Authorization": f"Bearer {SECRET_KEY}"}, timeout=SECONDS
        ) as product,
    ):
        app = cloud.world.directory.apps[WEB_APP_ID]
        app.redirect_uris.append(f"{running.url}/oauth/callback")
        connection_id = await connected(product)
        first = await until(product, connection_id, lambda run: bool(run.get("finishedAt")))
        which = {"provider_config_key": "sp", "connection_id": connection_id}
        metadata = {"metadata": {"driveIds": [drive["id"]]}}
        assert (await product.post("/connections/metadata", json=which | metadata)).is_success
        trigger = which | {"syncs": ["drive-items"]}
        assert (await product.post("/sync/trigger", json=trigger)).is_success
        kept = 0
        for _ in range(KILLS):
            # never before it got on: else nothing would be shown of what a restart keeps
            more = kept + random.randint(1, FILES // 8)
            run = await until(product, connection_id, lambda run: run["kept"] >= more)  # noqa: B023
            await running.kill()
            await running.start()
            again = await status(product, connection_id)
            assert again["kept"] >= run["kept"]
            kept = again["kept"]
        done = await until(
            product,
            connection_id,
            lambda run: run["id"] != first["id"] and bool(run["finishedAt"]),
        )
        found = await records(product, connection_id)
    assert done["state"] == "succeeded"
    assert done["counts"]["DriveItem"] == {"added": len(wanted), "updated": 0, "deleted": 0}
    assert len(found) == len(wanted)
    assert {each["id"]: each["name"] for each in found} == {
        key: item["name"] for key, item in wanted.items()
    }
    assert {each["_nango_metadata"]["last_action"] for each in found} == {"ADDED"}
