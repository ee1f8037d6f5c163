"""Connections: import, list, read with refresh, change, delete; metadata."""

from typing import Any

import pytest


@pytest.fixture(autouse=True)
async def _integration(world: Any) -> None:
    await world.integration()


async def test_import_and_read(world: Any) -> None:
    made = await world.connection(
        "c/1 x",
        end_user={"id": "u1", "display_name": "Ada"},
        tags={"Team": "red"},
        metadata={"siteIds": ["s"]},
        connection_config={"tenantId": "t"},
    )
    assert made["connection_id"] == "c/1 x"
    assert made["tags"] == {"end_user_id": "u1", "end_user_display_name": "Ada", "team": "red"}
    assert made["created_at"] == "2026-11-24T08:00:00.000+00:00"
    assert made["last_fetched_at"] is None
    assert "refresh_token" not in made["credentials"]

    read = (await world.client.get("/connections/c/1 x?provider_config_key=acme")).json()
    assert read["credentials"]["access_token"] == "access-0"
    assert read["credentials"]["expires_at"] == "2026-11-24T09:00:00.000Z"
    assert read["last_fetched_at"] == "2026-11-24T08:00:00.000+00:00"
    assert read["metadata"] == {"siteIds": ["s"]}
    assert read["connection_config"] == {"tenantId": "t"}
    told = (
        await world.client.get("/connections/c/1 x?provider_config_key=acme&refresh_token=true")
    ).json()
    assert told["credentials"]["refresh_token"] == "refresh-0"


async def test_import_without_id_and_again(world: Any) -> None:
    body = {"provider_config_key": "acme", "credentials": {"type": "OAUTH2", "access_token": "a"}}
    first = (await world.client.post("/connections", json=body)).json()
    assert len(first["connection_id"]) == 36
    again = body | {
        "connection_id": first["connection_id"],
        "credentials": {"type": "OAUTH2", "access_token": "b"},
    }
    second = (await world.client.post("/connections", json=again)).json()
    assert second["id"] == first["id"]
    read = await world.client.get(f"/connections/{first['connection_id']}?provider_config_key=acme")
    assert read.json()["credentials"]["access_token"] == "b"


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"provider_config_key": "none"}, 404, "not_found"),
        ({"credentials": {"type": "TWO_STEP"}}, 400, "invalid_body"),
        ({"credentials": {"type": "API_KEY", "apiKey": "k"}}, 400, "invalid_body"),
        ({"credentials": {"type": "OAUTH2"}}, 400, "invalid_body"),
        ({"credentials": {}}, 400, "invalid_body"),
        ({"connection_id": "über"}, 400, "invalid_body"),
        ({"metadata": []}, 400, "invalid_body"),
    ],
)
async def test_refused_imports(world: Any, check: Any, change: Any, status: int, code: str) -> None:
    body = {
        "provider_config_key": "acme",
        "credentials": {"type": "OAUTH2", "access_token": "a-secret"},
    }
    answer = await world.client.post("/connections", json=body | change)
    check(answer, status, code)
    assert "a-secret" not in answer.text


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("2026-12-01T10:00:00", "2026-12-01T10:00:00.000Z"),
        ("2026-12-01T10:00:00+02:00", "2026-12-01T08:00:00.000Z"),
        (1_796_000_000, "2026-11-30T00:53:20.000Z"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"),
        ("0001-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
    ],
)
async def test_times_of_imported_credentials(
    world: Any, check: Any, given: Any, kept: str | None
) -> None:
    credentials = {"type": "OAUTH2", "access_token": "a", "expires_at": given}
    body = {"provider_config_key": "acme", "connection_id": "c1", "credentials": credentials}
    answer = await world.client.post("/connections", json=body)
    if kept is None:
        check(answer, 400, "invalid_body")
        return
    assert answer.status_code == 201
    read = await world.client.get("/connections/c1?provider_config_key=acme")
    assert read.json()["credentials"]["expires_at"] == kept


