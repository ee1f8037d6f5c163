"""Sites, webs and files under the ids that Graph gives them.

https://learn.microsoft.com/dotnet/api/microsoft.sharepoint.client.site.geturlbyid,
https://learn.microsoft.com/dotnet/api/microsoft.sharepoint.client.site.openwebbyid
"""

HOST = "https://contoso.sharepoint.com"
NONE = "00000000-0000-4000-8000-000000000001"


async def test_a_site_is_found_by_its_ids(api):
    site = await api.graph("/sites/contoso.sharepoint.com:/sites/marketing")
    _, collection, web = site["id"].split(",")
    found = await api.post(f"{HOST}/_api/SP.Site.GetUrlById", json={"id": collection})
    assert found["value"] == f"{HOST}/sites/marketing"
    opened = await api.post(f"site/openWebById('{web}')")
    assert (opened["Id"], opened["Url"]) == (web, f"{HOST}/sites/marketing")
    await api.post(f"{HOST}/_api/SP.Site.GetUrlById", 404, json={"id": NONE})
    await api.post(f"{HOST}/_api/SP.Site.GetUrlById", 400, json={"id": "x"})
    await api.post(f"site/openWebById('{NONE}')", 404)


async def test_a_subsite_is_opened_by_its_id(api):
    made = await api.post("web/webs/add", json={"parameters": {"Url": "quay", "Title": "Quay"}})
    opened = await api.post(f"site/openWebById('{made['Id']}')")
    assert opened["ServerRelativeUrl"] == "/sites/marketing/quay"


async def test_a_file_tells_what_graph_calls_it(api, drive):
    item = next(one for one in drive.children(drive.root.uid) if not one.is_folder)
    found = await api.get(
        f"web/GetFileByServerRelativePath(decodedurl='{drive.place(item)}')"
        "?$select=VroomDriveID,VroomItemID"
    )
    assert found == {"VroomDriveID": drive.id, "VroomItemID": drive.item_id(item.uid)}


async def test_a_name_that_is_taken_is_made_unique(api, drive):
    folder = f"web/GetFolderByServerRelativePath(decodedurl='{drive.place(drive.root)}')/files"
    add = f"{folder}/AddUsingPath(DecodedUrl='a.txt',EnsureUniqueFileName=true)"
    first = await api.post(add, content=b"1")
    second = await api.post(add, content=b"2")
    assert first["Name"] == "a.txt"
    assert second["Name"] != "a.txt"
    assert second["UniqueId"] != first["UniqueId"]


async def test_an_item_is_found_by_its_unique_id(api, drive):
    item = next(one for one in drive.children(drive.root.uid) if one.is_folder)
    row = await api.get(
        f"web/GetFolderByServerRelativePath(decodedurl='{drive.place(item)}')"
        "/ListItemAllFields?$select=Id,UniqueId"
    )
    place = "web/lists/getbytitle('Documents')"
    found = await api.get(f"{place}/GetItemByUniqueId('{row['UniqueId']}')?$select=Id,FileRef")
    assert found == {"Id": row["Id"], "FileRef": drive.place(item)}
    await api.get(f"{place}/GetItemByUniqueId('{NONE}')", 404)
    made = await api.post("web/lists", 201, json={"Title": "Boats", "BaseTemplate": 100})
    place = f"web/lists(guid'{made['Id']}')"
    one = await api.post(f"{place}/items", 201, json={"Title": "Ark"})
    uid = (await api.get(f"{place}/items({one['Id']})?$select=UniqueId"))["UniqueId"]
    assert (await api.get(f"{place}/GetItemByUniqueId(guid'{uid}')"))["Title"] == "Ark"
    await api.get(f"{place}/GetItemByUniqueId('{NONE}')", 404)
