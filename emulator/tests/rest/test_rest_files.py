"""Files and folders, and that Graph shows the same ones."""

from uuid import UUID

import pytest

PLACE = "/sites/marketing/Shared Documents"
FOLDER = f"web/GetFolderByServerRelativePath(decodedurl='{PLACE}')"


def file(name):
    return f"web/GetFileByServerRelativePath(decodedurl='{PLACE}/{name}')"


async def test_a_file_uploaded_here_is_in_graphs_delta(api, drive):
    start = await api.graph(f"/drives/{drive.id}/root/delta?token=latest")
    name = "a%23b%25''c.txt"
    made = await api.post(
        f"{FOLDER}/Files/AddUsingPath(decodedurl='{name}',overwrite=true)", content=b"hello"
    )
    assert made["Name"] == "a#b%'c.txt"
    assert made["Length"] == "5"
    delta = await api.graph(start["@odata.deltaLink"])
    (entry,) = [one for one in delta["value"] if "file" in one]
    assert entry["name"] == "a#b%'c.txt"
    uid = UUID(made["UniqueId"])
    assert entry["id"] == drive.item_id(uid.bytes_le)
    assert f"{{{str(uid).upper()}}}" in entry["eTag"]
    content = await api.call("GET", f"web/GetFileById('{uid}')/$value")
    assert content.content == b"hello"


@pytest.mark.parametrize(
    "path",
    [
        f"web/GetFileByServerRelativePath(decodedurl=@p)?@p='{PLACE}/Welcome.md'",
        f"web/GetFileByServerRelativeUrl('{PLACE}/Welcome.md')",
        f"{FOLDER}/Files('Welcome.md')",
        "web/lists/getbytitle('Documents')/RootFolder/Files/GetByUrl('Welcome.md')",
    ],
)
async def test_ways_to_a_file(api, path):
    assert (await api.get(path))["ServerRelativeUrl"] == f"{PLACE}/Welcome.md"


async def test_what_is_not_there(api):
    missing = await api.get(file("none.txt"), 404)
    assert missing["odata.error"]["code"].startswith("-2130575338,")
    old = await api.get(f"web/GetFileByServerRelativeUrl('{PLACE}/none.txt')", 404)
    assert old["odata.error"]["code"] == "-2147024894, System.IO.FileNotFoundException"
    budget = f"{PLACE}/Campaigns/2026 Q3/Budget %232 (50%25).csv"
    await api.get(f"web/GetFileByServerRelativeUrl('{budget}')", 404)
    found = await api.get(f"web/GetFileByServerRelativePath(decodedurl='{budget}')")
    assert found["Name"] == "Budget #2 (50%).csv"


async def test_listing(api):
    shown = await api.get(f"{FOLDER}?$expand=Folders,Files&$select=Name,Folders/Name,Files/Name")
    assert {"Name": "Campaigns"} in shown["Folders"]
    assert {"Name": "Welcome.md"} in shown["Files"]
    names = [one["Name"] for one in (await api.get(f"{FOLDER}/Files?$orderby=Name"))["value"]]
    assert names == ["Empty file.txt", "Welcome.md"]


async def test_overwriting(api):
    add = f"{FOLDER}/Files/add(url='Welcome.md',overwrite=%s)"
    refused = await api.post(add % "false", 400, content=b"x")
    assert refused["odata.error"]["code"].startswith("-2130575257,")
    made = await api.post(add % "true", content=b"xy")
    assert made["UIVersionLabel"] == "2.0"
    tag = made["ETag"]
    put = {"x-http-method": "PUT", "if-match": tag}
    value = f"{file('Welcome.md')}/$value"
    assert (await api.call("POST", value, headers=put, content=b"z")).status_code == 204
    assert (await api.call("POST", value, headers=put, content=b"z")).status_code == 412
    old = (await api.get(f"{file('Welcome.md')}/versions"))["value"]
    assert [one["VersionLabel"] for one in old] == ["1.0", "2.0"]
    assert (await api.call("GET", f"{file('Welcome.md')}/versions(1024)/$value")).content == b"xy"
    await api.post(f"{file('Welcome.md')}/versions/restorebylabel(versionlabel='2.0')")
    assert (await api.call("GET", value)).content == b"xy"
    part = await api.call("GET", value, headers={"range": "bytes=1-"})
    assert (part.status_code, part.content) == (206, b"y")


