"""Histories: GetChanges, GetListItemChangesSinceToken; and the stream of a view."""

from datetime import timedelta
from xml.etree import ElementTree as ET
from xml.sax.saxutils import quoteattr

import pytest

PLACE = "/sites/marketing/Shared Documents"
FOLDER = f"web/GetFolderByServerRelativePath(decodedurl='{PLACE}')"
LIBRARY = "web/lists/getbytitle('Documents')"
EVERYTHING = dict.fromkeys(
    ("Item", "File", "Folder", "Add", "Update", "DeleteObject", "Rename", "Move", "Restore"), True
)


async def token(api, path=LIBRARY):
    return (await api.get(f"{path}?$select=CurrentChangeToken"))["CurrentChangeToken"]


async def changes(api, start, path=LIBRARY, status=200, **options):
    query = {**EVERYTHING, **options, "ChangeTokenStart": start}
    found = await api.post(f"{path}/GetChanges", status, json={"query": query})
    return found["value"] if status == 200 else found


async def upload(api, name, content=b"x"):
    return await api.post(f"{FOLDER}/Files/add(url='{name}',overwrite=true)", content=content)


async def test_changes_of_a_library(api):
    start = await token(api)
    assert await changes(api, start) == []
    made = await upload(api, "a.txt")
    await upload(api, "a.txt", b"y")
    file = f"web/GetFileById('{made['UniqueId']}')"
    await api.post(f"{file}/moveto(newurl='{PLACE}/b.txt',flags=1)")
    await api.post(f"{file}/recycle()")
    (gone,) = (await api.get("web/RecycleBin"))["value"]
    await api.post(f"web/RecycleBin('{gone['Id']}')/restore()")
    found = await changes(api, start, File=False)
    assert [one["ChangeType"] for one in found] == [1, 2, 4, 3, 7]
    assert {one["UniqueId"] for one in found} == {made["UniqueId"]}
    assert found[2]["ServerRelativeUrl"] == f"{PLACE}/b.txt"
    assert [one["ChangeType"] for one in await changes(api, start, Item=False, Add=False)] == [
        2, 4, 3, 7
    ]  # fmt: skip
    first = await changes(api, start, File=False, FetchLimit=2)
    rest = await changes(api, first[-1]["ChangeToken"], File=False)
    assert [one["ChangeType"] for one in (*first, *rest)] == [1, 2, 4, 3, 7]
    assert await changes(api, rest[-1]["ChangeToken"]) == []


async def test_changes_of_a_web(api):
    await api.post("web/lists", 201, json={"Title": "Boats", "BaseTemplate": 100})
    boats = "web/lists/getbytitle('Boats')"
    await api.post(f"{boats}/items", 201, json={"Title": "Sloop"})
    query = {**EVERYTHING, "File": False, "Folder": False, "FetchLimit": 5}
    seen, start = [], None
    while True:
        page = await changes(api, start, "web", **query)
        if not page:
            break
        seen += page
        start = page[-1]["ChangeToken"]
    await upload(api, "a.txt")
    await api.post(f"{boats}/items", 201, json={"Title": "Ketch"})
    fresh = await changes(api, start, "web", File=False)
    assert [one["ChangeType"] for one in fresh] == [1, 1]
    assert len({one["ListId"] for one in fresh}) == 2
    assert not {one["ItemId"] for one in fresh if one["ServerRelativeUrl"].endswith("a.txt")} & {
        one["ItemId"] for one in seen if "Shared" in one["ServerRelativeUrl"]
    }


async def test_old_and_broken_tokens(api, world):
    start = await token(api)
    await upload(api, "a.txt")
    other = await token(api, "web/lists/getbytitle('Site Assets')")
    for wrong in (other, {"StringValue": "1;3;x"}, {"StringValue": "2;3;;;"}):
        assert "changeToken" in str(await changes(api, wrong, status=400))
    world.clock.advance(timedelta(days=61))
    api.as_user("AllSites.Read")
    assert "start of the current change log" in str(await changes(api, start, status=400))
    assert await changes(api, start, IgnoreStartTokenNotFoundError=True)
    await api.post(f"{LIBRARY}/GetChanges", 400, json={})


async def since(api, text, **query):
    body = {"query": {"ChangeToken": text, **query}}
    found = await api.call("POST", f"{LIBRARY}/GetListItemChangesSinceToken", json=body)
    assert found.status_code == 200, found.text
    root = ET.fromstring(found.content)
    about = root.find("Changes")
    data = root.find("{urn:schemas-microsoft-com:rowset}data")
    gone = [(one.get("ChangeType"), one.text) for one in about.findall("Id")]
    return about, gone, [row.attrib for row in data], data


