"""Attachments and the recycle bin.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/working-with-folders-and-files-with-rest#working-with-files-attached-to-list-items-by-using-rest
"""

import pytest

SITE = "/sites/marketing"


@pytest.fixture
async def item(api):
    await api.post("web/lists", 201, json={"Title": "Boats", "BaseTemplate": 100})
    await api.post("web/lists/getbytitle('Boats')/items", 201, json={"Title": "Sloop"})
    return "web/lists/getbytitle('Boats')/items(1)"


async def test_attachments(api, item):
    files = f"{item}/AttachmentFiles"
    assert (await api.get(files))["value"] == []
    made = await api.post(f"{files}/add(FileName='plan 1.txt')", content=b"one")
    place = f"{SITE}/Lists/Boats/Attachments/1/plan 1.txt"
    assert made == {
        "FileName": "plan 1.txt",
        "FileNameAsPath": {"DecodedUrl": "plan 1.txt"},
        "ServerRelativePath": {"DecodedUrl": place},
        "ServerRelativeUrl": place,
    }
    await api.post(f"{files}/add(FileName='PLAN 1.txt')", 400, content=b"two")
    await api.post(f"{files}/AddUsingPath(DecodedUrl='50%2523.txt')", content=b"fifty")
    await api.post(f"{files}/add(FileName='a:b')", 400, content=b"")
    one = f"{files}('Plan 1.txt')"
    assert (await api.call("GET", f"{one}/$value")).content == b"one"
    assert (await api.call("GET", f"{files}/GetByFileName('50%2525.txt')")).status_code == 404
    put = await api.call("POST", f"{one}/$value", headers={"x-http-method": "PUT"}, content=b"two")
    assert put.status_code == 204
    as_file = f"web/GetFileByServerRelativePath(decodedurl='{place}')"
    assert (await api.call("GET", f"{as_file}/$value")).content == b"two"
    assert (await api.get(as_file))["Name"] == "plan 1.txt"
    shown = await api.get(f"{item}?$select=Attachments,AttachmentFiles&$expand=AttachmentFiles")
    assert shown["Attachments"] is True
    assert {f["FileName"] for f in shown["AttachmentFiles"]} == {"plan 1.txt", "50%23.txt"}
    assert len((await api.get(f"{item}/versions"))["value"]) == 4
    assert (await api.call("DELETE", one)).status_code == 200
    assert (await api.call("DELETE", one)).status_code == 404
    await api.get(as_file, 404)
    await api.post(f"{files}('50%2523.txt')/RecycleObject")
    assert (await api.get(item))["Attachments"] is False


async def test_a_deleted_attachment_comes_back(api, item):
    files = f"{item}/AttachmentFiles"
    await api.post(f"{files}/add(FileName='plan.txt')", content=b"one")
    await api.post(f"{files}('plan.txt')/RecycleObject")
    (entry,) = (await api.get("web/RecycleBin"))["value"]
    assert (entry["LeafName"], entry["ItemType"], entry["Size"]) == ("plan.txt", 7, "3")
    assert entry["DirName"] == f"{SITE.strip('/')}/Lists/Boats/Attachments/1"
    await api.post(f"{files}/add(FileName='PLAN.txt')", content=b"another")
    await api.post(f"web/RecycleBin('{entry['Id']}')/Restore", 400)
    assert (await api.call("DELETE", f"{files}('plan.txt')")).status_code == 200
    await api.post(f"web/RecycleBin('{entry['Id']}')/Restore")
    assert (await api.call("GET", f"{files}('plan.txt')/$value")).content == b"one"
    (other,) = (await api.get("web/RecycleBin"))["value"]
    await api.post(f"{item}/recycle")
    await api.post(f"web/RecycleBin('{other['Id']}')/Restore", 404)
    await api.call("DELETE", f"web/RecycleBin('{other['Id']}')")
    assert other["Id"] not in {one["Id"] for one in (await api.get("web/RecycleBin"))["value"]}


async def test_who_may_attach(api, item):
    first = "web/lists/getbytitle('Documents')/items(1)/AttachmentFiles"
    await api.post(f"{first}/add(FileName='x.txt')", 400, content=b"x")
    api.as_user("AllSites.Read")
    await api.post(f"{item}/AttachmentFiles/add(FileName='x.txt')", 403, content=b"x")


