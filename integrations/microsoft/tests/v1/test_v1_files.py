"""Actions on files by SharePoint's own API, beside what Graph's actions say of the same files."""

from base64 import b64decode, b64encode

import pytest
from action_cases import open_lab
from v1_cases import SITE, V1Lab, unique
from v1_more_cases import drive

from fairlead.errors import ActionFailed, Rejected


@pytest.fixture
async def v2(sim):
    async with open_lab(sim) as lab:
        yield lab


#: what SharePoint's own API does not tell, and what Graph alone counts
UNLIKE = ("cTag", "mimeType", "eTag", "webUrl", "size", "lastModifiedDateTime")


def encoded(text: bytes) -> str:
    return b64encode(text).decode()


async def both(v1: V1Lab, v2, item_id: str) -> tuple[dict, dict]:
    where = await drive(v1)
    mine = await v1.run("get-drive-item", {**where, "itemId": item_id})
    graph = {"siteId": v2.site(), "driveId": where["driveId"], "itemId": item_id}
    return mine, await v2.run("get-drive-item", graph)


async def test_files_are_as_graph_shows_them(v1: V1Lab, v2):
    where = await drive(v1)
    folder = await v1.run(
        "create-drive-folder", {**where, "parentItemId": "root", "name": unique("A & B #%")}
    )
    given = {**where, "parentItemId": folder["id"], "fileName": "It's 50%.txt"}
    made = await v1.run("upload-drive-item", {**given, "content": encoded(b"hello")})
    for one in (folder, made):
        mine, theirs = await both(v1, v2, one["id"])
        assert mine["id"] == theirs["id"] == one["id"]
        alike = {key: value for key, value in mine.items() if key not in UNLIKE}
        assert alike == {key: theirs[key] for key in alike}
        assert {"name", "parentItemId", "parentPath", "createdByDisplayName"} <= set(alike)
    assert mine["size"] == theirs["size"] == 5
    assert mine["eTag"].lower() == theirs["eTag"].lower()
    by_path = await v1.run(
        "get-drive-item-by-path",
        {**where, "path": f"Shared Documents/{folder['name']}/It's 50%.txt"},
    )
    assert by_path == mine
    by_path = await v1.run(
        "get-drive-item-by-path", {**where, "path": f"{SITE}/Shared Documents/{folder['name']}"}
    )
    assert by_path["id"] == folder["id"]
    children = await v1.run("list-drive-children", {**where, "itemId": folder["id"]})
    assert [one["id"] for one in children["items"]] == [made["id"]]
    graph = {"siteId": v2.site(), "driveId": where["driveId"]}
    top = await v1.run("list-drive-children", where)
    theirs = await v2.run("list-drive-children", graph)
    assert {one["id"] for one in top["items"]} == {one["id"] for one in theirs["items"]}
    told = await v1.run("download-drive-item-content", {**where, "itemId": made["id"]})
    assert b64decode(told["content"]) == b"hello"


async def test_children_in_pages(v1: V1Lab):
    where = await drive(v1)
    folder = await v1.run(
        "create-drive-folder", {**where, "parentItemId": "root", "name": unique("Many")}
    )
    below = {**where, "parentItemId": folder["id"]}
    for number in range(5):
        await v1.run("upload-drive-item", {**below, "fileName": f"{number}", "content": ""})
    pages, cursor = [], {}
    while True:
        given = {**where, "itemId": folder["id"], "limit": 2, **cursor}
        page = await v1.run("list-drive-children", given)
        pages.append([one["name"] for one in page["items"]])
        if "nextCursor" not in page:
            break
        cursor = {"cursor": page["nextCursor"]}
    assert pages == [["0", "1"], ["2", "3"], ["4"]]
    with pytest.raises(ActionFailed):
        await v1.run("list-drive-children", {**where, "cursor": "x"})


