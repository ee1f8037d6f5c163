"""An app connects for itself: by secret or by certificate, on the page or by the browser client."""

from typing import Any

import pytest
from certificates import PASSWORD

from m365sim.entra.contoso import DAEMON_APP_ID, TENANT_ID

AS_APP = {"Provider-Config-Key": "app"}
SECRET = {"client_id": DAEMON_APP_ID, "client_secret": "daemon-secret~for-tests-only"}


async def session(walk: Any, **more: Any) -> str:
    provider = {"provider": "sharepoint-online-oauth2-cc", "unique_key": "app"}
    await walk.post("/integrations", provider)
    made = await walk.post("/connect/sessions", {"end_user": {"id": "megan"}, **more})
    return str(made["data"]["token"])


async def connect(
    walk: Any, body: Any, tenant: str = TENANT_ID, algorithm: str | None = None
) -> Any:
    token = await session(walk)
    url = f"{walk.fairlead.url}/oauth2/auth/app"
    query = {"connect_session_token": token, "params[tenantId]": tenant}
    if algorithm:
        query["params[assertionAlgorithm]"] = algorithm
    return await walk.browser.post(url, params=query, json=body)


async def read_root(walk: Any, connection_id: str) -> Any:
    return await walk.product.get(
        "/proxy/v1.0/sites/root", headers=AS_APP | {"Connection-Id": connection_id}
    )


async def refreshed(walk: Any, connection_id: str) -> Any:
    return await walk.product.get(
        f"/connections/{connection_id}",
        params={"provider_config_key": "app", "force_refresh": "true"},
    )


async def test_with_a_secret(walk: Any) -> None:
    made = (await connect(walk, SECRET)).json()
    assert (await read_root(walk, made["connectionId"])).status_code == 200
    again = await refreshed(walk, made["connectionId"])
    assert again.status_code == 200
    config = again.json()["connection_config"]
    assert config["tenantId"] == TENANT_ID
    assert config["sharepointHost"].startswith("contoso.")


@pytest.mark.parametrize("algorithm", ["PS256", "RS256"])
async def test_with_a_certificate(walk: Any, pair: Any, algorithm: str) -> None:
    walk.cloud.world.directory.apps[DAEMON_APP_ID].certificates = [pair.der]
    body = {
        "client_id": DAEMON_APP_ID,
        "client_certificate": pair.pem,
        "client_private_key": pair.encrypted_key_pem,
        "client_certificate_password": PASSWORD,
    }
    # a verified domain names the tenant, too
    answer = await connect(walk, body, "contoso.onmicrosoft.com", algorithm)
    assert answer.status_code == 200, answer.text
    connection_id = answer.json()["connectionId"]
    assert (await read_root(walk, connection_id)).status_code == 200
    assert (await refreshed(walk, connection_id)).status_code == 200


async def test_with_a_pfx_file_on_the_page(walk: Any, pair: Any) -> None:
    walk.cloud.world.directory.apps[DAEMON_APP_ID].certificates = [pair.der]
    token = await session(walk)
    url = f"{walk.fairlead.url}/connect/"
    page = await walk.browser.get(url, params={"session_token": token})
    assert "Tenant ID" in page.text
    form = {
        "session_token": token,
        "integration": "app",
        "config.tenantId": TENANT_ID,
        "client_id": DAEMON_APP_ID,
        "client_certificate_password": PASSWORD,
    }
    page = await walk.browser.post(
        url, data=form, files={"client_certificate_pfx": ("app.pfx", pair.pfx())}
    )
    assert page.status_code == 200, page.text
    [made] = (await walk.get("/connections"))["connections"]
    assert (await read_root(walk, made["connection_id"])).status_code == 200


async def test_a_certificate_that_is_not_registered(walk: Any, pair: Any, other_pair: Any) -> None:
    walk.cloud.world.directory.apps[DAEMON_APP_ID].certificates = [pair.der]
    body = {
        "client_id": DAEMON_APP_ID,
        "client_certificate": other_pair.pem,
        "client_private_key": other_pair.key_pem,
    }
    answer = await connect(walk, body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "client_credentials_fetch_error")
    assert (error["cause"], error["who"]) == ("certificate_not_registered", "operator")
    assert "upload its public part" in error["message"]


