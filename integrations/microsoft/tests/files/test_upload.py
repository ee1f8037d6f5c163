"""Files that go up in pieces, and on after a cut."""

import random
from base64 import b64encode

import pytest

from fairlead.errors import InvalidInput, ProviderError, Rejected, Unavailable
from fairlead_microsoft.graph.upload import LARGEST_AT_ONCE, MOST_CUTS, PIECE

CONTENT = random.Random(7).randbytes(12 * 1024 * 1024)
BASE64 = b64encode(CONTENT).decode()
PIECES = "*/uploadSession*"


def target(lab, name="Big.bin", **more):
    return {**lab.library(), "parentItemId": "root", "fileName": name, **more}


def ranges(lab):
    return [request.headers["Content-Range"] for request in lab.http.sent("PUT")]


def uploads(lab):
    return lab.world.content.uploads


async def test_a_large_file_goes_up_in_pieces(lab):
    lab.world.quirks.change(strict_fragments=True)
    made = await lab.run("upload-drive-item", **target(lab), content=BASE64)
    assert (made["name"], made["size"]) == ("Big.bin", len(CONTENT))
    assert made["id"] == lab.id_of("Big.bin")
    assert lab.content("Big.bin") == CONTENT
    total = len(CONTENT)
    assert ranges(lab) == [
        f"bytes 0-{PIECE - 1}/{total}",
        f"bytes {PIECE}-{total - 1}/{total}",
    ]
    assert all("Authorization" not in request.headers for request in lab.http.sent("PUT"))
    assert not uploads(lab)


@pytest.mark.parametrize("size", [0, 1, LARGEST_AT_ONCE])
async def test_a_small_file_goes_up_at_once(lab, size):
    content = b64encode(CONTENT[:size]).decode()
    made = await lab.run("upload-drive-item", **target(lab), content=content)
    assert made["size"] == size
    assert lab.content("Big.bin") == CONTENT[:size]
    assert [request.method for request in lab.http.requests] == ["PUT"]


async def test_a_cut_before_a_piece_arrived(lab):
    lab.fail(host="sharepoint", method="PUT", path=PIECES, skip=1, status=503)
    await lab.run("upload-drive-item", **target(lab), content=BASE64)
    assert lab.content("Big.bin") == CONTENT
    assert len(ranges(lab)) == 3
    assert ranges(lab)[1] == ranges(lab)[2]
    assert len(lab.waits) == 1


async def test_a_cut_after_a_piece_arrived(lab):
    lab.fail(host="sharepoint", method="PUT", path=PIECES, cut_after=0)
    await lab.run("upload-drive-item", **target(lab), content=BASE64)
    assert lab.content("Big.bin") == CONTENT
    # the piece that had arrived is not sent again
    assert len(ranges(lab)) == 2


@pytest.mark.parametrize("name", ["Big.bin", "it's #1 (50%) ~ü.bin"])
async def test_a_cut_after_the_last_piece_arrived(lab, name):
    lab.fail(host="sharepoint", method="PUT", path=PIECES, skip=1, cut_after=0)
    made = await lab.run("upload-drive-item", **target(lab, name), content=BASE64)
    assert made["id"] == lab.id_of(name)
    assert lab.content(name) == CONTENT
    assert len(ranges(lab)) == 2


async def test_a_cut_after_the_last_piece_of_a_file_that_may_have_been_renamed(lab):
    lab.fail(host="sharepoint", method="PUT", path=PIECES, skip=1, cut_after=0)
    with pytest.raises(Unavailable) as told:
        await lab.run("upload-drive-item", **target(lab), content=BASE64, conflictBehavior="rename")
    assert told.value.code == "upload_uncertain"
    assert len(lab.http.sent("POST")) == 1


async def test_a_session_that_is_forgotten_begins_anew(lab):
    lab.fail(host="sharepoint", method="PUT", path=PIECES, skip=1, status=404)
    await lab.run("upload-drive-item", **target(lab), content=BASE64)
    assert lab.content("Big.bin") == CONTENT
    assert len(lab.http.sent("POST")) == 2
    lab.fail(host="sharepoint", method="PUT", path=PIECES, status=404)
    with pytest.raises(Unavailable) as told:
        await lab.run(
            "upload-drive-item", **target(lab, "X"), content=BASE64, conflictBehavior="fail"
        )
    assert told.value.code == "upload_uncertain"


async def test_a_service_that_stays_down_ends_it(lab):
    lab.fail(host="sharepoint", method="PUT", path=PIECES, count=None, status=503)
    with pytest.raises(Unavailable):
        await lab.run("upload-drive-item", **target(lab), content=BASE64)
    assert len(ranges(lab)) == MOST_CUTS + 1
    assert sum(lab.waits) < 100
    # what had arrived takes no room
    assert not uploads(lab)


@pytest.mark.parametrize(
    ("status", "code"), [(507, "quota_exceeded"), (423, "resource_locked"), (401, "upload_closed")]
)
async def test_a_piece_that_is_refused(lab, status, code):
    lab.fail(host="sharepoint", method="PUT", path=PIECES, status=status)
    with pytest.raises(ProviderError) as told:
        await lab.run("upload-drive-item", **target(lab), content=BASE64)
    assert told.value.code == code
    assert not uploads(lab)


@pytest.mark.parametrize("content", [b"small", CONTENT])
async def test_names_that_are_taken(lab, content):
    lab.put("Big.bin", b"first")
    values = target(lab, content=b64encode(content).decode())
    with pytest.raises(Rejected) as told:
        await lab.run("upload-drive-item", **values, conflictBehavior="fail")
    assert told.value.code == "name_taken"
    assert lab.content("Big.bin") == b"first"
    other = await lab.run("upload-drive-item", **values, conflictBehavior="rename")
    assert other["name"] == "Big 1.bin"
    assert lab.content("Big 1.bin") == content
    known = await lab.run("get-drive-item", **lab.where("Big.bin"))
    same = await lab.run("upload-drive-item", **values, eTag=known["eTag"])
    assert same["id"] == known["id"]
    assert lab.content("Big.bin") == content


@pytest.mark.parametrize("wrong", ["a", "%%%", "aGk=!", "ü"])
async def test_what_is_not_base64_is_refused(lab, wrong):
    with pytest.raises(InvalidInput) as told:
        await lab.run("upload-drive-item", **target(lab), content=wrong)
    assert told.value.issues[0]["path"] == ["content"]
    assert lab.http.requests == []


@pytest.mark.parametrize("spelling", ["-_-_\n", "+/+/", "-_-_"])
async def test_base64_as_it_is_met_with(lab, spelling):
    await lab.run("upload-drive-item", **target(lab), content=spelling)
    assert lab.content("Big.bin") == b"\xfb\xff\xbf"
    await lab.run("upload-drive-item", **target(lab), content="aGk")
    assert lab.content("Big.bin") == b"hi"


async def test_the_callers_own_upload(lab):
    session = await lab.run("create-drive-upload-session", **target(lab, fileSize=5))
    sent = lab.http.requests[0].__class__(
        method="PUT",
        url=session["uploadUrl"],
        headers={"Content-Range": "bytes 0-4/5"},
        body=b"hello",
        is_bare=True,
    )
    assert (await lab.http(sent)).status == 201
    assert lab.content("Big.bin") == b"hello"
    with pytest.raises(Rejected) as told:
        await lab.run("create-drive-upload-session", **target(lab), conflictBehavior="fail")
    assert told.value.code == "name_taken"
    with pytest.raises(Rejected) as told:
        await lab.run("create-drive-upload-session", **target(lab, fileSize=10**15))
    assert told.value.code == "quota_exceeded"
