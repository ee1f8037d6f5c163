"""Versions and thumbnails."""

import struct
from datetime import timedelta

import pytest

from m365sim.files.checkout import publish


@pytest.fixture
async def three(graph, world, at):
    """A file with three contents, two names and a change of its times."""
    for text in (b"one", b"second", b"third!!"):
        world.clock.advance(timedelta(hours=1))
        await graph.call("PUT", at("v.txt") + ":/content", content=text)
    item = await graph.json(at("v.txt"))
    place = f"/drives/{item['parentReference']['driveId']}/items/{item['id']}"
    world.clock.advance(timedelta(hours=1))
    await graph.call("PATCH", place, json={"name": "w.txt"})
    return place


async def test_each_content_is_a_version_and_nothing_else(graph, three):
    listed = (await graph.json(f"{three}/versions"))["value"]
    assert [(v["id"], v["size"]) for v in listed] == [("3.0", 7), ("2.0", 6), ("1.0", 3)]
    assert [v["lastModifiedDateTime"] for v in listed] == [
        "2026-06-03T18:00:00Z", "2026-06-03T17:00:00Z", "2026-06-03T16:00:00Z",
    ]  # fmt: skip
    assert listed[0]["lastModifiedBy"]["user"]["displayName"] == "Alex Wilber"
    for version, text in zip(listed, (b"third!!", b"second", b"one"), strict=True):
        direct = await graph.http.get(version["@microsoft.graph.downloadUrl"])
        assert direct.content == text
        sent = await graph.get(f"{three}/versions/{version['id']}/content")
        assert sent.status_code == 302
        assert (await graph.http.get(sent.headers["location"])).content == text
    one = await graph.json(f"{three}/versions/2.0")
    assert one["size"] == 6


async def test_pages_of_versions(graph, three):
    page = await graph.json(f"{three}/versions?$top=2")
    assert [v["id"] for v in page["value"]] == ["3.0", "2.0"]
    rest = await graph.json(page["@odata.nextLink"])
    assert [v["id"] for v in rest["value"]] == ["1.0"]
    assert (await graph.get(f"{three}/versions?$skiptoken=x")).status_code == 400


async def test_restoring_makes_a_new_version(graph, three):
    assert (await graph.call("POST", f"{three}/versions/1.0/restoreVersion")).status_code == 204
    listed = (await graph.json(f"{three}/versions"))["value"]
    assert [(v["id"], v["size"]) for v in listed][:2] == [("4.0", 3), ("3.0", 7)]
    assert (await graph.json(three))["size"] == 3


async def test_versions_that_are_not_there(graph, three, at, world):
    for number in ("9.0", "x", "1.5", "0.0"):
        assert (await graph.get(f"{three}/versions/{number}")).status_code == 404
        assert (await graph.get(f"{three}/versions/{number}/content")).status_code == 404
    assert (await graph.json(at("Press") + ":/versions"))["value"] == []
    assert (await graph.get(at("Press") + ":/versions/1.0")).status_code == 404
    world.quirks.change(current_version_content=False)
    assert (await graph.get(f"{three}/versions/3.0/content")).status_code == 400
    assert (await graph.get(f"{three}/versions/2.0/content")).status_code == 302


async def test_an_image_has_thumbnails(graph, at):
    png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 600, 400) + b"rest"
    await graph.call("PUT", at("p.png") + ":/content", content=png)
    sets = (await graph.json(at("p.png") + ":/thumbnails"))["value"]
    assert [one["id"] for one in sets] == ["0"]
    sizes = {name: (t["width"], t["height"]) for name, t in sets[0].items() if name != "id"}
    assert sizes == {"small": (96, 64), "medium": (176, 117), "large": (800, 533)}
    assert (await graph.http.get(sets[0]["small"]["url"])).content == png
    some = (await graph.json(at("p.png") + ":/thumbnails?select=medium,c30x40_crop,odd"))["value"]
    assert {k: t["width"] for k, t in some[0].items() if k != "id"} == {
        "medium": 176, "c30x40_crop": 30,
    }  # fmt: skip
    one = await graph.json(at("p.png") + ":/thumbnails/0/large")
    assert (one["width"], one["height"]) == (800, 533)
    sent = await graph.get(at("p.png") + ":/thumbnails/0/small/content")
    assert sent.status_code == 302
    assert (await graph.http.get(sent.headers["location"])).content == png
    for wrong in ("1/small", "0/huge"):
        assert (await graph.get(at("p.png") + f":/thumbnails/{wrong}")).status_code == 404


@pytest.mark.parametrize(
    ("content", "shape"),
    [
        (b"GIF89a" + struct.pack("<HH", 20, 40), (48, 96)),
        (b"no image at all", (96, 96)),
        (b"", (96, 96)),
    ],
)
async def test_other_formats_of_images(graph, at, content, shape):
    await graph.call("PUT", at("p.gif") + ":/content", content=content)
    one = await graph.json(at("p.gif") + ":/thumbnails/0/small")
    assert (one["width"], one["height"]) == shape


async def test_what_is_no_image_has_none(graph, at):
    for path in ("Welcome.md", "Press"):
        assert (await graph.json(at(path) + ":/thumbnails"))["value"] == []
    assert (await graph.get(at("Welcome.md") + ":/thumbnails/0/small")).status_code == 404


async def test_drafts_where_minor_versions_are_on(graph, drive, at):
    drive.minor_versions = True
    for number in (b"1", b"22", b"333"):
        await graph.call("PUT", at("draft.txt") + ":/content", content=number)
    draft = at("draft.txt") + ":"
    listed = (await graph.json(f"{draft}/versions"))["value"]
    assert [(v["id"], v["size"]) for v in listed] == [("0.3", 3), ("0.2", 2), ("0.1", 1)]
    assert (await graph.json(f"{draft}/versions/0.2"))["size"] == 2
    location = (await graph.get(f"{draft}/versions/0.2/content")).headers["location"]
    assert (await graph.http.get(location)).content == b"22"
    item = drive.child(drive.root.uid, "draft.txt")
    publish(drive, item, drive.owner, "out")
    listed = (await graph.json(f"{draft}/versions"))["value"]
    assert [v["id"] for v in listed] == ["1.0", "0.2", "0.1"]
    assert (await graph.get(f"{draft}/versions/0.3")).status_code == 404
