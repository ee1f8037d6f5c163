"""Checking out, publishing, versions, moving and copying.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/working-with-folders-and-files-with-rest
"""

import pytest

from m365sim.testing import delegated_token

SITE = "/sites/marketing"
LIBRARY = f"{SITE}/Shared Documents"
HOST = "https://contoso.sharepoint.com"
MERGE = {"x-http-method": "MERGE", "if-match": "*"}


def file(path):
    return f"web/GetFileByServerRelativePath(decodedurl='{LIBRARY}/{path}')"


def folder(path):
    return f"web/GetFolderByServerRelativePath(decodedurl='{LIBRARY}/{path}')"


@pytest.fixture
async def draft(api):
    made = await api.post(f"{folder('')}/Files/add(url='draft.txt')", content=b"one")
    return made["UniqueId"]


async def put(api, place, content, status=204):
    answer = await api.call("PUT", f"{place}/$value", content=content)
    assert answer.status_code == status, answer.text
    return answer


async def test_check_out_and_in(api, draft):
    place = file("draft.txt")
    api.as_user("AllSites.Write")
    assert (await api.call("GET", f"{place}/CheckedOutByUser")).json()["odata.null"] is True
    await api.post(f"{place}/CheckOut()")
    await api.post(f"{place}/checkout")  # again by the same one: nothing more
    shown = await api.get(f"{place}?$expand=CheckedOutByUser")
    assert (shown["CheckOutType"], shown["Level"]) == (0, 255)
    assert shown["CheckedOutByUser"]["Title"] == "Alex Wilber"
    await put(api, place, b"two")
    await put(api, place, b"three")

    assert (await api.call("GET", f"{place}/$value")).content == b"three"
    api.as_user("AllSites.Write", user="megan")
    seen = await api.get(f"{place}?$expand=ListItemAllFields")
    assert (seen["Level"], seen["CheckOutType"], seen["UIVersionLabel"]) == (1, 0, "1.0")
    assert (seen["Length"], seen["ListItemAllFields"]["OData__UIVersionString"]) == ("3", "1.0")
    assert (await api.call("GET", f"{place}/$value")).content == b"one"
    assert (await api.get(f"{place}/Versions"))["value"] == []
    merge = {"Title": "x"}
    fields = f"{place}/ListItemAllFields"
    assert (await api.call("POST", fields, headers=MERGE, json=merge)).status_code == 423
    refused = await put(api, place, b"mine", 423)
    assert refused.json()["odata.error"]["code"].endswith(
        "Microsoft.SharePoint.SPFileLockException"
    )
    assert "is checked out for editing by Alex Wilber" in refused.text
    await api.post(f"{place}/CheckOut()", 423)
    await api.post(f"{place}/CheckIn(comment='x',checkintype=1)", 423)
    await api.post(f"{place}/UndoCheckOut()", 423)
    await api.post(f"{place}/recycle", 423)
    await api.post(f"{place}/MoveTo(newurl='{LIBRARY}/x.txt',flags=1)", 423)

    api.as_user("AllSites.Write")
    await api.post(f"{place}/CheckIn(comment='It''s done',checkintype=1)")
    shown = await api.get(place)
    assert (shown["CheckInComment"], shown["CheckOutType"]) == ("It's done", 2)
    old = (await api.get(f"{place}/Versions"))["value"]
    assert [one["VersionLabel"] for one in old] == ["1.0"]  # what lay between is no version
    await api.post(f"{place}/CheckIn(comment='x',checkintype=1)", 400)


async def test_giving_up(api, draft):
    place = file("draft.txt")
    await api.post(f"{place}/UndoCheckOut()", 400)
    api.as_user("AllSites.FullControl")
    await api.post(f"{place}/CheckOut()")
    await put(api, place, b"two")
    await api.post(f"{place}/UndoCheckOut()")
    assert (await api.call("GET", f"{place}/$value")).content == b"one"
    assert (await api.get(place))["UIVersionLabel"] == "1.0"
    await put(api, place, b"three")
    assert (await api.get(place))["UIVersionLabel"] == "2.0"
    (old,) = (await api.get(f"{place}/versions"))["value"]
    assert (await api.call("GET", f"{place}/versions({old['ID']})/$value")).content == b"one"
    await api.post(f"{folder('Campaigns')}/CheckOut", 404)


