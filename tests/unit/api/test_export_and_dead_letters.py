"""Records as a stream of lines, and events that were given up."""

import csv
import io
import sys
from typing import Any

import orjson
import pyarrow as pa
import pytest
from pyarrow import parquet

from fairlead.model.event import Event
from fairlead.store import outbox

AS_C1 = {"Connection-Id": "c1", "Provider-Config-Key": "acme"}
WHICH = {"provider_config_key": "acme", "connection_id": "c1"}


@pytest.fixture(autouse=True)
async def _synced(world: Any) -> None:
    await world.integration()
    await world.connection()
    await world.client.post("/sync/trigger", json=WHICH | {"syncs": ["notes"]})
    await world.queue.idle()


async def test_lines_of_json(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fairlead.store.record_export._PAGE", 2)
    answer = await world.client.get("/records/export?model=Note", headers=AS_C1)
    assert answer.headers["content-type"] == "application/jsonl"
    lines = [orjson.loads(line) for line in answer.text.splitlines()]
    assert [(each["id"], each["text"]) for each in lines] == [
        ("n1", "1/1"),
        ("n2", "2/1"),
        ("n3", "3/1"),
    ]


async def test_csv_without_what_is_deleted(world: Any) -> None:
    await world.client.post("/sync/trigger", json=WHICH | {"syncs": ["notes"]})
    await world.queue.idle()
    answer = await world.client.get("/records/export?model=Note&format=csv", headers=AS_C1)
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {each["id"] for each in rows} == {"n1", "n2"}
    assert all(each["text"] for each in rows)


async def test_parquet(world: Any, check: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = await world.client.get("/records/export?model=Note&format=parquet", headers=AS_C1)
    assert answer.headers["content-type"] == "application/vnd.apache.parquet"
    table = parquet.read_table(pa.BufferReader(answer.content))
    assert table.column("text").to_pylist() == ["1/1", "2/1", "3/1"]
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    answer = await world.client.get("/records/export?model=Note&format=parquet", headers=AS_C1)
    check(answer, 424, "extra_missing")


async def test_refused_exports(world: Any, check: Any) -> None:
    get = world.client.get
    check(await get("/records/export?model=Note"), 400, "invalid_headers")
    check(await get("/records/export?model=None", headers=AS_C1), 404, "unknown_model")
    check(
        await get("/records/export?model=Note&format=xml", headers=AS_C1),
        400,
        "invalid_query_params",
    )
    other = AS_C1 | {"Connection-Id": "none"}
    check(await get("/records/export?model=Note", headers=other), 400, "unknown_connection")


async def test_dead_letters_are_listed_and_replayed(world: Any, check: Any) -> None:
    services = world.services
    event = Event(
        id="dead-1",
        environment_id=1,
        type="sync",
        connection_pk=None,
        payload={"n": 1},
        created_at=services.clock.now(),
    )
    async with services.db.write() as tx:
        await outbox.put(tx, event)
        await outbox.dead(tx, "dead-1", None)

    async def dead() -> list[dict[str, Any]]:
        answer = await world.client.get("/webhooks/dead-letters?limit=1000")
        return [each for each in answer.json()["events"] if each["id"] == "dead-1"]

    [only] = await dead()
    assert (only["payload"], only["last"], only["attempts"]) == ({"n": 1}, None, 0)
    post = world.client.post
    check(await post("/webhooks/dead-letters/replay", json={}), 400, "invalid_body")
    answer = await post("/webhooks/dead-letters/replay", json={"ids": ["dead-1"]})
    assert answer.json() == {"success": True, "replayed": 1}
    assert await dead() == []
