"""Two ways: a product writes through an action, and reads its own write at once and only once."""

from typing import Any

import pytest

from m365sim.files.blob import MemoryBlob
from m365sim.files.item import SYSTEM

AS_WALK = {"Provider-Config-Key": "sp", "Connection-Id": "walk"}


@pytest.fixture(autouse=True)
async def _connected(walk: Any) -> None:
    await walk.connected()
    await walk.settled()
    await walk.alone()


async def act(walk: Any, action: str, /, **given: Any) -> Any:
    drive = walk.drive
    where = {"siteId": drive.site.id, "driveId": drive.id}
    body = {"action_name": action, "input": where | given}
    answer = await walk.product.post("/action/trigger", json=body, headers=AS_WALK)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_write_is_read_at_once_and_its_echo_is_no_change(walk: Any) -> None:
    blob = MemoryBlob(b"there before")
    walk.drive.put_file(walk.drive.root, "old.txt", blob, SYSTEM)
    await walk.sync()
    before = await walk.records()
    cursor = before[-1]["_nango_metadata"]["cursor"]
    folder = await act(walk, "create-drive-folder", parentItemId="root", name="Plans")
    file = await act(
        walk,
        "upload-drive-item",
        parentItemId=folder["id"],
        fileName="a.txt",
        content="aGVsbG8=",
    )
    other = await act(
        walk, "upload-drive-item", parentItemId="root", fileName="b.txt", content="aGVsbG8="
    )
    await act(walk, "update-drive-item", itemId=folder["id"], name="Aims")
    await act(walk, "delete-drive-item", itemId=other["id"])
    listed = await walk.records(cursor)
    told = {each["itemId"]: each for each in listed}
    assert {key: one["_nango_metadata"]["last_action"] for key, one in told.items()} == {
        folder["id"]: "UPDATED",
        file["id"]: "UPDATED",
        other["id"]: "DELETED",
    }
    # what lies in a folder that was renamed has its new path, too
    assert told[file["id"]]["path"] == "/Aims/a.txt"
    # in the order of their last change; a cursor is no number to compare
    newest = listed[-1]["_nango_metadata"]["cursor"]
    status = await walk.sync()
    counts = status["latestResult"]["DriveItem"]
    assert counts == {"added": 0, "updated": 0, "deleted": 0}
    assert [each["itemId"] for each in await walk.records(newest)] == []
    paths = {
        each["path"]
        for each in await walk.records()
        if each["_nango_metadata"]["last_action"] != "DELETED"
    }
    assert paths == set(walk.files())
