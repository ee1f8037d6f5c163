"""Upload sessions, fragment by fragment."""

import os
from datetime import timedelta

import pytest

from m365sim.files.quickxor import quick_xor_hash
from m365sim.transfer import uploads

FRAGMENT = 327_680
BEHAVIOUR = "@microsoft.graph.conflictBehavior"


async def begin(graph, path, **item):
    response = await graph.call(
        "POST", path + ":/createUploadSession", json={"item": item} if item else None
    )
    assert response.status_code == 200, response.text
    return response.json()


async def put(graph, url, content, first, total, **headers):
    last = first + len(content) - 1
    headers |= {"Content-Range": f"bytes {first}-{last}/{total}"}
    return await graph.http.put(url, content=content, headers=headers)


async def test_whole_upload(graph, drive, at, find):
    content = os.urandom(FRAGMENT * 4 + 100)
    session = await begin(graph, at("Press/big.bin"))
    assert session["nextExpectedRanges"] == ["0-"]
    assert session["expirationDateTime"] == "2026-06-03T15:15:00Z"
    url = session["uploadUrl"]
    assert url.startswith(
        f"https://contoso.sharepoint.com/sites/marketing/_api/v2.0/drives/{drive.id}/items/01"
    )
    first = await put(graph, url, content[: FRAGMENT * 3], 0, len(content))
    assert first.status_code == 202
    assert first.json()["nextExpectedRanges"] == [f"{FRAGMENT * 3}-{len(content) - 1}"]
    status = await graph.http.get(url)
    assert status.json()["nextExpectedRanges"] == first.json()["nextExpectedRanges"]
    done = await put(graph, url, content[FRAGMENT * 3 :], FRAGMENT * 3, len(content))
    assert done.status_code == 201
    assert done.json()["id"] in url  # it was allocated when the session began
    assert done.json()["file"]["hashes"]["quickXorHash"] == quick_xor_hash(content)
    item = find("Press/big.bin")
    assert b"".join(item.blob.chunks(0, item.size)) == content
    assert (await graph.http.get(url)).status_code == 404


async def test_update_of_an_existing_file(graph, drive, at):
    item = await graph.json(at("Welcome.md"))
    place = f"/drives/{drive.id}/items/{item['id']}/createUploadSession"
    session = (await graph.call("POST", place)).json()
    done = await put(graph, session["uploadUrl"], b"new text", 0, 8)
    assert done.status_code == 200
    assert done.json()["id"] == item["id"]
    assert done.json()["cTag"].endswith(',2"')


@pytest.mark.parametrize(
    ("content_range", "length", "status"),
    [
        (f"bytes {FRAGMENT}-{FRAGMENT * 2 - 1}/999999", FRAGMENT, 416),  # a gap
        ("bytes 0-99/100", 50, 400),  # another length than is named
        ("bytes 5-1/100", 10, 400),
        ("items 0-1/2", 2, 400),
        ("", 2, 400),
    ],
)
async def test_fragments_that_are_refused(graph, at, content_range, length, status):
    url = (await begin(graph, at("big.bin")))["uploadUrl"]
    headers = {"Content-Range": content_range} if content_range else {}
    response = await graph.http.put(url, content=b"x" * length, headers=headers)
    assert response.status_code == status


async def test_fragments_that_are_no_multiple_are_taken_unless_the_world_is_strict(
    graph, at, world
):
    url = (await begin(graph, at("big.bin")))["uploadUrl"]
    assert (await put(graph, url, b"x" * 100, 0, 300)).status_code == 202
    world.quirks.strict_fragments = True
    assert (await put(graph, url, b"x" * 100, 100, 300)).status_code == 400
    assert (await put(graph, url, b"x" * 200, 100, 300)).status_code == 201


async def test_what_was_received_already_and_another_total(graph, at):
    url = (await begin(graph, at("big.bin")))["uploadUrl"]
    assert (await put(graph, url, b"x" * FRAGMENT, 0, 500_000)).status_code == 202
    again = await put(graph, url, b"x" * FRAGMENT, 0, 500_000)
    assert again.status_code == 416
    assert again.json()["error"]["innerError"]["code"] == "fragmentOverlap"
    assert (await put(graph, url, b"x" * 100, FRAGMENT, FRAGMENT + 100)).status_code == 400


