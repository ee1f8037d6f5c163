"""Every way to authenticate, by providers from an operator's YAML file, against a small vendor."""

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from fairlead.app import build_app, open_services
from fairlead.engine.queue import InlineQueue
from fairlead.sdk import Registry
from fairlead.settings import Settings

KEY = "test-secret-key-0123456789"
FILE = """\
oauth:
  display_name: By sign-in
  auth_mode: OAUTH2
  authorization_url: VENDOR/authorize
  token_url: VENDOR/token
  default_scopes: [read]
  proxy:
    base_url: VENDOR/api
    headers: {X-Also: "token ${accessToken}"}
app:
  display_name: By app
  auth_mode: OAUTH2_CC
  token_url: VENDOR/token
  token_request_auth_method: basic
  proxy: {base_url: VENDOR/api}
steps:
  display_name: In two steps
  auth_mode: TWO_STEP
  token_url: VENDOR/token
  token_params: {who: "${credentials.user}@${connectionConfig.site}", pin: "${credentials.pin}"}
  token_headers: {X-Pin: "${credentials.pin}"}
  token_response: {token: access_token, token_expiration: expires_in}
  credentials:
    user: {title: User, pattern: "[a-z]+"}
    pin: {optional: true}
  connection_config:
    site: {title: Site}
  proxy:
    base_url: VENDOR/api
    headers: {X-User: "${credentials.user}", X-Pin: "${credentials.pin}"}
key:
  display_name: By key
  auth_mode: API_KEY
  proxy:
    base_url: VENDOR/api
    headers: {X-Key: "Key ${apiKey}"}
basic:
  display_name: By password
  auth_mode: BASIC
  proxy: {base_url: VENDOR/api}
open:
  display_name: Open
  auth_mode: NONE
  proxy: {base_url: VENDOR/api}
"""


@dataclass
class Own:
    """A platform that knows only the file's providers."""

    client: httpx.AsyncClient
    browser: httpx.AsyncClient
    vendor: Any

    async def session(self, kind: str) -> str:
        body: dict[str, Any] = {"provider": kind, "unique_key": kind}
        if kind == "oauth":
            body["credentials"] = {"type": "OAUTH2", "client_id": "c", "client_secret": "s"}
        answer = await self.client.post("/integrations", json=body)
        assert answer.status_code == 200, answer.text
        body = {"end_user": {"id": "u"}, "allowed_integrations": [kind]}
        answer = await self.client.post("/connect/sessions", json=body)
        return str(answer.json()["data"]["token"])

    async def filled_in(self, route: str, kind: str, body: Any, query: str = "") -> str:
        token = await self.session(kind)
        url = f"{route}/{kind}?connect_session_token={token}{query}"
        answer = await self.browser.post(url, json=body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["connectionId"])

    async def sent(self, kind: str, connection_id: str) -> dict[str, str]:
        """Headers that the vendor gets with a call."""
        headers = {"Provider-Config-Key": kind, "Connection-Id": connection_id}
        answer = await self.client.get("/proxy/x", headers=headers)
        assert answer.status_code == 200, answer.text
        told: dict[str, str] = answer.json()["headers"]
        return told


@pytest.fixture
async def own(sqlite_template: Path, tmp_path: Path, vendor: Any) -> AsyncIterator[Own]:
    database = tmp_path / "fairlead.sqlite"
    shutil.copyfile(sqlite_template, database)
    file = tmp_path / "providers.yaml"
    file.write_text(FILE.replace("VENDOR", vendor.url))
    settings = Settings(
        database_url=f"sqlite:///{database}",
        encryption_key="AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        secret_key=KEY,
        server_url="http://fairlead.test",
        providers_file=file,
    )
    async with open_services(settings, registry=Registry(), queue=InlineQueue()) as services:
        transport = httpx.ASGITransport(build_app(services), raise_app_exceptions=False)
        base = "http://fairlead.test"
        key = {"Authorization": f"Bearer {KEY}"}
        async with (
            httpx.AsyncClient(transport=transport, base_url=base, headers=key) as client,
            httpx.AsyncClient(transport=transport, base_url=base) as browser,
        ):
            yield Own(client, browser, vendor)


async def test_oauth2(own: Own) -> None:
    token = await own.session("oauth")
    begun = await own.browser.get("/oauth/connect/oauth", params={"connect_session_token": token})
    query = parse_qs(urlsplit(begun.headers["location"]).query)
    assert begun.headers["location"].startswith(f"{own.vendor.url}/authorize?")
    assert query["scope"] == ["read"]
    back = {"state": query["state"][0], "code": "good"}
    page = await own.browser.get("/oauth/callback", params=back)
    assert "By sign-in is connected" in page.text
    [made] = (await own.client.get("/connections")).json()["connections"]
    headers = await own.sent("oauth", made["connection_id"])
    assert headers["authorization"] == "Bearer access-1"
    assert headers["x-also"] == "token access-1"


async def test_client_credentials(own: Own) -> None:
    body = {"client_id": "i", "client_secret": "s"}
    made = await own.filled_in("/oauth2/auth", "app", body)
    assert (await own.sent("app", made))["authorization"] == "Bearer access-1"
    # by header, as the file says
    assert "client_secret" not in own.vendor.token_forms[0]


async def test_two_steps(own: Own) -> None:
    body = {"type": "TWO_STEP", "user": "ada"}
    made = await own.filled_in("/auth/two-step", "steps", body, "&params[site]=x")
    # what is optional and not there leaves no empty parameter or header
    assert own.vendor.token_forms == [{"who": "ada@x"}]
    headers = await own.sent("steps", made)
    assert (headers["authorization"], headers["x-user"]) == ("Bearer access-1", "ada")
    assert "x-pin" not in headers
    read = await own.client.get(f"/connections/{made}?provider_config_key=steps&force_refresh=true")
    assert read.json()["credentials"]["token"] == "access-2"
    body = {
        "provider_config_key": "steps",
        "connection_config": {"site": "y"},
        "credentials": body | {"pin": "1"},
    }
    imported = (await own.client.post("/connections", json=body)).json()["connection_id"]
    headers = await own.sent("steps", imported)
    assert (headers["authorization"], headers["x-pin"]) == ("Bearer access-3", "1")
    assert own.vendor.token_forms[2] == {"who": "ada@y", "pin": "1"}


async def test_what_is_kept_as_it_is(own: Own) -> None:
    made = await own.filled_in("/api-auth/api-key", "key", {"apiKey": "k"})
    headers = await own.sent("key", made)
    assert headers["x-key"] == "Key k"
    assert "authorization" not in headers
    body = {"username": "u", "password": "p"}
    made = await own.filled_in("/api-auth/basic", "basic", body)
    assert (await own.sent("basic", made))["authorization"] == "Basic dTpw"
    made = await own.filled_in("/auth/unauthenticated", "open", None)
    assert "authorization" not in await own.sent("open", made)


async def test_all_are_listed(own: Own) -> None:
    listed = (await own.client.get("/providers")).json()["data"]
    modes = {each["name"]: each["auth_mode"] for each in listed}
    assert modes == {
        "app": "OAUTH2_CC",
        "basic": "BASIC",
        "key": "API_KEY",
        "oauth": "OAUTH2",
        "open": "NONE",
        "steps": "TWO_STEP",
    }
