"""Folders of lists that are no libraries, and what lies in them.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/working-with-lists-and-list-items-with-rest#create-list-item-in-a-folder
"""

import pytest

SITE = "/sites/marketing"
LIST = "web/lists/getbytitle('Boats')"
MERGE = {"x-http-method": "MERGE", "if-match": "*"}


def folder(path):
    return f"web/GetFolderByServerRelativePath(decodedurl='{SITE}/Lists/Boats{path}')"


def form(**values):
    return [{"FieldName": name, "FieldValue": value} for name, value in values.items()]


async def put(api, title, path="", kind=0, status=200):
    place = f"https://contoso.sharepoint.com{SITE}/Lists/Boats{path}"
    body = {
        "listItemCreateInfo": {"FolderPath": {"DecodedUrl": place}, "UnderlyingObjectType": kind},
        "formValues": form(Title=title),
        "bNewDocumentUpdate": False,
    }
    return await api.post(f"{LIST}/AddValidateUpdateItemUsingPath", status, json=body)


async def found(api, scope="", path=""):
    query = {"ViewXml": f'<View Scope="{scope}"/>'}
    if path:
        query["FolderServerRelativeUrl"] = f"{SITE}/Lists/Boats{path}"
    answer = await api.post(f"{LIST}/GetItems", json={"query": query})
    return [item["Title"] for item in answer["value"]]


@pytest.fixture
async def boats(api):
    await api.post("web/lists", 201, json={"Title": "Boats", "BaseTemplate": 100})
    await put(api, "Sloop")
    await put(api, "Sail", kind=1)
    await put(api, "Old", "/Sail", kind=1)
    await put(api, "Ketch", "/Sail")
    await put(api, "Brig", "/Sail/Old")


async def test_items_lie_in_folders(api, boats):
    shown = await api.get(f"{LIST}/items?$select=Title,FileSystemObjectType,FileDirRef,FileRef")
    top = f"{SITE}/Lists/Boats"
    assert [
        (one["Title"], one["FileSystemObjectType"], one["FileDirRef"]) for one in shown["value"]
    ] == [
        ("Sloop", 0, top),
        ("Sail", 1, top),
        ("Old", 1, f"{top}/Sail"),
        ("Ketch", 0, f"{top}/Sail"),
        ("Brig", 0, f"{top}/Sail/Old"),
    ]
    assert shown["value"][-1]["FileRef"] == f"{top}/Sail/Old/5_.000"
    only = await api.get(f"{LIST}/items?$filter=FSObjType eq 1&$select=Title,ContentTypeId")
    assert [one["Title"] for one in only["value"]] == ["Sail", "Old"]
    assert all(one["ContentTypeId"].startswith("0x0120") for one in only["value"])


async def test_the_scope_of_a_query(api, boats):
    assert await found(api) == ["Sloop", "Sail"]
    assert await found(api, "FilesOnly") == ["Sloop"]
    assert await found(api, "Recursive") == ["Sloop", "Ketch", "Brig"]
    assert await found(api, "RecursiveAll") == ["Sloop", "Sail", "Old", "Ketch", "Brig"]
    assert await found(api, "", "/Sail") == ["Old", "Ketch"]
    assert await found(api, "Recursive", "/Sail") == ["Ketch", "Brig"]
    body = {"parameters": {"FolderServerRelativeUrl": f"{SITE}/Lists/Boats/Sail"}}
    rows = (await api.post(f"{LIST}/RenderListDataAsStream", json=body))["Row"]
    assert [(row["FileLeafRef"], row["FSObjType"]) for row in rows] == [
        ("Old", "1"),
        ("4_.000", "0"),
    ]
    missing = {"query": {"ViewXml": "<View/>", "FolderServerRelativeUrl": f"{SITE}/Lists/Boats/No"}}
    await api.post(f"{LIST}/GetItems", 404, json=missing)


async def test_folders_as_such(api, boats):
    sail = await api.get(folder("/Sail"))
    assert (sail["Name"], sail["ItemCount"]) == ("Sail", 2)
    below = (await api.get(f"{LIST}/RootFolder/Folders"))["value"]
    assert [one["Name"] for one in below] == ["Sail"]
    assert (await api.get(f"{LIST}/items(3)/Folder"))["ServerRelativeUrl"].endswith("/Sail/Old")
    assert (await api.get(f"{folder('/Sail/Old')}/ParentFolder"))["Name"] == "Sail"
    made = await api.post(f"{LIST}/RootFolder/Folders/AddUsingPath(decodedurl='Motor')")
    assert made["ServerRelativeUrl"] == f"{SITE}/Lists/Boats/Motor"
    again = await api.post("web/folders", 201, json={"ServerRelativeUrl": "Lists/Boats/Motor"})
    assert again["UniqueId"] == made["UniqueId"]
    as_item = {"ContentTypeId": "0x0120", "Title": "Rowing"}
    created = await api.post(f"{LIST}/items", 201, json=as_item)
    assert created["FileSystemObjectType"] == 1
    renamed = await api.call("POST", folder("/Motor"), headers=MERGE, json={"Name": "Engines"})
    assert renamed.status_code == 204
    assert (await api.get(folder("/engines")))["Name"] == "Engines"
    await api.get(folder("/Motor"), 404)
    await api.post(f"{folder('/Sail')}/Folders/Add('a:b')", 400)
    clash = await api.call("POST", folder("/Engines"), headers=MERGE, json={"Name": "Sail"})
    assert clash.status_code == 400
    assert (await api.call("DELETE", folder(""))).status_code == 400


async def test_a_folder_goes_with_what_lies_in_it_and_comes_back(api, boats):
    site = await api.graph(f"/sites/contoso.sharepoint.com:{SITE}")
    place = f"/sites/{site['id']}/lists/Boats/items"
    whole = (await api.graph(f"{place}?$expand=fields"))["value"]
    assert [one["contentType"]["name"] for one in whole][:2] == ["Item", "Folder"]
    assert whole[1]["fields"]["FolderChildCount"] == "1"
    sail = (await api.get(f"{LIST}/items(2)?$select=UniqueId"))["UniqueId"]
    assert {one["parentReference"]["id"] for one in whole[2:4]} == {sail}
    assert whole[4]["webUrl"].endswith("/Lists/Boats/Sail/Old/5_.000")
    gone = await api.post(f"{folder('/Sail')}/Recycle")
    assert await found(api, "RecursiveAll") == ["Sloop"]
    (entry,) = (await api.get("web/RecycleBin"))["value"]
    assert (entry["LeafName"], entry["ItemType"], entry["Id"]) == ("Sail", 5, gone["value"])
    await put(api, "Sail", kind=1)
    await api.post(f"web/RecycleBin('{entry['Id']}')/Restore", 400)
    again = folder("/Sail")
    assert (await api.call("DELETE", again)).status_code == 200
    await api.post(f"web/RecycleBin('{entry['Id']}')/Restore")
    assert await found(api, "RecursiveAll") == ["Sloop", "Sail", "Old", "Ketch", "Brig"]
    assert (await api.graph(f"{place}/5"))["parentReference"]["id"] != sail