async def test_names_that_are_taken(v1: V1Lab):
    where = await drive(v1)
    name = unique("Taken")
    given = {**where, "parentItemId": "root", "name": name}
    first = await v1.run("create-drive-folder", given)
    second = await v1.run("create-drive-folder", given)
    assert second["name"] == f"{name} 1"
    with pytest.raises(Rejected) as told:
        await v1.run("create-drive-folder", {**given, "conflictBehavior": "fail"})
    assert told.value.code == "name_taken"
    again = await v1.run("create-drive-folder", {**given, "conflictBehavior": "replace"})
    assert again["id"] == first["id"]


async def test_moves_renames_and_copies(v1: V1Lab, v2):
    where = await drive(v1)
    folder = await v1.run(
        "create-drive-folder", {**where, "parentItemId": "root", "name": unique("Here")}
    )
    given = {**where, "parentItemId": "root", "fileName": unique("a") + ".txt"}
    file = await v1.run("upload-drive-item", {**given, "content": encoded(b"1")})
    one = {**where, "itemId": file["id"]}
    moved = await v1.run(
        "update-drive-item", {**one, "name": "b#.txt", "parentReference": {"id": folder["id"]}}
    )
    assert (moved["id"], moved["name"]) == (file["id"], "b#.txt")
    mine, theirs = await both(v1, v2, file["id"])
    assert mine["parentItemId"] == theirs["parentItemId"] == folder["id"]
    with pytest.raises(Rejected) as told:
        await v1.run("update-drive-item", {**one, "name": "c.txt", "eTag": '"{0},1"'})
    assert told.value.code == "resource_modified"
    back = await v1.run("update-drive-item", {**one, "parentReference": {"id": "root"}})
    assert back["name"] == "b#.txt"
    copy = {**one, "parentDriveId": where["driveId"], "parentItemId": folder["id"]}
    made = await v1.run("copy-drive-item", copy)
    assert made["status"] == "completed"
    mine, theirs = await both(v1, v2, made["resourceId"])
    assert mine["name"] == theirs["name"] == "b#.txt"
    with pytest.raises(Rejected) as told:
        await v1.run("copy-drive-item", copy)
    assert told.value.code == "name_taken"
    kept = await v1.run("copy-drive-item", {**copy, "conflictBehavior": "rename"})
    assert kept == {"status": "completed"}
    whole = {**where, "itemId": folder["id"], "name": unique("There")}
    assert (await v1.run("update-drive-item", whole))["name"] == whole["name"]
    for wrong in ({}, {"name": "x", "conflictBehavior": "replace"}):
        with pytest.raises(ActionFailed):
            await v1.run("update-drive-item", {**where, "itemId": folder["id"], **wrong})
    with pytest.raises(ActionFailed):
        await v1.run("delete-drive-item", {**where, "itemId": "root"})


async def test_a_file_is_no_folder(v1: V1Lab):
    where = await drive(v1)
    given = {**where, "parentItemId": "root", "fileName": unique("f") + ".txt"}
    file = await v1.run("upload-drive-item", {**given, "content": encoded(b"1")})
    for name, wrong in (
        ("list-drive-children", {"itemId": file["id"]}),
        ("download-drive-item-content", {"itemId": "root"}),
    ):
        with pytest.raises(Rejected) as told:
            await v1.run(name, {**where, **wrong})
        assert (told.value.code, told.value.who) == ("item_not_found", "caller")
    a_list = await v1.run("create-list", {"siteId": SITE, "displayName": unique("No files")})
    with pytest.raises(ActionFailed):
        await v1.run("get-drive", {"siteId": SITE, "driveId": a_list["id"]})


async def test_drives(v1: V1Lab, v2):
    mine = {one["id"]: one for one in (await v1.run("list-drives", {"siteId": SITE}))["items"]}
    theirs = {
        one["id"]: one for one in (await v2.run("list-drives", {"siteId": v2.site()}))["items"]
    }
    assert set(theirs) <= set(mine)
    where = await drive(v1)
    one = await v1.run("get-drive", where)
    assert one["name"] == theirs[one["id"]]["name"]
    by_title = await v1.run("get-drive", {"siteId": SITE, "driveId": "Documents"})
    assert by_title == one


