"""Who may do what with lists and pages."""

import pytest

from m365sim.entra.contoso import DAEMON_APP_ID
from m365sim.entra.resources import Resource
from m365sim.sharing.grantees import user_grantee
from m365sim.sharing.invitations import invite, keep_only
from m365sim.testing import app_token, delegated_token

SHAREPOINT = Resource("sharepoint", "https://contoso.sharepoint.com", "contoso")
READ, WRITE, MANAGE = 1, 2, 3
CALLS = [
    (READ, "GET", "lists", None),
    (READ, "GET", "lists/Assets", None),
    (READ, "GET", "lists/Assets/items", None),
    (READ, "GET", "lists/Assets/items/delta", None),
    (READ, "GET", "lists/Assets/items/1", None),
    (READ, "GET", "columns", None),
    (READ, "GET", "lists/Assets/columns", None),
    (READ, "GET", "contentTypes", None),
    (READ, "GET", "lists/Assets/contentTypes/0x01/columns", None),
    (READ, "GET", "pages", None),
    (WRITE, "POST", "lists/Assets/items", {"fields": {"Title": "x"}}),
    (WRITE, "PATCH", "lists/Assets/items/1/fields", {"Title": "x"}),
    (WRITE, "PATCH", "lists/Documents/items/1/fields", {"Title": "x"}),
    (WRITE, "DELETE", "lists/Assets/items/2", None),
    (WRITE, "POST", "pages", {"@odata.type": "#microsoft.graph.sitePage", "title": "x"}),
    (MANAGE, "POST", "columns", {"name": "x", "text": {}}),
    (MANAGE, "POST", "lists/Assets/columns", {"name": "x", "text": {}}),
    (MANAGE, "DELETE", "lists/Assets/columns/Notes", None),
    (MANAGE, "POST", "contentTypes", {"name": "x", "base": {"id": "0x01"}}),
    (MANAGE, "PATCH", "lists/Vendors", {"description": "x"}),
    (MANAGE, "DELETE", "lists/Vendors", None),
]
HELD = {
    "Files.ReadWrite.All": 0,
    "User.Read": 0,
    "Sites.Read.All": READ,
    "Sites.ReadWrite.All": WRITE,
    "Sites.Manage.All": MANAGE,
    "Sites.FullControl.All": MANAGE,
}


@pytest.fixture
def site(world):
    return world.content.site_at("contoso.sharepoint.com", "/sites/engineering")


async def refusals(graph, site, held):
    """Call everything; tell what was refused though it should not be, and the other way round."""
    wrong = []
    for need, method, path, body in CALLS:
        answer = await graph.call(method, f"/sites/{site.id}/{path}", json=body)
        refused = answer.status_code == 403
        if refused != (held < need) or answer.status_code >= 500:
            wrong.append((method, path, answer.status_code))
    return wrong


@pytest.mark.parametrize(("permission", "held"), HELD.items())
async def test_of_persons_and_of_apps(graph, world, site, permission, held):
    graph.token = delegated_token(world, scopes=[permission, "Files.Read"])
    assert await refusals(graph, site, held) == []
    graph.token = app_token(world, roles=[permission])
    assert await refusals(graph, site, held) == []


async def test_apps_make_lists_with_less_than_persons(graph, world, site):
    body = {"displayName": "New"}
    graph.token = delegated_token(world, scopes=["Sites.ReadWrite.All"])
    refused = await graph.call("POST", f"/sites/{site.id}/lists", json=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "accessDenied")
    graph.token = app_token(world, roles=["Sites.ReadWrite.All"])
    assert (await graph.call("POST", f"/sites/{site.id}/lists", json=body)).status_code == 201


@pytest.mark.parametrize(
    ("role", "held"), [("read", READ), ("write", WRITE), ("fullcontrol", MANAGE)]
)
async def test_selected_sites(graph, world, site, role, held):
    graph.token = app_token(world, roles=["Sites.Selected"])
    assert (await graph.get(f"/sites/{site.id}/lists")).status_code == 403
    world.content.site_grants[DAEMON_APP_ID, site.collection] = frozenset({role})
    assert await refusals(graph, site, held) == []
    assert (await graph.get("/sites/root/lists")).status_code == 403


