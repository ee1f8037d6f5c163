"""Actions that read drives, files and versions, compared with what m365sim holds."""

from base64 import b64decode

import pytest

from fairlead.errors import ActionFailed, InvalidInput, Rejected
from m365sim.files.blob import MemoryBlob
from m365sim.files.item import SYSTEM
from m365sim.graph.item_shapes import ctag, etag

#: the smallest header that tells a picture's size: 4 x 2
PNG = b"\x89PNG\r\n\x1a\n" + bytes(8) + (4).to_bytes(4, "big") + (2).to_bytes(4, "big")
NO_SUCH = "01NOSUCHITEM6Y2GOVW7725BZO354PWSEL"


async def paged(lab, name, key, **values):
    """Return all pages of an action, each `nextCursor` handed back as it came."""
    pages = [await lab.run(name, **values)]
    while cursor := pages[-1].get("nextCursor"):
        assert len(pages) < 20
        pages.append(await lab.run(name, **values, cursor=cursor))
    return pages, [each for page in pages for each in page[key]]


async def test_drives(lab):
    lab.act_as("alex", ["Files.Read.All"])
    _, drives = await paged(lab, "list-drives", "items", **lab.site())
    assert [drive["name"] for drive in drives] == ["Documents"]
    assert drives[0]["driveType"] == "documentLibrary"
    assert "quota" in drives[0]
    found = await lab.run("get-drive", **lab.library())
    assert (found["id"], found["name"]) == (lab.drive.id, "Documents")
    assert found["webUrl"].endswith("/sites/marketing/Shared%20Documents")
    assert found["quotaState"] == "normal"
    assert found["quotaTotal"] > found["quotaUsed"] > 0
    assert found["ownerGroupName"] == "Marketing Owners"
    own = next(d for d in lab.world.content.drives() if d.site.path.startswith("/personal/alex"))
    mine = await lab.run("get-drive", **lab.library(own))
    assert mine["driveType"] == "business"
    assert mine["ownerUserName"]


async def test_children_are_paged(lab):
    lab.world.quirks.change(page_size=2)
    pages, children = await paged(lab, "list-drive-children", "items", **lab.library())
    assert len(pages) == 2
    assert pages[0]["nextLink"] == pages[0]["nextCursor"]
    truth = lab.drive.children(lab.drive.root.uid)
    assert sorted(each["name"] for each in children) == sorted(item.name for item in truth)
    welcome = next(each for each in children if each["name"] == "Welcome.md")
    assert welcome["eTag"] == etag(lab.item("Welcome.md"))
    assert welcome["file"]["mimeType"] == "text/markdown"
    lab.world.quirks.change(page_size=200)
    below = await lab.run("list-drive-children", **lab.where("Campaigns"))
    assert [each["name"] for each in below["items"]] == [
        item.name for item in lab.drive.children(lab.item("Campaigns").uid)
    ]
    one = await lab.run("list-drive-children", **lab.library(), limit=1)
    assert len(one["items"]) == 1


async def test_a_cursor_serves_its_own_collection_only(lab):
    lab.world.quirks.change(page_size=1)
    cursor = (await lab.run("list-drive-children", **lab.library()))["nextCursor"]
    other = lab.library(lab.drive_at("/sites/engineering", "Specs"))
    host = cursor.partition("/v1.0")[0]
    for name, values in (
        ("list-drive-children", {**other, "cursor": cursor}),
        ("list-drives", {**lab.site(), "cursor": cursor}),
        ("list-drive-children", {**lab.library(), "cursor": cursor.replace(host, "https://x.y")}),
        ("list-drive-children", {**lab.library(), "cursor": f"{host}/v1.0/me"}),
    ):
        with pytest.raises(InvalidInput) as told:
            await lab.run(name, **values)
        assert told.value.code == "invalid_cursor"
        assert lab.http.requests == []
    # other spellings of the same place, as Graph's own links have them
    bang = cursor.replace("%21", "!")
    again = await lab.run("list-drive-children", **lab.library(), cursor=bang)
    assert len(again["items"]) == 1


async def test_search(lab):
    for number in range(3):
        lab.put(f"Press/it's {number}.txt", b"x")
    lab.put("Press/its 4.txt", b"x")
    pages, hits = await paged(
        lab, "search-drive-items", "items", **lab.library(), query="it's", limit=2
    )
    assert len(pages) == 2
    assert pages[0]["next_cursor"] == pages[0]["nextCursor"]
    assert sorted(hit["name"] for hit in hits) == ["it's 0.txt", "it's 1.txt", "it's 2.txt"]
    assert hits[0]["parentReference"]["driveId"] == lab.drive.id
    injected = await lab.run("search-drive-items", **lab.library(), query="x') or ('1")
    assert injected["items"] == []


async def test_one_item(lab):
    found = await lab.run("get-drive-item", **lab.where("Campaigns/2026 Q3/Budget #2 (50%).csv"))
    item = lab.item("Campaigns/2026 Q3/Budget #2 (50%).csv")
    assert (found["name"], found["size"]) == (item.name, item.blob.size)
    assert (found["eTag"], found["cTag"]) == (etag(item), ctag(item))
    folder = await lab.run("get-drive-item", **lab.where("Campaigns"))
    assert folder["folderChildCount"] == len(lab.drive.children(lab.item("Campaigns").uid))


