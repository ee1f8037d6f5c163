"""A value of connection_config that its provider calls secret: used, told as before, kept sealed."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import update

from fairlead.app import build_app, open_services
from fairlead.connect.config import secret_names
from fairlead.engine.queue import InlineQueue
from fairlead.sdk import Registry
from fairlead.settings import Settings
from fairlead.store import tables
from fairlead.store.database import Database

KEY = "test-secret-key-0123456789"
FILE = """\
oauth:
  display_name: By sign-in
  auth_mode: OAUTH2
  authorization_url: VENDOR/authorize
  token_url: VENDOR/token
  token_params: {pin: "${connectionConfig.pin}"}
  connection_config:
    site: {title: Site}
    pin: {title: PIN, format: password}
    stamp: {title: Stamp, secret: true, optional: true}
  proxy:
    base_url: VENDOR/api
    headers: {X-Pin: "${connectionConfig.pin}"}
"""
#: `apiToken` is no field of the provider: its name is enough
CONFIG = {"site": "here", "pin": "hush-pin", "stamp": "hush-stamp", "apiToken": "hush-token"}


@dataclass
class Place:
    """Where the platform keeps its file."""

    folder: Path
    settings: Settings

    def bytes_kept(self) -> bytes:
        return b"".join(file.read_bytes() for file in self.folder.glob("fairlead.sqlite*"))

    @asynccontextmanager
    async def open(self) -> AsyncIterator[httpx.AsyncClient]:
        settings = self.settings
        async with open_services(settings, registry=Registry(), queue=InlineQueue()) as services:
            transport = httpx.ASGITransport(build_app(services), raise_app_exceptions=False)
            key = {"Authorization": f"Bearer {KEY}"}
            base = settings.server_url
            async with httpx.AsyncClient(transport=transport, base_url=base, headers=key) as client:
                yield client


@pytest.fixture
def place(sqlite_template: Path, tmp_path: Path, vendor: Any) -> Place:
    shutil.copyfile(sqlite_template, tmp_path / "fairlead.sqlite")
    file = tmp_path / "providers.yaml"
    file.write_text(FILE.replace("VENDOR", vendor.url))
    settings = Settings(
        database_url=f"sqlite:///{tmp_path}/fairlead.sqlite",
        encryption_key="AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        secret_key=KEY,
        server_url="http://fairlead.test",
        providers_file=file,
    )
    return Place(tmp_path, settings)


async def sent(client: httpx.AsyncClient, connection_id: str) -> dict[str, str]:
    headers = {"Provider-Config-Key": "own", "Connection-Id": connection_id}
    answer = await client.get("/proxy/x", headers=headers)
    assert answer.status_code == 200, answer.text
    told: dict[str, str] = answer.json()["headers"]
    return told


async def read(client: httpx.AsyncClient, connection_id: str) -> Any:
    answer = await client.get(f"/connections/{connection_id}?provider_config_key=own")
    assert answer.status_code == 200, answer.text
    return answer.json()["connection_config"]


async def create(client: httpx.AsyncClient) -> None:
    credentials = {"type": "OAUTH2", "client_id": "c", "client_secret": "s"}
    body = {"provider": "oauth", "unique_key": "own", "credentials": credentials}
    assert (await client.post("/integrations", json=body)).status_code == 200


async def imported(client: httpx.AsyncClient) -> Any:
    body = {
        "provider_config_key": "own",
        "connection_id": "c1",
        "connection_config": CONFIG,
        "credentials": {"type": "OAUTH2", "access_token": "hush-access"},
    }
    answer = await client.post("/connections", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_filled_in_and_imported(
    place: Place, vendor: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    async with place.open() as client:
        await create(client)
        fixed = {"own": {"connection_config": {"pin": "hush-pin"}}}
        body = {"end_user": {"id": "u"}, "integrations_config_defaults": fixed}
        made = (await client.post("/connect/sessions", json=body)).json()["data"]
        query = {"connect_session_token": made["token"], "params[site]": "here"}
        begun = await client.get("/oauth/connect/own", params=query)
        assert begun.status_code == 302, begun.text
        assert b"hush" not in place.bytes_kept()
        state = parse_qs(urlsplit(begun.headers["location"]).query)["state"][0]
        page = await client.get("/oauth/callback", params={"state": state, "code": "good"})
        assert "By sign-in is connected" in page.text
        assert vendor.token_forms[0]["pin"] == "hush-pin"
        [one] = (await client.get("/connections")).json()["connections"]
        assert await read(client, one["connection_id"]) == {"site": "here", "pin": "hush-pin"}
        assert (await sent(client, one["connection_id"]))["x-pin"] == "hush-pin"
        assert (await imported(client))["connection_config"] == CONFIG
        assert await read(client, "c1") == CONFIG
        assert (await sent(client, "c1"))["x-pin"] == "hush-pin"
        assert b"hush" not in place.bytes_kept()
    assert b"hush" not in place.bytes_kept()
    assert "hush" not in "".join(capfd.readouterr())


async def test_rows_of_an_earlier_version_are_sealed_at_the_start(place: Place) -> None:
    async with place.open() as client:
        await create(client)
        await imported(client)
    db = await Database.open(place.settings.database_url)
    async with db.write() as tx:
        open_row = update(tables.connections).values(connection_config=CONFIG, config_envelope=None)
        await tx.execute(open_row)
    await db.close()
    assert b"hush-stamp" in place.bytes_kept()
    async with place.open() as client:
        assert await read(client, "c1") == CONFIG
    # nor in a page that the file no longer uses
    assert b"hush" not in place.bytes_kept()


@pytest.mark.parametrize(
    ("name", "value", "is_secret"),
    [
        ("clientSecret", "x", True),
        ("api_key", "x", True),
        ("PASSWORD", "x", True),
        ("sharepointAccessToken", {"expires_at": 1}, True),
        ("account", {"refresh_token": "x"}, True),
        ("accounts", [{"private-key": "x"}], True),
        ("tenantId", "x", False),
        ("assertionAlgorithm", "PS256", False),
        ("tokenUrl", "x", False),
        ("oauth_scopes_override", ["a"], False),
    ],
)
def test_names_that_sound_secret(name: str, value: Any, *, is_secret: bool) -> None:
    assert secret_names(None, {name: value}) == ({name} if is_secret else set())
