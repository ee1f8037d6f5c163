"""Credential routes: what browsers send within a session, and what is told when it is wrong."""

import base64
from typing import Any

import pytest
from certificates import PASSWORD

CONFIG = "params[site]=contoso"


async def send(
    world: Any, route: str, body: Any = None, query: str = CONFIG, **session: Any
) -> Any:
    token = await world.session(**session)
    url = f"{route}?connect_session_token={token}&{query}"
    return await world.browser.post(url, json=body)


@pytest.mark.parametrize(
    ("kind", "route", "body", "credentials"),
    [
        ("key", "/api-auth/api-key/key", {"apiKey": "k"}, {"type": "API_KEY", "apiKey": "k"}),
        (
            "basic",
            "/api-auth/basic/basic",
            {"username": "u", "password": "p"},
            {"type": "BASIC", "username": "u", "password": "p"},
        ),
        ("open", "/auth/unauthenticated/open", None, {}),
        ("open", "/auth/unauthenticated/open", {}, {}),
    ],
)
async def test_what_is_kept_as_it_is(
    world: Any, kind: str, route: str, body: Any, credentials: Any
) -> None:
    await world.plain_integration(kind)
    answer = await send(world, route, body)
    assert answer.status_code == 200, answer.text
    made = answer.json()
    assert made["providerConfigKey"] == kind
    read = await world.client.get(f"/connections/{made['connectionId']}?provider_config_key={kind}")
    assert read.json()["credentials"] == credentials
    assert read.json()["tags"]["end_user_id"] == "u1"
    headers = {"Connection-Id": made["connectionId"], "Provider-Config-Key": kind}
    assert (await world.client.get("/proxy/x", headers=headers)).status_code == 200


async def test_an_app_with_a_secret(world: Any) -> None:
    await world.plain_integration("app")
    body = {"client_id": "i", "client_secret": "s", "type": "OAUTH2_CC"}
    made = (await send(world, "/oauth2/auth/app", body)).json()
    read = await world.client.get(f"/connections/{made['connectionId']}?provider_config_key=app")
    told = read.json()
    assert told["connection_config"] == {"site": "contoso"}
    assert told["credentials"]["token"] == "access-1"
    assert world.vendor.token_forms[0]["scope"] == "all"


async def test_an_app_with_a_certificate(world: Any, pair: Any) -> None:
    await world.plain_integration("app")
    pfx = base64.b64encode(pair.pfx()).decode()
    for proof in (
        {"client_certificate": pair.pem, "client_private_key": pair.key_pem},
        {"client_certificate_pfx": pfx, "client_certificate_password": PASSWORD},
    ):
        made = (await send(world, "/oauth2/auth/app", {"client_id": "i"} | proof)).json()
        read = await world.client.get(
            f"/connections/{made['connectionId']}?provider_config_key=app"
        )
        credentials = read.json()["credentials"]
        assert (credentials["client_certificate"], credentials["client_secret"]) == (pair.pem, None)
        # the key was taken in, and is told to nobody
        assert "PRIVATE KEY" not in read.text
    assert all("client_assertion" in form for form in world.vendor.token_forms)


async def test_in_two_steps(world: Any, check: Any) -> None:
    await world.plain_integration("login")
    body = {"type": "TWO_STEP", "user": "ada", "pass": "hush-3", "assertionOption": "x"}
    answer = await send(world, "/auth/two-step/login", body, "")
    assert answer.status_code == 200, answer.text
    name = answer.json()["connectionId"]
    read = await world.client.get(f"/connections/{name}?provider_config_key=login")
    credentials = read.json()["credentials"]
    assert (credentials["type"], credentials["token"]) == ("TWO_STEP", "access-1")
    assert (credentials["user"], credentials["pass"]) == ("ada", "hush-3")
    assert world.vendor.token_forms == [{"user": "ada", "pass": "hush-3"}]
    for wrong, field in (
        ({"user": ""}, "user"),
        ({"user": "7"}, "user"),
        ({"more": "x"}, "more"),
        ({"client_certificate": "x"}, "client_certificate"),
    ):
        refused = await send(world, "/auth/two-step/login", body | wrong, "")
        assert check(refused, 400, "invalid_body")["errors"][0]["path"] == [field]
        assert "hush-3" not in refused.text
    refused = await send(world, "/auth/two-step/login", body | {"user": 7}, "")
    check(refused, 400, "invalid_body")
    world.vendor.token_status = 400
    refused = await send(world, "/auth/two-step/login", body, "")
    assert check(refused, 400, "connection_test_failed")["cause"] == "provider_rejected"
    await world.plain_integration("key")
    check(await send(world, "/auth/two-step/key", body, ""), 400, "invalid_auth_mode")


