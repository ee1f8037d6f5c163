"""Actions on attachments, people, groups, rights, search and terms by SharePoint's own API."""

from base64 import b64decode, b64encode

import pytest
from v1_cases import CASES, SITE, V1Lab, unique
from v1_more_cases import READ_ROLE, person

from fairlead.errors import ActionFailed, Rejected


async def test_attachments(v1: V1Lab):
    row = await CASES["get-list-item"](v1)
    content = b64encode(b"hung on").decode()
    for name in ("It's #1 (50%).txt", "b.txt"):
        made = await v1.run("add-attachment", {**row, "fileName": name, "content": content})
        assert (made["id"], made["name"]) == (name, name)
    with pytest.raises(Rejected) as told:
        await v1.run("add-attachment", {**row, "fileName": "b.txt", "content": content})
    assert told.value.code == "name_taken"
    listed = await v1.run("list-attachments", row)
    assert {one["name"] for one in listed["items"]} == {"It's #1 (50%).txt", "b.txt"}
    told = await v1.run("download-attachment", {**row, "fileName": "It's #1 (50%).txt"})
    assert b64decode(told["content"]) == b"hung on"
    await v1.run("delete-attachment", {**row, "fileName": "b.txt"})
    assert len((await v1.run("list-attachments", row))["items"]) == 1
    with pytest.raises(Rejected) as told:
        await v1.run("download-attachment", {**row, "fileName": "b.txt"})
    assert told.value.code == "item_not_found"


async def test_people_and_groups(v1: V1Lab):
    megan = await v1.run(
        "ensure-site-user", {"siteId": SITE, "loginName": "megan@contoso.onmicrosoft.com"}
    )
    assert megan["kind"] == "user"
    assert await v1.run("get-site-user", {"siteId": SITE, "principalId": megan["id"]}) == megan
    with pytest.raises(Rejected) as told:
        await v1.run("ensure-site-user", {"siteId": SITE, "loginName": "nobody@example.com"})
    assert told.value.code == "item_not_found"
    title = unique("Crew")
    group = await v1.run("create-site-group", {"siteId": SITE, "title": title})
    where = {"siteId": SITE, "groupId": group["id"]}
    assert (await v1.run("list-site-group-members", where))["items"] == []
    for _ in range(2):
        added = await v1.run("add-site-group-member", {**where, "loginName": megan["loginName"]})
        assert added["id"] == megan["id"]
    members = (await v1.run("list-site-group-members", where))["items"]
    assert [one["id"] for one in members] == [megan["id"]]
    groups = (await v1.run("list-site-groups", {"siteId": SITE}))["items"]
    assert title in [one["title"] for one in groups]
    await v1.run("remove-site-group-member", {**where, "principalId": megan["id"]})
    assert (await v1.run("list-site-group-members", where))["items"] == []
    await v1.run("delete-site-group", where)
    with pytest.raises(Rejected) as told:
        await v1.run("list-site-group-members", where)
    assert told.value.code == "item_not_found"


@pytest.mark.parametrize("on", ["get-list", "get-list-item"])
async def test_rights(v1: V1Lab, on: str):
    place = await CASES[on](v1)
    who = await person(v1)
    roles = (await v1.run("list-role-definitions", {"siteId": SITE}))["items"]
    assert {"Full Control", "Read"} <= {one["name"] for one in roles}
    inherited = await v1.run("list-role-assignments", place)
    assert not inherited["hasUniqueRoleAssignments"]
    grant = {**place, "principalId": who["id"], "roleId": READ_ROLE}
    with pytest.raises(Rejected):
        await v1.run("add-role-assignment", grant)
    await v1.run("break-role-inheritance", {**place, "copyRoleAssignments": False})
    empty = await v1.run("list-role-assignments", place)
    assert (empty["hasUniqueRoleAssignments"], empty["items"]) == (True, [])
    await v1.run("add-role-assignment", grant)
    (one,) = (await v1.run("list-role-assignments", place))["items"]
    assert (one["principalId"], one["member"]["loginName"]) == (who["id"], who["loginName"])
    assert [role["name"] for role in one["roles"]] == ["Read"]
    await v1.run("remove-role-assignment", grant)
    assert (await v1.run("list-role-assignments", place))["items"] == []
    await v1.run("add-role-assignment", grant)
    del grant["roleId"]
    await v1.run("remove-role-assignment", grant)
    assert (await v1.run("list-role-assignments", place))["items"] == []
    await v1.run("reset-role-inheritance", place)
    assert await v1.run("list-role-assignments", place) == inherited


async def test_rights_of_the_site_and_of_nothing(v1: V1Lab):
    of_site = await v1.run("list-role-assignments", {"siteId": SITE})
    assert of_site["hasUniqueRoleAssignments"]
    assert of_site["items"]
    with pytest.raises(ActionFailed):
        await v1.run("list-role-assignments", {"siteId": SITE, "itemId": "1"})


async def test_search_in_pages(v1: V1Lab):
    given = {"query": "contentclass:STS_ListItem_DocumentLibrary", "properties": ["Title", "Path"]}
    found, cursor = [], {}
    for _ in range(50):
        page = await v1.run("search", {**given, **cursor, "limit": 4})
        found += [one["properties"]["Path"] for one in page["items"]]
        if "nextCursor" not in page:
            break
        cursor = {"cursor": page["nextCursor"]}
    assert len(found) == len(set(found)) == page["total"] > 4
    with pytest.raises(ActionFailed):
        await v1.run("search", {**given, "cursor": "60000"})


async def test_terms(v1: V1Lab):
    given = await CASES["create-term"](v1)
    held = ["TermStore.ReadWrite.All"]
    made = await v1.run("create-term", given, scopes=held)
    below = {**given, "label": "Cook", "parentTermId": made["id"]}
    cook = await v1.run("create-term", below, scopes=held)
    listed = await v1.run("list-terms", {"setId": given["setId"]})
    assert {one["labels"][0]["name"] for one in listed["items"]} == {"Crew", "Cook"}
    right_below = {"setId": given["setId"], "parentTermId": made["id"]}
    assert [one["id"] for one in (await v1.run("list-terms", right_below))["items"]] == [cook["id"]]
    groups = (await v1.run("list-term-groups", {}))["items"]
    sets = (await v1.run("list-term-sets", {"groupId": groups[-1]["id"]}))["items"]
    assert sets[0]["localizedNames"][0]["name"] == "Teams"
    with pytest.raises(Rejected) as told:
        await v1.run("list-terms", {"setId": "00000000-0000-4000-8000-00000000000f"})
    assert told.value.code == "item_not_found"