async def test_list(world: Any, check: Any) -> None:
    await world.integration("other")
    await world.connection("c1", end_user={"id": "u1", "email": "ada@b.co"})
    await world.connection("c2", tags={"team": "red"})
    await world.connection("c3", "other")

    async def listed(query: str) -> set[str]:
        answer = await world.client.get(f"/connections?{query}")
        assert answer.status_code == 200, answer.text
        return {each["connection_id"] for each in answer.json()["connections"]}

    assert await listed("") == {"c1", "c2", "c3"}
    assert await listed("connectionId=c2") == {"c2"}
    assert await listed("search=ADA") == {"c1"}
    assert await listed("endUserId=u1") == {"c1"}
    assert await listed("endUserOrganizationId=o") == set()
    assert await listed("integrationId=other%2Cnone") == {"c3"}
    assert await listed("tags%5BTeam%5D=red") == {"c2"}
    assert len(await listed("limit=2")) == 2
    assert len(await listed("limit=2&page=1")) == 1
    item = (await world.client.get("/connections?connectionId=c1")).json()["connections"][0]
    assert set(item) == {
        *("id", "connection_id", "provider_config_key", "provider", "errors"),
        *("end_user", "tags", "metadata", "created"),
    }
    check(await world.client.get("/connections?limit=0"), 400, "invalid_query_params")
    check(await world.client.get("/connections?limit=x"), 400, "invalid_query_params")


async def test_automatic_refresh(world: Any) -> None:
    await world.connection(lifetime=60)
    read = (await world.client.get("/connections/c1?provider_config_key=acme")).json()
    assert read["credentials"]["access_token"] == "access-1"
    assert read["credentials"]["raw"]["expires_in"] == 3600
    assert "refresh_token" not in read["credentials"]["raw"]
    assert world.vendor.token_forms[0]["grant_type"] == "refresh_token"
    assert world.vendor.token_forms[0]["refresh_token"] == "refresh-0"


async def test_forced_refresh(world: Any) -> None:
    await world.connection()
    url = "/connections/c1?provider_config_key=acme"
    assert (await world.client.get(url)).json()["credentials"]["access_token"] == "access-0"
    forced = (await world.client.get(f"{url}&force_refresh=true")).json()
    assert forced["credentials"]["access_token"] == "access-1"


async def test_refresh_refused(world: Any, check: Any) -> None:
    await world.connection(lifetime=-60)
    world.vendor.token_status, world.vendor.token_error = 400, {"error": "invalid_grant"}
    answer = await world.client.get("/connections/c1?provider_config_key=acme")
    assert 400 <= answer.status_code < 600
    error = check(answer, answer.status_code, "invalid_credentials")
    assert error["payload"]["connection"]["credentials"] == {}
    assert error["payload"]["connection"]["connection_id"] == "c1"
    assert "refresh-0" not in answer.text
    # nothing that was stored is lost
    world.vendor.token_status = 200
    again = await world.client.get("/connections/c1?provider_config_key=acme&force_refresh=true")
    assert again.json()["credentials"]["access_token"] == "access-1"
    assert again.json()["errors"] == []


async def test_token_endpoint_down(world: Any, check: Any) -> None:
    await world.connection(lifetime=-60)
    world.vendor.token_status, world.vendor.token_error = 503, {}
    answer = await world.client.get("/connections/c1?provider_config_key=acme")
    error = check(answer, 503, "invalid_credentials")
    assert error["who"] == "vendor"


