"""What actions on SharePoint's own API answer is what Graph's actions answer of the same things."""

from urllib.parse import urlsplit

import pytest
from action_cases import open_lab
from v1_cases import SITE, V1Lab, unique

from fairlead.errors import ActionFailed, InvalidInput, Rejected


@pytest.fixture
async def v2(sim):
    async with open_lab(sim) as lab:
        yield lab


#: Graph alone counts the changes of a site, of a list and of what it makes up of both
UNLIKE = {"lastModifiedDateTime", "eTag"}


def alike(one: dict, other: dict, *unlike: str) -> None:
    """Compare what both tell."""
    left = {key: value for key, value in one.items() if key in other and key not in unlike}
    if "webUrl" in left:  # the emulator's hosts live here
        assert urlsplit(left.pop("webUrl")).path == urlsplit(other["webUrl"]).path
    assert left == {key: other[key] for key in left}
    assert len(left) > 2


async def test_a_site(v1: V1Lab, v2):
    mine = await v1.run("get-site", {"siteId": SITE})
    theirs = await v2.run("get-site", {"siteId": v2.site()})
    alike(mine, theirs, *UNLIKE)
    assert mine["siteCollection"]["hostname"] == theirs["siteCollection"]["hostname"]
    by_address = await v1.run("get-site", {"hostname": "contoso.sharepoint.com", "path": SITE})
    assert by_address == mine
    assert (await v1.run("get-site", {"siteId": mine["id"]}))["id"] == mine["id"]
    with pytest.raises(ActionFailed):
        await v1.run("get-site", {})
    body = b'{"parameters":{"Url":"quay","Title":"Quay"}}'
    await v1.api("POST", "web/webs/add", body)
    (sub,) = (await v1.run("list-subsites", {"siteId": SITE}))["items"]
    assert (sub["name"], sub["displayName"]) == ("quay", "Quay")
    below = await v1.run("get-site", {"siteId": sub["id"]})
    assert "siteCollection" not in below


async def test_lists(v1: V1Lab, v2):
    name = unique("Books & 'co'")
    given = {
        "siteId": SITE,
        "displayName": name,
        "description": "Read.",
        "columns": [{"name": "Author0", "text": {}}, {"name": "Pages", "number": {"minimum": 1}}],
    }
    made = await v1.run("create-list", given)
    assert [column["name"] for column in made["columns"]] == ["Author0", "Pages"]
    theirs = await v2.run("get-list", {"siteId": v2.site(), "listId": made["id"]})
    mine = await v1.run("get-list", {"siteId": SITE, "listId": name})
    alike(mine, theirs, *UNLIKE)
    assert theirs["template"] == "genericList"
    listed = {one["id"]: one for one in (await v1.run("list-lists", {"siteId": SITE}))["items"]}
    also = {one["id"]: one for one in (await v2.run("list-lists", {"siteId": v2.site()}))["items"]}
    assert set(also) <= set(listed)
    alike(listed[made["id"]], also[made["id"]], *UNLIKE)
    everything = await v1.run("list-lists", {"siteId": SITE, "hidden": True})
    assert len(everything["items"]) >= len(listed)
    with pytest.raises(Rejected) as told:
        await v1.run("create-list", {"siteId": SITE, "displayName": name})
    assert told.value.code == "name_taken"
    with pytest.raises(ActionFailed):
        await v1.run("create-list", {"siteId": SITE, "displayName": "x", "template": "cake"})
    with pytest.raises(ActionFailed):
        await v1.run("update-list", {"siteId": SITE, "listId": name})
    changed = await v1.run("update-list", {"siteId": SITE, "listId": name, "displayName": "B"})
    assert (changed["displayName"], changed["name"]) == ("B", made["name"])
    with pytest.raises(Rejected) as told:
        stale = {"siteId": SITE, "listId": made["id"], "eTag": '"1,1"'}
        await v1.run("delete-list", stale)
    assert told.value.code == "resource_modified"


