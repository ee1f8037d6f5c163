"""Apps that were granted single lists, libraries and files."""

import pytest

from m365sim.entra.contoso import DAEMON_APP_ID
from m365sim.testing import app_token, delegated_token

APP = {"application": {"id": DAEMON_APP_ID, "displayName": "nightly-indexer"}}
LISTS = "Lists.SelectedOperations.Selected"
ITEMS = "ListItems.SelectedOperations.Selected"
FILES = "Files.SelectedOperations.Selected"


@pytest.fixture
def place(world):
    site = world.content.site_at("contoso.sharepoint.com", "/sites/engineering")
    return f"/sites/{site.id}"


@pytest.fixture
def grant(graph, world):
    """Grant the daemon something as an owner; then be the daemon with one permission."""

    async def granted(path, role, permission):
        graph.token = app_token(world, roles=["Sites.FullControl.All"])
        body = {"grantedToV2": APP, "roles": [role]}
        made = await graph.call("POST", f"{path}/permissions", json=body)
        assert made.status_code == 201, made.text
        graph.token = app_token(world, roles=[permission])
        return made.json()

    return granted


async def test_a_list_opens_for_the_app_it_was_granted_to(graph, place, grant):
    graph.token = app_token(graph.world, roles=[LISTS])
    assert (await graph.get(f"{place}/lists/Assets/items")).status_code == 403
    made = await grant(f"{place}/lists/Assets", "read", LISTS)
    assert made["grantedToV2"] == APP
    assert (await graph.get(f"{place}/lists/Assets")).status_code == 200
    assert (await graph.json(f"{place}/lists/Assets/items"))["value"]
    assert (await graph.get(f"{place}/lists/Assets/items/1?$expand=fields")).status_code == 200
    new = {"fields": {"Title": "x"}}
    refused = await graph.call("POST", f"{place}/lists/Assets/items", json=new)
    assert refused.status_code == 403
    for closed in (place, f"{place}/lists", f"{place}/lists/Vendors/items", "/sites?search=*"):
        assert (await graph.get(closed)).status_code == 403, closed
    await grant(f"{place}/lists/Assets", "write", LISTS)
    made = await graph.call("POST", f"{place}/lists/Assets/items", json=new)
    assert made.status_code == 201
    column = {"name": "x", "text": {}}
    refused = await graph.call("POST", f"{place}/lists/Assets/columns", json=column)
    assert refused.status_code == 403
    await grant(f"{place}/lists/Assets", "fullcontrol", LISTS)
    made = await graph.call("POST", f"{place}/lists/Assets/columns", json=column)
    assert made.status_code == 201


async def test_a_library_opens_with_its_files(graph, place, grant, world):
    await grant(f"{place}/lists/Specifications", "read", LISTS)
    rows = (await graph.json(f"{place}/lists/Specifications/items"))["value"]
    assert len(rows) == 4
    drive = (await graph.json(f"{place}/lists/Specifications/drive"))["id"]
    entries, _, _ = await graph.round(f"/drives/{drive}/root/delta")
    assert len(entries) == 5
    put = await graph.call("PUT", f"/drives/{drive}/root:/x.txt:/content", content=b"x")
    assert put.status_code == 403
    other = world.content.site_at("contoso.sharepoint.com", "/sites/engineering").drives[0]
    assert (await graph.get(f"/drives/{other.id}/root/delta")).status_code == 403


@pytest.mark.parametrize("permission", [ITEMS, FILES])
async def test_a_file_opens_alone(graph, place, grant, permission):
    await grant(f"{place}/lists/Specifications/items/1", "write", permission)
    rows = (await graph.json(f"{place}/lists/Specifications/items"))["value"]
    assert [row["id"] for row in rows] == ["1"]
    item = await graph.json(f"{place}/lists/Specifications/items/1/driveItem")
    drive = item["parentReference"]["driveId"]
    put = await graph.call("PUT", f"/drives/{drive}/items/{item['id']}/content", content=b"x")
    assert put.status_code == 200
    assert (await graph.get(f"{place}/lists/Specifications/items/2")).status_code == 404


async def test_an_item_of_a_list_opens_alone(graph, place, grant):
    await grant(f"{place}/lists/Assets/items/2", "read", ITEMS)
    rows = (await graph.json(f"{place}/lists/Assets/items"))["value"]
    assert [row["id"] for row in rows] == ["2"]
    assert (await graph.get(f"{place}/lists/Assets/items/2?$expand=fields")).status_code == 200
    assert (await graph.get(f"{place}/lists/Assets/items/1")).status_code == 404
    change = {"Title": "x"}
    fields = f"{place}/lists/Assets/items/2/fields"
    assert (await graph.call("PATCH", fields, json=change)).status_code == 403
    await grant(f"{place}/lists/Assets/items/2", "write", ITEMS)
    assert (await graph.call("PATCH", fields, json=change)).status_code == 200


async def test_a_grant_breaks_inheritance_and_people_keep_what_they_had(graph, place, grant, world):
    await grant(f"{place}/lists/Specifications/items/1", "read", ITEMS)
    graph.token = delegated_token(world, "megan", ["Sites.ReadWrite.All"])
    item = await graph.json(f"{place}/lists/Specifications/items/1/driveItem")
    assert "shared" in item
    permissions = f"/drives/{item['parentReference']['driveId']}/items/{item['id']}/permissions"
    graph.token = app_token(world)
    listed = (await graph.json(permissions))["value"]
    assert len(listed) > 1
    assert not any("inheritedFrom" in one for one in listed)


async def test_grants_are_read_changed_and_taken_back(graph, place, grant, world):
    for list_or_item in ("Assets", "Assets/items/1", "Specifications", "Specifications/items/1"):
        path = f"{place}/lists/{list_or_item}"
        made = await grant(path, "read", LISTS)
        graph.token = app_token(world, roles=["Sites.FullControl.All"])
        one = f"{path}/permissions/{made['id']}"
        assert (await graph.json(f"{path}/permissions"))["value"] == [
            {key: value for key, value in made.items() if key[:1] != "@"}
        ]
        assert (await graph.json(one))["roles"] == ["read"]
        changed = await graph.call("PATCH", one, json={"roles": ["write"]})
        assert changed.json()["roles"] == ["write"]
        assert (await graph.call("DELETE", one)).status_code == 204
        for verb in ("GET", "DELETE"):
            assert (await graph.call(verb, one)).status_code == 404
        assert (await graph.json(f"{path}/permissions"))["value"] == []


async def test_the_app_sees_no_more_than_its_user(graph, place, grant, world):
    await grant(f"{place}/lists/Assets", "read", LISTS)
    graph.token = delegated_token(world, "megan", [LISTS])  # by another app
    assert (await graph.get(f"{place}/lists/Assets")).status_code == 403


async def test_grants_that_cannot_be_meant(graph, place, world):
    graph.token = app_token(world, roles=["Sites.FullControl.All"])
    path = f"{place}/lists/Assets/permissions"
    for body in (
        {},
        {"roles": ["read"]},
        {"roles": ["nonsense"], "grantedToV2": APP},
        {"roles": ["read"], "grantedToV2": {"user": {"id": "x"}}},
    ):
        assert (await graph.call("POST", path, json=body)).status_code == 400
    graph.token = delegated_token(world, "megan", ["Sites.ReadWrite.All"])
    body = {"roles": ["read"], "grantedToV2": APP}
    assert (await graph.call("POST", path, json=body)).status_code == 403
