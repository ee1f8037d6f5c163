"""Actions on sites, lists and their rows, against what the emulator holds."""

import json
from urllib.parse import unquote

import pytest
from action_cases import CASES, ActionLab, unique

from fairlead.errors import ActionFailed, InvalidInput, ProviderError, Rejected
from fairlead.sdk.testing import Exchange, Replay, run_action
from fairlead_microsoft import pack
from fairlead_microsoft.clouds import CLOUDS, GLOBAL

PACK = pack(GLOBAL)


def body_of(lab: ActionLab) -> dict:
    return json.loads(lab.requests[-1].body)


async def refused(lab: ActionLab, name: str, given: dict) -> str:
    with pytest.raises(ProviderError) as told:
        await lab.run(name, given)
    assert isinstance(told.value, Rejected)
    return told.value.code


# -- sites


async def test_get_site_by_id_and_by_address(lab: ActionLab):
    by_id = await lab.run("get-site", {"siteId": lab.site()})
    assert by_id["displayName"] == "Marketing"
    assert by_id["siteCollection"]["hostname"].startswith("contoso")
    assert by_id["root"] == {}, "what we do not know is kept"
    host = by_id["siteCollection"]["hostname"]
    for path in ("/sites/marketing", "sites/marketing/"):
        by_path = await lab.run("get-site", {"hostname": host, "path": path})
        assert by_path == by_id
    assert lab.requests[-1].url.endswith(":/sites/marketing")
    root = await lab.run("get-site", {"siteId": "root"})
    assert await lab.run("get-site", {"hostname": host}) == root
    assert await refused(lab, "get-site", {"hostname": host, "path": "/sites/none"}) == (
        "item_not_found"
    )


async def test_get_site_quotes_each_part_of_a_path():
    url = f"{GLOBAL.graph_url}/v1.0/sites/contoso.sharepoint.com:/sites/R%26D%20%23%C3%A9"
    send = Replay([Exchange(url=url, body={"id": "1"})])
    given = {"hostname": "contoso.sharepoint.com", "path": "/sites/R&D #é"}
    assert await run_action(PACK, "get-site", given, send) == {"id": "1"}


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({}, ActionFailed),
        ({"path": "/sites/a"}, ActionFailed),
        ({"hostname": "evil.example/x", "path": "/sites/a"}, ActionFailed),
        ({"hostname": "contoso.sharepoint.com:", "path": "/sites/a"}, ActionFailed),
        ({"hostname": "contoso.sharepoint.com", "path": "/sites/../a"}, InvalidInput),
    ],
)
async def test_get_site_of_no_address(given, kind):
    send = Replay([])
    with pytest.raises(kind) as told:
        await run_action(PACK, "get-site", given, send)
    assert send.requests == []
    if kind is ActionFailed:
        assert told.value.code == "invalid_input"
        assert told.value.payload == {"type": "invalid_input", "message": told.value.message}


async def test_search_sites_by_words(lab: ActionLab):
    lab.sim.tenant.call(lambda world: world.quirks.change(page_size=1))
    try:
        found = await lab.run("search-sites", {"query": "*"})
        assert found["nextCursor"] == found["next_cursor"]
        ids = [one["id"] for one in found["items"]]
        while cursor := found.get("nextCursor"):
            found = await lab.run("search-sites", {"query": "*", "cursor": cursor})
            ids += [one["id"] for one in found["items"]]
    finally:
        lab.sim.tenant.call(lambda world: world.quirks.change(page_size=200))
    assert len(ids) == len(set(ids)) > 2
    marketing = await lab.run("search-sites", {"query": "R&D #é=1"})
    assert marketing["items"] == []
    assert unquote(lab.requests[-1].url).endswith("search=R&D #é=1")
    assert "R%26D%20%23" in lab.requests[-1].url


# -- lists


async def test_create_list_says_all_in_the_right_place(lab: ActionLab):
    title = unique("Books")
    given = {
        "siteId": lab.site(),
        "displayName": title,
        "description": "Read.",
        "columns": [
            {"name": "Writer", "text": {"maxLength": 40}, "required": True},
            {"name": "Pages", "number": {"decimalPlaces": "none"}},
        ],
        "contentTypesEnabled": True,
    }
    made = await lab.run("create-list", given)
    assert body_of(lab)["list"] == {"template": "genericList", "contentTypesEnabled": True}
    assert "contentTypesEnabled" not in body_of(lab)
    assert made["contentTypesEnabled"] is True
    assert (made["displayName"], made["description"]) == (title, "Read.")
    assert (made["template"], made["hidden"]) == ("genericList", False)
    truth = lab.true_list({**given, "listId": made["id"]})
    assert truth["displayName"] == title
    writer = truth["columnDefinitions"]["Writer"]
    assert (writer["type"], writer["required"], writer["maxLength"]) == ("text", True, 40)
    assert truth["columnDefinitions"]["Pages"]["type"] == "number"
    assert await refused(lab, "create-list", given) == "name_taken"
    library = await lab.run(
        "create-list", {**given, "displayName": unique("Files"), "template": "documentLibrary"}
    )
    assert library["template"] == "documentLibrary"


