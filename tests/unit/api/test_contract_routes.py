"""Every route of the contract (its sections 2 to 4 and 10) is there, and takes its method."""

from typing import Any

import pytest

AS_C1 = {"connection-id": "c1", "provider-config-key": "sp"}
#: of things that are there, so that a 404 would mean the route
ROUTES = [
    "GET /providers",
    "GET /providers/acme",
    "GET /providers/acme/templates",
    "GET /integrations",
    "GET /integrations/sp",
    "POST /integrations",
    "POST /integrations/quickstart",
    "PATCH /integrations/sp",
    "DELETE /integrations/sp",
    "GET /integrations/sp/functions",
    "GET /integrations/sp/functions/notes",
    "GET /integrations/sp/functions/notes/code",
    "GET /connections",
    "GET /connection",
    "GET /connections/c1?provider_config_key=sp",
    "GET /connection/c1?provider_config_key=sp",
    "POST /connections",
    "POST /connection",
    "PATCH /connections/c1?provider_config_key=sp",
    "DELETE /connections/c1?provider_config_key=sp",
    "DELETE /connection/c1?provider_config_key=sp",
    "POST /connections/metadata",
    "PATCH /connections/metadata",
    "POST /connection/metadata",
    "PATCH /connection/metadata",
    "POST /connection/c1/metadata",
    "PATCH /connection/c1/metadata",
    "GET /records?model=Note",
    "GET /records/?model=Note",
    "POST /sync/trigger",
    "POST /sync/start",
    "POST /sync/pause",
    "GET /sync/status?syncs=*&provider_config_key=sp",
    "PUT /sync/update-connection-frequency",
    "POST /action/trigger",
    "GET /scripts/config",
    "GET /environment-variables",
    "POST /connect/sessions",
    "POST /connect/sessions/reconnect",
    "GET /connect/session",
    "DELETE /connect/session",
    "POST /connect/telemetry",
    "GET /oauth/connect/sp",
    "GET /oauth/callback",
    "POST /oauth2/auth/sp",
    "POST /auth/two-step/sp",
    "POST /api-auth/api-key/sp",
    "POST /api-auth/basic/sp",
    "POST /auth/unauthenticated/sp",
    "POST /auth/jwt/sp",
    "POST /auth/signature/sp",
    "POST /auth/tba/sp",
    "POST /auth/bill/sp",
    "POST /auth/aws-sigv4/sp",
    "POST /auth/oauth-outbound/sp",
    *(
        f"{method} /proxy/x"
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
    ),
    "GET /health",
]


@pytest.fixture
async def full(world: Any) -> Any:
    await world.integration("sp")
    await world.connection("c1", "sp")
    return world


async def test_all_are_there(full: Any) -> None:
    missing = []
    for route in ROUTES:
        method, url = route.split()
        body = {} if method in {"POST", "PATCH", "PUT"} else None
        answer = await full.client.request(method, url, headers=AS_C1, json=body)
        if answer.status_code in {404, 405}:
            missing.append((route, answer.text))
        if method == "DELETE":
            await full.client.delete("/integrations/sp")
            await full.integration("sp")
            await full.connection("c1", "sp")
    assert missing == []


async def test_a_flat_import(full: Any, check: Any) -> None:
    flat = {"provider_config_key": "sp", "connection_id": "old", "access_token": "at"}

    async def sent(**more: Any) -> Any:
        return await full.client.post("/connection", json=flat | more)

    check(await sent(), 400, "missing_expires_at")
    check(await sent(expires_at="soon"), 400, "invalid_expires_at")
    check(await sent(expires_at="2026-11-24T09:00:00"), 400, "invalid_expires_at")
    check(await sent(access_token="", no_expiration=True), 400, "missing_access_token")
    check(await sent(provider_config_key="none"), 400, "unknown_provider_config")
    for ends, expected in (
        ({"expires_in": 60}, "2026-11-24T08:01:00.000Z"),
        ({"expires_at": "2026-11-24T10:00:00+01:00"}, "2026-11-24T09:00:00.000Z"),
        ({"no_expiration": True}, None),
    ):
        made = await sent(metadata={"a": 1}, refresh_token="rt", **ends)
        assert made.status_code == 201, made.text
        assert made.json()["connection_id"] == "old"
        assert made.json()["metadata"] == {"a": 1}
        assert made.json()["credentials"].get("expires_at") == expected


