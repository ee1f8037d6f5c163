"""What of a drive item is expanded or selected."""

import pytest

from m365sim.testing import app_token


async def test_children_are_expanded(graph, at):
    folder = await graph.json(at("Campaigns") + "?$expand=children")
    assert folder["folder"]["childCount"] == len(folder["children"]) == 3
    assert {"2026 Q3", "2026 Q4", "Adele's notes+drafts.txt"} == {
        child["name"] for child in folder["children"]
    }
    some = await graph.json(at("Campaigns") + "?$select=id&$expand=children($select=name;$top=1)")
    assert list(some) == ["@odata.context", "id", "children"]
    assert [list(child) for child in some["children"]] == [["name"]]
    assert (await graph.json(at("Welcome.md") + "?$expand=children"))["children"] == []


async def test_permissions_are_expanded_on_items_and_children_but_not_in_delta(
    graph, at, drive, world
):
    graph.token = app_token(world)
    item = await graph.json(at("Welcome.md") + "?$expand=permissions")
    assert item["permissions"] == (await graph.json(at("Welcome.md") + ":/permissions"))["value"]
    listed = await graph.json(at("Campaigns") + ":/children?$expand=permissions($select=roles)")
    assert all(set(one) == {"roles"} for child in listed["value"] for one in child["permissions"])
    refused = await graph.get(f"/drives/{drive.id}/root/delta?$expand=permissions")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "notSupported")


async def test_thumbnails_and_versions_are_expanded(graph, at):
    await graph.call("PUT", at("p.png") + ":/content", content=b"x")
    await graph.call("PUT", at("p.png") + ":/content", content=b"y")
    item = await graph.json(at("p.png") + "?$expand=thumbnails($select=small),versions")
    assert [set(one) for one in item["thumbnails"]] == [{"id", "small"}]
    assert [one["id"] for one in item["versions"]] == ["2.0", "1.0"]
    folder = await graph.json(at("Press") + "?$expand=thumbnails,versions")
    assert (folder["thumbnails"], "versions" in folder) == ([], False)


async def test_delta_expands_list_items(graph, drive):
    entries, _, _ = await graph.round(f"/drives/{drive.id}/root/delta?$expand=listItem")
    assert "listItem" not in entries[0]  # the root is none
    assert all(one["listItem"]["contentType"]["name"] for one in entries[1:])


async def test_ids_of_sharepoint_are_selected(graph, at, drive):
    ids = (await graph.json(at("Welcome.md") + "?$select=sharepointIds"))["sharepointIds"]
    assert ids["siteUrl"] == drive.site.web_url
    assert set(ids) == {
        "listId", "listItemId", "listItemUniqueId", "siteId", "siteUrl", "tenantId", "webId",
    }  # fmt: skip
    root = await graph.json(f"/drives/{drive.id}/root?$select=sharepointIds")
    assert "listItemId" not in root["sharepointIds"]


@pytest.mark.parametrize(
    "query", ["$select=nonsense", "$select=id,nonsense", "$expand=nonsense", "$expand=activities"]
)
async def test_what_items_do_not_have(graph, at, drive, query):
    for place in (at("Press"), at("Press") + ":/children", f"/drives/{drive.id}/root/delta"):
        refused = await graph.get(f"{place}?{query}")
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "BadRequest")
        name = query.rpartition("=")[2].rpartition(",")[2]
        assert f"property named '{name}'" in refused.json()["error"]["message"]


async def test_what_items_may_have_without_having_it(graph, at):
    shape = await graph.json(at("Press") + "?$select=id,deleted,remoteItem,webUrl")
    assert set(shape) == {"@odata.context", "id", "webUrl"}
