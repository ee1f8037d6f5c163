"""Items of lists: reading, paging, writing, and what their fields look like."""

import base64

import pytest

from m365sim.testing import delegated_token

ASSET = {
    "Title": "Compass",
    "Serial_x0020_Number": "C-1",
    "Notes": "x" * 300,
    "Quantity": 3,
    "Price": 12.5,
    "State": "Broken",
    "Tags": ["loud", "new"],
    "Bought": "2026-05-01T12:00:00+02:00",
    "Insured": False,
    "KeeperLookupId": "7",
    "UsersLookupId": [6, 7],
    "Manual": {"Url": "https://example.com/c"},
    "Place": {"Latitude": 1.5, "Longitude": 2.5},
    "Photo": '{"fileName": "c.png"}',
    "Category": {"Label": "Instruments", "TermGuid": "x", "WssId": 1},
    "VendorLookupId": 2,
    "SparesLookupId": [1, 2],
}


@pytest.fixture
def site(world):
    return world.content.site_at("contoso.sharepoint.com", "/sites/engineering")


@pytest.fixture
def items(world, site, graph):
    """The address of the items of the list that has a column of every kind."""
    graph.token = delegated_token(
        world, scopes=["Sites.Manage.All", "Sites.ReadWrite.All", "Files.ReadWrite.All"]
    )
    return f"/sites/{site.id}/lists/Assets/items"


async def test_items_without_and_with_fields(graph, items):
    plain = (await graph.json(items))["value"]
    assert [row["id"] for row in plain] == ["1", "2", "3", "4"]
    assert all("fields" not in row for row in plain)
    assert plain[0]["contentType"]["name"] == "Item"
    assert plain[0]["contentType"]["id"].startswith("0x0100")
    assert plain[0]["webUrl"].endswith("/sites/engineering/Lists/Assets/1_.000")
    for spelling in (
        "$expand=fields($select=Title,State)",
        "expand=fields(select=Title,State)",
    ):
        row = (await graph.json(f"{items}?{spelling}"))["value"][0]
        assert row["fields"] == {
            "@odata.etag": row["eTag"], "Title": "Echo sounder", "State": "In use",
        }  # fmt: skip
    narrow = (await graph.json(f"{items}?$select=id&$expand=fields($select=Title)"))["value"][1]
    assert set(narrow) == {"@odata.etag", "id", "fields@odata.context", "fields"}


async def test_fields_as_recordings_show_them(graph, items):
    fields = (await graph.json(f"{items}/1?expand=fields"))["fields"]
    assert fields["id"] == "1"
    assert fields["ContentType"] == "Item"
    assert fields["AuthorLookupId"].isdigit()
    assert fields["Attachments"] is False
    assert fields["Edit"] == ""
    assert fields["ItemChildCount"] == fields["FolderChildCount"] == "0"
    assert fields["_UIVersionString"] == "1.0"
    assert fields["LinkTitle"] == fields["LinkTitleNoMenu"] == fields["Title"]
    assert fields["_ComplianceTag"] == ""
    assert fields["KeeperLookupId"] == "7"
    assert fields["VendorLookupId"] == "2"
    assert fields["Tags@odata.type"] == "#Collection(String)"
    assert fields["Manual"] == {"Description": "Manual", "Url": "https://example.com/es70.pdf"}
    assert fields["Users"][0] == {
        "LookupId": 7, "LookupValue": "Megan Bowen", "Email": "megan@contoso.onmicrosoft.com",
    }  # fmt: skip
    assert fields["Spares"] == [
        {"LookupId": 1, "LookupValue": "Bergen"},
        {"LookupId": 2, "LookupValue": "Kiel"},
    ]
    assert fields["Worth"] == 2499.0  # calculated
    other = (await graph.json(f"{items}/2?expand=fields"))["fields"]
    assert other["Worth"] == 0
    assert "Manual" not in other  # what is not set is left out
    assert "KeeperLookupId" not in other


async def test_lookups_by_name_and_hidden_fields_when_they_are_asked_for(graph, items):
    wanted = "Vendor,Keeper,Author,Tags,GUID,FileRef,ContentTypeId,Nonsense"
    fields = await graph.json(f"{items}/1/fields?$select={wanted}")
    assert fields["Vendor"] == "Müller KG"
    assert fields["Keeper"] == "Megan Bowen"
    assert fields["Author"] == "Alex Wilber"
    assert fields["Tags@odata.type"] == "#Collection(String)"
    assert fields["FileRef"] == "/sites/engineering/Lists/Assets/1_.000"
    assert fields["@odata.etag"] == f'"{fields["GUID"]},1"'
    assert "Nonsense" not in fields
    bare = await graph.json(f"{items}/2/fields?$select=Vendor,Keeper,Title")
    assert set(bare) == {"@odata.context", "@odata.etag", "Title"}


