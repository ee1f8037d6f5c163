"""Special folders, previews, items by the unique id of their list item."""

from uuid import UUID

from m365sim.testing import app_token, delegated_token


async def test_special_folders_are_made_for_whoever_may_write(graph, world):
    graph.token = delegated_token(world, scopes=["Files.Read"])
    refused = await graph.get("/me/drive/special/music")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "accessDenied")
    graph.token = delegated_token(world, scopes=["Files.ReadWrite"])
    made = await graph.json("/me/drive/special/music")
    assert (made["name"], made["specialFolder"]) == ("Music", {"name": "music"})
    assert (await graph.json("/me/drive/special/music"))["id"] == made["id"]
    put = await graph.call("PUT", "/me/drive/special/music:/a.txt:/content", content=b"x")
    assert put.json()["parentReference"]["id"] == made["id"]
    below = (await graph.json("/me/drive/special/music/children"))["value"]
    assert [one["name"] for one in below] == ["a.txt"]
    own = await graph.json("/me/drive/special/approot")
    assert own["parentReference"]["path"].endswith("/root:/Apps")
    roll = await graph.json("/me/drive/special/cameraRoll")
    assert roll["name"] == "Camera Roll"
    graph.token = delegated_token(world, scopes=["Files.Read"])
    assert (await graph.get("/me/drive/special/music")).status_code == 200
    assert (await graph.get("/me/drive/special/nonsense")).status_code == 404


async def test_a_preview_has_an_address(graph, at):
    shown = await graph.call("POST", at("Welcome.md") + ":/preview", json={})
    assert shown.json()["getUrl"].startswith("https://contoso.sharepoint.com/sites/marketing/")
    assert (await graph.call("POST", at("Press") + ":/preview", json={})).status_code == 404


async def test_an_item_is_found_by_the_unique_id_of_its_list_item(graph, at, drive, find):
    guid = UUID(bytes_le=find("Welcome.md").uid)
    found = await graph.json(f"/drives/{drive.id}/items/{guid}")
    assert found["id"] == (await graph.json(at("Welcome.md")))["id"]
    assert (await graph.get(f"/drives/{drive.id}/items/{UUID(int=1)}")).status_code == 404


async def test_what_is_known_already_is_not_sent_again(graph, at):
    for tag in ("eTag", "cTag"):
        for place in (at("Welcome.md"), at("Welcome.md") + ":/content", at("Press") + ":/children"):
            known = await graph.json(place.partition(":/children")[0].removesuffix(":/content"))
            answer = await graph.get(place, headers={"If-None-Match": known[tag]})
            assert answer.status_code == 304, (place, tag)


async def test_a_state_of_a_list_item_is_restored(graph, world):
    graph.token = app_token(world)
    site = world.content.site_at("contoso.sharepoint.com", "/sites/engineering")
    place = f"/sites/{site.id}/lists/Assets/items/1"
    before = await graph.json(f"{place}/fields")
    change = {"Title": "another", "Quantity": None, "Notes": "new"}
    assert (await graph.call("PATCH", f"{place}/fields", json=change)).status_code == 200
    back = await graph.call("POST", f"{place}/versions/1.0/restoreVersion")
    assert back.status_code == 204
    after = await graph.json(f"{place}/fields")
    assert after["Title"] == before["Title"]
    assert after.get("Quantity") == before.get("Quantity")
    assert after.get("Notes") == before.get("Notes")
    versions = (await graph.json(f"{place}/versions"))["value"]
    assert [one["id"] for one in versions] == ["3.0", "2.0", "1.0"]
    missing = await graph.call("POST", f"{place}/versions/9.0/restoreVersion")
    assert missing.status_code == 404


async def test_a_version_of_a_file_is_restored_through_its_list(graph, at, world, drive):
    await graph.call("PUT", at("Welcome.md") + ":/content", content=b"second")
    item = await graph.json(at("Welcome.md") + "?$expand=listItem")
    site = drive.site.id
    place = f"/sites/{site}/lists/Documents/items/{item['listItem']['id']}"
    assert (await graph.call("POST", f"{place}/versions/1.0/restoreVersion")).status_code == 204
    assert (await graph.json(at("Welcome.md")))["size"] != 6
    graph.token = delegated_token(world, scopes=["Sites.Read.All"])
    assert (await graph.call("POST", f"{place}/versions/1.0/restoreVersion")).status_code == 403
