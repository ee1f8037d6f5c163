"""Who may do what, and how refusals look."""

import re
from datetime import timedelta

import pytest

from m365sim.entra.contoso import DAEMON_APP_ID
from m365sim.testing import app_token, delegated_token


async def test_no_token_and_bad_tokens(graph, drive, world):
    short = delegated_token(world, lifetime=timedelta(minutes=10))
    world.clock.advance(timedelta(minutes=11))
    for token in (None, "nonsense", short, short[:-4] + "AAAA"):
        graph.token = token
        response = await graph.get(f"/drives/{drive.id}", headers={"client-request-id": "c-1"})
        assert response.status_code == 401
        error = response.json()["error"]
        assert error["code"] == "InvalidAuthenticationToken"
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", error["innerError"]["date"])
        assert error["innerError"]["client-request-id"] == "c-1"
        assert error["innerError"]["request-id"] == response.headers["request-id"]
        assert (
            'client_id="00000003-0000-0000-c000-000000000000"'
            in (response.headers["www-authenticate"])
        )


@pytest.mark.parametrize(
    ("scopes", "reads", "writes", "searches"),
    [
        (["Sites.Read.All"], True, False, True),
        (["Sites.ReadWrite.All"], True, True, True),
        (["Sites.FullControl.All"], True, True, True),
        (["Files.Read.All"], True, False, False),
        (["Files.ReadWrite.All"], True, True, False),
        (["Files.ReadWrite"], False, False, False),
        (["User.Read"], False, False, False),
    ],
)
async def test_scopes(graph, drive, world, scopes, reads, writes, searches):
    async def status(method, path, **options):
        return (await graph.call(method, path, **options)).status_code

    graph.token = delegated_token(world, scopes=scopes)
    place = f"/drives/{drive.id}/root"
    assert await status("GET", f"{place}/children") == (200 if reads else 403)
    assert await status("GET", f"{place}/delta") == (200 if reads else 403)
    body = {"name": "x", "folder": {}}
    assert await status("POST", f"{place}/children", json=body) == (201 if writes else 403)
    put = f"/drives/{drive.id}/root:/y.txt:/content"
    assert await status("PUT", put, content=b"y") == (201 if writes else 403)
    assert await status("GET", "/sites?search=*") == (200 if searches else 403)


async def test_own_files_with_the_small_scopes(graph, world):
    graph.token = delegated_token(world, scopes=["Files.Read"])
    assert (await graph.get("/me/drive/root/children")).status_code == 200
    put = "/me/drive/root:/y.txt:/content"
    assert (await graph.call("PUT", put, content=b"y")).status_code == 403
    graph.token = delegated_token(world, scopes=["Files.ReadWrite"])
    assert (await graph.call("PUT", put, content=b"y")).status_code == 201


async def test_another_ones_onedrive_is_closed_to_users_and_open_to_apps(graph, world):
    place = "/users/megan@contoso.onmicrosoft.com/drive/root/children"
    refused = await graph.get(place)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "accessDenied")
    graph.token = app_token(world)
    assert (await graph.get(place)).status_code == 200


async def test_roles_of_an_app(graph, drive, world):
    graph.token = app_token(world, roles=["Sites.Read.All"])
    assert (await graph.get(f"/drives/{drive.id}/root/delta")).status_code == 200
    put = f"/drives/{drive.id}/root:/y.txt:/content"
    assert (await graph.call("PUT", put, content=b"y")).status_code == 403
    graph.token = app_token(world)
    made = await graph.call("PUT", put, content=b"y")
    assert made.json()["createdBy"]["user"]["displayName"] == "SharePoint App"
    graph.token = app_token(world, roles=[])
    assert (await graph.get(f"/sites/{drive.site.id}")).status_code == 403


async def test_me_is_for_users(graph, world):
    graph.token = app_token(world)
    for place in ("/me", "/me/drive", "/me/drives"):
        response = await graph.get(place)
        assert response.status_code == 400
        assert "delegated authentication flow" in response.json()["error"]["message"]
    graph.token = delegated_token(world, scopes=["Sites.Read.All"])
    refused = await graph.get("/me")
    assert refused.json()["error"]["code"] == "Authorization_RequestDenied"