async def test_pages_are_cut_by_id(graph, items):
    first = await graph.json(f"{items}?$top=2&$expand=fields")
    token = first["@odata.nextLink"].partition("$skiptoken=")[2]
    assert base64.b64decode(token + "==").decode() == "Paged=TRUE&p_ID=2"
    assert "$expand=fields" in first["@odata.nextLink"]
    await graph.call("DELETE", f"{items}/2")
    second = await graph.json(first["@odata.nextLink"])
    assert [row["id"] for row in second["value"]] == ["3", "4"]
    assert "@odata.nextLink" not in second
    assert (await graph.get(f"{items}?$skiptoken=nonsense")).status_code == 400


async def test_an_item_is_made_with_every_kind_of_value(graph, items):
    made = await graph.call("POST", items, json={"fields": ASSET})
    assert made.status_code == 201, made.text
    row = made.json()
    assert row["id"] == "5"
    assert made.headers["etag"] == row["eTag"]
    fields = row["fields"]
    assert fields["Bought"] == "2026-05-01T10:00:00Z"
    assert fields["Price"] == 12.5
    assert fields["Insured"] is False
    assert fields["KeeperLookupId"] == "7"
    assert [one["LookupId"] for one in fields["Users"]] == [6, 7]
    assert fields["Manual"] == {
        "Description": "https://example.com/c",
        "Url": "https://example.com/c",
    }
    assert fields["VendorLookupId"] == "2"
    assert row["createdBy"] == {
        "user": {
            "email": "alex@contoso.onmicrosoft.com",
            "id": row["createdBy"]["user"]["id"],
            "displayName": "Alex Wilber",
        }
    }
    bare = (await graph.call("POST", items, json={})).json()["fields"]
    assert bare["State"] == "In stock"  # by default
    assert "Title" not in bare
    assert "LinkTitle" not in bare


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"Nonsense": 1}, "Field 'Nonsense' is not recognized"),
        ({"Modified": "2026-01-01T00:00:00Z"}, "Field 'Modified' is read-only"),
        ({"AuthorLookupId": 6}, "Field 'Author' is read-only"),
        ({"Worth": 5}, "Field 'Worth' is read-only"),
        ({"Attachments": True}, "Field 'Attachments' is read-only"),
        ({"Title": 5}, "malformed"),
        ({"Title": "x" * 256}, "longer than 255"),
        ({"Quantity": "3"}, "malformed"),
        ({"Quantity": True}, "malformed"),
        ({"Quantity": -1}, "must be between"),
        ({"State": 5}, "malformed"),
        ({"Tags": "loud"}, "malformed"),
        ({"Bought": "yesterday"}, "no date and time"),
        ({"Insured": "yes"}, "malformed"),
        ({"Keeper": 7}, "set by 'KeeperLookupId'"),
        ({"KeeperLookupId": 999}, "finds no item"),
        ({"KeeperLookupId": "Megan"}, "malformed"),
        ({"UsersLookupId": 7}, "malformed"),
        ({"VendorLookupId": 99}, "finds no item"),
        ({"Manual": "https://example.com"}, "malformed"),
        ({"Place": "here"}, "malformed"),
        ({"Photo": {}}, "malformed"),
        ({"Serial_x0020_Number": "X-0002"}, "taken by another item"),
        ({"ContentType": "Nonsense"}, "no such content type"),
        ([], "must be an object"),
    ],
)
async def test_values_that_cannot_be(graph, items, fields, complaint):
    refused = await graph.call("POST", items, json={"fields": fields})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalidRequest")
    assert complaint in refused.json()["error"]["message"]


async def test_values_change_and_the_answer_has_them_all(graph, items):
    before = await graph.json(f"{items}/2")
    body = {
        "Quantity": 9,
        "State": None,
        "Tags@odata.type": "Collection(Edm.String)",
        "Tags": ["new"],
    }
    stale = {"If-Match": f'{before["eTag"][:-2]}9"'}
    refused = await graph.call("PATCH", f"{items}/2/fields", json=body, headers=stale)
    assert (refused.status_code, refused.json()["error"]["code"]) == (412, "resourceModified")
    changed = await graph.call(
        "PATCH", f"{items}/2/fields", json=body, headers={"If-Match": before["eTag"]}
    )
    assert changed.status_code == 200
    fields = changed.json()
    assert (fields["Quantity"], fields["Tags"], fields["_UIVersionString"]) == (9, ["new"], "2.0")
    assert "State" not in fields
    assert fields["Title"] == "Anchor"
    assert fields["@odata.etag"] == f'{before["eTag"][:-2]}2"'
    # the forms of the eTag in delta are taken as well
    bare = {"If-Match": fields["@odata.etag"].strip('"').upper()}
    again = await graph.call("PATCH", f"{items}/2", json={"fields": {"Quantity": 8}}, headers=bare)
    assert again.json()["fields"]["Quantity"] == 8
    assert again.json()["lastModifiedDateTime"] == "2026-06-03T15:00:00Z"


