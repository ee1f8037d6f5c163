"""Syncs from trigger to status, and the records that they bring."""

from datetime import timedelta
from typing import Any

import pytest

AS_C1 = {"Connection-Id": "c1", "Provider-Config-Key": "acme"}
WHICH = {"provider_config_key": "acme", "connection_id": "c1"}


@pytest.fixture(autouse=True)
async def _connection(world: Any) -> None:
    await world.integration()
    await world.connection()


async def run(world: Any, **more: Any) -> None:
    world.clock.advance(timedelta(seconds=1))
    answer = await world.client.post("/sync/trigger", json=WHICH | {"syncs": ["notes"]} | more)
    assert answer.json() == {"success": True}, answer.text
    await world.queue.idle()


async def status(world: Any) -> dict[str, Any]:
    answer = await world.client.get(
        "/sync/status?syncs=notes&provider_config_key=acme&connection_id=c1"
    )
    [only] = answer.json()["syncs"]
    return dict(only)


async def records(world: Any, query: str = "model=Note") -> dict[str, Any]:
    answer = await world.client.get(f"/records/?{query}", headers=AS_C1)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_run_and_read(world: Any) -> None:
    before = await status(world)
    assert (before["type"], before["recordCount"]) == ("INITIAL", {"Note": 0})
    await run(world)
    after = await status(world)
    assert (after["status"], after["latestExecutionStatus"]) == ("PAUSED", "SUCCESS")
    assert after["frequency"] == "every 1h"
    assert after["latestResult"] == {"Note": {"added": 3, "updated": 0, "deleted": 0}}
    assert after["recordCount"] == {"Note": 3}
    assert after["latestExecution"]["failure"] is None
    assert (after["latestExecution"]["partial"], after["latestExecution"]["warnings"]) == (
        False,
        [],
    )

    page = await records(world)
    assert [each["id"] for each in page["records"]] == ["n1", "n2", "n3"]
    assert page["next_cursor"] is None
    first = page["records"][0]
    assert first["text"] == "1/1"
    ours = first["_nango_metadata"]
    assert ours["first_seen_at"] == "2026-11-24T08:00:01.000000+00:00"
    assert (ours["last_action"], ours["deleted_at"], ours["pruned_at"]) == ("ADDED", None, None)

    world.clock.advance(timedelta(minutes=1))
    await run(world)
    assert (await status(world))["latestResult"] == {
        "Note": {"added": 0, "updated": 1, "deleted": 1}
    }
    cursor = page["records"][-1]["_nango_metadata"]["cursor"]
    changed = (await records(world, f"model=Note&cursor={cursor}"))["records"]
    actions = {each["id"]: each["_nango_metadata"]["last_action"] for each in changed}
    assert actions == {"n1": "UPDATED", "n3": "DELETED"}
    gone = next(each for each in changed if each["id"] == "n3")
    assert gone["text"] == "3/1"
    assert gone["_nango_metadata"]["deleted_at"] == "2026-11-24T08:01:02.000000+00:00"


async def test_pages_and_filters(world: Any) -> None:
    await run(world)
    first = await records(world, "model=Note&limit=2")
    assert len(first["records"]) == 2
    rest = await records(world, f"model=Note&limit=2&cursor={first['next_cursor']}")
    assert [each["id"] for each in rest["records"]] == ["n3"]
    assert rest["next_cursor"] is None
    await run(world)

    async def ids(query: str) -> set[str]:
        return {each["id"] for each in (await records(world, f"model=Note&{query}"))["records"]}

    assert await ids("filter=added") == {"n2"}
    assert await ids("filter=UPDATED,deleted") == {"n1", "n3"}
    assert await ids("ids=n1") == {"n1"}
    assert await ids("ids=n1&ids=n2") == {"n1", "n2"}
    assert await ids("modified_after=2026-11-24T07:00:00.000Z") == {"n1", "n2", "n3"}
    assert await ids("modified_after=2026-11-24T09:00:00Z&variant=base") == set()
    assert await ids("delta=2026-11-24T09:00:00Z&modified_after=2026-11-24T07:00:00Z") == set()
    assert await ids("variant=other") == set()


async def test_a_model_that_no_sync_keeps(world: Any, check: Any) -> None:
    answer = await world.client.get("/records?model=Unknown", headers=AS_C1)
    error = check(answer, 404, "unknown_model")
    assert "Note" in error["message"]


@pytest.mark.parametrize(
    ("query", "code", "path"),
    [
        ("", "invalid_type", ["model"]),
        ("model=note", "invalid_format", ["model"]),
        ("model=Note&limit=0", "too_small", ["limit"]),
        ("model=Note&limit=10001", "too_big", ["limit"]),
        ("model=Note&limit=x", "invalid_type", ["limit"]),
        ("model=Note&filter=none", "invalid_value", ["filter", "0"]),
        ("model=Note&modified_after=yesterday", "invalid_format", ["modified_after"]),
        ("model=Note&modified_after=2025-01-01T00:00:00Z", "custom", ["modified_after"]),
        ("model=Note&modified_after=9999-12-31T23:59:59-14:00", "custom", ["modified_after"]),
        ("model=Note&" + "&".join(f"ids={i}" for i in range(101)), "too_big", ["ids"]),
        ("model=Note&colour=red", "unrecognized_keys", []),
    ],
)
async def test_refused_queries(
    world: Any, check: Any, query: str, code: str, path: list[str]
) -> None:
    answer = await world.client.get(f"/records?{query}", headers=AS_C1)
    issue = check(answer, 400, "invalid_query_params")["errors"][0]
    assert (issue["code"], issue["path"]) == (code, path)