async def test_chunks(api):
    number = "11111111-2222-3333-4444-555555555555"
    await api.post(f"{FOLDER}/Files/add(url='big.bin',overwrite=true)", content=b"")
    big = file("big.bin")
    started = await api.post(f"{big}/startUpload(uploadId=guid'{number}')", content=b"a" * 10)
    assert started == {"value": "10"}
    wrong = f"{big}/continueUpload(uploadId=guid'{number}',fileOffset=5)"
    await api.post(wrong, 400, content=b"b")
    more = f"{big}/continueUpload(uploadId=guid'{number}',fileOffset=10)"
    assert await api.post(more, content=b"b" * 10) == {"value": "20"}
    finish = f"{big}/finishUpload(uploadId=guid'{number}',fileOffset=20)"
    done = await api.post(finish, content=b"c")
    assert done["Length"] == "21"
    await api.post(finish, 400, content=b"c")
    await api.post(f"{big}/startUpload(uploadId=guid'{number}')", content=b"a")
    await api.post(f"{big}/cancelUpload(uploadId=guid'{number}')")
    await api.post(f"{big}/finishUpload(uploadId=guid'{number}',fileOffset=1)", 400, content=b"")


async def test_moving_and_recycling(api, drive):
    folder = f"{FOLDER}/folders"
    await api.post("web/folders", 201, json={"ServerRelativeUrl": f"{PLACE}/Plans"})
    await api.post(f"{folder}/AddUsingPath(decodedurl='Old')")
    before = await api.get(file("Welcome.md"))
    target = f"{PLACE}/Plans/Hello.md"
    await api.post(f"{file('Welcome.md')}/moveto(newurl='{target}',flags=1)")
    after = await api.get(file("Plans/Hello.md"))
    assert after["UniqueId"] == before["UniqueId"]
    copy = f"{file('Plans/Hello.md')}/copyto(strnewurl='{PLACE}/Copy.md',boverwrite=false)"
    await api.post(copy)
    await api.post(copy, 400)
    item = await api.get(f"{file('Copy.md')}/ListItemAllFields?$select=Id,FileLeafRef")
    assert item["FileLeafRef"] == "Copy.md"
    await api.post(f"{file('Copy.md')}/recycle()")
    await api.get(file("Copy.md"), 404)
    (gone,) = (await api.get("web/RecycleBin"))["value"]
    assert (gone["LeafName"], gone["ItemType"]) == ("Copy.md", 1)
    await api.post(f"web/RecycleBin('{gone['Id']}')/restore()")
    assert (await api.get(file("Copy.md")))["Name"] == "Copy.md"
    delete = {"x-http-method": "DELETE", "if-match": "*"}
    plans = f"{FOLDER}/folders('Plans')"
    assert (await api.call("POST", plans, headers=delete)).status_code == 200
    await api.get(file("Plans/Hello.md"), 404)
    deleted = (await api.get("web/RecycleBin"))["value"]
    await api.post(f"web/RecycleBin('{deleted[0]['Id']}')/deleteobject()")
    assert (await api.get("web/RecycleBin"))["value"] == []


async def test_a_library_as_a_list(api):
    found = await api.get(
        "web/lists/getbytitle('Documents')/items"
        "?$select=Id,FileRef,FSObjType,File/Length&$expand=File&$filter=FSObjType eq 0"
    )
    ways = {one["FileRef"]: one["File"]["Length"] for one in found["value"]}
    assert ways[f"{PLACE}/Empty file.txt"] == "0"