async def test_others_are_locked_out_in_graph_too(api, draft, drive):
    api.as_user("AllSites.Write", user="megan")
    await api.post(f"{file('draft.txt')}/CheckOut()")
    uid = drive.child(drive.root.uid, "draft.txt").uid
    url = f"https://graph.microsoft.com/v1.0/drives/{drive.id}/items/{drive.item_id(uid)}/content"
    head = {"authorization": f"Bearer {delegated_token(api.world, scopes=['Files.ReadWrite.All'])}"}
    assert (await api.http.put(url, headers=head, content=b"x")).status_code == 423


async def test_publishing(api, draft):
    place, documents = file("plan.txt"), "web/lists/getbytitle('Documents')"
    await api.post(f"{file('draft.txt')}/Publish(comment='x')", 400)
    await api.post(f"{file('draft.txt')}/Approve(comment='x')", 400)
    on = {"EnableMinorVersions": True, "EnableModeration": True}
    assert (await api.call("POST", documents, headers=MERGE, json=on)).status_code == 204
    assert (await api.get(documents))["EnableModeration"] is True
    await api.post(f"{folder('')}/Files/add(url='plan.txt')", content=b"one")
    await put(api, place, b"two")

    async def state():
        shown = await api.get(f"{place}?$expand=ListItemAllFields")
        status = await api.get(f"{place}/ListItemAllFields?$select=OData__ModerationStatus")
        return shown["UIVersionLabel"], shown["Level"], status["OData__ModerationStatus"]

    assert await state() == ("0.2", 2, 0)
    await api.post(f"{place}/Publish(comment='Ready')")
    assert await state() == ("1.0", 1, 2)
    await api.post(f"{place}/Publish(comment='again')", 400)
    await api.post(f"{place}/Deny(comment='no')")
    assert await state() == ("1.0", 1, 1)
    await api.post(f"{place}/Approve(comment='yes')")
    assert await state() == ("1.0", 1, 0)
    await api.post(f"{place}/UnPublish(comment='Oh')")
    assert await state() == ("0.1", 2, 0)
    await api.post(f"{place}/UnPublish(comment='Oh')", 400)
    await api.post(f"{place}/CheckOut()")
    await put(api, place, b"three")
    await api.post(f"{place}/CheckIn(comment='minor',checkintype=0)")
    assert (await api.get(place))["UIVersion"] == 2
    assert (await api.get(place))["CheckInComment"] == "minor"


async def test_versions(api, draft):
    place = file("draft.txt")
    for content in (b"two", b"three", b"four", b"five"):
        await put(api, place, content)
    labels = [one["VersionLabel"] for one in (await api.get(f"{place}/Versions"))["value"]]
    assert labels == ["1.0", "2.0", "3.0", "4.0"]
    deleted = await api.call("DELETE", f"{place}/Versions(512)")
    assert deleted.status_code == 200
    await api.post(f"{place}/Versions/DeleteById(vid=1024)")
    await api.post(f"{place}/Versions/DeleteByLabel(versionlabel='3.0')")
    await api.post(f"{place}/Versions/DeleteByLabel(versionlabel='9.0')", 404)
    await api.post(f"{place}/Versions/DeleteById(vid={5 * 512})", 400)  # the current one
    await api.get(f"{place}/Versions(512)", 404)
    await api.post(f"{place}/Versions/RestoreByLabel(versionlabel='4.0')")
    assert (await api.call("GET", f"{place}/$value")).content == b"four"
    labels = [one["VersionLabel"] for one in (await api.get(f"{place}/Versions"))["value"]]
    assert labels == ["4.0", "5.0"]
    items = (await api.get(f"{place}/ListItemAllFields/Versions"))["value"]
    assert [one["VersionLabel"] for one in items] == ["6.0", "5.0", "4.0"]
    assert items[0]["IsCurrentVersion"] is True
    await api.post(f"{place}/Versions/DeleteAll")
    assert (await api.get(f"{place}/Versions"))["value"] == []


async def test_versions_of_items(api):
    await api.post("web/lists", 201, json={"Title": "Boats", "BaseTemplate": 100})
    items = "web/lists/getbytitle('Boats')/items"
    await api.post(items, 201, json={"Title": "Sloop"})
    await api.call("POST", f"{items}(1)", headers=MERGE, json={"Title": "Ketch"})
    await api.call("POST", f"{items}(1)", headers=MERGE, json={"Title": "Yawl"})
    found = (await api.get(f"{items}(1)/versions?$select=VersionId,Title"))["value"]
    assert found == [
        {"VersionId": 1536, "Title": "Yawl"},
        {"VersionId": 1024, "Title": "Ketch"},
        {"VersionId": 512, "Title": "Sloop"},
    ]
    one = await api.get(f"{items}(1)/versions(1024)?$expand=CreatedBy")
    assert one["CreatedBy"]["Title"] == "SharePoint App"
    assert (await api.call("DELETE", f"{items}(1)/versions(1024)")).status_code == 200
    await api.get(f"{items}(1)/versions(1024)", 404)
    assert (await api.call("DELETE", f"{items}(1)/versions(1536)")).status_code == 400


