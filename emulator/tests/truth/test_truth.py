"""The truth holds everything, and a large one passes through a small memory."""

from __future__ import annotations

import tracemalloc

import httpx
import pytest

from m365sim.control import control_app
from m365sim.harness import started
from m365sim.sharing import Permission
from m365sim.sharing.grantees import user_grantee
from m365sim.truth import truth
from m365sim.world import build_world

PLACE = "/sites/marketing/Shared Documents"


@pytest.fixture
def lived_in(m365_tenant, m365_clock):
    """A tenant in which something of every kind happened, and its marketing site."""

    def live(world):
        site = world.content.site_at(world.content.host, "/sites/marketing")
        drive = site.drives[0]
        megan = world.directory.user_by_upn("megan@contoso.onmicrosoft.com")
        item = drive.child(drive.root.uid, "Welcome.md")
        acl = world.sharing.break_inheritance(drive, item, copy=False)
        grantee = user_grantee(megan)
        acl.add(Permission(grantee.permission_id, ("write",), grantee))
        world.sharing.add_site_group(site, "Readers", [grantee])
        world.content.grant_site("an-app", site, frozenset({"write", "read"}))
        columns = [{"name": "City", "text": {}}, {"name": "Since", "dateTime": {}}]
        known = world.lists.create(site, "Vendors", drive.owner, columns=columns)
        known.update(known.add({"City": "Kiel"}, drive.owner), {"City": "Vigo"}, drive.owner)

    m365_tenant.put(f"{PLACE}/Welcome.md", "# Second\n", by="megan")
    m365_tenant.put(f"{PLACE}/gone.txt", "gone")
    m365_tenant.delete(f"{PLACE}/gone.txt")
    m365_clock.advance(minutes=1)
    m365_tenant.call(live)
    whole = httpx.get(f"{m365_tenant.control_url}/truth").json()
    (site,) = (one for one in whole["sites"] if one["webUrl"].endswith("/sites/marketing"))
    return m365_tenant, whole, site


def test_people_and_groups(lived_in):
    tenant, whole, _ = lived_in
    assert whole == tenant.truth()
    assert whole["tenant"] == {"id": tenant.id, "domain": tenant.domain}
    assert {u["userPrincipalName"]: u["enabled"] for u in whole["users"]}[
        "diego@" + tenant.domain
    ] is (False)
    team = next(group for group in whole["groups"] if group["displayName"] == "Marketing")
    assert set(team["members"]) <= {user["id"] for user in whole["users"]}
    lab = next(site for site in whole["sites"] if site["displayName"] == "Lab")
    assert lab["parentId"] in {site["id"] for site in whole["sites"]} - {lab["id"]}


def test_permissions(lived_in):
    _, __, site = lived_in
    assert site["inherits"] is False
    assert {"read", "write", "owner"} <= {r for p in site["permissions"] for r in p["roles"]}
    assert {"title": "Readers", "members": ["Megan Bowen"]}.items() <= site["siteGroups"][
        -1
    ].items()
    assert site["appGrants"] == {"an-app": ["read", "write"]}
    items = {item["path"]: item for item in site["drives"][0]["items"]}
    assert items["/Welcome.md"]["inherits"] is False
    (granted,) = items["/Welcome.md"]["permissions"]
    assert granted["roles"] == ["write"]
    assert granted["grantedTo"]["name"] == "Megan Bowen"
    assert "permissions" not in items["/Campaigns"]
    assert site["drives"][0]["permissions"] == []


def test_items_their_versions_and_the_bin(lived_in):
    tenant, _, site = lived_in
    drive = site["drives"][0]
    item = next(one for one in drive["items"] if one["path"] == "/Welcome.md")
    assert item["size"] == len(tenant.read(f"{PLACE}/Welcome.md")) == 9
    first, second = item["versions"][::-1]
    assert (first["id"], second["id"], item["cTag"]) == (1, 2, 2)
    assert second["quickXorHash"] == item["quickXorHash"] != first["quickXorHash"]
    assert item["modifiedBy"] == "Megan Bowen"
    assert item["modified"] > item["created"]
    parents = {one["id"]: one["path"] for one in drive["items"]}
    for one in drive["items"]:
        if one["parentId"]:
            assert one["path"] == f"{parents[one['parentId']]}/{one['name']}"
    assert [one["name"] for one in drive["recycleBin"]] == ["gone.txt"]
    assert drive["recycleBin"][0]["id"] not in parents


def test_lists_columns_and_rows(lived_in):
    _, __, site = lived_in
    lists = {one["displayName"]: one for one in site["lists"]}
    vendors = lists["Vendors"]
    assert vendors["columnDefinitions"]["Since"]["type"] == "dateTime"
    assert set(vendors["columnDefinitions"]) <= set(vendors["columns"])
    assert vendors["views"][0]["title"] == "All Items"
    row = vendors["items"][0]
    assert row["fields"]["City"] == "Vigo"
    assert (row["version"], row["versions"]) == (2, [2, 1])
    assert lists["Documents"]["driveId"] == site["drives"][0]["id"]
    assert lists["Documents"]["id"] == site["drives"][0]["listId"]
    assert "items" not in lists["Documents"]


def test_one_drive_alone(lived_in):
    tenant, _, site = lived_in
    wanted = site["drives"][0]
    alone = httpx.get(f"{tenant.control_url}/truth", params={"drive": wanted["id"]}).json()
    assert [drive for one in alone["sites"] for drive in one["drives"]] == [wanted]
    assert alone.keys() == {"now", "sites"}


async def test_a_large_truth_passes_through_a_small_memory():
    world = build_world(seed_files=20_000)
    sent = 0

    async def receive():
        return {"type": "http.request", "body": b""}

    async def send(message):
        nonlocal sent
        sent += len(message.get("body", b""))

    scope = {"type": "http", "method": "GET", "path": "/_m365sim/truth", "query_string": b""}
    truth(build_world())  # what is made once is made now
    tracemalloc.start()
    try:
        await control_app(world)(scope, receive, send)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sent > 8_000_000
    assert peak < 2_000_000


def test_others_have_their_turn_meanwhile():
    with started() as sim:
        sim.tenant.call(
            lambda world: world.content.add_drive(
                world.content.site_at(world.content.host, ""), "Big", "Big", synthetic_files=30_000
            )
        )
        url = f"{sim.tenant.control_url}/truth"
        with httpx.stream("GET", url, timeout=60) as slow:
            pieces = slow.iter_raw()
            next(pieces)
            assert httpx.get(f"{sim.tenant.control_url}/faults", timeout=20).status_code == 200
            assert sum(map(len, pieces)) > 5_000_000