async def test_a_wrong_secret_and_a_wrong_tenant(walk: Any) -> None:
    wrong = await connect(walk, SECRET | {"client_secret": "no"})
    assert wrong.json()["error"]["cause"] == "bad_client_secret"
    nowhere = "00000000-0000-0000-0000-000000000001"
    token = (await walk.post("/connect/sessions", {"end_user": {"id": "m"}}))["data"]["token"]
    query = {"connect_session_token": token, "params[tenantId]": nowhere}
    url = f"{walk.fairlead.url}/oauth2/auth/app"
    answer = await walk.browser.post(url, params=query, json=SECRET)
    assert answer.json()["error"]["cause"] == "wrong_tenant"
    query["params[tenantId]"] = "organizations"
    answer = await walk.browser.post(url, params=query, json=SECRET)
    assert answer.json()["error"]["code"] == "invalid_connection_config"
    assert await walk.get("/connections") == {"connections": []}


@pytest.mark.parametrize("key", ["app", "v1"])
async def test_an_app_waits_for_the_customers_administrator(walk: Any, pair: Any, key: str) -> None:
    directory = walk.cloud.world.directory
    app = directory.apps[DAEMON_APP_ID]
    # the app is another company's, and nobody brought it into the customer's tenant yet
    app.tenant_id, app.multi_tenant = "11111111-2222-4333-8444-555555555555", True
    app.redirect_uris = [f"{walk.fairlead.url}/oauth/callback"]
    app.certificates = [pair.der]
    directory.withdraw_consent(TENANT_ID, DAEMON_APP_ID)
    if key == "app":
        told = (await connect(walk, SECRET)).json()
    else:
        await walk.post("/integrations", {"provider": "sharepoint-online-v1", "unique_key": key})
        made = await walk.post("/connect/sessions", {"end_user": {"id": "megan"}})
        query = {
            "connect_session_token": made["data"]["token"],
            "params[tenantId]": TENANT_ID,
            "params[tenantName]": "contoso",
        }
        body = {
            "type": "TWO_STEP",
            "clientId": DAEMON_APP_ID,
            "client_certificate": pair.pem,
            "client_private_key": pair.key_pem,
        }
        url = f"{walk.fairlead.url}/auth/two-step/{key}"
        told = (await walk.browser.post(url, params=query, json=body)).json()
    assert told["isPending"] is True, told
    page = await walk.browser.get(told["adminUrl"])
    page = await walk.submit(page, username="alex@contoso.onmicrosoft.com", password="Alex-pass-1")
    page = await walk.submit(page, decision="accept")
    assert "The app is approved" in page.text
    listed = await walk.get("/connections")
    assert "pending" not in listed
    [connection] = listed["connections"]
    assert connection["connection_id"] == told["connectionId"]
    path = "v1.0/sites/root" if key == "app" else "_api/web"
    headers = {"Provider-Config-Key": key, "Connection-Id": told["connectionId"]}
    answer = await walk.product.get(f"/proxy/{path}", headers=headers)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("provider", ["microsoft", "one-drive"])
async def test_users_of_the_other_providers_sign_in_the_same_way(walk: Any, provider: str) -> None:
    await walk.set_up(provider=provider)
    made = await walk.submit(await walk.consent_page(), decision="accept")
    assert made.status_code == 200, made.text
    [connection] = (await walk.get("/connections"))["connections"]
    assert connection["provider"] == provider
    headers = {"Provider-Config-Key": "sp", "Connection-Id": connection["connection_id"]}
    drive = await walk.product.get("/proxy/v1.0/me/drive", headers=headers)
    assert drive.status_code == 200, drive.text
    # what is not about SharePoint mirrors nothing by itself
    status = await walk.status(connection["connection_id"])
    assert (status["status"], status["latestExecution"]) == ("PAUSED", None)
