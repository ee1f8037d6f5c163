from __future__ import annotations

import base64
import json

import pytest

from m365sim.clouds import CLOUDS
from m365sim.entra.contoso import DAEMON_APP_ID, TENANT_ID
from m365sim.entra.resources import find_resource
from m365sim.faults import Fault
from m365sim.testing import delegated_token

pytestmark = pytest.mark.judges


def below(tree, top):
    """Say what is below a folder: id → hash in hexadecimal, None for folders."""
    return {
        item["id"]: None if item["isFolder"] else base64.b64decode(item["quickXorHash"]).hex()
        for path, item in tree.items()
        if path.startswith(f"{top}/")
    }


def listed(listing):
    # rclone's ids hold the drive too: drive#item.
    return {
        one["ID"].partition("#")[2]: None if one["IsDir"] else one["Hashes"]["quickxor"]
        for one in listing
    }


def hashed(listing):
    return {one["Path"]: one["Hashes"]["quickxor"] for one in listing if not one["IsDir"]}


@pytest.fixture
def config(internet):
    host = internet.world.tenant.sharepoint_host
    site = internet.world.content.site_at(host, "/sites/marketing")
    return {
        "type": "onedrive",
        "drive_id": site.drives[0].id,
        "drive_type": "documentLibrary",
        "client_id": DAEMON_APP_ID,
        "client_secret": internet.world.directory.apps[DAEMON_APP_ID].secrets[0].value,
    }


async def test_rclone(internet, judge, tree, not_modelled, config):
    said = await judge(
        "sync_by_rclone.py",
        config={**config, "client_credentials": "true", "tenant": TENANT_ID},
    )
    assert len(said["first"]) > 300
    assert hashed(said["uploaded"]) == said["first"]
    for listing in (said["by_children"], said["by_delta"]):
        assert hashed(listing) == said["second"]
    assert {one["ID"]: one["Path"] for one in said["by_children"]} == {
        one["ID"]: one["Path"] for one in said["by_delta"]
    }
    assert said["back"] is True
    assert said["piece"] is True
    assert listed(said["final"]) == below(tree(), "/Judged by rclone")
    names = {one["Path"] for one in said["final"]}
    assert {"apostrophe.txt", "made: by rclone"} <= names
    assert not names & {"items", "'", "it's"}
    assert said["about"]["total"] > said["about"]["used"] > 0
    # What had been moved was moved by the service and not sent again.
    moved = next(o for o in said["by_children"] if o["Path"] == "it's/twelve + megabytes.bin")
    was = next(o for o in said["uploaded"] if o["Path"] == "twelve megabytes.bin")
    assert moved["ID"] == was["ID"]
    routes = {route for _, _, route in internet.world.faults.traffic.counts}
    assert any(route.endswith("/delta") for route in routes)
    assert not_modelled() == set()


async def test_rclone_at_the_tenants_own_host(internet, judge, tree, not_modelled, config):
    world = internet.world
    token = delegated_token(
        world,
        scopes=("AllSites.Write",),
        resource=find_resource(world, "https://contoso.sharepoint.com"),
    )
    kept = {"access_token": token, "token_type": "Bearer", "expiry": "2099-01-01T00:00:00Z"}
    said = await judge(
        "round_trip_by_rclone.py",
        config={
            **config,
            "tenant_url": "https://contoso.sharepoint.com/_api",
            "token": json.dumps(kept),
        },
    )
    assert hashed(said["listing"]) == said["local"]
    assert said["back"] is True
    assert sorted(one["Path"] for one in said["final"]) == [
        "copied",
        "copied/eleven.bin",
        "moved",
        "moved/eleven.bin",
    ]
    assert listed(said["final"]) == below(tree(), "/Judged briefly")
    assert {surface for surface, _, _ in world.faults.traffic.counts} == {"sharepoint"}
    assert not_modelled() == set()


@pytest.mark.parametrize(
    ("internet", "region"),
    [(CLOUDS["us-gov-high"], "us"), (CLOUDS["china"], "cn")],
    indirect=["internet"],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
async def test_rclone_in_a_national_cloud(internet, judge, tree, not_modelled, config, region):
    said = await judge(
        "round_trip_by_rclone.py",
        config={**config, "client_credentials": "true", "tenant": TENANT_ID, "region": region},
    )
    assert hashed(said["listing"]) == said["local"]
    assert said["back"] is True
    assert listed(said["final"]) == below(tree(), "/Judged briefly")
    assert not_modelled() == set()


async def test_rclone_gets_through_trouble(internet, judge, tree, config):
    faults = internet.world.faults
    struck = [
        faults.add(Fault(host="graph", status=429, retry_after=1, skip=3, count=2)),
        faults.add(Fault(host="graph", status=503, retry_after=1, skip=20, count=2)),
        faults.add(Fault(host="sharepoint", method="PUT", status=500, skip=5, count=3)),
        faults.add(Fault(host="sharepoint", method="GET", cut_after=5000, count=2)),
        faults.add(Fault(host="login", status=503, count=1)),
    ]
    said = await judge(
        "round_trip_by_rclone.py",
        config={**config, "client_credentials": "true", "tenant": TENANT_ID},
    )
    assert [fault.hits for fault in struck] == [2, 2, 3, 2, 1]
    assert hashed(said["listing"]) == said["local"]
    assert said["back"] is True
    assert listed(said["final"]) == below(tree(), "/Judged briefly")


async def test_rclone_finds_the_site_and_shares(internet, judge, tree, not_modelled, config):
    site = internet.world.content.site_at("contoso.sharepoint.com", "/sites/marketing")
    kept = {name: config[name] for name in ("client_id", "client_secret")}
    said = await judge(
        "sharing_by_rclone.py",
        config={**kept, "client_credentials": "true", "tenant": TENANT_ID},
    )
    assert said["offered"]["config_site"] == [
        [site.id, "Marketing (https://contoso.sharepoint.com/sites/marketing)"]
    ]
    assert said["offered"]["config_driveid"] == [[site.drives[0].id, "Documents (documentLibrary)"]]
    assert {one["Path"] for one in said["listing"]} == {path[1:] for path in tree() if path}
    groups = {one["grantedToV2"]["siteGroup"]["displayName"] for one in said["first"]}
    assert groups == {f"Marketing {kind}" for kind in ("Owners", "Members", "Visitors")}
    (link,) = [one["link"]["webUrl"] for one in said["permissions"] if one.get("link")]
    # rclone makes of a link one that gives the bytes themselves.
    assert said["link"].rpartition("?share=")[2] == link.rpartition("/")[2]
    assert not_modelled() == set()


async def test_rclone_writes_permissions(internet, judge, tree, not_modelled, config):
    said = await judge(
        "permissions_by_rclone.py",
        config={**config, "client_credentials": "true", "tenant": TENANT_ID},
        give="adele@contoso.onmicrosoft.com",
    )
    assert said["given"] == {"Adele Vance": ["read"]}
    assert said["changed"] == {"Adele Vance": ["write"]}
    assert said["left"] == {}
    assert "Adele" not in str(tree()["/Judged/four.txt"].get("permissions"))
    changes = {
        (verb, route.rpartition("/items/{item-id}")[2])
        for surface, verb, route in internet.world.faults.traffic.counts
        if surface == "graph" and verb != "GET"
    }
    one = "/permissions/{permission-id}"
    assert {("POST", "/invite"), ("PATCH", one), ("DELETE", one)} <= changes
    assert not_modelled() == set()