async def test_rows(v1: V1Lab, v2):
    columns = [
        {"name": "Pages", "number": {}},
        {"name": "Kind", "choice": {"choices": ["a", "b"]}},
        {"name": "Tags", "choice": {"choices": ["x", "y"], "displayAs": "checkBoxes"}},
        {"name": "Link", "hyperlinkOrPicture": {}},
        {"name": "Read", "boolean": {}},
        {"name": "At", "dateTime": {"format": "dateTime"}},
        {"name": "Who", "personOrGroup": {}},
    ]
    named = {"siteId": SITE, "displayName": unique("Rows"), "columns": columns}
    list_id = (await v1.run("create-list", named))["id"]
    people = (await v1.api("GET", "web/siteusers"))["value"]
    fields = {
        "Title": "Ulysses",
        "Pages": 732,
        "Kind": "a",
        "Tags": ["x", "y"],
        "Link": {"Url": "https://example.com", "Description": "there"},
        "Read": True,
        "At": "2026-06-03T15:00:00Z",
        "WhoLookupId": str(people[0]["Id"]),
    }
    where = {"siteId": SITE, "listId": list_id}
    made = await v1.run("create-list-item", {**where, "fields": fields})
    graph = {"siteId": v2.site(), "listId": list_id, "itemId": made["id"], "expandFields": True}
    theirs = await v2.run("get-list-item", graph)
    mine = await v1.run("get-list-item", {**where, "itemId": made["id"], "expandFields": True})
    assert mine["fields"] == made["fields"]
    unlike = ("createdBy", "lastModifiedBy", "sharepointIds", "fields", "name", "webUrl")
    alike(mine, theirs, *unlike)
    for name, value in fields.items():
        assert mine["fields"][name] == theirs["fields"][name], name
        assert mine["fields"][name] == value, name
    some = await v1.run(
        "get-list-item", {**where, "itemId": made["id"], "fieldSelectors": "Title,Pages"}
    )
    assert {key: some["fields"][key] for key in ("Title", "Pages")} == {
        "Title": "Ulysses",
        "Pages": 732,
    }
    assert "Kind" not in some["fields"]
    bare = await v1.run("get-list-item", {**where, "itemId": made["id"]})
    assert "fields" not in bare
    assert bare["createdBy"]["user"]["displayName"]
    change = {**where, "itemId": made["id"], "fields": {"Pages": None, "WhoLookupId": None}}
    after = await v1.run("update-list-item", {**change, "eTag": mine["eTag"]})
    assert "Pages" not in after["fields"]
    assert "WhoLookupId" not in after["fields"]
    with pytest.raises(Rejected) as told:
        await v1.run("update-list-item", {**change, "eTag": mine["eTag"]})
    assert told.value.code == "resource_modified"
    with pytest.raises(ActionFailed):
        await v1.run(
            "get-list-item", {**where, "itemId": made["id"], "fieldSelectors": "Title&$top"}
        )
    with pytest.raises(InvalidInput):
        await v1.run("update-list-item", {**change, "fields": {}})
    with pytest.raises(Rejected) as told:
        await v1.run("create-list-item", {**where, "fields": {"Colour": "red"}})
    assert told.value.code == "invalid_request"


async def test_pages_of_rows(v1: V1Lab):
    where = {"siteId": SITE, "listId": None}
    named = {
        "siteId": SITE,
        "displayName": unique("Many"),
        "columns": [{"name": "N", "number": {}}],
    }
    where["listId"] = (await v1.run("create-list", named))["id"]
    for number in range(7):
        await v1.run("create-list-item", {**where, "fields": {"Title": f"{number}", "N": number}})

    async def read(name: str, **given) -> list[list]:
        pages, cursor = [], None
        while True:
            page = await v1.run(name, {**where, **given, **({"cursor": cursor} if cursor else {})})
            rows = page.get("items") or page.get("rows") or []
            pages.append([int(row.get("id") or row.get("ID")) for row in rows])
            cursor = page.get("nextCursor")
            if cursor is None:
                return pages

    assert await read("list-list-items", top=3) == [[1, 2, 3], [4, 5, 6], [7]]
    assert await read("list-list-items", filter="N gt 2", orderBy="N desc") == [[7, 6, 5, 4]]
    view = "<View>{}<RowLimit Paged='TRUE'>3</RowLimit></View>"
    assert await read("query-list-items", viewXml=view.format("")) == [[1, 2, 3], [4, 5, 6], [7]]
    down = "<Query><OrderBy><FieldRef Name='N' Ascending='FALSE'/></OrderBy></Query>"
    assert await read("query-list-items", viewXml=view.format(down)) == [[7, 6, 5]]
    streamed = await read("render-list-data-as-stream", viewXml=view.format(down))
    assert streamed == [[7, 6, 5], [4, 3, 2], [1]]
    shown = await v1.run("render-list-data-as-stream", where)
    assert (shown["firstRow"], shown["lastRow"], len(shown["rows"])) == (1, 7, 7)


