from __future__ import annotations

import pytest

pytestmark = pytest.mark.judges


async def test_o365(judge, tree, not_modelled):
    said = await judge("lists_by_o365.py")
    assert [said["made"], "Fairs & stands"] in said["lists"]
    assert {"Title", "City", "Visitors"} <= set(said["columns"])
    rows = [[row["Title"], row["City"], row["Visitors"]] for row in said["rows"]]
    assert rows == [["Boat show", "Düsseldorf", 230000], ["Fog days", "Bremen", 1200]]
    after = tree()
    assert said["item"] == after["/text.txt"]["id"]
    assert said["versions"] == [["3.0", 300], ["2.0", 200], ["1.0", 100]]
    assert said["restored"] == after["/text.txt"]["size"] == 100
    assert said["copied"] == after["/Campaigns/copied.txt"]["id"]
    assert after["/Campaigns/copied.txt"]["quickXorHash"] == after["/text.txt"]["quickXorHash"]
    assert said["link"].startswith("https://contoso.sharepoint.com/:t:/")
    assert said["granted"] is True
    assert {kind for _, kind in said["permissions"]} >= {"link"}
    assert said["found"] == ["Budget #2 (50%).csv"]
    assert not_modelled() == set()


async def test_msgraph_sdk(internet, judge, tree, not_modelled):
    site = internet.world.content.site_at("contoso.sharepoint.com", "/sites/marketing")
    drive_id = site.drives[0].id
    said = await judge("lists_by_msgraph.py", site_id=site.id, drive_id=drive_id)
    first, *others, gone = said["created"]
    assert set(said["start"]) >= set(said["created"])
    assert said["changes"][first] is False
    assert said["changes"][gone] is True
    assert not set(others) & set(said["changes"])
    assert {row["Title"]: row["City"] for row in said["rows"].values()} == {
        "North": "Kiel",
        "East": "East city",
        "South": "South city",
        "West": "West city",
    }
    assert said["pages"] == 2
    assert said["statuses"] == [200, 200, 404]
    (poke,) = said["poke"]["value"]
    assert poke["subscriptionId"] == said["subscription"]
    assert poke["clientState"] == "secret state"
    assert poke["changeType"] == "updated"
    assert drive_id in poke["resource"]
    assert said["extended"] is True
    assert said["left"] == []
    assert "/poked.txt" in tree()
    shared = said["sharing"]
    invited, link = shared["ids"]
    assert shared["person"] == "Adele Vance"
    assert shared["url"].startswith("https://contoso.sharepoint.com/:t:/")
    assert (shared["granted"][invited], shared["granted"][link]) == (["write"], ["read"])
    assert invited in shared["kept"]
    assert link not in shared["kept"]
    assert not_modelled() == set()


async def test_office365_rest_client(internet, judge, tree, not_modelled):
    site = internet.world.content.site_at("contoso.sharepoint.com", "/sites/marketing")
    said = await judge("lists_by_office365.py", drive_id=site.drives[0].id)
    assert said["made"] in said["lists"]
    assert said["titles"] == ["Sloop", "Yawl"]
    assert "Title" in said["columns"]
    assert said["versions"] == [["2.0", 100], ["1.0", 50]]
    after = tree()
    assert said["copied"] == after["/Campaigns/boats again.txt"]["id"]
    kind, url = said["link"]
    assert kind == "edit"
    assert url.startswith("https://contoso.sharepoint.com/:t:/")
    assert said["link_id"] in said["permissions"]
    assert said["found"] == ["Müller & Söhne.txt"]
    assert not_modelled() == set()
