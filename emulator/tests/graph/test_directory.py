"""Users and groups, as far as permissions name them."""

import pytest

from m365sim.entra.contoso import DAEMON_APP_ID
from m365sim.sharing.grantees import app_grantee, user_grantee
from m365sim.sharing.invitations import invite
from m365sim.tenant import User
from m365sim.testing import app_token, delegated_token

EVENTUAL = {"ConsistencyLevel": "eventual"}
READS = ["User.ReadBasic.All", "Group.Read.All", "Sites.Read.All"]


@pytest.fixture
def reader(graph, world):
    graph.token = app_token(world, roles=READS)
    return graph


async def test_users(reader, world):
    assert "@odata.count" not in await reader.json("/users?$count=true")  # without the header
    listed = await reader.json("/users?$top=3&$count=true", headers=EVENTUAL)
    assert listed["@odata.count"] == len(world.directory.users)
    assert listed["value"][0]["displayName"] == "Alex Wilber"
    assert "accountEnabled" not in listed["value"][0]
    rest = await reader.json(listed["@odata.nextLink"])
    assert [u["displayName"] for u in rest["value"]] == ["Diego Siciliani"]
    one = "diego@contoso.onmicrosoft.com"
    chosen = await reader.json(f"/users/{one}?$select=id,accountEnabled,userType")
    assert chosen["accountEnabled"] is False
    assert chosen["userType"] == "Member"
    assert (await reader.json(f"/users/{chosen['id']}"))["userPrincipalName"] == one
    assert (await reader.get("/users/nobody")).status_code == 404


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("mail eq 'Alex@contoso.onmicrosoft.com'", 1),
        ("startswith(displayName,'a')", 2),
        ("startsWith(displayName, 'O''Hara')", 0),
    ],
)
async def test_filters(reader, text, count):
    assert len((await reader.json("/users", params={"$filter": text}))["value"]) == count


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"$filter": "accountEnabled eq false"}, ["Diego Siciliani"]),
        ({"$filter": "displayName in ('Megan Bowen', 'Nobody')"}, ["Megan Bowen"]),
        (
            {"$filter": "startswith(displayName,'a') and (mail eq null or accountEnabled eq true)"},
            ["Alex Wilber", "Adele Vance"],
        ),
        ({"$orderby": "displayName desc", "$top": "1"}, ["Megan Bowen"]),
    ],
)
async def test_queries_that_work_by_default(reader, query, names):
    found = (await reader.json("/users", params=query))["value"]
    assert [user["displayName"] for user in found] == names


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"$filter": "accountEnabled ne true"}, ["Diego Siciliani"]),
        ({"$filter": "not startswith(displayName,'a')"}, ["Megan Bowen", "Diego Siciliani"]),
        ({"$filter": "endswith(mail,'@contoso.onmicrosoft.com')", "$top": "1"}, ["Alex Wilber"]),
        (
            {"$filter": "startswith(displayName,'a')", "$orderby": "displayName"},
            ["Adele Vance", "Alex Wilber"],
        ),
        ({"$filter": "businessPhones/$count eq 1"}, []),
    ],
)
async def test_advanced_queries_need_the_header_and_the_count(reader, query, names):
    whole = query | {"$count": "true"}
    found = await reader.json("/users", params=whole, headers=EVENTUAL)
    assert [user["displayName"] for user in found["value"]] == names
    assert found["@odata.count"] >= len(names)
    for less, headers in ((whole, {}), (query, EVENTUAL)):
        refused = await reader.get("/users", params=less, headers=headers)
        assert refused.status_code == 400
        assert refused.json()["error"]["code"] == "Request_UnsupportedQuery"


async def test_searches_need_the_header(reader):
    text = '"displayName:bowen" OR "mail:alex"'
    found = await reader.json("/users", params={"$search": text}, headers=EVENTUAL)
    assert [user["displayName"] for user in found["value"]] == ["Alex Wilber", "Megan Bowen"]
    both = '"displayName:meg" AND "displayName:bow"'
    found = await reader.json("/users", params={"$search": both}, headers=EVENTUAL)
    assert [user["displayName"] for user in found["value"]] == ["Megan Bowen"]
    refused = (await reader.get("/users", params={"$search": text})).json()["error"]
    assert refused["code"] == "Request_UnsupportedQuery"
    assert "special request header" in refused["message"]
    for wrong in ("meg", '"shoeSize:4"'):
        refused = await reader.get("/users", params={"$search": wrong}, headers=EVENTUAL)
        assert refused.json()["error"]["code"] == "Request_BadRequest"


