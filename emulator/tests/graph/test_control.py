"""The control API: truth, counters, faults, time, expiry, people."""

from datetime import timedelta

import pytest

from m365sim.entra.contoso import WEB_APP_ID


@pytest.fixture
def control(graph):
    async def call(method, path, **options):
        return await graph.http.request(method, f"http://control/_m365sim/{path}", **options)

    return call


async def test_truth_is_what_delta_shows(graph, drive, control):
    told = (await control("GET", f"truth?drive={drive.id}")).json()
    (shown,) = [d for site in told["sites"] for d in site["drives"]]
    entries, _, _ = await graph.round(f"/drives/{drive.id}/root/delta")
    assert {item["id"] for item in shown["items"]} == {entry["id"] for entry in entries}
    by_id = {entry["id"]: entry for entry in entries}
    for item in shown["items"][1:]:
        entry = by_id[item["id"]]
        assert item["name"] == entry["name"]
        assert item["parentId"] == entry["parentReference"]["id"]
        if not item["isFolder"]:
            assert item["quickXorHash"] == entry["file"]["hashes"]["quickXorHash"]
            assert item["size"] == entry["size"]
    everything = (await control("GET", "truth")).json()
    assert len(everything["sites"]) > 5


async def test_truth_of_a_large_library_comes_in_pieces(world, control):
    from m365sim.truth import truth

    drive = world.content.add_drive(world.content.add_site("/sites/b", "B"), synthetic_files=1500)
    told = (await control("GET", f"truth?drive={drive.id}")).json()
    assert told == truth(world, drive.id)
    (shown,) = [d for site in told["sites"] for d in site["drives"]]
    assert len(shown["items"]) == 1 + 1500 + 15


async def test_requests(graph, drive, control):
    await graph.get(f"/drives/{drive.id}")
    await graph.get(f"/drives/{drive.id}/nonsense")
    report = (await control("GET", "requests?last=1")).json()
    assert report["counts"][0] == {
        "surface": "graph", "method": "GET", "route": "/drives/{drive-id}", "count": 1,
    }  # fmt: skip
    assert report["notModelled"][0]["count"] == 1
    assert len(report["last"]) == 1
    assert {"surface": "graph", "status": 400, "count": 1} in report["statuses"]
    assert (await control("DELETE", "requests")).status_code == 204
    assert (await control("GET", "requests")).json()["counts"] == []


async def test_faults(graph, drive, control):
    added = await control("POST", "faults", json={"path": "*", "status": 503, "count": None})
    assert added.status_code == 201
    assert (await graph.get(f"/drives/{drive.id}")).status_code == 503
    report = (await control("GET", "faults")).json()
    assert report["rules"][0]["hits"] == 1
    assert report["hits"][0]["fault"] == added.json()["id"]
    assert (await control("DELETE", f"faults/{added.json()['id']}")).status_code == 204
    assert (await graph.get(f"/drives/{drive.id}")).status_code == 200
    assert (await control("DELETE", "faults")).status_code == 204
    unknown = await control("POST", "faults", json={"nonsense": 1})
    assert (unknown.status_code, unknown.json()["error"]) == (400, "a fault has no nonsense")
    for wrong in ({"status": "503"}, {"count": "all"}, {"headers": []}, {"delay": "long"}):
        assert (await control("POST", "faults", json=wrong)).status_code == 400
    right = {"status": 503, "count": None, "delay": 1, "headers": {"X-Reason": "test"}}
    assert (await control("POST", "faults", json=right)).status_code == 201


async def test_clock(world, control):
    before = world.clock.now()
    await control("POST", "clock/advance", json={"hours": 2, "seconds": 5})
    assert world.clock.now() - before == timedelta(hours=2, seconds=5)
    for path, body in (("clock/advance", {}), ("clock/advance", {"years": 1}), ("clock/x", {})):
        assert (await control("POST", path, json=body)).status_code == 400


async def test_delta_expiry(graph, drive, control):
    _, link, _ = await graph.round(f"/drives/{drive.id}/root/delta")
    assert (await control("POST", "delta/expire")).status_code == 204
    assert (await graph.get(link)).status_code == 410
    assert (await control("POST", "delta/nonsense")).status_code == 400


async def test_quirks(world, control):
    shown = (await control("POST", "quirks", json={"parent_echo": False, "search_lag": 5})).json()
    assert shown["parent_echo"] is False
    assert shown["search_lag"] == 5
    assert (await control("GET", "quirks")).json() == shown
    assert world.quirks.parent_echo is False
    assert (await control("POST", "quirks", json={"nonsense": 1})).status_code == 400


async def test_people_and_apps(world, control):
    place = "users/alex@contoso.onmicrosoft.com"
    body = {"enabled": False, "revokeSessions": True}
    assert (await control("POST", place, json=body)).json()["enabled"] is False
    user = world.directory.user_by_upn("alex@contoso.onmicrosoft.com")
    assert not user.enabled
    assert user.sessions_revoked_at == world.clock.now()
    assert (await control("POST", "users/nobody", json={})).status_code == 400
    app = f"apps/{WEB_APP_ID}"
    body = {"expireSecrets": True, "withdrawConsent": True}
    assert (await control("POST", app, json=body)).status_code == 200
    assert world.directory.apps[WEB_APP_ID].secrets[0].expires_at == world.clock.now()
    assert (await control("POST", "apps/nothing", json={})).status_code == 400
    assert (await control("POST", app, json={"certificates": ["no"]})).status_code == 400
    assert (await control("POST", app, json={"certificates": []})).status_code == 200
    assert world.directory.apps[WEB_APP_ID].certificates == []


async def test_restore(graph, drive, at, control):
    item = await graph.json(at("Welcome.md"))
    await graph.call("DELETE", at("Welcome.md"))
    back = await control("POST", f"restore/{drive.id}/{item['id']}")
    assert back.json() == {"id": item["id"]}
    assert (await graph.json(at("Welcome.md")))["id"] == item["id"]
    again = await control("POST", f"restore/{drive.id}/{item['id']}")
    assert again.status_code == 400
    assert (await control("POST", "restore/nothing/x")).status_code == 400


async def test_rescan(world, control, tmp_path):
    drive = world.content.add_drive(world.content.add_site("/sites/m", "M"))
    world.content.mirror(drive, tmp_path)
    (tmp_path / "a.txt").write_bytes(b"a")
    assert (await control("POST", "rescan")).json() == {"changes": 1}


async def test_a_site_is_deleted(graph, control, drive):
    assert (await control("DELETE", f"sites/{drive.site.id}")).status_code == 204
    assert (await graph.get(f"/sites/{drive.site.id}")).status_code == 404
    assert (await graph.get(f"/drives/{drive.id}/root/delta")).status_code == 404
    assert (await control("DELETE", f"sites/{drive.site.id}")).status_code == 400


async def test_what_it_cannot_do(control):
    assert (await control("GET", "nonsense")).status_code == 404
    assert (await control("GET", "")).status_code == 404
    assert (await control("POST", "faults", content=b"[]")).status_code == 400
    assert (await control("POST", "faults", content=b"{")).status_code == 400
