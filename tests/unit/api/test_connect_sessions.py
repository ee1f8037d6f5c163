"""Connect sessions: who may open them, what they hold, when they end."""

from datetime import timedelta
from typing import Any

import pytest


async def test_open_read_and_end(world: Any, check: Any) -> None:
    await world.integration("a")
    answer = await world.client.post(
        "/connect/sessions",
        json={
            "end_user": {"id": "u1", "email": "a@b.co", "display_name": "A", "tags": {"Plan": "x"}},
            "organization": {"id": "o1", "display_name": "Org"},
            "allowed_integrations": ["a"],
            "integrations_config_defaults": {
                "a": {
                    "user_scopes": "mine",
                    "authorization_params": {"prompt": ""},
                    "connection_config": {"tenantId": "t", "webhook_url": "https://hook.example"},
                }
            },
            "overrides": {"a": {"docs_connect": "https://docs.example", "other": 1}},
        },
    )
    assert answer.status_code == 201
    made = answer.json()["data"]
    assert made["expires_at"] == "2026-11-24T08:30:00.000Z"
    assert made["connect_link"] == f"http://fairlead.test/connect/?session_token={made['token']}"
    key = {"Authorization": f"Bearer {made['token']}"}
    told = (await world.browser.get("/connect/session", headers=key)).json()["data"]
    assert told["endUser"]["organization"] == {"id": "o1", "display_name": "Org"}
    assert told["allowed_integrations"] == ["a"]
    assert told["integrations_config_defaults"] == {
        "a": {"connection_config": {"tenantId": "t"}, "authorization_params": {"prompt": ""}}
    }
    assert told["overrides"] == {"a": {"docs_connect": "https://docs.example"}}
    assert "isReconnecting" not in told
    session = await world.services.sessions.find(made["token"])
    assert session.webhook_url_override == "https://hook.example"
    assert session.tags == {
        "end_user_id": "u1",
        "end_user_email": "a@b.co",
        "end_user_display_name": "A",
        "organization_id": "o1",
        "organization_display_name": "Org",
        "plan": "x",
    }
    assert (await world.browser.delete("/connect/session", headers=key)).status_code == 204
    check(
        await world.browser.get("/connect/session", headers=key),
        401,
        "unknown_connect_session_token",
    )


async def test_a_session_token_opens_little(world: Any, check: Any) -> None:
    await world.integration("a")
    await world.integration("b")
    token = await world.session(allowed_integrations=["b"])
    key = {"Authorization": f"Bearer {token}"}
    listed = (await world.browser.get("/integrations", headers=key)).json()["data"]
    assert [each["unique_key"] for each in listed] == ["b"]
    assert (await world.browser.get("/providers/acme", headers=key)).status_code == 200
    assert (await world.browser.get(f"/providers?connect_session_token={token}")).status_code == 200
    for path in ("/integrations/b", "/connections", "/connections/c?provider_config_key=b"):
        check(await world.browser.get(path, headers=key), 401, "unknown_account")


async def test_an_api_key_is_not_taken_from_a_url(world: Any, check: Any) -> None:
    secret = world.client.headers["authorization"].removeprefix("Bearer ")
    answer = await world.browser.get(f"/integrations?connect_session_token={secret}")
    check(answer, 401, "invalid_connect_session_token_format")


async def test_expired_and_malformed_tokens(world: Any, check: Any) -> None:
    token = await world.session()
    world.clock.advance(timedelta(minutes=31))
    for value, code in (
        (token, "unknown_connect_session_token"),
        ("nango_connect_session_" + "0" * 64, "unknown_connect_session_token"),
        ("nango_connect_session_short", "invalid_connect_session_token_format"),
        ("something", "invalid_connect_session_token_format"),
    ):
        answer = await world.browser.get(
            "/connect/session", headers={"Authorization": f"Bearer {value}"}
        )
        assert check(answer, 401, code)["who"] == "caller"


@pytest.mark.parametrize(
    ("body", "code", "path"),
    [
        ({}, "custom", []),
        ({"end_user": {}}, "invalid_type", ["end_user", "id"]),
        ({"end_user": {"id": ""}}, "too_small", ["end_user", "id"]),
        ({"end_user": {"id": "u", "email": "nobody"}}, "invalid_format", ["end_user", "email"]),
        ({"end_user": {"id": "u", "colour": "x"}}, "unrecognized_keys", ["end_user"]),
        ({"tags": {"1": "x"}}, "custom", ["tags"]),
        ({"tags": {"A": "x", "a": "y"}}, "custom", ["tags"]),
        ({"tags": {"a": ""}}, "custom", ["tags"]),
        ({"tags": {f"t{i}": "x" for i in range(11)}}, "custom", ["tags"]),
        ({"tags": {"end_user_email": "x"}}, "custom", ["tags"]),
        ({"tags": {}, "allowed_integrations": ["none"]}, "custom", ["allowed_integrations", "0"]),
        ({"tags": {}, "overrides": {"none": {}}}, "custom", ["overrides", "none"]),
        ({"tags": {}, "webhook_url_override": "x"}, "custom", ["webhook_url_override"]),
        (
            {
                "tags": {},
                "integrations_config_defaults": {"a": {"authorization_params": {"p": None}}},
            },
            "invalid_type",
            ["integrations_config_defaults", "a", "authorization_params", "p"],
        ),
    ],
)
async def test_refused(
    world: Any, check: Any, body: dict[str, Any], code: str, path: list[str]
) -> None:
    issue = check(await world.client.post("/connect/sessions", json=body), 400, "invalid_body")[
        "errors"
    ][0]
    assert (issue["code"], issue["path"]) == (code, path)


async def test_reconnect(world: Any, check: Any) -> None:
    await world.integration("a")
    await world.connection("c1", "a", tags={"x": "y"})
    answer = await world.client.post(
        "/connect/sessions/reconnect", json={"connection_id": "c1", "integration_id": "a"}
    )
    assert answer.status_code == 201
    token = answer.json()["data"]["token"]
    told = await world.browser.get("/connect/session", headers={"Authorization": f"Bearer {token}"})
    assert told.json()["data"]["isReconnecting"] is True
    session = await world.services.sessions.find(token)
    assert (session.connection_id, session.allowed_integrations) == ("c1", ("a",))
    assert session.tags == {"x": "y"}
    for body in (
        {"connection_id": "c1", "integration_id": "b"},
        {"connection_id": "c2", "integration_id": "a"},
    ):
        check(
            await world.client.post("/connect/sessions/reconnect", json=body), 400, "invalid_body"
        )