async def test_counts_alone(reader, world):
    group = next(g for g in world.sharing.groups() if g.name == "Marketing")
    for place, count in (
        ("/users/$count", 4),
        ("/groups/$count", len(world.sharing.groups())),
        (f"/groups/{group.id}/members/$count", 4),
        (f"/groups/{group.id}/transitiveMembers/microsoft.graph.user/$count", 4),
        (f"/groups/{group.id}/transitiveMembers/microsoft.graph.group/$count", 0),
        ("/users/megan@contoso.onmicrosoft.com/memberOf/$count", 2),
    ):
        answer = await reader.get(place, headers=EVENTUAL)
        assert (answer.text, answer.headers["content-type"]) == (str(count), "text/plain"), place
        refused = (await reader.get(place)).json()["error"]
        assert refused["message"] == "$count is not currently supported."
    some = {"$filter": "startswith(displayName,'a')"}
    assert (await reader.get("/users/$count", params=some, headers=EVENTUAL)).text == "2"


async def test_members_are_cast_to_a_type(reader, world):
    group = next(g for g in world.sharing.groups() if g.name == "Marketing")
    page = await reader.json(f"/groups/{group.id}/members/microsoft.graph.user?$top=3")
    assert len(page["value"]) == 3
    assert "/members/microsoft.graph.user?" in page["@odata.nextLink"]
    assert len((await reader.json(page["@odata.nextLink"]))["value"]) == 1
    none = await reader.json(f"/groups/{group.id}/members/microsoft.graph.group")
    assert none["value"] == []
    unified = {"$filter": "groupTypes/any(c:c eq 'Unified')"}
    assert len((await reader.json("/groups", params=unified))["value"]) == len(
        world.sharing.groups()
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("shoeSize eq '44'", "Request_UnsupportedQuery"),
        ("endswith(displayName,'x')", "Request_UnsupportedQuery"),
        ("groupTypes/any(c:c eq 'x')", "Request_UnsupportedQuery"),
        ("and", "Request_UnsupportedQuery"),
        *(
            (text, "BadRequest")
            for text in (
                "mail eq", "mail", "mail like 'x'", "mail eq 'x' nonsense", "(mail eq 'x'",
                "startswith(mail)", "mail in 'x'", "businessPhones/any(c:d eq 'x')", "mail eq 'x",
                "mail eq (", "businessPhones/any(p:startswith(q,'1'))",
            )
        ),
    ],
)  # fmt: skip
async def test_filters_that_are_not_supported(reader, text, code):
    query = {"$filter": text, "$count": "true"}
    response = await reader.get("/users", params=query, headers=EVENTUAL)
    assert (response.status_code, response.json()["error"]["code"]) == (400, code)


async def test_orders_that_are_not_supported(reader):
    for order in ("mail", "displayName sideways"):
        response = await reader.get("/users", params={"$orderby": order})
        assert response.json()["error"]["code"] == "Request_UnsupportedQuery"
    refused = await reader.get("/groups", params={"$orderby": "createdDateTime"})
    assert refused.json()["error"]["code"] == "Request_UnsupportedQuery"


async def test_the_directory_needs_permissions(graph, world):
    group = world.sharing.groups()[0]
    megan = "/users/megan@contoso.onmicrosoft.com"
    closed = ["/users", megan, "/groups", f"{megan}/memberOf"]
    for path in (*closed, f"/groups/{group.id}", f"/groups/{group.id}/members"):
        response = await graph.get(path)
        assert response.status_code == 403, path
        assert response.json()["error"]["code"] == "Authorization_RequestDenied"
    assert (await graph.get("/users/alex@contoso.onmicrosoft.com")).status_code == 200


async def test_what_a_caller_may_not_read_is_there_without_its_properties(graph, world):
    own = (await graph.json("/me/memberOf"))["value"]  # User.Read is enough for that
    assert {one["@odata.type"] for one in own} == {"#microsoft.graph.group"}
    assert all(one["id"] for one in own)
    assert {value for one in own for name, value in one.items() if name[:1] != "@"} >= {None}
    assert all(one["displayName"] is None for one in own)
    graph.token = app_token(world, roles=["GroupMember.Read.All"])
    members = (await graph.json(f"/groups/{own[0]['id']}/members"))["value"]
    assert members
    assert all(one["id"] and one["displayName"] is None for one in members)
    graph.token = app_token(world, roles=["GroupMember.Read.All", "User.ReadBasic.All"])
    members = (await graph.json(f"/groups/{own[0]['id']}/members"))["value"]
    assert all(one["displayName"] for one in members)


async def test_groups_their_members_and_their_site(reader, drive, world):
    groups = (await reader.json("/groups"))["value"]
    marketing = next(g for g in groups if g["displayName"] == "Marketing")
    assert marketing["groupTypes"] == ["Unified"]
    place = f"/groups/{marketing['id']}"
    assert (await reader.json(place))["mail"] == "marketing@contoso.onmicrosoft.com"
    members = (await reader.json(f"{place}/members"))["value"]
    assert {m["@odata.type"] for m in members} == {"#microsoft.graph.user"}
    assert len(members) == 4
    owners = (await reader.json(f"{place}/owners"))["value"]
    assert [o["displayName"] for o in owners] == ["Alex Wilber"]
    assert (await reader.json(f"{place}/sites/root"))["id"] == drive.site.id
    assert [d["id"] for d in (await reader.json(f"{place}/drives"))["value"]] == [drive.id]
    assert (await reader.json(f"{place}/drive"))["id"] == drive.id
    assert (await reader.json(f"{place}/drive/root:/Welcome.md"))["name"] == "Welcome.md"
    assert (await reader.get("/groups/nobody")).status_code == 404