async def test_unknown_ones(world: Any, check: Any) -> None:
    read = await world.client.get("/connections/none?provider_config_key=acme")
    assert check(read, 404, "not_found")["message"] == "Failed to find connection"
    read = await world.client.get("/connections/none?provider_config_key=none")
    check(read, 400, "unknown_provider_config")
    issue = check(await world.client.get("/connections/none"), 400, "invalid_query_params")[
        "errors"
    ][0]
    assert issue == {
        "code": "invalid_type",
        "message": "Required: provider_config_key",
        "path": ["provider_config_key"],
    }
    check(
        await world.client.delete("/connections/none?provider_config_key=acme"),
        400,
        "unknown_connection",
    )
    check(
        await world.client.patch("/connections/none?provider_config_key=acme", json={"tags": {}}),
        404,
        "not_found",
    )


async def test_patch_and_delete(world: Any, check: Any) -> None:
    await world.connection(tags={"a": "b"})
    url = "/connections/c1?provider_config_key=acme"
    for body in (
        {"tags": {"c": "d"}},
        {"webhook_url_override": "https://h.example"},
        {"end_user": {"id": "u9"}},
    ):
        assert (await world.client.patch(url, json=body)).json() == {"success": True}
    read = (await world.client.get(url)).json()
    assert read["tags"] == {"c": "d", "end_user_id": "u9"}
    assert read["webhook_url_override"] == "https://h.example"
    assert read["end_user"]["id"] == "u9"
    await world.client.patch(url, json={"webhook_url_override": ""})
    assert (await world.client.get(url)).json()["webhook_url_override"] is None
    check(await world.client.patch(url, json={}), 400, "invalid_body")
    assert (await world.client.delete(url)).json() == {"success": True}
    check(await world.client.get(url), 404, "not_found")


async def test_metadata(world: Any, check: Any) -> None:
    await world.connection("c1")
    await world.connection("c2")
    body = {
        "metadata": {"a": 1, "b": {"c": 2}},
        "connection_id": ["c1", "c2"],
        "provider_config_key": "acme",
    }
    answer = await world.client.post("/connections/metadata", json=body)
    assert (answer.status_code, answer.json()) == (201, body)
    merge = {"metadata": {"b": 3}, "connection_id": "c1", "provider_config_key": "acme"}
    assert (await world.client.patch("/connections/metadata", json=merge)).json() == merge

    async def stored(name: str) -> Any:
        return (await world.client.get(f"/connections/{name}?provider_config_key=acme")).json()[
            "metadata"
        ]

    assert await stored("c1") == {"a": 1, "b": 3}
    assert await stored("c2") == {"a": 1, "b": {"c": 2}}
    lost = merge | {"metadata": {"x": 1}, "connection_id": ["c1", "none"]}
    for method in ("POST", "PATCH"):
        answer = await world.client.request(method, "/connections/metadata", json=lost)
        check(answer, 404, "unknown_connection")
    assert await stored("c1") == {"a": 1, "b": 3}


@pytest.mark.parametrize("value", ['"\\ud800"', "123456789012345678901234567890"])
async def test_metadata_that_cannot_be_kept(world: Any, check: Any, value: str) -> None:
    await world.connection("c1")
    body = f'{{"connection_id":"c1","provider_config_key":"acme","metadata":{{"a":{value}}}}}'
    for method in ("POST", "PATCH"):
        answer = await world.client.request(
            method,
            "/connections/metadata",
            content=body,
            headers={"Content-Type": "application/json"},
        )
        check(answer, 400, "invalid_body")


async def test_a_page_beyond_all_numbers(world: Any, check: Any) -> None:
    check(await world.client.get(f"/connections?page={10**18}"), 400, "invalid_query_params")


async def test_older_paths(world: Any) -> None:
    await world.connection()
    assert len((await world.client.get("/connection")).json()["connections"]) == 1
    url = "/connection/c1?provider_config_key=acme"
    assert (await world.client.get(url)).json()["connection_id"] == "c1"
    body = {"metadata": {"a": 1}, "connection_id": "c1", "provider_config_key": "acme"}
    assert (await world.client.post("/connection/metadata", json=body)).status_code == 201
    assert (await world.client.delete(url)).json() == {"success": True}
