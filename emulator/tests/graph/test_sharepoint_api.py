"""Graph's resources on the tenant host, under SharePoint's tokens."""

import pytest

from m365sim.entra.resources import Resource
from m365sim.testing import app_token, delegated_token

HOST = "https://contoso.sharepoint.com"
SHAREPOINT = Resource("sharepoint", HOST, "contoso")


@pytest.fixture
def api(graph, world):
    async def call(path, token=None, method="GET", **options):
        bearer = token or delegated_token(world, scopes=["AllSites.Write"], resource=SHAREPOINT)
        headers = {"Authorization": f"Bearer {bearer}"}
        return await graph.http.request(method, HOST + path, headers=headers, **options)

    return call


@pytest.mark.parametrize("prefix", ["/_api/v2.0", "/sites/marketing/_api/v2.1", "/_API/v2.0"])
async def test_drive_and_its_delta(api, graph, drive, prefix):
    shown = await api(f"{prefix}/drives/{drive.id}")
    assert shown.json()["id"] == drive.id
    page = (await api(f"{prefix}/drives/{drive.id}/root/delta?%24top=2")).json()
    assert page["@odata.nextLink"].startswith(f"{HOST}{prefix}/drives/{drive.id}/root/delta?%24top")
    again = await api(page["@odata.nextLink"].removeprefix(HOST))
    assert len(again.json()["value"]) == 2


async def test_what_is_of_the_site_that_the_address_names(api, graph, drive):
    for prefix in ("/sites/marketing/_api/v2.0", "/Sites/Marketing/_api/v2.1"):
        assert (await api(f"{prefix}/drive")).json()["id"] == drive.id
        assert drive.id in {one["id"] for one in (await api(f"{prefix}/drives")).json()["value"]}
        page = (await api(f"{prefix}/drive/root/children?$top=1")).json()
        assert page["@odata.nextLink"].startswith(f"{HOST}{prefix}/drive/root/children?")
        assert (await api(page["@odata.nextLink"].removeprefix(HOST))).json()["value"]
        titles = {one["displayName"] for one in (await api(f"{prefix}/lists")).json()["value"]}
        assert "Documents" in titles
        items = (await api(f"{prefix}/lists/Documents/items?$top=1")).json()["value"]
        assert len(items) == 1
        site = (await api(f"{prefix}/sites/root")).json()
        assert site["id"] == (await graph.json("/sites/root"))["id"]
    assert (await api("/sites/nowhere/_api/v2.0/drive")).status_code == 404


async def test_a_batch(api, drive, world):
    steps = [
        {"id": "1", "method": "GET", "url": f"/drives/{drive.id}"},
        {"id": "2", "method": "GET", "url": "/drive/root", "dependsOn": ["1"]},
        {"id": "3", "method": "GET", "url": "/drives/nothing"},
    ]
    prefix = "/sites/marketing/_api/v2.0"
    answer = await api(f"{prefix}/$batch", method="POST", json={"requests": steps})
    by_id = {one["id"]: one for one in answer.json()["responses"]}
    assert by_id["1"]["body"]["id"] == drive.id
    assert by_id["2"]["body"]["parentReference"]["driveId"] == drive.id
    assert by_id["3"]["status"] == 400
    seen = world.faults.traffic.counts
    assert seen["sharepoint", "GET", "{site}/_api/v2.0/drives/{drive-id}"] == 2  # 3 is one, too


async def test_writing_and_reading_back(api, graph, drive):
    place = f"/_api/v2.0/drives/{drive.id}/root:/new.txt:/content"
    made = await api(place, method="PUT", content=b"x")
    assert made.status_code == 201
    found = await api(place)
    assert (await graph.http.get(found.headers["location"])).content == b"x"


async def test_scopes_are_those_of_sharepoint(api, drive, world):
    reader = delegated_token(world, scopes=["AllSites.Read"], resource=SHAREPOINT)
    place = f"/_api/v2.0/drives/{drive.id}/root:/new.txt:/content"
    assert (await api(place, reader, "PUT", content=b"x")).status_code == 403


async def test_tokens_of_graph_and_apps_with_a_secret_are_refused(api, graph, drive, world):
    place = f"/_api/v2.0/drives/{drive.id}"
    assert (await api(place, graph.token)).status_code == 401
    refused = await api(place, app_token(world, resource=SHAREPOINT))
    assert refused.status_code == 401
    assert refused.json() == {"error_description": "Unsupported app only token."}
    certified = app_token(world, resource=SHAREPOINT, appidacr="2")
    assert (await api(place, certified)).status_code == 200


async def test_other_addresses_are_not_modelled(api, world):
    assert (await api("/_api/web/nonsense")).status_code == 404
    assert world.faults.traffic.not_modelled["sharepoint", "GET", "/_api/web/nonsense"] == 1
    assert (await api("/_api/v2.0/nonsense")).status_code == 400