async def test_groups_within_groups(reader, world):
    person = world.directory.user_by_upn("megan@contoso.onmicrosoft.com")
    inner = world.sharing.add_group("Inner", [person])
    outer = world.sharing.add_group("Outer", [])
    outer.members += [inner.id, "gone"]

    async def names(path):
        return [m["displayName"] for m in (await reader.json(path))["value"]]

    assert await names(f"/groups/{outer.id}/members") == ["Inner"]
    assert await names(f"/groups/{outer.id}/transitiveMembers") == ["Inner", "Megan Bowen"]
    assert "Outer" not in await names(f"/users/{person.upn}/memberOf")
    assert "Outer" in await names(f"/users/{person.upn}/transitiveMemberOf")
    assert (await reader.get(f"/groups/{outer.id}/sites/root")).status_code == 404
    assert (await reader.get(f"/groups/{outer.id}/drives")).status_code == 404
    assert (await reader.get(f"/groups/{outer.id}/drive")).status_code == 404


async def test_a_guest_sees_what_was_shared_and_no_more(graph, world, drive, find, at):
    upn = "gina_fabrikam.com#EXT#@contoso.onmicrosoft.com"
    guest = world.directory.add_user(
        User("guest-1", world.tenant.id, upn, "Gina Guest", "x", "gina@fabrikam.com")
    )
    alex, graph.token = graph.token, delegated_token(world, upn.partition("@")[0])
    assert (await graph.get(f"/sites/{drive.site.id}")).status_code == 403
    assert (await graph.json("/sites?search=marketing"))["value"] == []
    assert (await graph.get(at("Welcome.md"))).status_code == 403
    invite(world.sharing, drive, find("Press"), [user_grantee(guest)], ("read",))
    assert (await graph.get(at("Press/Releases"))).status_code == 200
    assert (await graph.get(at("Welcome.md"))).status_code == 404
    assert (await graph.get(f"/sites/{drive.site.id}")).status_code == 200
    graph.token = alex
    invited = {"recipients": [{"email": "gina@fabrikam.com"}], "roles": ["write"]}
    await graph.call("POST", at("Welcome.md") + ":/invite", json=invited)
    graph.token = delegated_token(world, upn.partition("@")[0])
    assert (
        await graph.call("PUT", at("Welcome.md") + ":/content", content=b"x")
    ).status_code == 200


async def test_an_app_with_granted_items_sees_those_alone(graph, world, drive, find, at):
    graph.token = app_token(world, roles=["Files.SelectedOperations.Selected"])
    assert (await graph.get(at("Press"))).status_code == 403
    grantee = app_grantee(DAEMON_APP_ID, "nightly-indexer", world.tenant.id)
    invite(world.sharing, drive, find("Press"), [grantee], ("read",))
    assert (await graph.get(at("Press"))).status_code == 200
    assert (await graph.get(at("Welcome.md"))).status_code == 404
    put = await graph.call("PUT", at("Press/x.txt") + ":/content", content=b"x")
    assert put.status_code == 403
    graph.token = app_token(world, roles=["Sites.FullControl.All"])
    listed = (await graph.json(at("Press") + ":/permissions"))["value"]
    assert listed[0]["grantedToV2"] == {
        "application": {"displayName": "nightly-indexer", "id": DAEMON_APP_ID}
    }


async def test_grants_on_sites_one_by_one(graph, drive, world):
    graph.token = app_token(world, roles=["Sites.FullControl.All"])
    place = f"/sites/{drive.site.id}/permissions"
    app = {"application": {"id": DAEMON_APP_ID, "displayName": "nightly-indexer"}}
    made = (await graph.call("POST", place, json={
        "roles": ["read"], "grantedToIdentities": [app],
    })).json()  # fmt: skip
    one = f"{place}/{made['id']}"
    assert (await graph.json(one))["roles"] == ["read"]
    changed = await graph.call("PATCH", one, json={"roles": ["write"]})
    assert changed.json()["roles"] == ["write"]
    assert (await graph.call("PATCH", one, json={"roles": []})).status_code == 400
    assert (await graph.call("DELETE", one)).status_code == 204
    assert (await graph.get(one)).status_code == 404
    graph.token = app_token(world, roles=["Sites.ReadWrite.All"])
    assert (await graph.get(one)).status_code == 403


async def test_the_daemon_of_a_fresh_tenant_may_read_who_is_in_which_group(graph, world):
    roles = world.directory.roles(world.tenant.id, DAEMON_APP_ID, "graph")
    graph.token = app_token(world, roles=roles)
    group = next(g for g in world.sharing.groups() if g.name == "Marketing")
    members = (await graph.json(f"/groups/{group.id}/transitiveMembers"))["value"]
    assert {one["displayName"] for one in members} >= {"Alex Wilber", "Megan Bowen"}