async def test_what_is_not_modelled_is_counted(graph, drive, world):
    unknown = await graph.get(f"/drives/{drive.id}/root/analytics")
    assert unknown.status_code == 400
    assert "analytics" in unknown.json()["error"]["message"]
    assert (await graph.get("/planner/tasks")).status_code == 400
    wrong = await graph.call("PUT", f"/drives/{drive.id}/root/delta", content=b"")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET")
    assert (await graph.http.get("https://graph.microsoft.com/v2.0/me")).status_code == 401
    assert sum(world.faults.traffic.not_modelled.values()) == 3


async def test_requests_are_counted_by_route(graph, drive, at, world):
    await graph.get(at("Welcome.md"))
    await graph.get(at("Press"))
    await graph.get(f"/drives/{drive.id}/root/delta()")
    await graph.get(f"/sites/{drive.site.id}/drive/items/root/children")
    url = (await graph.get(at("Welcome.md") + ":/content")).headers["location"]
    await graph.http.get(url)
    counts = world.faults.traffic.counts
    assert counts["graph", "GET", "/drives/{drive-id}/root:/{path}:"] == 2
    assert counts["graph", "GET", "/drives/{drive-id}/root/delta"] == 1
    assert counts["graph", "GET", "/sites/{site-id}/drive/items/{item-id}/children"] == 1
    assert counts["graph", "GET", "/drives/{drive-id}/root:/{path}:/content"] == 1
    assert counts["sharepoint", "GET", "{site}/_layouts/15/download.aspx"] == 1
    assert "tempauth=..." in world.faults.traffic.last[-1].query


async def test_selected_sites_open_only_when_they_were_granted(graph, drive, world):
    place, site = f"/drives/{drive.id}/root", f"/sites/{drive.site.id}"
    app = {"application": {"id": DAEMON_APP_ID, "displayName": "nightly-indexer"}}
    body = {"roles": ["read"], "grantedToIdentities": [app]}
    selected = app_token(world, roles=["Sites.Selected"])
    graph.token = selected
    assert (await graph.get(f"{place}/delta")).status_code == 403
    assert (await graph.call("POST", f"{site}/permissions", json=body)).status_code == 403
    graph.token = admin = app_token(world, roles=["Sites.FullControl.All"])
    granted = await graph.call("POST", f"{site}/permissions", json=body)
    assert granted.status_code == 201
    assert granted.json()["grantedToIdentitiesV2"] == [app]
    listed = (await graph.json(f"{site}/permissions"))["value"]
    assert [(p["id"], p["roles"]) for p in listed] == [(granted.json()["id"], ["read"])]
    graph.token = selected
    assert (await graph.get(site)).status_code == 200
    assert (await graph.get(f"{place}/delta")).status_code == 200
    assert (await graph.get("/sites?search=*")).status_code == 403
    assert (await graph.get("/sites/root")).status_code == 403
    put = f"/drives/{drive.id}/root:/y.txt:/content"
    assert (await graph.call("PUT", put, content=b"y")).status_code == 403
    graph.token = admin
    body["roles"] = ["write"]
    await graph.call("POST", f"{site}/permissions", json=body)
    graph.token = selected
    assert (await graph.call("PUT", put, content=b"y")).status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"roles": ["nonsense"], "grantedToIdentities": [{"application": {"id": "x"}}]},
        {"roles": ["read"], "grantedToIdentities": []},
        {"roles": ["read"], "grantedToIdentities": [{"user": {"id": "x"}}]},
    ],
)
async def test_grants_that_cannot_be_meant(graph, drive, world, body):
    graph.token = app_token(world, roles=["Sites.FullControl.All"])
    place = f"/sites/{drive.site.id}/permissions"
    assert (await graph.call("POST", place, json=body)).status_code == 400