async def test_fetch_file_gives_an_address_that_needs_no_token(lab):
    content = bytes(range(256)) * 9
    where = lab.put("Press/a#b %.bin", content)
    found = await lab.run("fetch-file", **where)
    assert (found["name"], found["size"]) == ("a#b %.bin", len(content))
    assert found["quickXorHash"] == lab.item("Press/a#b %.bin").blob.quick_xor_hash()
    lab.http.token = "none"
    fetched = await lab.http(lab.http.requests[0].__class__(url=found["downloadUrl"], is_bare=True))
    assert await fetched.read() == content
    lab.act_as("alex")
    ids = {name: where[name] for name in ("driveId", "itemId")}
    assert (await lab.run("fetch-file", **ids))["id"] == where["itemId"]
    with pytest.raises(ActionFailed) as told:
        await lab.run("fetch-file", **lab.where("Press"))
    assert told.value.code == "not_a_file"


@pytest.mark.parametrize("path", ["Empty file.txt", "Campaigns/2026 Q3/Budget #2 (50%).csv"])
async def test_download(lab, path):
    found = await lab.run("download-drive-item-content", **lab.where(path))
    assert b64decode(found["content"]) == lab.content(path)
    assert found["size"] == len(lab.content(path))


async def test_a_folder_has_no_bytes(lab):
    with pytest.raises(Rejected) as told:
        await lab.run("download-drive-item-content", **lab.where("Press"))
    assert told.value.code == "invalid_request"


async def test_thumbnails(lab):
    where = lab.put("Press/logo.png", PNG)
    found = await lab.run("get-drive-item-thumbnail", **where)
    (pictures,) = found["thumbnailSets"]
    assert (pictures["small"]["width"], pictures["small"]["height"]) == (96, 48)
    assert pictures["large"]["url"].startswith("http")
    own = await lab.run("get-thumbnails", **where, sizes=["medium", "c300x400"])
    (pictures,) = own["thumbnailSets"]
    assert sorted(pictures) == ["c300x400", "id", "medium"]
    assert (pictures["c300x400"]["width"], pictures["c300x400"]["height"]) == (300, 400)
    assert await lab.run("get-thumbnails", **lab.where("Welcome.md")) == {"thumbnailSets": []}
    with pytest.raises(InvalidInput):
        await lab.run("get-thumbnails", **where, sizes=["huge"])


async def test_versions(lab):
    where = lab.where("Welcome.md")
    first = lab.content("Welcome.md")
    for number in range(4):
        lab.drive.replace_content(lab.item("Welcome.md"), MemoryBlob(b"%d" % number), SYSTEM)
    lab.world.quirks.change(page_size=2)
    pages, versions = await paged(lab, "list-drive-item-versions", "items", **where)
    assert [each["id"] for each in versions] == ["5.0", "4.0", "3.0", "2.0", "1.0"]
    assert len(pages) == 3
    assert pages[0]["next_cursor"] == pages[0]["nextCursor"]
    assert versions[-1]["size"] == len(first)
    # the names that older callers give
    old = {"site_id": where["siteId"], "drive_id": where["driveId"], "item_id": where["itemId"]}
    assert (await lab.run("list-drive-item-versions", **old))["items"] == versions[:2]
    assert await lab.run("restore-drive-item-version", **where, versionId="1.0") == {
        "success": True
    }
    assert lab.content("Welcome.md") == first
    with pytest.raises(Rejected) as told:
        await lab.run("restore-drive-item-version", **where, versionId="99.0")
    assert told.value.code == "item_not_found"


READS = [
    "get-drive-item",
    "download-drive-item-content",
    "fetch-file",
    "get-drive-item-thumbnail",
    "get-thumbnails",
    "list-drive-children",
    "list-drive-item-permissions",
    "list-drive-item-versions",
]


@pytest.mark.parametrize("name", READS)
async def test_what_is_not_there_or_not_to_be_seen(lab, name):
    where = lab.where("Welcome.md")
    with pytest.raises(Rejected) as told:
        await lab.run(name, **{**where, "itemId": NO_SUCH})
    assert (told.value.code, told.value.who) == ("item_not_found", "caller")
    lab.act_as("alex", ["User.Read"])
    with pytest.raises(Rejected) as told:
        await lab.run(name, **where)
    assert told.value.code == "access_denied"
    assert "Files.Read.All" in told.value.message
    lab.act_as(None, ["Files.Read.All"])
    assert await lab.run(name, **lab.where("Press" if "children" in name else "Welcome.md"))


WRITES = {
    "update-drive-item": {"name": "Other.md"},
    "delete-drive-item": {},
    "restore-drive-item-version": {"versionId": "1.0"},
    "create-sharing-link": {"type": "view", "scope": "organization"},
    "add-drive-item-permission": {
        "recipients": [{"email": "megan@contoso.onmicrosoft.com"}],
        "roles": ["read"],
    },
    "remove-drive-item-permission": {"permissionId": "x"},
    "update-drive-item-permission": {"permissionId": "x", "roles": ["read"]},
}


@pytest.mark.parametrize("name", WRITES)
async def test_changes_of_what_is_not_there_or_not_allowed(lab, name):
    where = lab.where("Welcome.md")
    with pytest.raises(Rejected) as told:
        await lab.run(name, **{**where, "itemId": NO_SUCH}, **WRITES[name])
    assert told.value.code == "item_not_found"
    lab.act_as("alex", ["Files.Read.All"])
    with pytest.raises(Rejected) as told:
        await lab.run(name, **where, **WRITES[name])
    assert told.value.code == "access_denied"
    assert "Files.ReadWrite.All" in told.value.message
