"""One store serves both APIs: the same things, under the same ids, with one history."""

from uuid import UUID

import pytest

from m365sim.testing import delegated_token

SITE = "/sites/marketing"
LIBRARY = f"{SITE}/Shared Documents"
FOLDER = f"web/GetFolderByServerRelativePath(decodedurl='{LIBRARY}')"
DOCUMENTS = "web/lists/getbytitle('Documents')"
GRAPH = "https://graph.microsoft.com/v1.0"


@pytest.fixture
def graph(api):
    """Changes something through Graph."""
    scopes = ["Files.ReadWrite.All", "Sites.Manage.All", "Sites.ReadWrite.All"]
    head = {"authorization": f"Bearer {delegated_token(api.world, scopes=scopes)}"}

    async def call(method, path, status, **options):
        url = path if path.startswith("https:") else GRAPH + path
        found = await api.http.request(method, url, headers=head, **options)
        assert found.status_code == status, found.text
        return found.json() if found.content else None

    return call


@pytest.fixture
def follow(graph, drive):
    """Follow the drive's delta: name → whether it is gone, since the last look."""
    link = f"/drives/{drive.id}/root/delta?token=latest"

    async def look():
        nonlocal link
        page = await graph("GET", link, 200)
        link = page["@odata.deltaLink"]
        return {
            one["id"]: "deleted" if "deleted" in one else one["name"]
            for one in page["value"]
            if one.get("name") not in ("root", "Press")  # folders in which something changed
        }

    return look


async def test_what_rest_does_shows_in_graph(api, follow, graph, drive):
    await follow()
    made = await api.post(f"{FOLDER}/Files/add(url='plan.txt')", content=b"one")
    id_ = drive.item_id(UUID(made["UniqueId"]).bytes_le)
    assert await follow() == {id_: "plan.txt"}
    item = await graph("GET", f"/drives/{drive.id}/items/{id_}?$expand=listItem", 200)
    assert item["eTag"].strip('"') == made["ETag"].strip('"')
    row = await api.get(f"web/GetFileById('{made['UniqueId']}')/ListItemAllFields")
    assert item["listItem"]["id"] == str(row["Id"])
    assert row["GUID"] == made["UniqueId"]
    place = f"{DOCUMENTS}/items({row['Id']})"
    values = {"formValues": [{"FieldName": "FileLeafRef", "FieldValue": "scheme.txt"}]}
    await api.post(f"{place}/ValidateUpdateListItem", json=values)
    assert await follow() == {id_: "scheme.txt"}
    await api.post(
        f"web/GetFileById('{made['UniqueId']}')/MoveTo(newurl='{LIBRARY}/Press/s.txt',flags=0)"
    )
    assert await follow() == {id_: "s.txt"}
    wanted = (await api.post(f"{place}/recycle"))["value"]
    assert await follow() == {id_: "deleted"}
    await graph("GET", f"/drives/{drive.id}/items/{id_}", 404)
    await api.post(f"web/RecycleBin('{wanted}')/Restore()")
    assert await follow() == {id_: "s.txt"}
    shown = await graph("GET", f"/drives/{drive.id}/items/{id_}/versions", 200)
    assert [one["id"] for one in shown["value"]] == ["1.0"]
    folder = await api.post(f"{FOLDER}/Folders/AddUsingPath(decodedurl='New')")
    uid = UUID(folder["UniqueId"]).bytes_le
    assert await follow() == {drive.item_id(uid): "New"}


async def rest_changes(api, token):
    kinds = ("Add", "Update", "DeleteObject", "Rename", "Move", "Restore", "Item", "SystemUpdate")
    query = {**dict.fromkeys(kinds, True), "ChangeTokenStart": {"StringValue": token}}
    found = (await api.post(f"{DOCUMENTS}/GetChanges", json={"query": query}))["value"]
    return [(one["ChangeType"], one["UniqueId"]) for one in found]


