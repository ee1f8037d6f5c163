"""Lists of a site: reading, making, changing, deleting, and libraries as lists."""

import pytest

from m365sim.testing import delegated_token

MANAGE = ["Sites.Manage.All", "Sites.ReadWrite.All", "Files.ReadWrite.All"]


@pytest.fixture
def site(world):
    return world.content.site_at("contoso.sharepoint.com", "/sites/engineering")


@pytest.fixture
def at_site(world, site, graph):
    graph.token = delegated_token(world, scopes=MANAGE)
    return f"/sites/{site.id}"


async def test_lists_and_libraries_are_listed_and_system_ones_are_not(graph, at_site, site):
    page = await graph.json(f"{at_site}/lists")
    names = {one["displayName"]: one["list"] for one in page["value"]}
    assert names["Documents"]["template"] == "documentLibrary"
    assert names["Assets"]["template"] == "genericList"
    assert names["Connector settings"]["hidden"] is True
    assert "User Information List" not in names
    context = page["@odata.context"]
    assert context.endswith(f"#sites('{site.id.replace(',', '%2C')}')/lists")
    every = (await graph.json(f"{at_site}/lists?$select=id,displayName,system"))["value"]
    system = [one for one in every if "system" in one]
    assert [one["displayName"] for one in system] == ["User Information List"]
    assert set(every[0]) == {"@odata.etag", "id", "displayName"}


async def test_lists_come_in_pages(graph, at_site):
    link, names, pages = f"{at_site}/lists?$top=2", [], 0
    while link:
        page = await graph.json(link)
        names += [one["displayName"] for one in page["value"]]
        link, pages = page.get("@odata.nextLink"), pages + 1
    assert pages == 3
    assert names == ["Documents", "Specifications", "Vendors", "Assets", "Connector settings"]
    for wrong in ("$top=0", "$top=x", "$skiptoken=nonsense"):
        refused = await graph.get(f"{at_site}/lists?{wrong}")
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalidRequest")


async def test_a_list_is_found_by_id_and_title(graph, at_site):
    by_title = await graph.json(f"{at_site}/lists/assets")
    by_id = await graph.json(f"{at_site}/lists/{by_title['id'].upper()}")
    assert by_id == by_title
    assert by_title["eTag"].startswith(f'"{by_title["id"]},')
    assert by_title["name"] == "Assets"
    assert by_title["webUrl"] == "https://contoso.sharepoint.com/sites/engineering/Lists/Assets"
    for missing in ("nonsense", "22e03ef3-6ef4-424d-a1d3-92a337807c30"):
        refused = await graph.get(f"{at_site}/lists/{missing}")
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "itemNotFound")


async def test_a_library_is_a_list_and_a_list_has_a_drive(graph, at_site, site):
    drive = site.drives[0]
    known = await graph.json(f"{at_site}/lists/Documents")
    assert known["name"] == "Shared Documents"
    assert (await graph.json(f"/drives/{drive.id}/list"))["id"] == known["id"]
    assert (await graph.json(f"{at_site}/lists/Documents/drive"))["id"] == drive.id
    below = await graph.json(f"{at_site}/lists/{known['id']}/drive/root/children")
    assert {one["name"] for one in below["value"]} == {"README.md", "Handbook", "Reviews"}
    assert (await graph.get(f"{at_site}/lists/Assets/drive")).status_code == 404


async def test_expansions(graph, at_site):
    place = (
        f"{at_site}/lists/Assets?select=id,name,lastModifiedDateTime"
        "&expand=columns(select=name,description),items(expand=fields(select=Title,Quantity)),"
        "contentTypes($select=name),drive"
    )
    known = await graph.json(place)
    assert set(known) == {
        "@odata.context", "@odata.etag", "id", "name", "lastModifiedDateTime",
        "columns", "items", "contentTypes",
    }  # fmt: skip
    assert {"name": "Quantity", "description": ""} in known["columns"]
    assert known["items"][0]["fields"]["Title"] == "Echo sounder"
    assert known["items"][0]["fields"]["Quantity"] == 2
    assert [t["name"] for t in known["contentTypes"]] == ["Item", "Folder"]
    library = await graph.json(f"{at_site}/lists/Documents?$expand=drive($select=name)")
    assert library["drive"] == {"name": "Documents"}
    for wrong in ("nonsense", "columns(nonsense=1)", "columns(select=name"):
        refused = await graph.get(f"{at_site}/lists/Assets?$expand={wrong}")
        assert refused.status_code == 400
        assert "InvalidClientQueryException" in refused.json()["error"]["code"]


async def test_a_list_is_made_with_its_columns(graph, at_site):
    body = {
        "displayName": "Books",
        "description": "To read",
        "columns": [{"name": "Author", "text": {}}, {"name": "PageCount", "number": {}}],
        "list": {"template": "genericList", "contentTypesEnabled": True},
    }
    made = await graph.call("POST", f"{at_site}/lists", json=body)
    assert made.status_code == 201
    shape = made.json()
    assert shape["eTag"] == f"{shape['id']},0"  # without quotes, here alone
    assert shape["list"] == {
        "contentTypesEnabled": True, "hidden": False, "template": "genericList",
    }  # fmt: skip
    assert made.headers["location"].endswith(
        f"/_api/v2.0/sites('{shape['parentReference']['siteId']}')/lists('{shape['id']}')"
    )
    columns = (await graph.json(f"{at_site}/lists/Books/columns"))["value"]
    own = {column["displayName"]: column["name"] for column in columns}
    assert own["Author"] == "Author0"  # the name inside is taken by "Created By"
    assert own["PageCount"] == "PageCount"
    assert (await graph.json(f"{at_site}/lists/Books"))["eTag"] == f'"{shape["id"]},0"'
    again = await graph.call("POST", f"{at_site}/lists", json=body)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "nameAlreadyExists")


