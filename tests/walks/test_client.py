"""The Python client, both classes, against the running platform and the emulated cloud."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from both_clients import all_of, pieces_of

from fairlead import client as api
from m365sim.files import Actor
from m365sim.files.blob import MemoryBlob

#: what is tested here lies before the database
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

SECRET_KEY = "s3cr3t-key-of-the-walks"
SOMEBODY = Actor("somebody-id", "Somebody", "somebody@contoso.onmicrosoft.com")
AS_WALK = {"provider_config_key": "sp", "connection_id": "walk"}
CHILDREN = "/v1.0/sites/root/drive/root/children"


@pytest.fixture
def fairlead(walk: Any, make_client: Any) -> Any:
    return make_client(walk.fairlead.url, secret_key=SECRET_KEY)


async def test_a_products_life(walk: Any, fairlead: Any) -> None:
    assert await fairlead.health() == {"result": "ok"}
    assert "sharepoint-online" in {each["name"] for each in await fairlead.providers.list()}
    await walk.set_up()
    [integration] = await fairlead.integrations.list()
    assert integration["unique_key"] == "sp"
    shown = await fairlead.integrations.get("sp", include=["webhook", "credentials"])
    assert shown["credentials"]["client_id"]
    functions = await all_of(fairlead.integrations.list_functions("sp", type="sync"))
    assert "drive-items" in {each["name"] for each in functions}

    session = await fairlead.connect_sessions.create(end_user={"id": "megan"})
    assert session["connect_link"].startswith(walk.fairlead.url)
    seen = await fairlead.connect_sessions.get(session["token"])
    assert seen["endUser"]["id"] == "megan"
    await fairlead.connect_sessions.delete(session["token"])
    with pytest.raises(api.Unauthenticated):
        await fairlead.connect_sessions.get(session["token"])

    made = await walk.connect()
    [listed] = await all_of(fairlead.connections.list(end_user_id="megan"))
    assert listed["connection_id"] == made["connection_id"]
    whose = {"provider_config_key": "sp", "connection_id": made["connection_id"]}
    connection = await fairlead.connections.get(**whose)
    assert connection["credentials"]["access_token"]
    assert "refresh_token" not in connection["credentials"]
    await fairlead.connections.set_metadata({"a": 1}, **whose)
    await fairlead.connections.update_metadata({"b": 2}, **whose)
    assert (await fairlead.connections.get(**whose))["metadata"] == {"a": 1, "b": 2}
    assert (await fairlead.connections.update(tags={"plan": "x"}, **whose))["success"]
    diagnosis = await fairlead.connections.doctor(**whose)
    assert diagnosis["healthy"], diagnosis["findings"]
    again = await fairlead.connect_sessions.reconnect(**whose)
    assert again["token"]

    await walk.settled(connection_id=made["connection_id"])
    assert await fairlead.syncs.pause(["drive-items"], **whose) == {"success": True}
    [status] = await fairlead.syncs.status(["drive-items"], **whose)
    assert status["status"] == "PAUSED"
    assert await fairlead.syncs.set_frequency("drive-items", "2h", **whose)
    assert await fairlead.syncs.start(**whose) == {"success": True}

    assert (await fairlead.connections.delete(**whose))["success"]
    with pytest.raises(api.NotFound) as caught:
        await fairlead.connections.get(**whose)
    assert caught.value.request_id
    assert (await fairlead.integrations.delete("sp"))["success"]


async def test_data_and_files(walk: Any, fairlead: Any) -> None:
    await walk.connected()
    drive = walk.drive
    for number in range(5):
        drive.put_file(drive.root, f"n{number}.txt", MemoryBlob(b"text"), SOMEBODY)
    await fairlead.syncs.trigger(["drive-items"], **AS_WALK)
    await walk.sync()
    records = await all_of(fairlead.records.list("DriveItem", page_size=3, **AS_WALK))
    assert {each["path"] for each in records} == set(walk.files())
    cursor = records[-1]["_nango_metadata"]["cursor"]
    assert await all_of(fairlead.records.list("DriveItem", cursor=cursor, **AS_WALK)) == []
    with pytest.raises(api.NotFound) as caught:
        await all_of(fairlead.records.list("Nonsense", **AS_WALK))
    assert caught.value.code == "unknown_model"

    found = await fairlead.actions.run("list-shared-sites", {}, **AS_WALK)
    assert "Marketing" in {each["displayName"] for each in found["sites"]}
    with pytest.raises(api.VendorRefused) as refused:
        nowhere = {"siteId": "root", "driveId": "b!x", "itemId": "01A"}
        await fairlead.actions.run("get-drive-item", nowhere, **AS_WALK)
    assert refused.value.upstream
    assert refused.value.upstream["status"] == 404
    with pytest.raises(api.BadRequest) as wrong:
        await fairlead.actions.run("get-drive-item", {}, **AS_WALK)
    assert wrong.value.errors

    content = bytes(range(256)) * 8_000  # two megabytes
    up = [content[start : start + 65_536] for start in range(0, len(content), 65_536)]
    where = "/v1.0/sites/root/drive/root:/up%20load.bin:/content"
    reply = await fairlead.proxy.put(where, data=up, **AS_WALK)
    assert reply.status == 201
    assert (await reply.json())["name"] == "up load.bin"
    pieces = await pieces_of(await fairlead.proxy.get(where, **AS_WALK))
    assert b"".join(pieces) == content
    assert len(pieces) > 1
    listed = await fairlead.proxy.get(
        CHILDREN, params={"$select": "name", "$top": 100}, headers={"Prefer": "x=1"}, **AS_WALK
    )
    assert "up load.bin" in {each["name"] for each in (await listed.json())["value"]}
    deleted = await fairlead.proxy.delete(where.removesuffix(":/content"), **AS_WALK)
    assert deleted.status == 204
    assert await deleted.json() is None
    with pytest.raises(api.ProxiedError) as gone:
        await fairlead.proxy.get(where, **AS_WALK)
    assert gone.value.status == 404
    assert b"itemNotFound" in gone.value.body


async def test_refusals(walk: Any, fairlead: Any, make_client: Any) -> None:
    await walk.connected()
    with pytest.raises(api.Unauthenticated) as caught:
        await make_client(walk.fairlead.url, secret_key="wrong").integrations.list()
    assert "wrong" not in str(caught.value)
    with pytest.raises(api.BadRequest) as wrong:
        await fairlead.connect_sessions.create(tags={"a": "b"}, allowed_integrations=["nope"])
    assert wrong.value.errors[0]["path"] == ["allowed_integrations", "0"]
    other = {"provider_config_key": "sp", "connection_id": "nobody"}
    with pytest.raises(api.NotFound):
        await fairlead.proxy.get("/v1.0/me", **other)
    walk.breaks(host="graph", status=503, retry_after=0, count=None)
    with pytest.raises(api.ProxiedError) as down:
        await fairlead.proxy.get(CHILDREN, **AS_WALK)
    assert down.value.status == 503
    assert down.value.retry_after_seconds == 0


async def test_many_at_once(walk: Any, fairlead: Any) -> None:
    await walk.connected()
    calls = [fairlead.connections.get(**AS_WALK) for _ in range(20)]
    assert {each["connection_id"] for each in await asyncio.gather(*calls)} == {"walk"}


async def test_exports_and_dead_letters(walk: Any, fairlead: Any, tmp_path: Path) -> None:
    await walk.connected()
    for number in range(5):
        walk.drive.put_file(walk.drive.root, f"n{number}.txt", MemoryBlob(b"text"), SOMEBODY)
    await walk.sync()
    names = {each["name"] for each in await all_of(fairlead.records.list("DriveItem", **AS_WALK))}
    assert "n4.txt" in names

    export = await fairlead.records.export("DriveItem", **AS_WALK)
    lines = b"".join(await pieces_of(export)).splitlines()
    assert {json.loads(line)["name"] for line in lines} == names
    for form in ("jsonl", "csv", "parquet"):
        export = await fairlead.records.export("DriveItem", format=form, **AS_WALK)
        table = await export.to_arrow()
        assert set(table.column("name").to_pylist()) == names
    export = await fairlead.records.export("DriveItem", format="csv", **AS_WALK)
    path = tmp_path / "items.csv"
    assert await export.save(path) == len(path.read_bytes())
    assert path.read_text().startswith("id,driveId,")
    export = await fairlead.records.export("DriveItem", **AS_WALK)
    # left unread, its connection is of no more use; the next call opens another
    await export.close() if hasattr(export, "_inner") else export.close()
    with pytest.raises(api.NotFound) as caught:
        await fairlead.records.export("None", **AS_WALK)
    assert caught.value.code == "unknown_model"

    # the product has no address here: what it was to be told is dead at once, or soon
    dead = await fairlead.dead_letters.list(limit=1)
    assert {each["type"] for each in dead} <= {"auth", "sync"}
    assert await fairlead.dead_letters.replay([each["id"] for each in dead] or ["x"]) == len(dead)
    assert await fairlead.dead_letters.replay(["unknown"]) == 0
