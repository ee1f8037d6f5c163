"""The delta of list items: generic lists, and libraries, which share the log of their drive."""

import pytest

from m365sim.testing import delegated_token


@pytest.fixture
def site(world):
    return world.content.site_at("contoso.sharepoint.com", "/sites/engineering")


@pytest.fixture
def at_site(world, site, graph):
    graph.token = delegated_token(
        world, scopes=["Sites.Manage.All", "Sites.ReadWrite.All", "Files.ReadWrite.All"]
    )
    return f"/sites/{site.id}"


async def test_a_generic_list(graph, at_site, site):
    place = f"{at_site}/lists/Assets/items"
    entries, link, pages = await graph.round(f"{place}/delta?$expand=fields&$top=3")
    assert [len(page["value"]) for page in pages] == [3, 1]
    assert pages[0]["@odata.context"].endswith("#Collection(microsoft.graph.listItem)")
    assert not {key for key in pages[0] if key.startswith("@microsoft.graph")}
    entry = entries[0]
    guid, _, version = entry["eTag"].partition(",")
    assert (len(guid), version) == (36, "1")  # no quotes
    assert entry["parentReference"] == {
        "id": "0", "path": "Lists/Assets", "siteId": site.id.split(",")[1],
    }  # fmt: skip
    assert "lastModifiedBy" not in entry
    assert entry["fields"]["Title"] == "Echo sounder"
    assert (await graph.json(link))["value"] == []
    await graph.call("PATCH", f"{place}/1/fields", json={"Title": "Sounder"})
    await graph.call("DELETE", f"{place}/2")
    await graph.call("POST", place, json={"fields": {"Title": "New"}})
    changed, link, _ = await graph.round(link)
    assert [entry["id"] for entry in changed] == ["1", "2", "5"]
    assert changed[0]["fields"]["Title"] == "Sounder"  # the link keeps its $expand
    assert "$expand=fields" in link
    assert changed[1] == {
        "@odata.type": "#microsoft.graph.listItem",
        "id": "2",
        "parentReference": {"siteId": site.id.split(",")[1]},
        "contentType": changed[0]["contentType"],
        "deleted": {"state": "deleted"},
    }
    assert changed[2]["createdBy"]["application"]["displayName"] == "fairlead"


async def test_a_library_shares_its_drives_log(graph, at_site, site):
    drive = site.drives[0]
    place = f"{at_site}/lists/Documents/items/delta"
    entries, link, _ = await graph.round(f"{place}?$expand=fields,driveItem($select=id)")
    assert len(entries) == len(list(drive.walk(drive.root)))
    ids = {entry["driveItem"]["id"]: entry for entry in entries}
    handbook = await graph.json(f"/drives/{drive.id}/root:/Handbook")
    inside = await graph.json(f"/drives/{drive.id}/root:/Handbook/On call.md")
    assert ids[inside["id"]]["parentReference"]["id"] == ids[handbook["id"]]["id"]
    assert ids[inside["id"]]["parentReference"]["path"] == "Shared Documents"
    assert ids[inside["id"]]["eTag"] == inside["eTag"]  # braces, capitals and quotes
    await graph.call("PUT", f"/drives/{drive.id}/root:/new.txt:/content", content=b"x")
    await graph.call("DELETE", f"/drives/{drive.id}/items/{inside['id']}")
    changed, link, _ = await graph.round(link)
    assert changed[0]["fields"]["FileLeafRef"] == "new.txt"
    assert changed[1]["deleted"] == {"state": "deleted"}
    assert changed[1]["id"] == ids[inside["id"]]["id"]
    number = changed[0]["id"]
    await graph.call(
        "PATCH", f"{at_site}/lists/Documents/items/{number}/fields", json={"Title": "t"}
    )
    changed, _, _ = await graph.round(link)
    assert [(entry["id"], entry["fields"]["Title"]) for entry in changed] == [(number, "t")]


async def test_no_more_than_what_is_selected(graph, at_site):
    place = f"{at_site}/lists/Assets/items/delta?$select=id,eTag"
    entries, _, _ = await graph.round(place)
    assert set(entries[0]) == {"@odata.type", "id", "eTag"}


@pytest.mark.parametrize("spelling", ["delta?token=latest", "delta(token='latest')"])
async def test_from_now_on(graph, at_site, spelling):
    page = await graph.json(f"{at_site}/lists/Assets/items/{spelling}")
    assert page["value"] == []
    await graph.call("DELETE", f"{at_site}/lists/Assets/items/1")
    changed, _, _ = await graph.round(page["@odata.deltaLink"])
    assert [entry["id"] for entry in changed] == ["1"]


async def test_an_empty_list(graph, at_site):
    await graph.call("POST", f"{at_site}/lists", json={"displayName": "Empty"})
    page = await graph.json(f"{at_site}/lists/Empty/items/delta")
    assert set(page) == {"@odata.context", "@odata.deltaLink", "value"}
    assert page["value"] == []


@pytest.mark.parametrize("title", ["Assets", "Documents"])
async def test_what_is_too_old_is_gone(graph, at_site, world, title):
    place = f"{at_site}/lists/{title}/items/delta"
    before, link, _ = await graph.round(place)
    await graph.http.post("http://control/_m365sim/delta/expire")
    gone = await graph.get(link)
    assert gone.status_code == 410
    error = gone.json()["error"]
    assert error["code"] == "resyncRequired"
    assert error["innerError"]["code"] == "resyncChangesApplyDifferences"
    again, fresh, _ = await graph.round(gone.headers["location"])
    assert len(again) == len(before)
    assert (await graph.json(fresh))["value"] == []
    world.quirks.change(resync_location=False)
    assert "location" not in (await graph.get(link)).headers
    refused = await graph.get(f"{place}?token=nonsense")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalidRequest")


async def test_subscribers_of_a_list_have_a_number_to_go_by(graph, at_site, world, site):
    target = world.lists.find(site, "Assets")
    before = target.head
    await graph.call("DELETE", f"{at_site}/lists/Assets/items/1")
    assert target.head == before + 1


@pytest.mark.parametrize("title", ["Assets", "Documents"])
async def test_empty_pages_and_repeats(graph, at_site, world, title):
    place = f"{at_site}/lists/{title}/items/delta?$top=2"
    plain, _, _ = await graph.round(place)
    world.quirks.change(empty_page_every=2, repeat_across_pages=True)
    entries, _, pages = await graph.round(place)
    sizes = [len(page["value"]) for page in pages]
    assert len(entries) > len(plain)
    assert {entry["id"] for entry in entries} == {entry["id"] for entry in plain}
    assert min(sizes) <= 1