async def test_out_and_in(v1: V1Lab):
    where = await drive(v1)
    given = {**where, "parentItemId": "root", "fileName": unique("o") + ".txt"}
    file = await v1.run("upload-drive-item", {**given, "content": encoded(b"1")})
    one = {**where, "itemId": file["id"]}
    await v1.run("check-out-drive-item", one)
    with pytest.raises(Rejected) as told:
        await v1.run("upload-drive-item", {**given, "content": encoded(b"2")}, who="alex")
    assert told.value.code == "resource_locked"
    await v1.run("upload-drive-item", {**given, "content": encoded(b"22")})
    await v1.run("check-in-drive-item", {**one, "comment": "It's two", "kind": "major"})
    found = await v1.run("list-drive-item-versions", one)
    assert found["items"][0]["size"] == 2
    await v1.run("check-out-drive-item", one)
    await v1.run("upload-drive-item", {**given, "content": encoded(b"333")})
    await v1.run("undo-drive-item-check-out", one)
    told = await v1.run("download-drive-item-content", one)
    assert b64decode(told["content"]) == b"22"


async def test_versions(v1: V1Lab, v2):
    where = await drive(v1)
    given = {**where, "parentItemId": "root", "fileName": unique("v") + ".txt"}
    for text in (b"1", b"22", b"333"):
        file = await v1.run("upload-drive-item", {**given, "content": encoded(text)})
    one = {**where, "itemId": file["id"]}
    graph = {"siteId": v2.site(), "driveId": where["driveId"], "itemId": file["id"]}
    mine = (await v1.run("list-drive-item-versions", one))["items"]
    theirs = (await v2.run("list-drive-item-versions", graph))["items"]
    assert [(v["id"], v["size"]) for v in mine] == [(v["id"], v["size"]) for v in theirs]
    assert [v["size"] for v in mine] == [3, 2, 1]
    await v1.run("restore-drive-item-version", {**one, "versionId": mine[-1]["id"]})
    told = await v1.run("download-drive-item-content", one)
    assert b64decode(told["content"]) == b"1"
    await v1.run("delete-drive-item-version", {**one, "versionId": mine[1]["id"]})
    left = [v["id"] for v in (await v1.run("list-drive-item-versions", one))["items"]]
    assert mine[1]["id"] not in left
    with pytest.raises(Rejected) as told:
        await v1.run("restore-drive-item-version", {**one, "versionId": "99.0"})
    assert told.value.code == "item_not_found"


async def test_into_the_recycle_bin_and_back(v1: V1Lab):
    where = await drive(v1)
    given = {**where, "parentItemId": "root", "fileName": unique("r") + ".txt"}
    file = await v1.run("upload-drive-item", {**given, "content": encoded(b"1")})
    one = {**where, "itemId": file["id"]}
    told = await v1.run("recycle-drive-item", one)
    with pytest.raises(Rejected):
        await v1.run("get-drive-item", one)
    listed = (await v1.run("list-recycle-bin-items", {"siteId": SITE}))["items"]
    (found,) = [entry for entry in listed if entry["id"] == told["recycledId"]]
    assert (found["name"], found["kind"], found["size"]) == (given["fileName"], "file", 1)
    await v1.run("restore-recycle-bin-item", {"siteId": SITE, "recycledId": found["id"]})
    assert (await v1.run("get-drive-item", one))["name"] == given["fileName"]
    with pytest.raises(ActionFailed):
        await v1.run("restore-recycle-bin-item", {"siteId": SITE, "recycledId": "x"})
    whole = await v1.run("list-recycle-bin-items", {"siteId": SITE, "wholeCollection": True})
    assert isinstance(whole["items"], list)