async def test_an_item_keeps_its_own_unique_value(graph, items):
    body = {"Serial_x0020_Number": "X-0002"}
    assert (await graph.call("PATCH", f"{items}/2/fields", json=body)).status_code == 200


async def test_a_deleted_item_is_gone(graph, items):
    place = f"{items}/2"
    assert (await graph.call("DELETE", place, headers={"If-Match": '"x,1"'})).status_code == 412
    assert (await graph.call("DELETE", place)).status_code == 204
    for method, where in (
        ("GET", place), ("DELETE", place), ("PATCH", f"{place}/fields"), ("GET", f"{items}/x"),
    ):  # fmt: skip
        refused = await graph.call(method, where, json={})
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "itemNotFound")


async def test_versions(graph, items, world):
    await graph.call("PATCH", f"{items}/2/fields", json={"Title": "Second"})
    versions = (await graph.json(f"{items}/2/versions?$expand=fields($select=Title)"))["value"]
    assert [(v["id"], v["fields"]["Title"]) for v in versions] == [
        ("2.0", "Second"), ("1.0", "Anchor"),
    ]  # fmt: skip
    assert versions[0]["lastModifiedBy"]["user"]["displayName"] == "Alex Wilber"


async def test_a_known_etag_is_not_sent_again(graph, items):
    etag = (await graph.json(f"{items}/1"))["eTag"]
    same = await graph.get(f"{items}/1", headers={"If-None-Match": etag})
    assert (same.status_code, same.content) == (304, b"")


async def test_a_content_type_is_chosen_by_id_of_list_or_site_or_by_name(graph, items, site, world):
    place = items.removesuffix("/items")
    url = f"https://graph.microsoft.com/v1.0/sites/{site.id}/contentTypes/0x0108"
    added = (
        await graph.call("POST", f"{place}/contentTypes/addCopy", json={"contentType": url})
    ).json()
    for body in (
        {"contentType": {"id": added["id"]}},
        {"contentType": {"id": "0x0108"}},
        {"contentType": {"name": "Task"}},
        {"fields": {"ContentType": "Task"}},
        {"fields": {"ContentTypeId": added["id"]}},
    ):
        made = (await graph.call("POST", items, json=body)).json()
        assert made["contentType"] == {"id": added["id"], "name": "Task"}
    changed = await graph.call("PATCH", f"{items}/1", json={"contentType": {"id": "0x0108"}})
    assert changed.json()["fields"]["ContentType"] == "Task"
    refused = await graph.call("PATCH", f"{items}/1", json={"contentType": {"id": "0x0104"}})
    assert refused.status_code == 400


# -- files as items


async def test_files_are_items_both_ways(graph, items, site):
    drive = site.drives[0]
    documents = f"/sites/{site.id}/lists/Documents"
    rows = (await graph.json(f"{documents}/items?$expand=fields,driveItem"))["value"]
    by_name = {row["fields"]["FileLeafRef"]: row for row in rows}
    assert len(by_name) == len(list(drive.walk(drive.root)))
    row = by_name["On call.md"]
    item = await graph.json(f"{documents}/items/{row['id']}/driveItem")
    assert item["id"] == row["driveItem"]["id"]
    back = await graph.json(f"/drives/{drive.id}/items/{item['id']}/listItem?$expand=fields")
    assert back["id"] == row["id"]
    assert back["fields"] == row["fields"]
    assert back["parentReference"]["id"] == row["parentReference"]["id"]
    folder = by_name["Handbook"]
    assert row["parentReference"]["id"] in folder["eTag"]
    assert folder["contentType"]["name"] == "Folder"
    assert folder["fields"]["ItemChildCount"] == "2"
    fields = row["fields"]
    assert fields["ContentType"] == "Document"
    assert (fields["DocIcon"], fields["Edit"]) == ("md", "0")
    assert fields["FileSizeDisplay"] == str(item["size"])
    assert fields["ParentVersionStringLookupId"] == row["id"]
    assert row["webUrl"].endswith("/Shared%20Documents/Handbook/On%20call.md")
    assert (await graph.get(f"{items}/1/driveItem")).status_code == 400
    root = await graph.get(f"/drives/{drive.id}/root/listItem")
    assert root.status_code == 400