async def test_what_graph_does_shows_in_rest(api, graph, drive):
    token = (await api.get(DOCUMENTS))["CurrentChangeToken"]["StringValue"]
    put = await graph("PUT", f"/drives/{drive.id}/root:/plan.txt:/content", 201, content=b"one")
    file = await api.get(f"{FOLDER}/Files('plan.txt')")
    uid = UUID(file["UniqueId"]).bytes_le
    assert drive.item_id(uid) == put["id"]
    item = f"/drives/{drive.id}/items/{put['id']}"
    await graph("PUT", f"{item}/content", 200, content=b"two")
    await graph("PATCH", item, 200, json={"name": "scheme.txt"})
    press = await graph("GET", f"/drives/{drive.id}/root:/Press", 200)
    await graph("PATCH", item, 200, json={"parentReference": {"id": press["id"]}})
    await graph("DELETE", item, 204)
    await graph("POST", f"{item}/restore", 200, json={})
    told = await rest_changes(api, token)
    assert [kind for kind, _ in told] == [1, 2, 4, 6, 3, 7]
    assert {one for _, one in told} == {file["UniqueId"]}
    shown = await api.get(f"web/GetFileById('{file['UniqueId']}')")
    assert shown["ServerRelativeUrl"] == f"{LIBRARY}/Press/scheme.txt"
    assert shown["UIVersionLabel"] == "2.0"
    old = f"web/GetFileById('{file['UniqueId']}')/versions(512)/$value"
    assert (await api.call("GET", old)).content == b"one"


async def test_lists_and_items_both_ways(api, graph):
    site = await graph("GET", f"/sites/contoso.sharepoint.com:{SITE}", 200)
    made = await graph("POST", f"/sites/{site['id']}/lists", 201, json={
        "displayName": "Boats", "columns": [{"name": "Length", "number": {}}]
    })  # fmt: skip
    boats = f"web/lists('{made['id']}')"
    assert (await api.get(boats))["Title"] == "Boats"
    items = f"/sites/{site['id']}/lists/{made['id']}/items"
    page = await graph("GET", f"{items}/delta?token=latest", 200)
    one = await api.post(f"{boats}/items", 201, json={"Title": "Sloop", "Length": 9})
    page = await graph("GET", page["@odata.deltaLink"], 200)
    assert [row["id"] for row in page["value"]] == [str(one["Id"])]
    await graph("PATCH", f"{items}/{one['Id']}/fields", 200, json={"Length": 10})
    shown = await api.get(f"{boats}/items({one['Id']})")
    assert (shown["Length"], shown["OData__UIVersionString"]) == (10, "2.0")
    await graph("DELETE", f"{items}/{one['Id']}", 204)
    (gone,) = (await api.get("web/RecycleBin"))["value"]
    assert gone["Title"] == "Sloop"
    await api.post(f"web/RecycleBin('{gone['Id']}')/Restore()")
    page = await graph("GET", page["@odata.deltaLink"], 200)
    assert ["deleted" in row for row in page["value"]] == [False]
    back = await graph("GET", f"{items}/{one['Id']}?$expand=fields", 200)
    assert back["fields"]["Length"] == 10
    await api.call("POST", boats, headers={"x-http-method": "MERGE"}, json={"Title": "Ships"})
    named = await graph("GET", f"/sites/{site['id']}/lists/{made['id']}", 200)
    assert named["displayName"] == "Ships"


async def test_permissions_are_one_as_well(api, graph, drive):
    made = await api.post(f"{FOLDER}/Files/add(url='plan.txt')", content=b"one")
    id_ = drive.item_id(UUID(made["UniqueId"]).bytes_le)
    place = f"web/GetFileById('{made['UniqueId']}')/ListItemAllFields"
    megan = await api.post("web/ensureuser('megan@contoso.onmicrosoft.com')")
    await api.post(f"{place}/breakroleinheritance(copyRoleAssignments=true)")
    role = f"principalid={megan['Id']},roledefid=1073741826"
    await api.post(f"{place}/roleassignments/addroleassignment({role})")
    found = await graph("GET", f"/drives/{drive.id}/items/{id_}/permissions", 200)
    users = {
        one["grantedToV2"]["user"]["displayName"]: one["roles"]
        for one in found["value"]
        if "user" in one.get("grantedToV2", {})
    }
    assert users["Megan Bowen"] == ["read"]
    await graph("POST", f"/drives/{drive.id}/items/{id_}/invite", 200, json={
        "recipients": [{"email": "adele@contoso.onmicrosoft.com"}], "roles": ["write"],
        "requireSignIn": True,
    })  # fmt: skip
    roles = f"{place}/roleassignments?$expand=Member,RoleDefinitionBindings"
    names = {
        one["Member"]["Title"]: one["RoleDefinitionBindings"][0]["Name"]
        for one in (await api.get(roles))["value"]
    }
    assert (names["Megan Bowen"], names["Adele Vance"]) == ("Read", "Edit")
