"""Variants of a sync, stopping its runs, and emptying what was read."""

from typing import Any

import pytest
from sqlalchemy import func, select, update

from fairlead.store import tables

AS_C1 = {"Connection-Id": "c1", "Provider-Config-Key": "acme"}
WHICH = {"provider_config_key": "acme", "connection_id": "c1"}


@pytest.fixture(autouse=True)
async def _connection(world: Any) -> None:
    await world.integration()
    await world.connection()


async def run(world: Any, *syncs: str) -> None:
    await world.client.post("/sync/trigger", json=WHICH | {"syncs": list(syncs)})
    await world.queue.idle()


async def records(world: Any, query: str) -> list[dict[str, Any]]:
    answer = await world.client.get(f"/records?{query}", headers=AS_C1)
    return list(answer.json()["records"])


async def remove(world: Any, path: str) -> Any:
    return await world.client.request("DELETE", path, json=WHICH)


async def test_a_variant_has_records_of_its_own(world: Any) -> None:
    made = await world.client.post("/sync/notes/variant/late", json=WHICH)
    assert made.json() == {"id": made.json()["id"], "name": "notes", "variant": "late"}
    await run(world, "notes::late")
    assert await records(world, "model=Note") == []
    assert len(await records(world, "model=Note&variant=late")) == 3
    answer = await world.client.get("/sync/status?syncs=*&provider_config_key=acme")
    shown = {(each["name"], each["variant"]): each for each in answer.json()["syncs"]}
    assert shown["notes", "late"]["recordCount"] == {"Note": 3}
    assert shown["notes", "base"]["recordCount"] == {"Note": 0}
    assert (await remove(world, "/sync/notes/variant/late")).json() == {"success": True}
    assert await records(world, "model=Note&variant=late") == []
    assert (await remove(world, "/sync/notes/variant/late")).status_code == 404


async def test_refused_variants(world: Any, check: Any) -> None:
    post = world.client.post
    await post("/sync/notes/variant/late", json=WHICH)
    for path, body, code in (
        ("/sync/notes/variant/base", WHICH, "invalid_variant"),
        ("/sync/notes/variant/late", WHICH, "sync_variant_already_exists"),
        ("/sync/none/variant/late", WHICH, "unknown_sync"),
        ("/sync/notes/variant/v", WHICH | {"connection_id": "none"}, "unknown_connection"),
        ("/sync/notes/variant/v", WHICH | {"more": 1}, "invalid_body"),
    ):
        check(await post(path, json=body), 400, code)
    for number in range(99):
        assert (await post(f"/sync/notes/variant/v{number}", json=WHICH)).is_success
    check(await post("/sync/notes/variant/more", json=WHICH), 400, "resource_capped")
    check(await remove(world, "/sync/notes/variant/none"), 404, "not_found")
    check(await remove(world, "/sync/notes/variant/base"), 404, "not_found")


async def test_stopping_what_does_not_run_stops_nothing(world: Any, check: Any) -> None:
    answer = await world.client.post("/sync/cancel", json=WHICH | {"syncs": ["notes"]})
    assert answer.json() == {"success": True, "cancelled": 0}
    check(
        await world.client.post("/sync/cancel", json=WHICH | {"syncs": ["none"]}),
        400,
        "no_syncs_found",
    )


async def test_pruning_empties_up_to_a_cursor_and_keeps_what_is_known(world: Any) -> None:
    await run(world, "notes")
    before = await records(world, "model=Note")
    until = before[1]["_nango_metadata"]["cursor"]

    async def prune(**more: Any) -> Any:
        body = {"model": "Note", "until_cursor": until} | more
        return (await world.client.patch("/records/prune", json=body, headers=AS_C1)).json()

    assert await prune(limit=1) == {"count": 1, "has_more": True}
    assert await prune() == {"count": 1, "has_more": False}
    assert await prune() == {"count": 0, "has_more": False}
    assert await prune(model="None") == {"count": 0, "has_more": False}
    after = await records(world, "model=Note")
    for old, new in zip(before, after, strict=True):
        is_pruned = new["_nango_metadata"].pop("pruned_at") is not None
        old["_nango_metadata"].pop("pruned_at")
        assert is_pruned == (old != before[2])
        assert new["_nango_metadata"] == old["_nango_metadata"]
        assert ("text" in new) != is_pruned
    # what changes at its vendor comes back whole
    await run(world, "notes")
    again = {each["id"]: each for each in await records(world, "model=Note")}
    assert "text" in again["n1"]
    assert again["n1"]["_nango_metadata"]["pruned_at"] is None
    assert "text" not in again["n2"]


async def test_refused_pruning(world: Any, check: Any) -> None:
    patch = world.client.patch
    body = {"model": "Note", "until_cursor": "nonsense"}
    check(await patch("/records/prune", json=body), 400, "invalid_headers")
    check(await patch("/records/prune", json=body, headers=AS_C1), 400, "invalid_body")
    check(await patch("/records/prune", json={"model": "Note"}, headers=AS_C1), 400, "invalid_body")
    await run(world, "notes")
    (first, *_) = await records(world, "model=Note")
    body = {"model": "Note", "until_cursor": first["_nango_metadata"]["cursor"]}
    other = AS_C1 | {"Connection-Id": "none"}
    check(await patch("/records/prune", json=body, headers=other), 400, "unknown_connection")


async def test_a_model_that_no_sync_keeps_is_deleted_for_good(world: Any, check: Any) -> None:
    await run(world, "notes")
    delete = world.client.delete
    check(await delete("/records?model=Note", headers=AS_C1), 409, "model_in_use")
    # as an older version of the pack left it
    async with world.services.db.write() as tx:
        await tx.execute(update(tables.streams).values(model="Old"))
    assert len(await records(world, "model=Old")) == 3
    answer = await delete("/records?model=Old&variant=late", headers=AS_C1)
    assert answer.json() == {"deleted": {}}
    answer = await delete("/records?model=Old", headers=AS_C1)
    assert answer.json() == {"deleted": {"Old": 3}}
    async with world.services.db.read() as tx:
        left = [
            await tx.scalar(select(func.count()).select_from(table))
            for table in (tables.streams, tables.partitions, tables.records)
        ]
    assert left == [0, 0, 0]
    other = AS_C1 | {"Connection-Id": "none"}
    check(await delete("/records?model=Old", headers=other), 400, "unknown_connection")
    # and a sync that keeps it again begins beyond every old cursor
    await run(world, "notes")
    assert len(await records(world, "model=Note")) == 1
