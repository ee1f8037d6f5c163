"""What is rendered of a list beside its items, by the flags of `RenderOptions`.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/working-with-lists-and-list-items-with-rest#sprenderlistdataoptions-options
"""

import pytest

SITE = "/sites/marketing"
LIBRARY = "web/lists/getbytitle('Documents')"
CONTEXT, DATA, SCHEMA, MENU, TYPES, METADATA, MEDIA, PARENT = 1, 2, 4, 8, 16, 1024, 4096, 8192


@pytest.fixture
def render(api):
    async def call(options, target=LIBRARY, **parameters):
        body = {"parameters": {"RenderOptions": options, **parameters}}
        return await api.post(f"{target}/RenderListDataAsStream", json=body)

    return call


def unmodelled(api):
    return sum(api.world.faults.traffic.not_modelled.values())


async def test_the_items_alone_and_with_what_is_around_them(api, render):
    assert "Row" in await render(DATA)
    assert "Row" in await render(DATA | 2048)
    whole = await render(CONTEXT | DATA | SCHEMA | TYPES | METADATA | PARENT)
    assert whole["ListData"]["Row"] == (await render(DATA))["Row"]
    assert (whole["listTitle"], whole["listBaseType"]) == ("Documents", 1)
    shown = await api.get(f"{LIBRARY}?$select=Id,ItemCount")
    assert whole["listName"] == f"{{{shown['Id'].upper()}}}"
    assert whole["ItemCount"] == shown["ItemCount"]
    types = (await api.get(f"{LIBRARY}/contenttypes?$select=Name,StringId"))["value"]
    assert {one["name"] for one in whole["ListContentType"]} == {one["Name"] for one in types}
    view = await api.get(f"{LIBRARY}/DefaultView")
    assert whole["ViewMetadata"]["Id"] == view["Id"]
    assert whole["ViewMetadata"]["ListViewXml"] == view["ListViewXml"]
    assert whole["view"] == whole["ListSchema"]["View"] == f"{{{view['Id'].upper()}}}"
    assert whole["ParentInfo"] == {"ParentFolderInfo": []}
    assert "ListData" not in await render(SCHEMA)
    assert [*(await render([CONTEXT, DATA])).keys()][:3] == ["wpq", "Templates", "ListData"]
    assert unmodelled(api) == 0


async def test_the_folder_that_is_shown(api, render):
    place = f"{SITE}/Shared Documents/Campaigns"
    whole = await render(CONTEXT | DATA | PARENT, FolderServerRelativeUrl=place)
    (above,) = whole["ParentInfo"]["ParentFolderInfo"]
    folder = await api.get(
        f"web/GetFolderByServerRelativePath(decodedurl='{place}')?$expand=ListItemAllFields"
    )
    assert above["ServerRelativeUrl"] == whole["rootFolder"] == place
    assert above["UniqueId"] == f"{{{folder['UniqueId'].upper()}}}"
    assert above["ID"] == str(folder["ListItemAllFields"]["Id"])
    await api.post("web/lists", 201, json={"Title": "Boats", "BaseTemplate": 100})
    boats = "web/lists/getbytitle('Boats')"
    await api.post(f"{boats}/RootFolder/Folders/Add('Sail')")
    place = f"{SITE}/Lists/Boats/Sail"
    whole = await render(CONTEXT | DATA | PARENT, boats, FolderServerRelativeUrl=place)
    assert whole["ParentInfo"]["ParentFolderInfo"][0]["ServerRelativeUrl"] == place
    assert (whole["listBaseType"], whole["listTemplate"]) == (0, "100")


async def test_where_pictures_of_files_are_made(api, render):
    whole = await render(DATA | SCHEMA | MEDIA, ViewXml="<View Scope='Recursive'/>")
    assert "{.spItemUrl}" in whole["ListSchema"][".thumbnailUrl"]
    (row,) = [one for one in whole["ListData"]["Row"] if one["FileLeafRef"] == "Ideas.txt"]
    assert row[".fileType"] == "txt"
    head = {"authorization": f"Bearer {api.token}"}
    item = await api.http.get(row[".spItemUrl"], headers=head)
    assert item.json()["eTag"] == row[".etag"]
    assert row["Modified.FriendlyDisplay"].startswith("0|")


async def test_flags_that_nothing_tells_the_answer_of_are_counted(api, render):
    assert "ListData" in await render(DATA | MENU)
    assert unmodelled(api) == 1
