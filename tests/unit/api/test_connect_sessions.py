"""Connect sessions: who may open them, what they hold, when they end."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from fairlead.vault.tokens import hash_token


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
            {"tags": {}, "webhook_url_override": "http://169.254.169.254/latest"},
            "custom",
            ["webhook_url_override"],
        ),
        (
            {
                "tags": {},
                "integrations_config_defaults": {
                    "a": {"connection_config": {"webhook_url": "http://[::1]/"}}
                },
            },
            "custom",
            ["webhook_url_override"],
        ),
        (
            {
                "tags": {},
                "integrations_config_defaults": {"a": {"authorization_params": {"State": "mine"}}},
            },
            "custom",
            ["integrations_config_defaults", "a", "authorization_params", "State"],
        ),
        (
            {"tags": {}, "overrides": {"a": {"docs_connect": "javascript:alert(1)"}}},
            "custom",
            ["overrides", "a", "docs_connect"],
        ),
        (
            {"end_user": {"id": "u"}, "integrations_config_defaults": {"a": {"scopes": "x"}}},
            "unrecognized_keys",
            ["integrations_config_defaults", "a"],
        ),
        ({"end_user": {"id": "u" * 256}}, "too_big", ["end_user", "id"]),
        (
            {"end_user": {"id": "u", "display_name": "n" * 256}},
            "too_big",
            ["end_user", "display_name"],
        ),
        ({"tags": {}, "organization": {"id": "o" * 256}}, "too_big", ["organization", "id"]),
        ({"tags": {}, "organization": {}}, "invalid_type", ["organization", "id"]),
        ({"end_user": {"id": "u"}, "connection_id": "c"}, "unrecognized_keys", []),
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
    await world.integration("a")
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


async def test_reconnect_takes_all_fields_but_what_is_fixed(world: Any, check: Any) -> None:
    await world.integration("a")
    await world.connection("c1", "a", tags={"x": "y"})
    named = {"connection_id": "c1", "integration_id": "a"}
    more = {
        "end_user": {"id": "u2", "display_name": ""},
        "organization": {"id": "o2", "display_name": "Org"},
        "tags": {"Z": "1"},
        "integrations_config_defaults": {"a": {"authorization_params": {"prompt": ""}}},
        "overrides": {"a": {"docs_connect": "https://docs.example"}},
        "webhook_url_override": "https://hook.example",
    }
    answer = await world.client.post("/connect/sessions/reconnect", json=named | more)
    assert answer.status_code == 201, answer.text
    session = await world.services.sessions.find(answer.json()["data"]["token"])
    assert session.tags == {
        "end_user_id": "u2",
        "organization_id": "o2",
        "organization_display_name": "Org",
        "z": "1",
    }
    assert session.defaults["a"].authorization_params == {"prompt": ""}
    assert session.overrides == {"a": {"docs_connect": "https://docs.example"}}
    assert session.webhook_url_override == "https://hook.example"
    refused = await world.client.post(
        "/connect/sessions/reconnect", json=named | {"allowed_integrations": ["a"]}
    )
    [issue] = check(refused, 400, "invalid_body")["errors"]
    assert issue["code"] == "unrecognized_keys"


async def test_an_organization_needs_no_end_user(world: Any) -> None:
    token = await world.session(
        end_user=None, tags={"plan": "x"}, organization={"id": "o1", "display_name": ""}
    )
    session = await world.services.sessions.find(token)
    assert session.tags == {"organization_id": "o1", "plan": "x"}
    key = {"Authorization": f"Bearer {token}"}
    told = (await world.browser.get("/connect/session", headers=key)).json()["data"]
    assert told["endUser"] is None


async def test_what_a_session_does_not_set_is_not_told(world: Any) -> None:
    key = {"Authorization": f"Bearer {await world.session(allowed_integrations=[])}"}
    told = (await world.browser.get("/connect/session", headers=key)).json()["data"]
    assert set(told) == {"endUser", "connectUISettings", "websocketsPath"}
    assert told["endUser"] == {
        "id": "u1",
        "display_name": "Ada",
        "email": None,
        "tags": None,
        "organization": None,
    }
    assert told["websocketsPath"] == "/"


async def test_it_serves_many_times_until_it_ends(world: Any, check: Any) -> None:
    await world.integration()
    token = await world.session()
    for _ in range(2):
        await world.land(await world.depart(token=token), code="good")
    assert len((await world.client.get("/connections")).json()["connections"]) == 2
    world.clock.advance(timedelta(minutes=29, seconds=59))
    key = {"Authorization": f"Bearer {token}"}
    assert (await world.browser.get("/connect/session", headers=key)).status_code == 200
    world.clock.advance(timedelta(seconds=1))
    over = await world.browser.get("/connect/session", headers=key)
    check(over, 401, "unknown_connect_session_token")


async def test_its_token_is_nowhere_in_the_database(world: Any) -> None:
    token = await world.session()
    path = world.services.settings.sqlite_path
    kept = b"".join(
        each.read_bytes() for each in path.parent.iterdir() if each.name.startswith(path.name)
    )
    assert hash_token(token).encode() in kept
    assert token.encode() not in kept
    assert token.removeprefix("nango_connect_session_").encode() not in kept


async def test_telemetry(world: Any, check: Any) -> None:
    told = {"token": await world.session(), "event": "open", "timestamp": "2026-11-24T08:00:01Z"}
    answer = await world.browser.post("/connect/telemetry", json=told | {"dimensions": {"a": 1}})
    assert (answer.status_code, answer.content) == (204, b"")
    late = await world.browser.post(
        "/connect/telemetry", json=told | {"timestamp": "2026-11-26T08:00:00Z"}
    )
    [issue] = check(late, 400, "invalid_body")["errors"]
    assert issue["path"] == ["timestamp"]
    for token, code in (
        ("nango_connect_session_" + "0" * 64, "unknown_connect_session_token"),
        ("x", "invalid_connect_session_token_format"),
    ):
        answer = await world.browser.post("/connect/telemetry", json=told | {"token": token})
        check(answer, 401, code)


def asked_params(answer: Any) -> dict[str, list[str]]:
    assert answer.status_code == 302, answer.text
    return parse_qs(urlsplit(answer.headers["location"]).query, keep_blank_values=True)


async def test_the_browsers_parameters_count_unless_the_session_has_its_own(world: Any) -> None:
    await world.integration("a", integration_config={"authorization_params.hint": "operator"})
    browsers = {
        "authorization_params[prompt]": "login",
        "authorization_params[hint]": "undefined",
    }
    for defaults, prompt, hint in (
        ({}, ["login"], None),
        ({"a": {"authorization_params": {}}}, ["login"], None),
        ({"a": {"authorization_params": {"prompt": "none"}}}, ["none"], ["operator"]),
        ({"a": {"authorization_params": {"prompt": ""}}}, None, ["operator"]),
    ):
        token = await world.session(integrations_config_defaults=defaults)
        query = {"connect_session_token": token} | browsers
        asked = asked_params(await world.browser.get("/oauth/connect/a", params=query))
        assert (asked.get("prompt"), asked.get("hint")) == (prompt, hint), defaults


@pytest.mark.parametrize("name", ["state", "redirect_uri", "client_id", "code_challenge"])
async def test_what_ties_a_trip_is_not_the_browsers(world: Any, name: str) -> None:
    await world.integration("a")
    query = {"connect_session_token": await world.session(), f"authorization_params[{name}]": "x"}
    page = await world.browser.get("/oauth/connect/a", params=query)
    assert page.status_code == 400
    assert f"authorization_params.{name} cannot be changed" in page.text