@pytest.mark.parametrize("view", ["<View", "<!DOCTYPE x><View/>", "<Query/>"])
@pytest.mark.parametrize("name", ["query-list-items", "render-list-data-as-stream"])
async def test_a_view_that_is_none(v1: V1Lab, name: str, view: str):
    v1.requests.clear()
    with pytest.raises(ActionFailed) as told:
        await v1.run(name, {"siteId": SITE, "listId": "Any", "viewXml": view})
    assert told.value.code == "invalid_input"
    assert v1.requests == []


async def test_a_cursor_of_another_query(v1: V1Lab):
    given = {"siteId": SITE, "listId": "Any", "viewXml": "<View/>", "cursor": "p_ID=1&x=2"}
    with pytest.raises(ActionFailed):
        await v1.run("query-list-items", given)


async def test_columns(v1: V1Lab, v2):
    named = {"siteId": SITE, "displayName": unique("Columns")}
    list_id = (await v1.run("create-list", named))["id"]
    where, graph = {"siteId": SITE, "listId": list_id}, {"siteId": v2.site(), "listId": list_id}
    facets = {
        "Line": {"text": {"maxLength": 40}},
        "Lines": {"text": {"allowMultipleLines": True}},
        "Count": {"number": {"minimum": 0, "maximum": 9}},
        "Price": {"currency": {}},
        "Kind": {"choice": {"choices": ["a", "b"], "allowTextEntry": True}},
        "Tags": {"choice": {"choices": ["x"], "displayAs": "checkBoxes"}},
        "At": {"dateTime": {"format": "dateTime"}},
        "Day": {"dateTime": {"format": "dateOnly"}},
        "Yes": {"boolean": {}},
        "Who": {"personOrGroup": {"allowMultipleSelection": True}},
        "Book": {"lookup": {"listId": list_id, "columnName": "Title"}},
        "Link": {"hyperlinkOrPicture": {}},
        "Sum": {"calculated": {"formula": "=[Count]*2", "outputType": "number"}},
    }
    for name, facet in facets.items():
        await v1.run("create-list-column", {**where, "name": name, **facet, "description": "d"})
    mine = {one["name"]: one for one in (await v1.run("list-list-columns", where))["columns"]}
    theirs = {one["name"]: one for one in (await v2.run("list-list-columns", graph))["columns"]}
    assert set(mine) == set(theirs)
    for name, facet in facets.items():
        kind = next(iter(facet))
        assert kind in mine[name], name
        assert kind in theirs[name], name
        assert mine[name]["id"] == theirs[name]["id"]
        assert mine[name]["description"] == "d"
        for setting, value in facet[kind].items():
            if setting != "outputType":
                assert mine[name][kind][setting] == value, (name, setting)
    renamed = await v1.run(
        "create-list-column", {**where, "name": "Inner", "displayName": "Outer", "text": {}}
    )
    assert (renamed["name"], renamed["displayName"]) == ("Inner", "Outer")
    assert (await v1.run("get-list-column", {**where, "columnId": "Inner"})) == renamed
    for wrong in ({}, {"text": {}, "number": {}}):
        with pytest.raises(ActionFailed):
            await v1.run("create-list-column", {**where, "name": "X", **wrong})
    with pytest.raises(Rejected) as told:
        await v1.run("get-list-column", {**where, "columnId": "Nothing"})
    assert told.value.code == "item_not_found"