async def test_unknown_connection_and_cursor(world: Any, check: Any) -> None:
    get = world.client.get
    check(await get("/records?model=Note"), 400, "invalid_headers")
    check(
        await get("/records?model=Note", headers=AS_C1 | {"Connection-Id": "x"}),
        400,
        "unknown_connection",
    )
    check(await get("/records?model=Note&cursor=!!", headers=AS_C1), 400, "invalid_query_params")


async def test_pause_and_start(world: Any) -> None:
    body = WHICH | {"syncs": ["notes"]}
    assert (await world.client.post("/sync/pause", json=body)).json() == {"success": True}
    paused = await status(world)
    assert (paused["status"], paused["nextScheduledSyncAt"]) == ("PAUSED", None)
    assert (await world.client.post("/sync/start", json=body)).json() == {"success": True}
    await world.queue.idle()
    assert (await status(world))["nextScheduledSyncAt"] is not None


async def test_approve_deletions(world: Any, check: Any) -> None:
    post = world.client.post
    body = WHICH | {"syncs": ["notes"]}
    answer = await post("/sync/deletions/approve", json=body)
    assert answer.json() == {"success": True, "deleted": {}}
    assert (await status(world))["heldDeletions"] == {}
    check(
        await post("/sync/deletions/approve", json=body | {"syncs": ["none"]}),
        400,
        "no_syncs_found",
    )


async def test_full_refresh(world: Any) -> None:
    await run(world)
    for again in ({"sync_mode": "full_refresh"}, {"opts": {"reset": True}}, {"full_resync": True}):
        await run(world, **again)
        assert (await status(world))["latestResult"]["Note"]["deleted"] == 0
    await run(world, opts={"reset": True, "emptyCache": True})
    assert (await status(world))["latestResult"] == {
        "Note": {"added": 3, "updated": 0, "deleted": 0}
    }
    await run(world, sync_mode="full_refresh_and_clear_cache")
    assert (await status(world))["latestResult"]["Note"]["added"] == 3


async def test_names_in_every_form(world: Any) -> None:
    for syncs in (
        [],
        ["notes"],
        ["notes::base"],
        [{"name": "notes"}],
        [{"name": "notes", "variant": "base"}],
    ):
        answer = await world.client.post("/sync/trigger", json={"syncs": syncs}, headers=AS_C1)
        assert answer.json() == {"success": True}
        await world.queue.idle()
    listed = await world.client.get("/sync/status?syncs=*&provider_config_key=acme")
    assert [each["name"] for each in listed.json()["syncs"]] == ["notes"]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"syncs": ["none"]}, 400, "no_syncs_found"),
        ({"connection_id": "none"}, 404, "unknown_connection"),
        ({"provider_config_key": "none"}, 400, "unknown_provider_config"),
        ({"provider_config_key": None}, 400, "missing_provider_config_key"),
        ({"opts": {"reset": True}, "sync_mode": "full_refresh"}, 400, "invalid_body"),
        ({"sync_mode": "sideways"}, 400, "invalid_body"),
        ({"syncs": "notes"}, 400, "invalid_body"),
        ({"syncs": ["notes"] * 257}, 400, "invalid_body"),
    ],
)
async def test_refused_triggers(
    world: Any, check: Any, change: Any, status: int, code: str
) -> None:
    answer = await world.client.post("/sync/trigger", json=WHICH | {"syncs": ["notes"]} | change)
    check(answer, status, code)


async def test_refused_commands(world: Any, check: Any) -> None:
    for path in ("/sync/start", "/sync/pause"):
        check(await world.client.post(path, json={"syncs": []}), 400, "invalid_body")
        check(
            await world.client.post(path, json=WHICH | {"syncs": ["none"]}), 400, "no_syncs_found"
        )
    get = world.client.get
    check(await get("/sync/status?provider_config_key=acme"), 400, "invalid_query_params")
    check(await get("/sync/status?syncs=none&provider_config_key=acme"), 400, "no_syncs_found")
    check(await get("/sync/status?syncs=&provider_config_key=acme"), 400, "no_syncs_found")


async def test_frequency(world: Any, check: Any) -> None:
    body = WHICH | {"sync_name": "notes", "frequency": "every 15 minutes"}
    put = world.client.put
    url = "/sync/update-connection-frequency"
    assert (await put(url, json=body)).json() == {"frequency": "every 15 minutes"}
    assert (await status(world))["frequency"] == "every 15 minutes"
    assert (await put(url, json=body | {"frequency": None})).json() == {"frequency": "1h"}
    check(await put(url, json=body | {"frequency": "every 5s"}), 400, "invalid_body")
    check(await put(url, json=body | {"frequency": "sometimes"}), 400, "invalid_body")
    check(await put(url, json=body | {"sync_name": "none"}), 400, "unknown_sync")
    check(await put(url, json=body | {"connection_id": "none"}), 400, "unknown_connection")
    check(await put(url, json=WHICH | {"sync_name": "notes"}), 400, "invalid_body")
