"""A popup's trip ends at another process than the one that holds the page's websocket."""

import asyncio
import base64
import json
import os
import re
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from m365sim import server
from m365sim.entra.contoso import WEB_APP_ID
from m365sim.server import Options

SECRET_KEY = "s3cr3t-key-of-the-sockets"
ENCRYPTION_KEY = base64.b64encode(bytes(range(32))).decode()
SECONDS = 60
#: the address by which the vendor sends browsers back, as a balancer would have it
SERVER_URL = "http://127.0.0.1:3003"


@asynccontextmanager
async def fairlead(url: str, folder: Path) -> AsyncIterator[str]:
    """Run one server process until the block ends; yield its address."""
    settings = {
        "database_url": url,
        "secret_key": SECRET_KEY,
        "encryption_key": ENCRYPTION_KEY,
        "server_url": SERVER_URL,
        "microsoft_cloud": str(folder / "cloud.json"),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "fairlead.cli", "serve", "--port", "0"),
        stderr=PIPE,
        cwd=folder,
        env={
            **os.environ,
            **{f"FAIRLEAD_{name.upper()}": value for name, value in settings.items()},
        },
    )
    try:
        yield await _address(process)
    finally:
        process.terminate()
        await process.communicate()


async def _address(process: Process) -> str:
    assert process.stderr
    async with asyncio.timeout(SECONDS):
        while True:
            line = (await process.stderr.readline()).decode()
            assert line, "it ended"
            if found := re.search(r"listens on (\S+)", line):
                return found[1]


async def _json(answer: Any) -> Any:
    assert answer.status < 400, await answer.text()
    return await answer.json()


async def _state(session: aiohttp.ClientSession, here: str, key: str, ws: str) -> str:
    """Begin a trip at a process; return the vendor's URL for it."""
    body = {"end_user": {"id": "u"}}
    async with session.post(f"{here}/connect/sessions", json=body) as answer:
        token = (await _json(answer))["data"]["token"]
    query = {"connect_session_token": token, "ws_client_id": ws}
    async with session.get(
        f"{here}/oauth/connect/{key}", params=query, allow_redirects=False
    ) as answer:
        assert answer.status == 302, await answer.text()
        return str(answer.headers["location"])


@pytest.mark.faults
async def test_two_processes(postgresql_url: str, tmp_path: Path) -> None:
    options = Options(auto_sign_in="megan@contoso.onmicrosoft.com")
    async with asyncio.timeout(SECONDS), server.running(options) as cloud:
        (tmp_path / "cloud.json").write_text(json.dumps(cloud.cloud))
        headers = {"Authorization": f"Bearer {SECRET_KEY}"}
        async with (
            fairlead(postgresql_url, tmp_path) as one,
            fairlead(postgresql_url, tmp_path) as two,
            aiohttp.ClientSession(headers=headers) as session,
            session.ws_connect(f"{one}/") as page,
        ):
            ws = (await page.receive_json())["ws_client_id"]
            made = {
                "provider": "sharepoint-online",
                "unique_key": "sp",
                "credentials": {
                    "type": "OAUTH2",
                    "client_id": WEB_APP_ID,
                    "client_secret": "fairlead-secret~for-tests-only",
                },
            }
            async with session.post(f"{two}/integrations", json=made) as answer:
                await _json(answer)
            # refused by the vendor: told at the one, by the other
            url = await _state(session, one, "sp", ws)
            [state] = parse_qs(urlsplit(url).query)["state"]
            query = {"state": state, "error": "access_denied"}
            async with session.get(f"{two}/oauth/callback", params=query) as answer:
                assert answer.status == 400
            told = await page.receive_json()
            assert (told["message_type"], told["error_type"]) == ("error", "access_denied")
            # and when it goes well
            url = await _state(session, one, "sp", ws)
            async with session.get(url, allow_redirects=False) as answer:
                back = answer.headers["location"]
            assert back.startswith(SERVER_URL)
            async with session.get(back.replace(SERVER_URL, two)) as answer:
                assert answer.status == 200, await answer.text()
            told = await page.receive_json()
            assert told["message_type"] == "success"
            async with session.get(f"{one}/connections") as answer:
                [connection] = (await _json(answer))["connections"]
            assert told["connection_id"] == connection["connection_id"]