async def test_authorization_is_refused(graph, at):
    url = (await begin(graph, at("big.bin")))["uploadUrl"]
    refused = await put(graph, url, b"x", 0, 1, Authorization=f"Bearer {graph.token}")
    assert refused.status_code == 401


async def test_cancel_and_expiry(graph, at, world):
    url = (await begin(graph, at("big.bin")))["uploadUrl"]
    assert (await graph.http.delete(url)).status_code == 204
    assert (await graph.http.get(url)).status_code == 404
    url = (await begin(graph, at("big.bin")))["uploadUrl"]
    world.clock.advance(timedelta(minutes=14))
    assert (await put(graph, url, b"x" * FRAGMENT, 0, 500_000)).status_code == 202
    world.clock.advance(timedelta(minutes=14))  # a fragment extends the session
    assert (await graph.http.get(url)).status_code == 200
    world.clock.advance(timedelta(minutes=1))
    assert (await graph.http.get(url)).status_code == 404
    assert (await graph.http.post(url)).status_code == 404


async def test_conflicts(graph, at, find):
    place = at("Welcome.md") + ":/createUploadSession"
    refused = await graph.call("POST", place, json={"item": {BEHAVIOUR: "fail"}})
    assert refused.status_code == 409
    session = await begin(graph, at("Welcome.md"), **{BEHAVIOUR: "rename"})
    done = await put(graph, session["uploadUrl"], b"x", 0, 1)
    assert (done.status_code, done.json()["name"]) == (201, "Welcome 1.md")
    session = await begin(graph, at("late.txt"))
    await graph.call("PUT", at("late.txt") + ":/content", content=b"first")
    late = await put(graph, session["uploadUrl"], b"x", 0, 1)
    assert (late.status_code, late.json()["error"]["code"]) == (409, "nameAlreadyExists")
    assert find("late.txt").size == 5


async def test_name_in_the_body_must_be_that_of_the_path(graph, at):
    place = at("a.txt") + ":/createUploadSession"
    assert (await graph.call("POST", place, json={"item": {"name": "b.txt"}})).status_code == 400
    assert (await graph.call("POST", at("a*") + ":/createUploadSession")).status_code == 400


async def test_claimed_times_arrive(graph, at):
    moments = {
        "createdDateTime": "2020-01-01T00:00:00Z",
        "lastModifiedDateTime": "2020-01-02T00:00:00Z",
    }
    session = await begin(graph, at("old.txt"), fileSystemInfo=moments)
    done = await put(graph, session["uploadUrl"], b"x", 0, 1)
    assert done.json()["fileSystemInfo"] == moments


async def test_fragment_that_breaks_off_or_is_too_large_is_forgotten(graph, at, world, monkeypatch):
    url = (await begin(graph, at("big.bin")))["uploadUrl"]
    monkeypatch.setattr(uploads, "MAX_FRAGMENT", FRAGMENT)
    refused = await put(graph, url, b"x" * FRAGMENT * 2, 0, FRAGMENT * 3)
    assert refused.status_code == 413

    async def broken():
        yield b"x"

    headers = {"Content-Range": f"bytes 0-{FRAGMENT - 1}/{FRAGMENT * 3}"}
    response = await graph.http.put(url, content=broken(), headers=headers)
    assert response.status_code == 400
    assert (await graph.http.get(url)).json()["nextExpectedRanges"][0].startswith("0-")


async def test_file_that_is_deleted_during_its_update(graph, drive, at, find):
    item = find("Welcome.md")
    place = at("Welcome.md") + ":/createUploadSession"
    session = (await graph.call("POST", place)).json()
    drive.delete(item)
    assert (await put(graph, session["uploadUrl"], b"x", 0, 1)).status_code == 404


async def test_root_is_no_file(graph, drive):
    place = f"/drives/{drive.id}/root/createUploadSession"
    assert (await graph.call("POST", place)).status_code == 400
    put_root = await graph.call("PUT", f"/drives/{drive.id}/root/content", content=b"x")
    assert put_root.status_code == 400