async def test_two_steps_on_the_page(world: Any) -> None:
    await world.plain_integration("login")
    given = {"session_token": await world.session(), "integration": "login", "user": "ada"}
    page = await world.browser.post("/connect/", data=given)
    assert page.status_code == 400
    assert "Please fill in Password." in page.text
    page = await world.browser.post("/connect/", data=given | {"pass": "p"})
    assert "Acme Login is connected" in page.text
    shown = (await world.client.get("/providers/acme-login")).json()["data"]
    assert shown["credentials"]["user"]["pattern"] == "[a-z]+"
    assert shown["credentials"]["pass"]["secret"] is True
    assert shown["token_response"]["token"] == "access_token"


async def test_an_app_that_is_refused(world: Any, check: Any) -> None:
    await world.plain_integration("app")
    world.vendor.token_status = 503
    body = {"client_id": "i", "client_secret": "hush-2"}
    answer = await send(world, "/oauth2/auth/app", body)
    error = check(answer, 400, "client_credentials_fetch_error")
    assert (error["cause"], error["who"]) == ("provider_unavailable", "vendor")
    assert "hush-2" not in answer.text


@pytest.mark.parametrize(
    ("route", "body", "code"),
    [
        ("/oauth2/auth/app", {"client_secret": "s"}, "missing_client_id"),
        ("/oauth2/auth/app", {"client_id": "i"}, "missing_client_secret"),
        ("/oauth2/auth/app", {"client_id": "i", "nonsense": 1}, "invalid_body"),
        ("/oauth2/auth/app", {"client_id": "i", "client_certificate": "x"}, "invalid_body"),
        ("/oauth2/auth/key", {"client_id": "i", "client_secret": "s"}, "invalid_auth_mode"),
        ("/api-auth/api-key/app", {"apiKey": "k"}, "invalid_auth_mode"),
        ("/api-auth/api-key/key", {"apiKey": ""}, "invalid_body"),
        ("/api-auth/basic/basic", {"password": "p"}, "invalid_body"),
    ],
)
async def test_what_is_wrong(world: Any, check: Any, route: str, body: Any, code: str) -> None:
    for kind in ("app", "key", "basic"):
        await world.plain_integration(kind)
    check(await send(world, route, body), 400, code)


async def test_where_and_for_whom(world: Any, check: Any) -> None:
    await world.plain_integration("key")
    body = {"apiKey": "k"}
    route = "/api-auth/api-key/key"
    check(await send(world, "/api-auth/api-key/none", body), 404, "unknown_provider_config")
    refused = await send(world, route, body, allowed_integrations=["key"], query="connection_id=x")
    check(refused, 400, "invalid_query_params")
    await world.plain_integration("open")
    other = await send(world, route, body, allowed_integrations=["open"])
    check(other, 400, "integration_not_allowed")
    check(await world.browser.post(route, json=body), 401, "missing_connect_session_token")
    keyed = await world.browser.post(f"{route}?public_key=x", json=body)
    check(keyed, 401, "deprecated_authentication")
    stale = await world.browser.post(f"{route}?connect_session_token=x", json=body)
    check(stale, 401, "invalid_connect_session_token_format")


async def test_a_config_that_does_not_fit(world: Any, check: Any) -> None:
    await world.plain_integration("app")
    body = {"client_id": "i", "client_secret": "s"}
    check(await send(world, "/oauth2/auth/app", body, "a=b"), 400, "invalid_connection_config")
    assert world.vendor.token_forms == []


async def test_an_app_may_be_imported_without_a_token(world: Any, check: Any, pair: Any) -> None:
    await world.plain_integration("app")
    body = {
        "provider_config_key": "app",
        "connection_id": "c9",
        "connection_config": {"site": "contoso"},
        "credentials": {"type": "OAUTH2_CC", "client_id": "i", "client_certificate": pair.pem},
    }
    check(await world.client.post("/connections", json=body), 400, "invalid_body")
    body["credentials"]["client_private_key"] = pair.key_pem
    made = await world.client.post("/connections", json=body)
    assert made.status_code == 201, made.text
    assert "PRIVATE KEY" not in made.text
    read = await world.client.get("/connections/c9?provider_config_key=app")
    assert read.json()["credentials"]["token"] == "access-1"