async def test_a_persons_own_rights_count_too(graph, world, site):
    drive = site.drives[0]
    world.sharing.site_acl(site).permissions.clear()  # the site is nobody's
    graph.token = delegated_token(world, "megan", scopes=["Sites.Manage.All"])
    for path in ("lists", "lists/Assets", "lists/Assets/items", "columns", "pages"):
        assert (await graph.get(f"/sites/{site.id}/{path}")).status_code in (403, 404)
    # One file is shared: of the library that is all there is, of the site nothing else.
    megan = world.directory.user_by_upn("megan@contoso.onmicrosoft.com")
    item = drive.child(drive.root.uid, "README.md")
    invite(world.sharing, drive, item, [user_grantee(megan)], ("read",))
    number = world.lists.library(drive).number_of(item.uid)
    rows = await graph.json(f"/drives/{drive.id}/list/items?$expand=fields")
    assert [row["fields"]["FileLeafRef"] for row in rows["value"]] == ["README.md"]
    entries, _, _ = await graph.round(f"/drives/{drive.id}/list/items/delta?$expand=fields")
    assert [entry["id"] for entry in entries] == [str(number)]
    place = f"/drives/{drive.id}/list/items/{number}"
    assert (await graph.get(place)).status_code == 200
    refused = await graph.call("PATCH", f"{place}/fields", json={"Title": "x"})
    assert refused.status_code == 403
    hidden = world.lists.library(drive).number_of(drive.child(drive.root.uid, "Handbook").uid)
    assert (await graph.get(f"/drives/{drive.id}/list/items/{hidden}")).status_code == 404


async def test_a_closed_file_is_no_item_for_others(graph, world, site):
    drive = site.drives[0]
    item = drive.child(drive.root.uid, "README.md")
    alex = world.directory.user_by_upn("alex@contoso.onmicrosoft.com")
    keep_only(world.sharing, drive, item, alex)
    graph.token = delegated_token(world, "megan", scopes=["Sites.Read.All"])
    rows = await graph.json(f"/sites/{site.id}/lists/Documents/items?$expand=fields")
    assert "README.md" not in {row["fields"]["FileLeafRef"] for row in rows["value"]}
    graph.token = app_token(world, roles=["Sites.Read.All"])
    rows = await graph.json(f"/sites/{site.id}/lists/Documents/items?$expand=fields")
    assert "README.md" in {row["fields"]["FileLeafRef"] for row in rows["value"]}


async def test_the_tenant_host_answers_the_same(graph, world, site):
    token = delegated_token(world, scopes=["AllSites.Read"], resource=SHAREPOINT)
    url = f"https://contoso.sharepoint.com/_api/v2.0/sites/{site.id}/lists/Assets/items?$top=1"
    answer = await graph.http.get(url, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    assert answer.json()["@odata.nextLink"].startswith("https://contoso.sharepoint.com/_api/v2.0/")
    refused = await graph.http.post(
        url, headers={"Authorization": f"Bearer {token}"}, json={"fields": {}}
    )
    assert refused.status_code == 403


async def test_the_file_behind_an_item_needs_leave_to_read_files(graph, world, site):
    path = f"/sites/{site.id}/lists/Documents/items/1/driveItem"
    for permission, status in (
        ("Files.Read.All", 200), ("Files.ReadWrite.All", 200), ("Sites.Read.All", 200),
        ("User.Read", 403),
    ):  # fmt: skip
        graph.token = delegated_token(world, scopes=[permission])
        assert (await graph.get(path)).status_code == status
        graph.token = app_token(world, roles=[permission])
        assert (await graph.get(path)).status_code == status
    graph.token = delegated_token(world, scopes=["Files.Read"])  # of one's own drive alone
    assert (await graph.get(path)).status_code == 403