async def test_a_deferred_commit_waits_for_a_last_request(graph, at):
    body = {"item": {"name": "big.bin"}, "deferCommit": True}
    begun = await graph.call("POST", at("Press/big.bin") + ":/createUploadSession", json=body)
    url = begun.json()["uploadUrl"]
    early = await graph.http.post(url, content=b"")
    assert (early.status_code, early.json()["error"]["code"]) == (400, "invalidRequest")
    last = await put(graph, url, b"0123456789", 0, 10)
    assert (last.status_code, last.json()["nextExpectedRanges"]) == (202, [])
    assert (await graph.get(at("Press/big.bin"))).status_code == 404
    done = await graph.http.post(url, content=b"")
    assert (done.status_code, done.json()["size"]) == (201, 10)
    assert (await graph.get(at("Press/big.bin"))).status_code == 200
    assert (await graph.http.post(url, content=b"")).status_code == 404


async def test_a_conflict_at_the_end_is_mended_with_another_name(graph, at):
    url = (await begin(graph, at("Press/late.bin"), **{BEHAVIOUR: "fail"}))["uploadUrl"]
    await graph.call("PUT", at("Press/late.bin") + ":/content", content=b"sooner")
    refused = await put(graph, url, b"later", 0, 5)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "nameAlreadyExists")
    assert (await graph.http.get(url)).json()["nextExpectedRanges"] == []
    body = {"name": "late.bin", BEHAVIOUR: "rename", "@microsoft.graph.sourceUrl": url}
    mended = await graph.call("PUT", at("Press"), json=body)
    assert (mended.status_code, mended.json()["name"]) == (201, "late 1.bin")
    again = await graph.call("PUT", at("Press"), json=body)
    assert again.status_code == 404  # the session is over
    for wrong in ({}, {"name": "x"}, {"name": "x", "@microsoft.graph.sourceUrl": "nonsense"}):
        assert (await graph.call("PUT", at("Press"), json=wrong)).status_code in (400, 404)


async def test_a_late_upload_may_replace_what_came_sooner(graph, at):
    url = (await begin(graph, at("Press/late.bin"), **{BEHAVIOUR: "fail"}))["uploadUrl"]
    sooner = await graph.call("PUT", at("Press/late.bin") + ":/content", content=b"sooner")
    await put(graph, url, b"later", 0, 5)
    body = {"name": "late.bin", BEHAVIOUR: "replace", "@microsoft.graph.sourceUrl": url}
    stale = {"If-Match": '"{00000000-0000-0000-0000-000000000000},9"'}
    refused = await graph.call("PUT", at("Press"), json=body, headers=stale)
    assert refused.status_code == 412
    known = {"If-Match": sooner.json()["eTag"]}
    done = await graph.call("PUT", at("Press"), json=body, headers=known)
    assert (done.status_code, done.json()["id"]) == (200, sooner.json()["id"])
    assert done.json()["size"] == 5


async def test_a_session_of_another_drive_is_not_committed_here(graph, at):
    session = (
        await graph.call("POST", "/me/drive/root:/a.bin:/createUploadSession", json={})
    ).json()
    body = {"name": "a.bin", "@microsoft.graph.sourceUrl": session["uploadUrl"]}
    assert (await graph.call("PUT", at("Press"), json=body)).status_code == 400


async def test_what_is_known_of_the_file_when_a_session_begins(graph, at):
    place = at("Welcome.md") + ":/createUploadSession"
    tag = (await graph.json(at("Welcome.md")))["eTag"]
    for headers in ({"If-None-Match": tag}, {"If-None-Match": "*"}, {"If-Match": '"x,1"'}):
        refused = await graph.call("POST", place, json={}, headers=headers)
        assert (refused.status_code, refused.json()["error"]["code"]) == (412, "resourceModified")
    other = {"If-None-Match": '"other,1"'}
    assert (await graph.call("POST", place, json={}, headers=other)).status_code == 200
    huge = {"item": {"fileSize": 1 << 60}}
    full = await graph.call("POST", place, json=huge)
    assert (full.status_code, full.json()["error"]["code"]) == (507, "quotaLimitReached")
