"""Providers and integrations."""

from typing import Any

import pytest

CREDENTIALS = {"type": "OAUTH2", "client_id": "client-1", "client_secret": "hush-1"}
NEW = {"provider": "acme", "unique_key": "a b@c", "credentials": CREDENTIALS}


async def test_providers(world: Any, check: Any) -> None:
    listed = (await world.client.get("/providers?search=HOST")).json()["data"]
    assert [each["name"] for each in listed] == ["acme-hosted"]
    assert listed[0]["connection_config"]["site"]["pattern"] == "[a-z]+"
    assert listed[0]["auth_mode"] == "OAUTH2"
    one = (await world.client.get("/providers/acme")).json()["data"]
    assert one["display_name"] == "Acme Files"
    assert one["proxy"]["base_url"].endswith("/api")
    assert (await world.browser.get(one["logo_url"])).headers["content-type"] == "image/svg+xml"
    error = check(await world.client.get("/providers/none"), 404, "not_found")
    assert error["message"] == "Unknown provider none"
    for search in ("(", "(?=x)"):
        check(await world.client.get(f"/providers?search={search}"), 400, "invalid_query_params")
    # no expression takes long
    slow = "(a|a|.)%2B(.%2B)%2B(.%2B)%2B!$"
    assert (await world.client.get(f"/providers?search={slow}")).json() == {"data": []}
    names = [
        each["name"]
        for each in (await world.client.get("/providers/acme/templates")).json()["data"]
    ]
    assert names == ["notes", "shout", "weigh"]


async def test_life_of_an_integration(world: Any, check: Any) -> None:
    made = await world.client.post("/integrations", json=NEW)
    assert made.status_code == 200
    shown = made.json()["data"]
    assert shown["unique_key"] == "a b@c"
    assert shown["display_name"] == "Acme Files"
    assert shown["created_at"] == "2026-11-24T08:00:00.000Z"
    assert "hush" not in made.text

    plain = await world.client.get("/integrations/a b@c")
    assert plain.json()["data"] == shown
    told = (
        await world.client.get("/integrations/a b@c?include=credentials&include=webhook")
    ).json()
    assert told["data"]["credentials"] == CREDENTIALS | {"scopes": None, "webhook_secret": None}
    assert told["data"]["webhook_url"] is None

    patch = {
        "display_name": "Ours",
        "unique_key": "new",
        "credentials": CREDENTIALS | {"client_secret": "hush-2", "scopes": "a,b"},
    }
    assert (await world.client.patch("/integrations/a b@c", json=patch)).json()["data"][
        "display_name"
    ] == "Ours"
    check(await world.client.get("/integrations/a b@c"), 404, "not_found")
    told = (await world.client.get("/integrations/new?include=credentials")).json()["data"]
    assert told["credentials"]["client_secret"] == "hush-2"
    assert told["credentials"]["scopes"] == "a,b"

    assert [e["unique_key"] for e in (await world.client.get("/integrations")).json()["data"]] == [
        "new"
    ]
    assert (await world.client.delete("/integrations/new")).json() == {"success": True}
    check(await world.client.delete("/integrations/new"), 404, "not_found")


@pytest.mark.parametrize(
    ("change", "code", "path", "message"),
    [
        ({"provider": "none"}, "custom", ["provider"], "Invalid provider"),
        ({"provider": "%"}, "invalid_format", ["provider"], None),
        ({"unique_key": "a/b"}, "invalid_format", ["unique_key"], None),
        ({"unique_key": 7}, "invalid_type", ["unique_key"], None),
        ({"unique_key": ""}, "too_small", ["unique_key"], None),
        ({"unique_key": "x" * 256}, "too_big", ["unique_key"], None),
        ({"credentials": None}, "invalid_type", ["credentials"], "Missing credentials"),
        ({"credentials": CREDENTIALS | {"type": "TBA"}}, "custom", ["credentials", "type"], None),
        (
            {"credentials": CREDENTIALS | {"type": "X"}},
            "invalid_value",
            ["credentials", "type"],
            None,
        ),
        (
            {"credentials": CREDENTIALS | {"scopes": "a b"}},
            "invalid_format",
            ["credentials", "scopes"],
            None,
        ),
        ({"credentials": {"type": "OAUTH2"}}, "invalid_type", ["credentials", "client_id"], None),
    ],
)
async def test_refused_integrations(
    world: Any, check: Any, change: dict[str, Any], code: str, path: list[str], message: str | None
) -> None:
    answer = await world.client.post("/integrations", json=NEW | change)
    issue = check(answer, 400, "invalid_body")["errors"][0]
    assert (issue["code"], issue["path"]) == (code, path)
    assert message is None or issue["message"] == message
    assert (await world.client.get("/integrations")).json() == {"data": []}


async def test_taken_key(world: Any, check: Any) -> None:
    await world.integration("a")
    await world.integration("b")
    taken = await world.client.post("/integrations", json=NEW | {"unique_key": "a"})
    issue = check(taken, 400, "invalid_body")["errors"][0]
    assert (issue["message"], issue["path"]) == ("Unique key already exists", ["uniqueKey"])
    check(
        await world.client.patch("/integrations/b", json={"unique_key": "a"}), 400, "invalid_body"
    )


async def test_no_renaming_while_connected(world: Any, check: Any) -> None:
    await world.integration("a")
    await world.connection("c1", "a")
    check(
        await world.client.patch("/integrations/a", json={"unique_key": "b"}), 400, "invalid_body"
    )
    check(await world.client.patch("/integrations/none", json={}), 404, "not_found")
    same = await world.client.patch(
        "/integrations/a", json={"unique_key": "a", "forward_webhooks": False}
    )
    assert same.json()["data"]["forward_webhooks"] is False


async def test_connections_go_with_their_integration(world: Any) -> None:
    await world.integration("a")
    await world.connection("c1", "a")
    await world.client.delete("/integrations/a")
    assert (await world.client.get("/connections")).json() == {"connections": []}


async def test_functions(world: Any, check: Any) -> None:
    await world.integration("a")
    listed = (await world.client.get("/integrations/a/functions?type=sync&page=0&limit=5")).json()
    assert listed["pagination"] == {"total": 1, "page": 0, "limit": 5}
    assert listed["data"][0]["returns"] == ["Note"]
    one = (await world.client.get("/integrations/a/functions/shout?type=action")).json()["data"]
    assert one["input"]["required"] == ["text"]
    assert one["output"]["type"]
    sync = listed["data"][0]
    assert "id" in sync["records"]["Note"]["required"]
    assert sync["metadata"]["type"] == "object"
    check(await world.client.get("/integrations/a/functions/none"), 404, "not_found")
    check(await world.client.get("/integrations/none/functions"), 404, "not_found")
    check(
        await world.client.get("/integrations/a/functions?limit=101"), 400, "invalid_query_params"
    )


async def test_parameters_of_the_authorize_page(world: Any, check: Any) -> None:
    await world.integration(integration_config={"authorization_params.prompt": "consent"})
    away = await world.browser.get(
        "/oauth/connect/acme", params={"connect_session_token": await world.session()}
    )
    assert "prompt=consent" in away.headers["location"]
    config = {"authorization_params.state": "mine"}
    body = {"integration_config": config}
    error = check(await world.client.patch("/integrations/acme", json=body), 400, "invalid_body")
    assert "authorization_params.state cannot be changed" in error["message"]