async def test_get_update_and_delete_a_list(lab: ActionLab):
    given = await CASES["get-list"](lab)
    found = await lab.run("get-list", given)
    assert found["id"] == given["listId"]
    assert found["template"] == "genericList"
    title = unique("Novels")
    changed = await lab.run("update-list", {**given, "displayName": title, "eTag": found["eTag"]})
    assert (changed["displayName"], changed["list"]["template"]) == (title, "genericList")
    assert lab.true_list(given)["displayName"] == title
    stale = {**given, "description": "late", "eTag": found["eTag"]}
    assert await refused(lab, "update-list", stale) == "resource_modified"
    assert await refused(lab, "delete-list", {**given, "eTag": found["eTag"]}) == (
        "resource_modified"
    )
    assert await lab.run("delete-list", {**given, "eTag": changed["eTag"]}) == given
    assert given["listId"] not in [one["id"] for one in lab.truth(given["siteId"])]
    assert await refused(lab, "delete-list", given) == "item_not_found"


async def test_an_update_of_nothing_is_refused(lab: ActionLab):
    given = {"siteId": "s", "listId": "l"}
    for name, more in (
        ("update-list", {}),
        ("update-list-column", {"columnId": "c", "columnDefinition": {}}),
    ):
        with pytest.raises(ActionFailed) as told:
            await lab.run(name, {**given, **more})
        assert told.value.code == "invalid_input"
    for name, more in (
        ("update-site-column", {"columnId": "c"}),
        ("update-site-page", {"pageId": "p"}),
    ):
        with pytest.raises(ActionFailed) as told:
            await lab.run(name, {"siteId": "s", **more})
        assert told.value.code == "invalid_input"
    with pytest.raises(InvalidInput, match="at least one column"):
        await lab.run("update-list-item", {**given, "itemId": "1", "fields": {}})
    assert lab.requests == []


async def test_every_page_of_lists_is_reached(lab: ActionLab):
    given = {"siteId": lab.site("/sites/engineering")}
    lists = [one for one in lab.truth(given["siteId"]) if not one["webUrl"].endswith("SitePages")]
    lab.sim.tenant.call(lambda world: world.quirks.change(page_size=1))
    found = await lab.run("list-lists", given)
    assert "$top=50" in lab.requests[-1].url
    assets = next(one for one in found["items"] if one["displayName"] == "Assets")
    assert (assets["listTemplate"], assets["hidden"]) == ("genericList", False)
    assert {one["id"] for one in found["items"]} <= {one["id"] for one in lists}
    site = GLOBAL.graph_url + "/v1.0/sites/s/lists"
    # a link whose token is spelled with %24 is followed as well
    link = f"{site}?$top=50&%24skiptoken=abc"
    page = {"value": [{"id": "1"}], "@odata.nextLink": link}
    send = Replay(
        [Exchange(url=f"{site}?$top=50", body=page), Exchange(url=link, body={"value": []})]
    )
    first = await run_action(PACK, "list-lists", {"siteId": "s"}, send)
    second = {"siteId": "s", "cursor": first["nextCursor"]}
    assert await run_action(PACK, "list-lists", second, send) == {"items": []}
    lab.sim.tenant.call(lambda world: world.quirks.change(page_size=200))


# -- rows


async def test_rows_are_made_changed_and_deleted(lab: ActionLab):
    given = await CASES["get-list"](lab)
    await lab.run("create-list-column", {**given, "name": "Pages", "number": {}})
    made = await lab.run(
        "create-list-item", {**given, "fields": {"Title": "Ulysses", "Pages": 730}}
    )
    assert (made["fields"]["Title"], made["fields"]["Pages"]) == ("Ulysses", 730)
    assert made["createdBy"]["user"]["displayName"] == "Alex Wilber"
    where = {**given, "itemId": made["id"]}
    bare = await lab.run("get-list-item", where)
    assert "fields" not in bare
    assert bare["contentType"]["name"] == "Item"
    full = await lab.run("get-list-item", {**where, "expandFields": True})
    assert full["fields"]["Pages"] == 730
    narrow = await lab.run("get-list-item", {**where, "fieldSelectors": "Pages, Title"})
    assert {"Title", "Pages"} <= set(narrow["fields"])
    assert "Created" not in narrow["fields"]
    # spelled as integrations have long spelled it; null empties a column
    snake = {"site_id": given["siteId"], "list_id": given["listId"], "item_id": made["id"]}
    changed = await lab.run(
        "update-list-item",
        {**snake, "fields": {"Title": "Dubliners", "Pages": None}, "eTag": full["eTag"]},
    )
    assert {name: changed[name] for name in snake} == snake
    assert changed["fields"]["Title"] == "Dubliners"
    assert "Pages" not in changed["fields"]
    (row,) = lab.true_list(given)["items"]
    assert row["fields"]["Title"] == "Dubliners"
    stale = {**where, "eTag": full["eTag"]}
    assert await refused(lab, "update-list-item", {**stale, "fields": {"Title": "x"}}) == (
        "resource_modified"
    )
    assert await refused(lab, "delete-list-item", stale) == "resource_modified"
    fresh = await lab.run("get-list-item", where)
    unquoted = fresh["eTag"].strip('"')
    assert await lab.run("delete-list-item", {**where, "eTag": unquoted}) == {"success": True}
    assert lab.true_list(given)["items"] == []
    assert await refused(lab, "delete-list-item", where) == "item_not_found"


