"""The action walk for content: a file of any size, as it is, through the API."""

import asyncio
import base64
import random
from pathlib import Path
from typing import Any

import httpx
import pytest

from fairlead.client import AsyncFairlead, Fairlead
from fairlead.model.run import RunState
from fairlead.store import environments, runs
from m365sim.files.blob import MemoryBlob
from m365sim.files.item import SYSTEM

BYTES = {"Accept": "application/octet-stream"}
LARGE = random.Random(3).randbytes(11 * 1024 * 1024)
AS_WALK = {"Provider-Config-Key": "sp", "Connection-Id": "walk"}


@pytest.fixture(autouse=True)
async def _connected(walk: Any) -> None:
    await walk.connected()
    await walk.settled()


def put(walk: Any, name: str, content: bytes) -> dict[str, str]:
    """Write a file behind the platform's back, and return the ids that actions take."""
    drives = walk.cloud.world.content.drives()
    drive = next(one for one in drives if one.site.path == "/sites/marketing")
    item, _ = drive.put_file(drive.root, name, MemoryBlob(content), SYSTEM)
    return {"siteId": drive.site.id, "driveId": drive.id, "itemId": drive.item_id(item.uid)}


def body(where: dict[str, str], action: str = "download-drive-item-content") -> dict[str, Any]:
    return {"action_name": action, "input": where}


async def last_run(walk: Any) -> Any:
    """Return the newest run of the action, once it has ended: just after its last byte."""
    async with asyncio.timeout(30):
        while True:
            async with walk.fairlead.services.db.read() as tx:
                (environment,) = await environments.list_all(tx)
                found = await runs.list_for(
                    tx, environment_id=environment.id, function="download-drive-item-content"
                )
            if found[0].state is not RunState.RUNNING:
                return found[0]
            await asyncio.sleep(0.02)


async def call(walk: Any, where: dict[str, str], **headers: str) -> httpx.Response:
    answer: httpx.Response = await walk.product.post(
        "/action/trigger", json=body(where), headers=AS_WALK | headers
    )
    return answer


async def test_files_as_they_are(walk: Any) -> None:
    where = put(walk, "Large.bin", LARGE)
    answer = await call(walk, where, **BYTES)
    assert answer.status_code == 200
    assert answer.content == LARGE
    assert answer.headers["content-length"] == str(len(LARGE))
    assert answer.headers["content-disposition"] == "attachment"
    assert answer.headers["x-content-type-options"] == "nosniff"
    run = await last_run(walk)
    assert run.state is RunState.SUCCEEDED
    assert run.output["size"] == len(LARGE)
    as_text = (await call(walk, where)).json()["error"]
    assert as_text["cause"] == "file_too_large"
    assert "Accept: application/octet-stream" in as_text["message"]

    # the same file both ways
    where = put(walk, "Small.md", b"# Hi")
    answer = await call(walk, where, **BYTES)
    assert (answer.content, answer.headers["content-type"]) == (b"# Hi", "text/markdown")
    as_text = (await call(walk, where)).json()
    assert base64.b64decode(as_text["content"]) == b"# Hi"
    assert (as_text["size"], as_text["mimeType"]) == (4, "text/markdown")
    # what is no content is JSON all the same
    answer = await walk.product.post(
        "/action/trigger", json=body(where, "get-drive-item"), headers=AS_WALK | BYTES
    )
    assert answer.json()["name"] == "Small.md"
    answer = await call(walk, {**where, "itemId": "01NOPE"}, **BYTES)
    assert answer.json()["error"]["code"] == "script_http_error"


async def test_bytes_that_break_off_do_not_look_whole(walk: Any) -> None:
    where = put(walk, "Large.bin", LARGE)
    walk.breaks(host="sharepoint", cut_after=1_000_000)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
        await call(walk, where, **BYTES)
    run = await last_run(walk)
    assert (run.state, run.failure.code) == (RunState.FAILED, "provider_unavailable")


async def test_a_file_of_any_size_goes_up_as_it_is(walk: Any, tmp_path: Path) -> None:
    whose = {"provider_config_key": "sp", "connection_id": "walk"}
    drives = walk.cloud.world.content.drives()
    drive = next(one for one in drives if one.site.path == "/sites/marketing")
    where = {"siteId": drive.site.id, "driveId": drive.id, "parentItemId": "root"}
    path = tmp_path / "large.bin"
    path.write_bytes(LARGE)

    def stored(name: str) -> bytes:
        item = drive.resolve(drive.root, [name])
        return b"".join(item.blob.chunks(0, item.blob.size))

    key = str(walk.product.headers["authorization"]).removeprefix("Bearer ")
    client = Fairlead(host=walk.fairlead.url, secret_key=key)

    def send() -> Any:
        with client, path.open("rb") as file:
            return client.actions.upload(
                "upload-drive-item", file, {**where, "fileName": "Käse.bin"}, **whose
            )

    made = await asyncio.to_thread(send)
    assert (made["name"], made["size"]) == ("Käse.bin", len(LARGE))
    assert stored("Käse.bin") == LARGE

    async def pieces() -> Any:
        for start in range(0, len(LARGE), 1_000_000):
            yield LARGE[start : start + 1_000_000]

    async with AsyncFairlead(host=walk.fairlead.url, secret_key=key) as patient:
        given = {**where, "fileName": "again.bin"}
        # a stream does not tell how long it is
        with pytest.raises(ValueError, match="size_bytes"):
            await patient.actions.upload("upload-drive-item", pieces(), given, **whose)
        walk.breaks(host="sharepoint", method="PUT", path="*/uploadSession*", status=503)
        made = await patient.actions.upload(
            "upload-drive-item", pieces(), given, size_bytes=len(LARGE), **whose
        )
    assert stored("again.bin") == LARGE