async def test_values_of_a_file_change_the_file(graph, items, site):
    drive = site.drives[0]
    place = f"/drives/{drive.id}/root:/README.md"
    before = await graph.json(place)
    columns = f"/sites/{site.id}/lists/Documents/columns"
    await graph.call("POST", columns, json={"name": "Reviewed", "boolean": {}})
    _, link, _ = await graph.round(f"/drives/{drive.id}/root/delta")
    number = (await graph.json(f"{place}:/listItem"))["id"]
    changed = await graph.call(
        "PATCH", f"/drives/{drive.id}/items/{before['id']}/listItem/fields",
        json={"Title": "Read me", "Reviewed": True},
    )  # fmt: skip
    assert changed.json()["Reviewed"] is True
    after = await graph.json(place)
    assert after["cTag"] == before["cTag"]
    assert after["eTag"] != before["eTag"]
    entries, _, _ = await graph.round(link)
    assert before["id"] in {entry["id"] for entry in entries}
    renamed = await graph.call(
        "PATCH", f"/sites/{site.id}/lists/Documents/items/{number}/fields",
        json={"FileLeafRef": "Read me.md"},
    )  # fmt: skip
    assert renamed.json()["LinkFilename"] == "Read me.md"
    assert renamed.json()["Title"] == "Read me"
    assert (await graph.json(f"/drives/{drive.id}/root:/Read me.md"))["id"] == before["id"]
    read = await graph.json(
        f"/drives/{drive.id}/items/{before['id']}/listItem/fields?$select=Title"
    )
    assert read["Title"] == "Read me"
    deleted = await graph.call("DELETE", f"/sites/{site.id}/lists/Documents/items/{number}")
    assert deleted.status_code == 204
    assert (await graph.get(f"/drives/{drive.id}/items/{before['id']}")).status_code == 404


async def test_items_of_a_library_are_not_made_through_the_list(graph, items, site):
    place = f"/sites/{site.id}/lists/Documents/items"
    refused = await graph.call("POST", place, json={"fields": {"Title": "x"}})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalidRequest")


async def test_versions_of_a_file_are_those_of_the_drive(graph, items, site):
    drive = site.drives[0]
    place = f"/drives/{drive.id}/root:/README.md"
    await graph.call("PUT", f"{place}:/content", content=b"other")
    row = await graph.json(f"{place}:/listItem?$expand=fields")
    ours = await graph.json(f"/sites/{site.id}/lists/Documents/items/{row['id']}/versions")
    theirs = await graph.json(f"{place}:/versions")
    assert [v["id"] for v in ours["value"]] == [v["id"] for v in theirs["value"]] == ["2.0", "1.0"]
    assert row["fields"]["_UIVersionString"] == "2.0"


async def test_people_are_found_behind_their_numbers(graph, items, site):
    place = f"/sites/{site.id}/lists/User Information List/items?$expand=fields"
    rows = (await graph.json(place))["value"]
    megan = next(row for row in rows if row["fields"]["Title"] == "Megan Bowen")
    asset = await graph.json(f"{items}/1/fields")
    assert asset["KeeperLookupId"] == megan["id"]
    assert megan["fields"]["EMail"] == "megan@contoso.onmicrosoft.com"


async def test_ids_for_the_other_api_when_they_are_asked_for(graph, items, site):
    row = await graph.json(f"{items}/1?$select=id,sharepointIds")
    ids = row["sharepointIds"]
    assert (ids["listItemId"], ids["siteUrl"]) == ("1", site.web_url)
    assert row["@odata.etag"] == f'"{ids["listItemUniqueId"]},1"'
    assert "sharepointIds" not in await graph.json(f"{items}/1")


async def test_a_file_brings_its_list_item_along(graph, items, site):
    drive = site.drives[0]
    expand = "$expand=listItem($expand=fields($select=FileLeafRef);$select=id)"
    one = await graph.json(f"/drives/{drive.id}/root:/README.md?$select=id&{expand}")
    assert one["listItem"]["fields"]["FileLeafRef"] == "README.md"
    assert set(one) == {"@odata.context", "id", "listItem"}
    page = await graph.json(f"/drives/{drive.id}/root/children?{expand}")
    for item in page["value"]:
        assert item["listItem"]["fields"]["FileLeafRef"] == item["name"]
    assert "listItem" not in await graph.json(f"/drives/{drive.id}/root?{expand}")
