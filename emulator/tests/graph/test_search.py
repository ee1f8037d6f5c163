"""Searching a drive."""

from datetime import timedelta

import pytest

from m365sim.sharing.invitations import keep_only


@pytest.fixture
def search(graph, drive):
    async def find(text, where="root/", more=""):
        found = await graph.json(f"/drives/{drive.id}/{where}search(q='{text}'){more}")
        return [item["name"] for item in found["value"]]

    return find


async def test_names_and_texts_are_searched(search, graph, drive):
    assert await search("brief") == ["Brief.docx"]
    assert await search("idea* pilot") == ["Ideas.txt"]
    assert await search("nowhere") == []
    assert await search("") == []
    assert await search("2026", where="") == ["2026 Q3", "2026 Q4", "2026-09-01 Launch.html"]
    campaigns = drive.item_id(drive.resolve(drive.root, ["Campaigns"]).uid)
    assert await search("2026", where=f"items/{campaigns}/") == ["2026 Q3", "2026 Q4"]
    assert await search("Adele''s", where="root/microsoft.graph.") == ["Adele's notes+drafts.txt"]
    assert (await graph.get(f"/drives/{drive.id}/root/search")).status_code == 400


async def test_less_is_told_than_by_a_read(graph, drive):
    found = (await graph.json(f"/drives/{drive.id}/root/search(q='welcome')"))["value"][0]
    assert found["searchResult"] == {}
    assert found["file"]["hashes"] == {}
    assert not {"eTag", "cTag", "@microsoft.graph.downloadUrl"} & set(found)
    assert not {"path", "name"} & set(found["parentReference"])


async def test_pages(graph, drive):
    place = f"/drives/{drive.id}/root/search(q='2026')?$top=2&$select=name"
    page = await graph.json(place)
    assert page["value"] == [{"name": "2026 Q3"}, {"name": "2026 Q4"}]
    rest = await graph.json(page["@odata.nextLink"])
    assert rest["value"] == [{"name": "2026-09-01 Launch.html"}]
    assert "@odata.nextLink" not in rest


async def test_the_index_lags_behind(search, graph, at, world):
    world.quirks.change(search_lag=60)
    await graph.call("PUT", at("fresh.txt") + ":/content", content=b"x")
    assert await search("fresh") == []
    world.clock.advance(timedelta(minutes=1))
    assert await search("fresh") == ["fresh.txt"]


async def test_only_what_may_be_seen_is_found(search, world, drive, find):
    keep_only(world.sharing, drive, find("Press"), None)
    assert await search("2026") == ["2026 Q3", "2026 Q4"]