async def test_item_changes_since_token(api, world):
    about, gone, rows, data = await since(api, None, RowLimit="2")
    assert (gone, len(rows)) == ([], 2)
    position = data.get("ListItemCollectionPositionNext")
    next_ = f"ListItemCollectionPositionNext={quoteattr(position)}"
    options = f"<QueryOptions><Paging {next_}/></QueryOptions>"
    _, _, more, _ = await since(api, None, QueryOptions=options)
    assert rows[-1]["ows_ID"] not in [row["ows_ID"] for row in more]
    start = about.get("LastChangeToken")
    kept, lost = await upload(api, "kept.txt"), await upload(api, "lost.txt")
    await api.post(f"web/GetFileById('{lost['UniqueId']}')/recycle()")
    about, gone, rows, _ = await since(api, start)
    assert [kind for kind, _ in gone] == ["Delete"]
    (row,) = rows
    assert row["ows_FileLeafRef"].endswith(";#kept.txt")
    assert kept["UniqueId"].upper() in row["ows_UniqueId"]
    assert (await since(api, about.get("LastChangeToken")))[1:3] == ([], [])
    about, _, rows, _ = await since(api, start, RowLimit="1")
    assert (about.get("MoreChanges"), len(rows)) == ("TRUE", 1)
    for wrong in ("nonsense", start.replace("1;3;", "1;2;")):
        assert (await since(api, wrong))[1] == [("InvalidToken", None)]
    world.content.expire_delta_tokens()
    assert (await since(api, start))[1] == [("InvalidToken", None)]


async def test_item_changes_say_what_became_of_folders(api):
    about, _, _, _ = await since(api, None)
    fields = {field.get("Name") for field in about.findall("List/Fields/Field")}
    assert {"Title", "FileLeafRef", "Modified"} <= fields
    start = about.get("LastChangeToken")
    folder = f"web/GetFolderByServerRelativePath(decodedurl='{PLACE}/Campaigns')"
    await api.call("POST", folder, headers={"x-http-method": "MERGE"}, json={"Name": "Moved"})
    gone = await upload(api, "gone.txt")
    id_ = (await api.post(f"web/GetFileById('{gone['UniqueId']}')/recycle"))["value"]
    await api.post(f"web/RecycleBin('{id_}')/Restore()")
    about, told, rows, _ = await since(api, start)
    assert [kind for kind, _ in told] == ["Rename", "Restore"]
    assert about.find("Id").get("DisplayName") == "Moved"
    assert [row["ows_FileLeafRef"].partition("#")[2] for row in rows] == ["Moved", "gone.txt"]
    fields = "<ViewFields><FieldRef Name='Title'/></ViewFields>"
    test = "<Eq><FieldRef Name='FSObjType'/><Value Type='Integer'>1</Value></Eq>"
    query = f"<Query><Where>{test}</Where></Query>"
    _, told, rows, _ = await since(api, start, ViewFields=fields, Query=query)
    assert (len(told), len(rows)) == (2, 1)
    contains = f"<Contains>{test}</Contains>"
    assert len((await since(api, start, Contains=contains))[2]) == 1
    options = f"<QueryOptions><Folder>{PLACE}/Moved</Folder></QueryOptions>"
    _, _, below, _ = await since(api, None, QueryOptions=options)
    assert below
    assert all("/Moved/" in row["ows_FileRef"] for row in below)
    _, _, named, _ = await since(api, None, ViewName="All Documents")
    assert named
    for bad in ({"ViewFields": "<Query/>"}, {"RowLimit": "x"}, {"Query": "<"}):
        body = {"query": {"ChangeToken": start, **bad}}
        found = await api.call("POST", f"{LIBRARY}/GetListItemChangesSinceToken", json=body)
        assert found.status_code == 400


async def render(api, view, status=200, **parameters):
    body = {"parameters": {"RenderOptions": 2, "ViewXml": view, **parameters}}
    return await api.post(f"{LIBRARY}/RenderListDataAsStream", status, json=body)


@pytest.mark.parametrize("order", ["", "<OrderBy><FieldRef Name='FileLeafRef'/></OrderBy>"])
async def test_rendering(api, order):
    view = f"<View Scope='RecursiveAll'><Query>{order}</Query><RowLimit Paged='TRUE'>3</RowLimit></View>"
    seen, paging = [], None
    while True:
        page = await render(api, view, Paging=paging)
        assert len(page["Row"]) <= 3
        seen += [row["FileRef"] for row in page["Row"]]
        if "NextHref" not in page:
            break
        paging = page["NextHref"].lstrip("?")
    assert len(seen) == len(set(seen)) > 6
    assert page["LastRow"] == len(seen)


async def test_rendering_one_folder(api):
    view = "<View><Query><Where><Eq><FieldRef Name='FSObjType'/><Value>0</Value></Eq></Where></Query></View>"
    page = await render(api, view, FolderServerRelativeUrl=f"{PLACE}/Campaigns/2026 Q4")
    (row,) = page["Row"]
    assert row["FileLeafRef"] == "Ideas.txt"
    assert row["Modified."].endswith("Z")
    assert row["Editor"][0]["title"]
    assert "ListData" in await render(api, "<View />", RenderOptions=7)
    await render(api, "<View", 400)
    await render(api, "<!DOCTYPE x><View/>", 400)


async def test_how_old_a_token_may_be_is_a_quirk(api, world):
    places = (LIBRARY, "web", "site")
    tokens = [await token(api, place) for place in places]
    world.quirks.change(delta_retention=60)
    world.clock.advance(timedelta(seconds=61))
    for place, start in zip(places, tokens, strict=True):
        refused = await changes(api, start, place, 400)
        assert "before the start of the current change log" in str(refused)
