"""Uploads by `_api` against the emulator: of every size, cut, given up, on condition."""

import pytest
from rest_lab import SITE

from fairlead.errors import Rejected, Unavailable
from fairlead.sdk import Incoming
from fairlead_microsoft.rest.upload import LARGEST_AT_ONCE


def streamed(size: int, *, chunk: int = 1 << 20) -> Incoming:
    async def chunks():
        left = size
        while left:
            yield b"x" * min(chunk, left)
            left -= min(chunk, left)

    return Incoming(chunks(), size)


BIG = 2 * LARGEST_AT_ONCE + 17


async def test_uploads_of_every_size(lab):
    web = await lab.api.web(SITE)
    folder = web.folder(web.within("Shared Documents"))
    for size in (0, 1, BIG):
        made = await lab.api.upload(web, folder, f"{size}.bin", streamed(size))
        assert (made["Name"], int(made["Length"])) == (f"{size}.bin", size)
        assert lab.item(f"{size}.bin").blob.size == size
    again = await lab.api.upload(web, folder, f"{BIG}.bin", b"y" * BIG)
    assert again["UniqueId"] == made["UniqueId"]
    assert lab.item(f"{BIG}.bin").blob.size == BIG
    other = await lab.api.upload(web, folder, f"{BIG}.bin", streamed(BIG), conflict="rename")
    assert other["UniqueId"] != made["UniqueId"]
    with pytest.raises(Rejected) as told:
        await lab.api.upload(web, folder, f"{BIG}.bin", streamed(BIG), conflict="fail")
    assert told.value.code == "name_taken"


@pytest.mark.parametrize("step", ["startupload", "continueupload", "finishupload"])
@pytest.mark.parametrize("arrives", [True, False], ids=["arrived", "lost"])
async def test_an_upload_goes_on_after_a_cut(lab, step, arrives):
    web = await lab.api.web(SITE)
    folder = web.folder(web.within("Shared Documents"))
    if arrives:
        real, hits = lab.http.__class__.__call__, []

        async def lossy(self, request):
            answer = await real(self, request)
            if f"/{step}(" in request.url and not hits:
                hits.append(1)
                await answer.read()
                raise Unavailable("cut")
            return answer

        lab.api._send = lossy.__get__(lab.http)
    else:
        lab.fault(f"*/{step}(*", method="POST", status=503)
    made = await lab.api.upload(web, folder, "cut.bin", streamed(BIG))
    assert int(made["Length"]) == BIG
    assert lab.item("cut.bin").blob.size == BIG
    assert lab.waits


async def test_an_upload_that_is_given_up_leaves_nothing(lab):
    web = await lab.api.web(SITE)
    folder = web.folder(web.within("Shared Documents"))
    before = {item.name for item in lab.drive.children(lab.drive.root.uid)}
    lab.fault("*/continueupload(*", method="POST", status=503, count=None)
    with pytest.raises(Unavailable):
        await lab.api.upload(web, folder, "never.bin", streamed(BIG))
    assert {item.name for item in lab.drive.children(lab.drive.root.uid)} == before
    assert lab.world.rest.uploads == {}
    assert len(lab.waits) == 5


async def test_an_upload_on_condition(lab):
    web = await lab.api.web(SITE)
    folder = web.folder(web.within("Shared Documents"))
    first = await lab.api.upload(web, folder, "a.bin", b"1")
    second = await lab.api.upload(web, folder, "a.bin", b"22", if_match=first["ETag"])
    assert int(second["Length"]) == 2
    for content in (b"3", streamed(BIG)):
        with pytest.raises(Rejected) as told:
            await lab.api.upload(web, folder, "a.bin", content, if_match=first["ETag"])
        assert told.value.code == "resource_modified"
    third = await lab.api.upload(web, folder, "a.bin", streamed(BIG), if_match=second["ETag"])
    assert int(third["Length"]) == BIG
