"""One connection reaches every API: the address decides which token goes along."""

import base64
import json
from typing import Any

import httpx
import pytest

from fairlead.model.provider import Reply
from fairlead_microsoft.errors import classify
from m365sim.entra.contoso import DAEMON_APP_ID, TENANT_ID, WEB_APP_ID


def host(walk: Any, suffix: str = "") -> str:
    return str(walk.cloud.world.urls.sharepoint_of(f"contoso{suffix}"))


def approve(walk: Any) -> None:
    """Let an administrator have granted everything that the registration lists."""
    world = walk.cloud.world
    app = world.directory.apps[WEB_APP_ID]
    for resource, names in app.delegated_permissions.items():
        world.directory.grant(TENANT_ID, WEB_APP_ID, resource, names, None)


async def call(walk: Any, url: str, connection: dict[str, str], **more: Any) -> httpx.Response:
    headers = connection | more.pop("headers", {})
    answer: httpx.Response = await walk.product.get(f"/proxy/{url}", headers=headers, **more)
    return answer


async def app(walk: Any, body: Any) -> dict[str, str]:
    provider = {"provider": "sharepoint-online-oauth2-cc", "unique_key": "app"}
    await walk.post("/integrations", provider)
    made = await walk.post("/connect/sessions", {"end_user": {"id": "m"}})
    answer = await walk.browser.post(
        f"{walk.fairlead.url}/oauth2/auth/app",
        params={
            "connect_session_token": made["data"]["token"],
            "params[tenantId]": TENANT_ID,
        },
        json={"client_id": DAEMON_APP_ID} | body,
    )
    assert answer.status_code == 200, answer.text
    return {"Provider-Config-Key": "app", "Connection-Id": answer.json()["connectionId"]}


async def test_a_user_reaches_graph_and_the_tenants_hosts(walk: Any) -> None:
    await walk.connected()
    approve(walk)
    as_walk = {"Provider-Config-Key": "sp", "Connection-Id": "walk"}
    for url in (
        "v1.0/sites/root",
        f"{host(walk)}/_api/v2.0/sites/root",
        f"{host(walk, '-my')}/_api/v2.0/me/drive",
        "v1.0/sites/root",
    ):
        answer = await call(walk, url, as_walk)
        assert answer.status_code == 200, (url, answer.text)
    # by the header of the contract, too
    headers = {"Base-Url-Override": host(walk)}
    answer = await call(walk, "_api/v2.0/sites/root", as_walk, headers=headers)
    assert answer.status_code == 200
    read = await walk.get("/connections/walk", provider_config_key="sp")
    claims = read["credentials"]["access_token"].split(".")[1]
    audience = json.loads(base64.urlsafe_b64decode(claims + "=="))["aud"]
    assert audience == "https://graph.microsoft.com"


async def test_a_tenant_host_that_does_not_exist_costs_nothing(walk: Any) -> None:
    await walk.connected()
    as_walk = {"Provider-Config-Key": "sp", "Connection-Id": "walk"}
    foreign = str(walk.cloud.world.urls.sharepoint_of("fabrikam"))
    answer = await call(walk, f"{foreign}/_api/web", as_walk)
    assert answer.status_code == 424
    assert answer.json()["error"]["code"] == "unknown_resource"
    # the rest of the connection is not concerned
    assert (await call(walk, "v1.0/sites/root", as_walk)).status_code == 200
    [connection] = (await walk.get("/connections"))["connections"]
    assert connection["errors"] == []


async def test_an_app_with_a_certificate_reaches_both(walk: Any, pair: Any) -> None:
    walk.cloud.world.directory.apps[DAEMON_APP_ID].certificates = [pair.der]
    as_app = await app(walk, {"client_certificate": pair.pem, "client_private_key": pair.key_pem})
    for url in ("v1.0/sites/root", f"{host(walk)}/_api/v2.0/sites/root"):
        answer = await call(walk, url, as_app)
        assert answer.status_code == 200, (url, answer.text)


async def test_an_app_with_a_secret_is_told_to_bring_a_certificate(walk: Any) -> None:
    as_app = await app(walk, {"client_secret": "daemon-secret~for-tests-only"})
    assert (await call(walk, "v1.0/sites/root", as_app)).status_code == 200
    answer = await call(walk, f"{host(walk)}/_api/v2.0/sites/root", as_app)
    # the vendor's answer is passed on as it is; what it means is a sentence of ours
    assert answer.status_code == 401
    error = classify(Reply(401, {}, answer.content, f"{host(walk)}/_api/v2.0/sites/root"))
    assert error.code == "certificate_required"
    assert "register a certificate" in error.message


@pytest.mark.parametrize("path", ["/_layouts/15/download.aspx?tempauth=x", "/sites/x"])
async def test_other_addresses_of_the_host_get_no_token(walk: Any, path: str) -> None:
    await walk.connected()
    before = len(walk.cloud.world.grants.refresh_tokens)
    as_walk = {"Provider-Config-Key": "sp", "Connection-Id": "walk"}
    answer = await call(walk, f"{host(walk)}{path}", as_walk)
    assert answer.status_code == 401
    assert len(walk.cloud.world.grants.refresh_tokens) == before