async def test_a_new_library_is_a_drive(graph, at_site):
    body = {"displayName": "Plans", "list": {"template": "documentLibrary"}}
    made = (await graph.call("POST", f"{at_site}/lists", json=body)).json()
    drives = (await graph.json(f"{at_site}/drives"))["value"]
    drive = next(d for d in drives if d["name"] == "Plans")
    place = f"/drives/{drive['id']}/root:/a.txt:/content"
    assert (await graph.call("PUT", place, content=b"a")).status_code == 201
    rows = (await graph.json(f"{at_site}/lists/{made['id']}/items?expand=fields"))["value"]
    assert [row["fields"]["FileLeafRef"] for row in rows] == ["a.txt"]
    changed = await graph.call(
        "PATCH", f"{at_site}/lists/{made['id']}", json={"displayName": "Pläne", "description": "d"}
    )
    assert changed.json()["displayName"] == "Pläne"
    seen = await graph.json(f"/drives/{drive['id']}")
    assert (seen["name"], seen["description"]) == ("Pläne", "d")
    assert (await graph.call("DELETE", f"{at_site}/lists/{made['id']}")).status_code == 204
    assert (await graph.get(f"/drives/{drive['id']}")).status_code == 404


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"name": "Books"}, "Cannot define a 'name'"),
        ({}, "displayName is required"),
        ({"displayName": 5}, "displayName is required"),
        ({"displayName": "B", "list": "genericList"}, "displayName is required"),
        ({"displayName": "B", "list": {"template": "generic"}}, "not acceptable"),
        ({"displayName": "B", "columns": {}}, "list of column definitions"),
        ({"displayName": "B", "columns": [5]}, "list of column definitions"),
        ({"displayName": "B", "columns": [{"name": "C"}]}, "exactly one type"),
        ({"displayName": "B", "description": 5}, "must be a string"),
    ],
)
async def test_what_no_list_can_be(graph, at_site, body, complaint):
    refused = await graph.call("POST", f"{at_site}/lists", json=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalidRequest")
    assert complaint in refused.json()["error"]["message"]


async def test_a_list_changes(graph, at_site):
    before = await graph.json(f"{at_site}/lists/Vendors")
    place = f"{at_site}/lists/{before['id']}"
    body = {"displayName": "Suppliers", "list": {"hidden": True, "contentTypesEnabled": True}}
    stale = {"If-Match": f'"{before["id"]},99"'}
    assert (await graph.call("PATCH", place, json=body, headers=stale)).status_code == 412
    match = {"If-Match": before["eTag"]}
    changed = (await graph.call("PATCH", place, json=body, headers=match)).json()
    assert changed["displayName"] == "Suppliers"
    assert changed["name"] == "Vendors"
    assert changed["list"]["hidden"] is changed["list"]["contentTypesEnabled"] is True
    assert changed["eTag"] != before["eTag"]
    assert (await graph.get(f"{at_site}/lists/Vendors")).status_code == 404
    for wrong in ({"displayName": "Assets"}, {"displayName": " "}, {"description": 5}):
        assert (await graph.call("PATCH", place, json=wrong)).status_code == 400
    assert (await graph.call("DELETE", place, headers=match)).status_code == 412
    assert (await graph.call("DELETE", place)).status_code == 204
    assert (await graph.get(place)).status_code == 404


async def test_the_services_lists_stay(graph, at_site):
    place = f"{at_site}/lists/User Information List"
    assert (await graph.json(place))["list"]["hidden"] is True
    for method, below, body in (
        ("PATCH", "", {"displayName": "x"}),
        ("DELETE", "", None),
        ("POST", "/items", {"fields": {"Title": "x"}}),
    ):
        refused = await graph.call(method, place + below, json=body)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "accessDenied")


async def test_wrong_verbs_and_what_is_not_modelled(graph, at_site, world):
    wrong = await graph.call("PUT", f"{at_site}/lists/Assets", json={})
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, PATCH, DELETE")
    assert (await graph.get(f"{at_site}/lists/Assets/activities")).status_code == 400
    assert (await graph.get(f"{at_site}/lists/Assets/items/1/activities")).status_code == 400
    assert sum(world.faults.traffic.not_modelled.values()) == 3
    await graph.get(f"{at_site}/lists/Assets/items/1/fields")
    route = "/sites/{site-id}/lists/{list-id}/items/{item-id}/fields"
    assert world.faults.traffic.counts["graph", "GET", route] == 1


async def test_truth_knows_lists_and_numbers(graph, at_site, world, site):
    from m365sim.truth import truth

    told = next(s for s in truth(world)["sites"] if s["id"] == site.id)
    lists = {one["displayName"]: one for one in told["lists"]}
    assert lists["Documents"]["driveId"] == site.drives[0].id
    assert [item["id"] for item in lists["Assets"]["items"]] == [1, 2, 3, 4]
    assert lists["Assets"]["items"][0]["fields"]["Title"] == "Echo sounder"
    shown = (await graph.json(f"{at_site}/lists/Documents/items?$expand=driveItem"))["value"]
    items = {item["id"]: item["listItemId"] for item in told["drives"][0]["items"]}
    for row in shown:
        assert items[row["driveItem"]["id"]] == int(row["id"])