async def test_a_row_that_does_not_fit_its_list(lab: ActionLab):
    given = await CASES["get-list"](lab)
    assert await refused(lab, "create-list-item", {**given, "fields": {"Nothing": 1}}) == (
        "invalid_request"
    )


async def test_pages_of_rows(lab: ActionLab):
    given = await CASES["get-list"](lab)
    for number in range(5):
        await lab.run("create-list-item", {**given, "fields": {"Title": f"{number}"}})
    titles: list[str] = []
    cursor: dict = {}
    while True:
        page = await lab.run(
            "list-list-items", {**given, "top": 2, "fieldSelectors": "Title", **cursor}
        )
        assert len(page["items"]) <= 2
        titles += [one["fields"]["Title"] for one in page["items"]]
        if "nextCursor" not in page:
            break
        cursor = {"cursor": page["nextCursor"]}
    assert titles == ["0", "1", "2", "3", "4"]
    plain = await lab.run("list-list-items", given)
    assert len(plain["items"]) == 5
    assert "fields" not in plain["items"][0]


@pytest.mark.parametrize("wrong", ["Title)&$top=1", "a b", "Title;expand", "$select"])
async def test_selectors_that_would_be_more_than_names(wrong):
    for name, more in (("list-list-items", {}), ("get-list-item", {"itemId": "1"})):
        send = Replay([])
        given = {"siteId": "s", "listId": "l", **more, "fieldSelectors": wrong}
        with pytest.raises(ActionFailed) as told:
            await run_action(PACK, name, given, send)
        assert told.value.code == "invalid_input"
        assert send.requests == []


@pytest.mark.parametrize("top", [0, 5001, "all"])
async def test_a_page_has_a_sensible_size(top):
    with pytest.raises(InvalidInput):
        await run_action(
            PACK, "list-list-items", {"siteId": "s", "listId": "l", "top": top}, Replay([])
        )


async def test_a_change_whose_answer_is_empty_is_the_vendors():
    path = "/v1.0/sites/s/lists/l/items/1/fields"
    send = Replay([Exchange(method="PATCH", url=path, body=b"")])
    given = {"siteId": "s", "listId": "l", "itemId": "1", "fields": {"Title": "x"}}
    with pytest.raises(ProviderError) as told:
        await run_action(PACK, "update-list-item", given, send)
    assert told.value.code == "unexpected_reply"


@pytest.mark.parametrize(
    ("name", "path", "key"),
    [
        ("list-lists", "/v1.0/sites/s/lists?$top=50", "items"),
        ("list-list-items", "/v1.0/sites/s/lists/l/items", "items"),
        ("list-list-columns", "/v1.0/sites/s/lists/l/columns", "columns"),
        ("list-site-columns", "/v1.0/sites/s/columns", "columns"),
        ("list-content-types", "/v1.0/sites/s/contentTypes", "contentTypes"),
        ("list-list-content-types", "/v1.0/sites/s/lists/l/contentTypes", "items"),
        ("list-site-pages", "/v1.0/sites/s/pages/microsoft.graph.sitePage", "items"),
    ],
)
async def test_cursors_stay_in_the_connections_own_cloud(name, path, key):
    cloud = CLOUDS["gcc-high"]
    there = pack(cloud)
    given = {"siteId": "s"} | ({"listId": "l"} if "/lists/l/" in path else {})
    url = f"{cloud.graph_url}{path}"
    link = f"{url}{'&' if '?' in url else '?'}$skiptoken=x"
    send = Replay(
        [
            Exchange(url=url, body={"value": [{"id": "1"}], "@odata.nextLink": link}),
            Exchange(url=link, body={"value": [{"id": "2"}]}),
        ]
    )
    first = await run_action(there, name, given, send)
    assert first["nextCursor"] == link
    assert all(first.get(older, link) == link for older in ("next_cursor", "nextLink"))
    second = await run_action(there, name, {**given, "cursor": link}, send)
    assert second == {key: [{"id": "2"}]}
    send.assert_all_used()
    for foreign in (
        link.replace(cloud.graph_url, "https://evil.example"),
        link.replace(cloud.graph_url, GLOBAL.graph_url),
        f"{cloud.graph_url}/v1.0/me/messages",
    ):
        with pytest.raises(InvalidInput) as told:
            await run_action(there, name, {**given, "cursor": foreign}, Replay([]))
        assert told.value.code == "invalid_cursor"


async def test_an_entry_of_another_shape_is_told_not_dropped():
    page = {"value": [{"id": "1"}, {"name": "no id"}]}
    send = Replay([Exchange(url="/v1.0/sites/s/contentTypes", body=page)])
    with pytest.raises(ProviderError) as told:
        await run_action(PACK, "list-content-types", {"siteId": "s"}, send)
    assert told.value.code == "unexpected_reply"