# -- moving and copying


async def archive(api):
    made = await api.post("web/lists", 201, json={"Title": "Archive", "BaseTemplate": 101})
    return made["Id"], f"{SITE}/Archive"


async def test_to_another_library(api, draft):
    _, other = await archive(api)
    await put(api, file("draft.txt"), b"two")
    await api.post(f"{file('draft.txt')}/MoveTo(newurl='{other}/moved.txt',flags=0)")
    await api.get(file("draft.txt"), 404)
    moved = f"web/GetFileByServerRelativePath(decodedurl='{other}/moved.txt')"
    shown = await api.get(moved)
    assert shown["UniqueId"] != draft
    assert shown["UIVersionLabel"] == "2.0"
    assert len((await api.get(f"{moved}/Versions"))["value"]) == 1
    assert (await api.get("web/RecycleBin"))["value"] == []
    await api.post(f"{moved}/CopyTo(strnewurl='{LIBRARY}/copy.txt',boverwrite=false)")
    await api.post(f"{moved}/CopyTo(strnewurl='{LIBRARY}/copy.txt',boverwrite=false)", 400)
    await api.post(f"{moved}/CopyToUsingPath(DecodedUrl='{LIBRARY}/copy.txt',bOverWrite=true)")
    await api.post(f"{folder('Campaigns')}/MoveToUsingPath(decodedurl='{other}/Campaigns')")
    deep = f"{other}/Campaigns/2026 Q3/Budget %232 (50%25).csv"
    assert (await api.get(f"web/GetFileByServerRelativePath(decodedurl='{deep}')"))["Exists"]
    await api.get(folder("Campaigns"), 404)
    inside = f"{other}/Campaigns/2026 Q3/Campaigns"
    whole = f"web/GetFolderByServerRelativePath(decodedurl='{other}/Campaigns')"
    await api.post(f"{whole}/CopyTo(strnewurl='{inside}',boverwrite=false)", 400)
    await api.post(f"{whole}/MoveTo(newurl='{SITE}/Nowhere/x',flags=0)", 404)
    await api.post(f"{whole}/MoveTo(newurl='{SITE}/Archive',flags=0)", 400)
    await api.post(f"{whole}/MoveTo", 400)


async def test_move_copy_util(api, draft, world):
    def body(source, target, **more):
        return {
            "srcPath": {"__metadata": {"type": "SP.ResourcePath"}, "DecodedUrl": HOST + source},
            "destPath": {"__metadata": {"type": "SP.ResourcePath"}, "DecodedUrl": HOST + target},
            **more,
        }

    util, here = "SP.MoveCopyUtil", f"{LIBRARY}/draft.txt"
    other_site = world.content.site_at("contoso.sharepoint.com", "")
    far = f"/{other_site.drives[0].url_name}/from #1.txt"
    await api.post(f"{util}.CopyFileByPath", json=body(here, far, overwrite=False))
    assert other_site.drives[0].child(other_site.drives[0].root.uid, "from #1.txt")
    await api.post(f"{util}.CopyFileByPath(overwrite=@a1)?@a1=true", json=body(here, far))
    await api.post(f"{util}.CopyFileByPath", 400, json=body(here, far))
    both = body(here, far, options={"KeepBoth": True})
    await api.post(f"{util}.MoveFileByPath", json=both)
    assert other_site.drives[0].child(other_site.drives[0].root.uid, "from #1 1.txt")
    await api.get(file("draft.txt"), 404)
    await api.post(
        f"{util}.MoveFolderByPath", json=body(f"{LIBRARY}/Campaigns", f"{LIBRARY}/Moved")
    )
    await api.get(folder("Moved"))
    old = {"srcUrl": f"{HOST}{LIBRARY}/Moved", "destUrl": f"{HOST}{LIBRARY}/Copied"}
    await api.post(f"{util}.CopyFolder", json=old)
    await api.get(folder("Copied/2026 Q3"))
    await api.post(f"{util}.CopyFile", 404, json=old)
    await api.post(f"{util}.MoveFile", 400, json={})