async def test_graph_sees_that_there_are_attachments(api, item):
    await api.post(f"{item}/AttachmentFiles/add(FileName='x.txt')", content=b"x")
    site = await api.graph(f"/sites/contoso.sharepoint.com:{SITE}")
    found = await api.graph(f"/sites/{site['id']}/lists/Boats/items/1?$expand=fields")
    assert found["fields"]["Attachments"] is True


# -- the recycle bin


async def bin_of(api, where="web"):
    return {one["LeafName"]: one for one in (await api.get(f"{where}/RecycleBin"))["value"]}


async def test_items_and_lists_come_back(api, item):
    wanted = (await api.post(f"{item}/recycle"))["value"]
    (row,) = (await bin_of(api)).values()
    assert row["Id"] == wanted
    assert (row["ItemType"], row["Title"], row["ItemState"]) == (3, "Sloop", 1)
    assert row["DirName"] == "sites/marketing/Lists/Boats"
    await api.post(f"web/RecycleBin('{wanted}')/Restore()")
    assert (await api.get(item))["Title"] == "Sloop"
    boats = "web/lists/getbytitle('Boats')"
    recycled = (await api.post(f"{boats}/recycle"))["value"]
    await api.get(boats, 404)
    assert (await bin_of(api))["Boats"]["ItemType"] == 4
    other = await api.post("web/lists", 201, json={"Title": "Boats", "BaseTemplate": 100})
    await api.post(f"web/RecycleBin('{recycled}')/Restore()", 400)  # its title is taken
    await api.call("DELETE", f"web/lists('{other['Id']}')")
    await api.post(f"web/RecycleBin('{recycled}')/Restore()")
    assert (await api.get(item))["Title"] == "Sloop"
    library = await api.post("web/lists", 201, json={"Title": "Archive", "BaseTemplate": 101})
    assert (await api.call("DELETE", f"web/lists('{library['Id']}')")).status_code == 200
    gone = (await bin_of(api))["Archive"]["Id"]
    await api.post(f"web/RecycleBin('{gone}')/Restore()")
    assert (await api.get("web/lists/getbytitle('Archive')"))["Id"] == library["Id"]


async def test_both_stages(api, item):
    folder = f"web/GetFolderByServerRelativePath(decodedurl='{SITE}/Shared Documents')"
    for name in ("a.txt", "b.txt", "c.txt"):
        await api.post(f"{folder}/Files/add(url='{name}')", content=b"x")
        await api.post(f"{folder}/Files('{name}')/recycle")
    ids = {name: one["Id"] for name, one in (await bin_of(api)).items()}
    await api.post(f"web/RecycleBin('{ids['a.txt']}')/MoveToSecondStage()")
    assert set(await bin_of(api)) == {"b.txt", "c.txt"}
    whole = await bin_of(api, "site")
    assert {name: one["ItemState"] for name, one in whole.items()} == {
        "a.txt": 2,
        "b.txt": 1,
        "c.txt": 1,
    }
    await api.get(f"web/RecycleBin('{ids['a.txt']}')", 404)
    by = await api.get(f"site/RecycleBin('{ids['a.txt']}')?$expand=DeletedBy,Author")
    assert by["DeletedBy"]["Title"] == by["Author"]["Title"] == "SharePoint App"
    await api.post("site/RecycleBin/RestoreByIds", json={"ids": {"results": [ids["a.txt"]]}})
    assert (await api.get(f"{folder}/Files('a.txt')"))["Exists"]
    await api.post("web/RecycleBin/MoveToSecondStageByIds", json={"ids": [ids["b.txt"]]})
    await api.post("site/RecycleBin/DeleteAllSecondStageItems")
    assert set(await bin_of(api, "site")) == {"c.txt"}
    await api.post("web/RecycleBin/RestoreByIds", 400, json={})
    await api.post("web/RecycleBin/DeleteByIds", 404, json={"ids": [ids["b.txt"]]})
    await api.post("web/RecycleBin/MoveAllToSecondStage()")
    assert await bin_of(api) == {}
    await api.post("web/RecycleBin/RestoreAll")
    assert (await bin_of(api, "site"))["c.txt"]["ItemState"] == 2
    await api.post(f"{item}/recycle")
    await api.post("web/RecycleBin/DeleteAll")
    assert set(await bin_of(api, "site")) == {"c.txt"}
    api.as_user("AllSites.Read")
    await api.get("web/RecycleBin", 403)
