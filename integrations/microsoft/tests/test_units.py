"""What calls cost, as we reckon and as the emulator charges."""

import json

import pytest

from fairlead.model.budget import Priority, Toll
from fairlead.model.exchange import Request
from fairlead_microsoft.graph.units import ALLOWANCE, toll

ROOT = "https://graph.microsoft.com/v1.0"
CHANGES, CONTENT, PERMISSIONS = Priority.CHANGES, Priority.CONTENT, Priority.PERMISSIONS


@pytest.mark.parametrize(
    ("method", "path", "cost"),
    [
        ("GET", "/drives/b!1/root/delta", Toll(2, CHANGES)),
        ("GET", "/drives/b!1/root/delta?token=abc", Toll(1, CHANGES)),
        ("GET", "/drives/b!1/root/delta(token='abc')", Toll(1, CHANGES)),
        ("GET", "/sites/a,b,c/lists/l/items/delta?$skiptoken=abc", Toll(1, CHANGES)),
        ("GET", "/drives/b!1/items/01A", Toll(1, CONTENT)),
        ("GET", "/drives/b!1/items/01A/content", Toll(1, CONTENT)),
        ("GET", "/drives/b!1/root:/a/b.txt:/content", Toll(1, CONTENT)),
        ("GET", "/drives/b!1/items/01A/children", Toll(2, CONTENT)),
        ("GET", "/sites?search=*", Toll(2, CONTENT)),
        ("GET", "/sites/host:/sites/x", Toll(1, CONTENT)),
        ("GET", "/sites/a,b,c/lists/l/items/7", Toll(1, CONTENT)),
        ("PATCH", "/drives/b!1/items/01A", Toll(2, CONTENT)),
        ("DELETE", "/drives/b!1/items/01A", Toll(2, CONTENT)),
        ("PUT", "/drives/b!1/items/01A:/x.txt:/content", Toll(2, CONTENT)),
        ("GET", "/drives/b!1/items/01A/permissions", Toll(5, PERMISSIONS)),
        ("DELETE", "/drives/b!1/items/01A/permissions/9", Toll(5, PERMISSIONS)),
        ("POST", "/drives/b!1/items/01A/createLink", Toll(5, PERMISSIONS)),
        ("POST", "/drives/b!1/items/01A/invite", Toll(5, PERMISSIONS)),
        ("GET", "/drives/b!1/items/01A?$expand=permissions", Toll(5, PERMISSIONS)),
        ("GET", "/me", Toll(0)),
        ("GET", "/users/u/memberOf", Toll(0)),
        ("POST", "/search/query", Toll(0)),
    ],
)
def test_calls(method, path, cost):
    assert toll(Request(method=method, url=f"{ROOT}{path}")) == cost


def test_a_call_of_sharepoint_itself():
    assert toll(Request(url="https://contoso.sharepoint.com/_api/web/lists")).units == 2


def _batch(*calls):
    body = {"requests": [{"id": str(n), **call} for n, call in enumerate(calls)]}
    return Request(method="POST", url=f"{ROOT}/$batch", body=json.dumps(body).encode())


def test_of_a_batch_each_call_counts_at_the_least_urgent_priority():
    calls = [
        {"method": "GET", "url": "/drives/d/items/1"},
        {"method": "GET", "url": "/drives/d/items/1/permissions"},
        {"method": "PATCH", "url": "/drives/d/items/2"},
    ]
    assert toll(_batch(*calls)) == Toll(8, PERMISSIONS)


@pytest.mark.parametrize("body", [b"{", b"{}", b"[1]", b'{"requests": [{"id": 1}]}'])
def test_a_batch_that_is_none_costs_its_refusal(body):
    assert toll(Request(method="POST", url=f"{ROOT}/$batch", body=body)) == Toll(1)


def test_limits_follow_the_licences():
    assert ALLOWANCE.limits == (1_250, 2_500, 3_750, 5_000, 6_250)


@pytest.mark.parametrize(
    ("name", "metadata"),
    [
        ("drive-items", None),
        ("list-items", None),
        ("site-columns", "siteIds"),
        ("permissions", "drives"),
        ("shared-sites-selection", "sharedSites"),
        ("user-files", None),
        ("subsites", None),
    ],
)
async def test_the_emulator_charges_what_we_reckon(syncs, name, metadata):
    sites = [site.id for site in syncs.sites()][:2]
    drives = [{"siteId": sites[0], "driveId": syncs.drive().id}]
    given = {metadata: drives if metadata == "drives" else sites} if metadata else None
    syncs.world.throttle.turn_on()
    syncs.be_user("alex", ("Sites.FullControl.All", "Sites.Read.All", "Files.Read.All"))
    for _ in range(2):
        syncs.world.throttle.clear()
        await syncs.run(name, given)
        reckoned = sum(toll(one).units for one in syncs.http.requests)
        assert reckoned == syncs.world.throttle.counts["units"]
