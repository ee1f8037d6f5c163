"""Users and groups, as far as permissions name them."""

import pytest

from m365sim.entra.contoso import DAEMON_APP_ID
from m365sim.sharing.grantees import app_grantee, user_grantee
from m365sim.sharing.invitations import invite
from m365sim.tenant import User
from m365sim.testing import app_token, delegated_token

READS = ["User.ReadBasic.All", "Group.Read.All", "Sites.Read.All"]


@pytest.fixture
def reader(graph, world):
    graph.token = app_token(world, roles=READS)
    return graph


async def test_users(reader, world):
    listed = await reader.json("/users?$top=3&$count=true")
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


async def test_filters_that_are_not_supported(reader):
    for text in ("mail ne 'x'", "shoeSize eq '44'"):
        response = await reader.get("/users", params={"$filter": text})
        assert response.json()["error"]["code"] == "Request_UnsupportedQuery"


async def test_the_directory_needs_permissions(graph, world):
    group = world.sharing.groups()[0]
    closed = ["/users", "/users/megan@contoso.onmicrosoft.com", "/groups", "/me/memberOf"]
    for path in (*closed, f"/groups/{group.id}", f"/groups/{group.id}/members"):
        response = await graph.get(path)
        assert response.status_code == 403, path
        assert response.json()["error"]["code"] == "Authorization_RequestDenied"
    assert (await graph.get("/users/alex@contoso.onmicrosoft.com")).status_code == 200


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