async def test_a_flat_import_of_other_kinds(full: Any, check: Any) -> None:
    for kind, told, written in (
        ("key", {"api_key": "k"}, {"type": "API_KEY", "apiKey": "k"}),
        (
            "basic",
            {"username": "u", "password": "p"},
            {"type": "BASIC", "username": "u", "password": "p"},
        ),
        ("open", {}, {}),
    ):
        await full.plain_integration(kind)
        made = await full.client.post("/connection", json={"provider_config_key": kind, **told})
        assert made.status_code == 201, made.text
        assert made.json()["credentials"] == written
    await full.plain_integration("app")
    answer = await full.client.post("/connection", json={"provider_config_key": "app"})
    check(answer, 400, "invalid_auth_mode")


async def test_metadata_as_the_body(full: Any, check: Any) -> None:
    key = {"provider-config-key": "sp"}
    url = "/connection/c1/metadata"
    answer = await full.client.post(url, headers=key, json={"a": 1, "b": 2})
    assert (answer.status_code, answer.json()) == (201, {"a": 1, "b": 2})
    answer = await full.client.patch(url, headers=key, json={"b": 3})
    assert (answer.status_code, answer.json()) == (200, {"b": 3})
    read = await full.client.get("/connections/c1?provider_config_key=sp")
    assert read.json()["metadata"] == {"a": 1, "b": 3}
    check(await full.client.post(url, json={}), 400, "invalid_headers")
    none = await full.client.post("/connection/none/metadata", headers=key, json={})
    check(none, 404, "unknown_connection")


async def test_what_nothing_is_behind_is_said_in_words(full: Any, check: Any) -> None:
    refused = await full.browser.post("/auth/jwt/sp?connect_session_token=x", json={"a": 1})
    assert "jwt" in check(refused, 400, "invalid_auth_mode")["message"]
    refused = await full.client.post("/integrations/quickstart", json={"provider": "acme"})
    assert "register your own" in check(refused, 400, "missing_credentials")["message"]
    assert (await full.client.get("/environment-variables")).json() == []


#: fields of one script (contract 2.8)
SCRIPT = {
    "auto_start",
    "description",
    "enabled",
    "endpoints",
    "features",
    "id",
    "json_schema",
    "last_deployed",
    "name",
    "returns",
    "runs",
    "scopes",
    "sdk_version",
    "track_deletes",
    "type",
    "version",
}


async def test_functions_of_all_integrations(full: Any, check: Any) -> None:
    [one] = (await full.client.get("/scripts/config")).json()
    assert (one["providerConfigKey"], one["provider"]) == ("sp", "acme")
    [sync], [action, other] = one["syncs"], one["actions"]
    assert (sync["name"], action["name"], other["name"]) == ("notes", "shout", "weigh")
    for each in (sync, action, other):
        assert each.keys() >= SCRIPT
        assert each["endpoints"] == []
        assert each["enabled"] is True
        assert set(each["returns"]) <= each["json_schema"]["definitions"].keys()
    assert (sync["type"], sync["track_deletes"], sync["returns"]) == ("sync", True, ["Note"])
    assert sync["runs"].startswith("every ")
    assert sync["features"] == ["checkpoints"]
    assert action["json_schema"]["definitions"]["Input"]["required"] == ["text"]
    assert one["on-events"] == []
    tool, _ = (await full.client.get("/scripts/config?format=openai")).json()["data"]
    assert tool["name"] == "shout"
    assert tool["parameters"]["required"] == ["text"]
    read = (await full.client.get("/integrations/sp/functions/notes/code")).json()
    assert read["type"] == "sync"
    assert "async def notes(" in read["code"]
    check(await full.client.get("/integrations/sp/functions/none/code"), 404, "not_found")
