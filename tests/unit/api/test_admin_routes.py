"""Keys, environments, people and the audit log by API."""

from typing import Any

import pytest


@pytest.fixture
async def ops(world: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {await world.server_key()}"}


async def test_a_key_may_no_more_than_its_maker(world: Any, check: Any) -> None:
    made = await world.client.post(
        "/keys", json={"name": "maker", "scopes": ["environment:keys:*", "environment:proxy"]}
    )
    key = made.json()["data"]["key"]
    headers = {"Authorization": f"Bearer {key}"}
    for scope in ("environment:*", "environment:keys", "server:*", "environment:connections:list"):
        body = {"name": "more", "scopes": [scope]}
        check(await world.browser.post("/keys", json=body, headers=headers), 403, "forbidden")
    body = {"name": "less", "scopes": ["environment:proxy", "environment:proxy"]}
    answer = await world.browser.post("/keys", json=body, headers=headers)
    assert answer.json()["data"]["scopes"] == ["environment:proxy"]
    listed = (await world.browser.get("/keys", headers=headers)).json()["data"]
    assert [each["name"] for each in listed] == ["default", "maker", "less"]
    assert all(set(each) == {"name", "scopes", "created_at"} for each in listed)


@pytest.mark.parametrize(
    "body",
    [
        {"name": "k", "scopes": []},
        {"name": "k", "scopes": ["everything"]},
        {"name": "", "scopes": ["environment:proxy"]},
        {"name": "a/b", "scopes": ["environment:proxy"]},
        {"name": "k"},
    ],
)
async def test_keys_that_cannot_be(world: Any, check: Any, body: dict[str, Any]) -> None:
    check(await world.client.post("/keys", json=body), 400, "invalid_body")


async def test_revoking(world: Any, check: Any) -> None:
    check(await world.client.delete("/keys/nobody"), 404, "not_found")
    check(await world.client.delete("/keys/default"), 400, "default_key")
    body = {"name": "k", "scopes": ["environment:proxy"]}
    assert (await world.client.post("/keys", json=body)).status_code == 201
    check(await world.client.post("/keys", json=body), 409, "conflict")
    assert (await world.client.delete("/keys/k")).json() == {"success": True}


async def test_environments_are_for_keys_of_the_server(
    world: Any, check: Any, ops: dict[str, str]
) -> None:
    for method, path in (("GET", "/environments"), ("GET", "/people"), ("POST", "/people")):
        body = {"email": "eve@example.com", "role": "admin"} if method == "POST" else None
        check(await world.client.request(method, path, json=body), 403, "forbidden")
    made = await world.browser.post("/environments", json={"name": "prod"}, headers=ops)
    assert made.status_code == 201
    again = await world.browser.post("/environments", json={"name": "prod"}, headers=ops)
    check(again, 409, "conflict")
    wrong = await world.browser.post("/environments", json={"name": "A/B"}, headers=ops)
    check(wrong, 400, "invalid_body")
    listed = (await world.browser.get("/environments", headers=ops)).json()["data"]
    assert [each["name"] for each in listed] == ["dev", "prod"]


async def test_people(world: Any, check: Any, ops: dict[str, str]) -> None:
    async def call(method: str, path: str, **body: Any) -> Any:
        return await world.browser.request(method, path, json=body or None, headers=ops)

    ada = {"email": "Ada@Example.com", "role": "admin", "password": "correct horse battery"}
    made = (await call("POST", "/people", **ada)).json()["data"]
    assert (made["email"], made["has_password"]) == ("ada@example.com", True)
    assert "correct horse" not in str(made)
    check(await call("POST", "/people", **ada), 409, "conflict")
    weak = {"email": "b@example.com", "role": "viewer", "password": "short"}
    check(await call("POST", "/people", **weak), 400, "weak_password")
    check(await call("POST", "/people", email="c@example.com", role="king"), 400, "invalid_body")
    where = f"/people/{made['id']}"
    check(await call("PATCH", where, role="viewer"), 409, "conflict")
    check(await call("DELETE", where), 409, "conflict")
    check(await call("PATCH", "/people/99", role="viewer"), 404, "not_found")
    check(await call("DELETE", "/people/99"), 404, "not_found")
    check(await call("PATCH", where, name=" "), 400, "invalid_body")
    await call("POST", "/people", email="eve@example.com", role="admin")
    assert (await call("PATCH", where, role="viewer")).json()["data"]["role"] == "viewer"
    assert (await call("DELETE", where)).json() == {"success": True}
    left = (await call("GET", "/people")).json()["data"]
    assert [(each["email"], each["has_password"]) for each in left] == [("eve@example.com", False)]


async def test_the_audit_log_names_who_and_what_but_no_secret(
    world: Any, check: Any, ops: dict[str, str]
) -> None:
    await world.integration()
    person = {"email": "a@example.com", "role": "viewer", "password": "correct horse battery"}
    await world.browser.post("/people", json=person, headers=ops)
    # refused: nothing was changed
    await world.client.delete("/integrations/nothing")
    await world.client.post("/connect/sessions", json={"end_user": {"id": "u"}})
    entries = (await world.client.get("/audit")).json()["data"]
    assert [(each["who"], each["what"]) for each in entries] == [
        ("key default", "POST /integrations")
    ]
    assert entries[0]["detail"] == {"provider": "acme", "unique_key": "acme"}
    both = (await world.browser.get("/audit", headers=ops)).json()["data"]
    assert {(each["who"], each["server"]) for each in both} == {
        ("key default", False),
        ("key server", True),
    }
    assert "hush" not in str(both)
    assert "horse" not in str(both)
    [mine] = (await world.browser.get("/audit?who=key server", headers=ops)).json()["data"]
    assert mine["detail"] == {"email": "a@example.com", "role": "viewer"}
    older = await world.client.get("/audit", params={"before": entries[-1]["at"]})
    assert older.json()["data"] == []


async def test_runs_and_events(world: Any, check: Any) -> None:
    await world.integration()
    await world.connection("c1")
    await world.client.post("/sync/trigger", json={"syncs": [], "provider_config_key": "acme"})
    await world.queue.idle()
    named = {"provider_config_key": "acme", "connection_id": "c1"}
    [run] = (await world.client.get("/sync/runs", params=named)).json()["data"]
    assert (run["kind"], run["name"], run["variant"]) == ("sync", "notes", "base")
    assert run["counts"] == {"Note": {"added": 3, "updated": 0, "deleted": 0}}
    assert (run["unchanged"], run["held"]) == ({"Note": 0}, {})
    other = await world.client.get("/sync/runs", params=named | {"sync_name": "other"})
    assert other.json()["data"] == []
    lost = await world.client.get("/sync/runs", params=named | {"connection_id": "c9"})
    check(lost, 404, "not_found")
    events = (await world.client.get("/webhooks/events")).json()["data"]
    assert {each["state"] for each in events} <= {"pending", "dead", "delivered"}
    assert len(events) >= 1
    none = await world.client.get("/webhooks/events?type=nothing")
    assert none.json()["data"] == []
    failing = (await world.client.get("/connections?failing=true")).json()
    healthy = (await world.client.get("/connections?failing=false")).json()
    assert (len(failing["connections"]), len(healthy["connections"])) == (0, 1)
