"""An app at SharePoint's own API: by a key that we keep, or by a statement somebody else signed."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from certificates import PASSWORD
from pydantic import SecretStr

from fairlead.oauth.assertion import sign_assertion
from m365sim.entra.contoso import DAEMON_APP_ID, TENANT_ID

KEY = "v1"
CONFIG = {"tenantId": TENANT_ID, "tenantName": "contoso"}


@pytest.fixture(autouse=True)
def _registered(walk: Any, pair: Any) -> None:
    walk.cloud.world.directory.apps[DAEMON_APP_ID].certificates = [pair.der]


async def session(walk: Any) -> str:
    body = {"provider": "sharepoint-online-v1", "unique_key": KEY}
    if (await walk.product.get(f"/integrations/{KEY}")).status_code == 404:
        await walk.post("/integrations", body)
    made = await walk.post("/connect/sessions", {"end_user": {"id": "megan"}})
    return str(made["data"]["token"])


async def connect(
    walk: Any, body: Mapping[str, Any], config: Mapping[str, str] = CONFIG
) -> httpx.Response:
    query = {"connect_session_token": await session(walk)}
    query |= {f"params[{name}]": value for name, value in config.items()}
    url = f"{walk.fairlead.url}/auth/two-step/{KEY}"
    body = {"type": "TWO_STEP", "clientId": DAEMON_APP_ID, **body}
    answer: httpx.Response = await walk.browser.post(url, params=query, json=body)
    return answer


async def call(walk: Any, connection_id: str, path: str, **headers: str) -> httpx.Response:
    headers |= {"Provider-Config-Key": KEY, "Connection-Id": connection_id}
    answer: httpx.Response = await walk.product.get(f"/proxy/{path}", headers=headers)
    return answer


async def read(walk: Any, connection_id: str, **query: str) -> httpx.Response:
    query |= {"provider_config_key": KEY}
    answer: httpx.Response = await walk.product.get(f"/connections/{connection_id}", params=query)
    return answer


def assertion(walk: Any, pair: Any, now: datetime | None = None) -> str:
    return sign_assertion(
        client_id=DAEMON_APP_ID,
        audience=f"{walk.cloud.world.urls.login}/{TENANT_ID}/oauth2/v2.0/token",
        certificate=pair.pem,
        private_key=SecretStr(pair.key_pem),
        algorithm="RS256",
        now=now or datetime.now(UTC),
    )


@pytest.mark.parametrize("algorithm", [None, "RS256", "PS256"])
async def test_with_a_certificate(walk: Any, pair: Any, algorithm: str | None) -> None:
    config = CONFIG | ({"assertionAlgorithm": algorithm} if algorithm else {})
    body = {
        "client_certificate": pair.pem,
        "client_private_key": pair.encrypted_key_pem,
        "client_certificate_password": PASSWORD,
    }
    answer = await connect(walk, body, config)
    assert answer.status_code == 200, answer.text
    connection_id = answer.json()["connectionId"]
    assert answer.json()["providerConfigKey"] == KEY
    web = await call(walk, connection_id, "_api/web")
    assert web.status_code == 200, web.text
    # as the peer's provider asks for it, unless the caller asks for something else
    assert web.json()["d"]["__metadata"]["type"] == "SP.Web"
    plain = await call(
        walk,
        connection_id,
        "_api/web",
        **{"Nango-Proxy-Accept": "application/json;odata=nometadata"},
    )
    assert "Title" in plain.json()
    # the personal sites' host wants a token of its own
    own = walk.cloud.world.urls.sharepoint_of("contoso-my")
    answer = await call(walk, connection_id, f"{own}/_api/v2.0/sites/root")
    assert answer.status_code == 200, answer.text
    told = await read(walk, connection_id, force_refresh="true")
    assert told.status_code == 200, told.text
    credentials = told.json()["credentials"]
    assert (credentials["type"], credentials["clientId"]) == ("TWO_STEP", DAEMON_APP_ID)
    assert credentials["token"] == credentials["raw"]["access_token"]
    assert credentials["client_certificate"] == pair.pem
    assert "PRIVATE KEY" not in told.text
    assert told.json()["connection_config"]["tenantId"] == TENANT_ID


async def test_with_a_pfx_file_on_the_page(walk: Any, pair: Any) -> None:
    token = await session(walk)
    url = f"{walk.fairlead.url}/connect/"
    page = await walk.browser.get(url, params={"session_token": token})
    for title in ("Tenant ID", "Tenant name", "Client ID", "Certificate file"):
        assert title in page.text
    form = {
        "session_token": token,
        "integration": KEY,
        "config.tenantId": "contoso.onmicrosoft.com",
        "config.tenantName": "contoso",
        "clientId": DAEMON_APP_ID,
    }
    missing = await walk.browser.post(url, data=form, files={"x": b""})
    assert missing.status_code == 400
    assert "Is missing; give a certificate with its private key." in missing.text
    files = {"client_certificate_pfx": ("app.pfx", pair.pfx())}
    form["client_certificate_password"] = PASSWORD
    page = await walk.browser.post(url, data=form, files=files)
    assert page.status_code == 200, page.text
    [made] = (await walk.get("/connections"))["connections"]
    assert (await call(walk, made["connection_id"], "_api/web")).status_code == 200


async def test_a_pasted_assertion_serves_until_it_ends(walk: Any, pair: Any) -> None:
    answer = await connect(walk, {"assertion": assertion(walk, pair)})
    assert answer.status_code == 200, answer.text
    connection_id = answer.json()["connectionId"]
    assert (await call(walk, connection_id, "_api/web")).status_code == 200
    old = assertion(walk, pair, datetime.now(UTC) - timedelta(hours=1))
    refused = await connect(walk, {"assertion": old})
    error = refused.json()["error"]
    assert (refused.status_code, error["code"]) == (400, "connection_test_failed")
    assert (error["cause"], error["who"]) == ("assertion_expired", "end user")
    assert old not in refused.text


async def test_imported(walk: Any, pair: Any) -> None:
    await session(walk)
    credentials = {
        "type": "TWO_STEP",
        "clientId": DAEMON_APP_ID,
        "client_certificate": pair.pem + pair.key_pem,
    }
    body = {"provider_config_key": KEY, "connection_id": "c1", "connection_config": CONFIG}
    made = await walk.product.post("/connections", json=body | {"credentials": credentials})
    assert made.status_code == 201, made.text
    assert "PRIVATE KEY" not in made.text
    assert (await call(walk, "c1", "_api/web/lists")).status_code == 200
    for wrong, path in (
        ({"nonsense": "1"}, "nonsense"),
        ({"clientId": ""}, "clientId"),
        ({"client_certificate": ""}, "client_certificate"),
    ):
        given = body | {"credentials": credentials | wrong}
        refused = await walk.product.post("/connections", json=given)
        assert refused.status_code == 400, refused.text
        assert refused.json()["error"]["errors"][0]["path"][-1] == path


async def test_a_certificate_that_is_not_registered(walk: Any, other_pair: Any) -> None:
    body = {"client_certificate": other_pair.pem, "client_private_key": other_pair.key_pem}
    answer = await connect(walk, body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "connection_test_failed")
    assert (error["cause"], error["who"]) == ("certificate_not_registered", "operator")
    assert (await walk.get("/connections"))["connections"] == []


async def test_an_address_with_its_own_permit_gets_no_token(walk: Any, pair: Any) -> None:
    body = {"client_certificate": pair.pem, "client_private_key": pair.key_pem}
    connection_id = (await connect(walk, body)).json()["connectionId"]
    answer = await call(walk, connection_id, "_layouts/15/download.aspx?tempauth=x")
    # nobody looked at a token: the address itself is what is refused
    assert answer.status_code == 401
