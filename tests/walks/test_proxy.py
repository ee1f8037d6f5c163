"""The proxy walk: a caller's request as a connection, through to the emulated cloud."""

from typing import Any

import httpx
import pytest

AS_WALK = {"Provider-Config-Key": "sp", "Connection-Id": "walk"}


@pytest.fixture(autouse=True)
async def _connected(walk: Any) -> None:
    await walk.connected()
    # connecting starts a sync; its requests must not meet the faults of a test
    await walk.settled()


async def proxy(walk: Any, path: str, method: str = "GET", **more: Any) -> httpx.Response:
    headers = AS_WALK | more.pop("headers", {})
    answer: httpx.Response = await walk.product.request(
        method, f"/proxy{path}", headers=headers, **more
    )
    return answer


async def test_read_a_site(walk: Any) -> None:
    answer = await proxy(walk, "/v1.0/sites/root?$select=id,webUrl")
    assert answer.status_code == 200
    assert answer.json()["webUrl"].startswith("http")


async def test_a_file_comes_from_another_host_without_our_token(walk: Any) -> None:
    path = f"/v1.0/drives/{walk.drive.id}/root:/large.bin:/content"
    body = bytes(range(256)) * 4096
    put = await proxy(
        walk, path, "PUT", content=body, headers={"Content-Type": "application/octet-stream"}
    )
    assert put.status_code == 201, put.text
    assert put.json()["size"] == len(body)
    read = await proxy(walk, path)
    assert (read.status_code, read.content) == (200, body)
    part = await proxy(walk, path, headers={"Range": "bytes=1-3"})
    assert (part.status_code, part.content) == (206, b"\x01\x02\x03")
    assert part.headers["content-range"] == f"bytes 1-3/{len(body)}"


async def test_preconditions_reach_the_vendor(walk: Any) -> None:
    path = f"/v1.0/drives/{walk.drive.id}/root:/tagged.txt"
    made = (await proxy(walk, f"{path}:/content", "PUT", content=b"1")).json()
    stale = await proxy(
        walk, path, "PATCH", json={"name": "other.txt"}, headers={"If-Match": '"{stale},1"'}
    )
    assert stale.status_code == 412
    moved = await proxy(
        walk, path, "PATCH", json={"name": "other.txt"}, headers={"If-Match": made["eTag"]}
    )
    assert (moved.status_code, moved.json()["name"]) == (200, "other.txt")
    gone = await proxy(walk, f"/v1.0/drives/{walk.drive.id}/items/{made['id']}", "DELETE")
    assert (gone.status_code, gone.content) == (204, b"")


@pytest.mark.parametrize("status", [403, 404, 410, 429, 500, 503])
async def test_the_vendors_errors_come_back_as_they_are(walk: Any, status: int) -> None:
    walk.breaks(host="graph", path="*/sites/root", status=status, retry_after=7)
    answer = await proxy(walk, "/v1.0/sites/root")
    assert answer.status_code == status
    assert answer.json()["error"]["code"]
    assert answer.headers["retry-after"] == "7"


async def test_one_new_token_after_a_401(walk: Any) -> None:
    walk.breaks(host="graph", path="*/sites/root", status=401)
    assert (await proxy(walk, "/v1.0/sites/root")).status_code == 200
    walk.breaks(host="graph", path="*/sites/root", status=401, count=None)
    assert (await proxy(walk, "/v1.0/sites/root")).status_code == 401


async def test_throttled_calls_are_retried_on_request(walk: Any) -> None:
    walk.breaks(host="graph", path="*/sites/root", status=429, retry_after=0)
    answer = await proxy(walk, "/v1.0/sites/root", headers={"Retries": "1"})
    assert answer.status_code == 200


async def test_an_answer_that_breaks_off_is_not_taken_for_whole(
    walk: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    path = f"/v1.0/drives/{walk.drive.id}/root:/long.bin:/content"
    body = b"z" * 3_000_000
    assert (await proxy(walk, path, "PUT", content=body)).status_code == 201
    walk.breaks(host="sharepoint", cut_after=1_000_000)
    with pytest.raises(httpx.RemoteProtocolError):
        await proxy(walk, path)
    logged = "".join(capfd.readouterr())
    assert "answer broke off" in logged
    assert "Traceback" not in logged
    assert (await proxy(walk, path)).content == body


async def test_a_large_upload_passes_unchanged(walk: Any) -> None:
    async def chunks() -> Any:
        for number in range(48):
            yield bytes([number]) * 65_536

    path = f"/v1.0/drives/{walk.drive.id}/root:/up.bin:/content"
    size = 48 * 65_536
    put = await proxy(walk, path, "PUT", content=chunks(), headers={"Content-Length": str(size)})
    assert (put.status_code, put.json()["size"]) == (201, size), put.text
    read = await proxy(walk, path)
    assert read.content == b"".join([bytes([number]) * 65_536 for number in range(48)])
    assert len(read.headers.get_list("date")) == 1
