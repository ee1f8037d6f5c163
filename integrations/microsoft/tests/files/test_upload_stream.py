"""A file that streams in goes up as it comes: resumed after cuts, with a piece in memory."""

import json
import random
import tracemalloc
from collections.abc import AsyncIterator
from functools import partial

import pytest

from fairlead.errors import CallerError, Unavailable
from fairlead.model.exchange import Request
from fairlead.sdk import Incoming
from fairlead.sdk.testing import Exchange, run_action
from fairlead.sdk.testing.replay import ReplayedResponse
from fairlead_microsoft import pack
from fairlead_microsoft.clouds import GLOBAL
from fairlead_microsoft.graph import Graph
from fairlead_microsoft.graph.hashing import QuickXor, quick_xor_hash
from fairlead_microsoft.graph.upload import LARGEST_AT_ONCE, PIECE
from m365sim.files.problems import Missing

CONTENT = random.Random(7).randbytes(2 * PIECE + 1_000_000)
PIECES = "*/uploadSession*"


async def chunks(content: bytes, size: int = 65_536) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


def streamed(content: bytes, announced: int | None = None) -> Incoming:
    return Incoming(chunks(content), len(content) if announced is None else announced)


def target(lab, name="Big.bin", **more):
    return {**lab.library(), "parentItemId": "root", "fileName": name, **more}


async def test_it_goes_up_in_pieces(lab):
    lab.world.quirks.change(strict_fragments=True)
    made = await lab.run("upload-drive-item", **target(lab), content=streamed(CONTENT))
    assert (made["size"], lab.content("Big.bin")) == (len(CONTENT), CONTENT)
    assert len(lab.http.sent("PUT")) == 3
    assert not lab.world.content.uploads


@pytest.mark.parametrize("size", [0, LARGEST_AT_ONCE])
async def test_a_small_one_goes_up_at_once(lab, size):
    await lab.run("upload-drive-item", **target(lab), content=streamed(CONTENT[:size]))
    assert lab.content("Big.bin") == CONTENT[:size]
    assert [request.method for request in lab.http.requests] == ["PUT"]


@pytest.mark.parametrize("cut", [{"status": 503}, {"cut_after": 0}])
async def test_it_goes_on_after_a_cut(lab, cut):
    lab.fail(host="sharepoint", method="PUT", path=PIECES, skip=1, **cut)
    await lab.run("upload-drive-item", **target(lab), content=streamed(CONTENT))
    assert lab.content("Big.bin") == CONTENT


async def test_the_answer_to_the_last_piece_was_lost(lab):
    lab.fail(host="sharepoint", method="PUT", path=PIECES, skip=2, cut_after=0)
    made = await lab.run("upload-drive-item", **target(lab), content=streamed(CONTENT))
    assert (made["size"], lab.content("Big.bin")) == (len(CONTENT), CONTENT)


@pytest.mark.parametrize("size", [LARGEST_AT_ONCE, 2 * PIECE])
async def test_fewer_bytes_than_were_announced_are_no_file(lab, size):
    with pytest.raises(CallerError) as told:
        content = streamed(CONTENT[: size - 1], size)
        await lab.run("upload-drive-item", **target(lab), content=content)
    assert told.value.code == "body_incomplete"
    assert not lab.world.content.uploads
    with pytest.raises(Missing):
        lab.content("Big.bin")


class Store:
    """A vendor that weighs what it gets and keeps none of it."""

    def __init__(self) -> None:
        self.got = 0

    async def __call__(self, request: Request):
        answer: dict = {"uploadUrl": "https://contoso.sharepoint.com/up"}
        if request.method == "PUT":
            begin, _, rest = request.headers["Content-Range"].removeprefix("bytes ").partition("-")
            end, _, total = rest.partition("/")
            assert int(begin) == self.got
            self.got = int(end) + 1
            answer = {"nextExpectedRanges": [f"{self.got}-"]}
            if self.got == int(total):
                answer = {"id": "i1", "size": self.got}
        return ReplayedResponse(Exchange(url=request.url, body=answer), request)


async def endless(count: int) -> AsyncIterator[bytes]:
    for number in range(count):
        yield number.to_bytes(4, "big") * 250_000


async def test_300_mb_with_a_piece_in_memory():
    store = Store()
    given = {"siteId": "s", "driveId": "d", "parentItemId": "root", "fileName": "a.bin"}
    content = Incoming(endless(300), 300_000_000)
    tracemalloc.start()
    try:
        made = await run_action(
            pack(GLOBAL), "upload-drive-item", {**given, "content": content}, store
        )
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert made["size"] == store.got == 300_000_000
    assert most < 8 * PIECE


async def at_once(seconds):
    assert seconds > 0


async def test_bytes_that_are_gone_by_cannot_be_sent_again():
    given = {"siteId": "s", "driveId": "d", "parentItemId": "root", "fileName": "a.bin"}
    content = Incoming(endless(40), 40_000_000)
    with pytest.raises(Unavailable) as told:
        store = Store()

        async def send(request: Request):
            answer = await store(request)
            if request.method == "PUT" and store.got > PIECE:
                body = json.dumps({"nextExpectedRanges": ["0-"]}).encode()
                return ReplayedResponse(Exchange(url=request.url, body=body), request)
            return answer

        shipped = pack(GLOBAL)
        hasty = partial(Graph, cloud=GLOBAL, sleep=at_once)
        hurried = shipped.serving(shipped.providers.values(), api=hasty)
        await run_action(hurried, "upload-drive-item", {**given, "content": content}, send)
    assert told.value.code == "upload_uncertain"


@pytest.mark.parametrize("sizes", [(0,), (1, 159), (160, 161, 1), (7, 100_003, 320)])
def test_the_hash_of_pieces_is_that_of_the_whole(sizes):
    whole = QuickXor()
    content = b""
    for size in sizes:
        piece = random.Random(size).randbytes(size)
        whole.update(piece)
        content += piece
    assert whole.digest() == quick_xor_hash(content)
