"""Resource units over HTTP: what a request costs, and how a refusal looks."""

from datetime import timedelta

import pytest

from m365sim.graph.address import parse
from m365sim.graph.metering import cost
from m365sim.throttle import Limits


@pytest.mark.parametrize(
    ("method", "path", "units"),
    [
        ("GET", "/drives/d", 1),
        ("GET", "/drives/d/items/i", 1),
        ("GET", "/drives/d/items/i/content", 1),
        ("GET", "/drives/d/items/i/children", 2),
        ("GET", "/drives/d/root/delta", 2),
        ("GET", "/drives/d/root/delta?token=x", 1),
        ("GET", "/drives/d/root/delta(token='x')", 1),
        ("GET", "/drives/d/items/i/permissions", 5),
        ("GET", "/drives/d/items/i/permissions/p", 5),
        ("GET", "/drives/d/items/i?$expand=permissions", 5),
        ("POST", "/drives/d/items/i/invite", 5),
        ("POST", "/drives/d/items/i/createLink", 5),
        ("GET", "/shares/s/permission", 5),
        ("GET", "/drives/d/items/i/versions", 2),
        ("GET", "/drives/d/items/i/versions/1.0", 1),
        ("PUT", "/drives/d/root:/x:/content", 2),
        ("DELETE", "/drives/d/items/i", 2),
        ("GET", "/sites/s", 1),
        ("GET", "/sites?search=x", 2),
        ("GET", "/sites/s/lists", 2),
        ("GET", "/sites/s/lists/l/items", 2),
        ("GET", "/sites/s/lists/l/items/7", 1),
        ("GET", "/sites/s/lists/l/items/delta?token=x", 1),
        ("POST", "/$batch", 0),
        ("GET", "/me", 0),
        ("GET", "/groups/g/members", 0),
        ("GET", "/groups/g/drives", 2),
        ("POST", "/subscriptions", 0),
    ],
)
def test_what_a_request_costs(method, path, units):
    bare, _, query = path.partition("?")
    given = dict([query.split("=", 1)]) if query else {}
    assert cost(method, parse(f"/v1.0{bare}"), given) == units


async def test_nothing_is_counted_unless_it_is_turned_on(graph, world, drive):
    response = await graph.get(f"/drives/{drive.id}")
    assert not any(name.startswith("ratelimit") for name in response.headers)
    assert world.throttle.counts == {}


async def test_warnings_and_refusals(graph, world, drive):
    world.throttle.turn_on(limits=Limits(10, 1000, 1000))
    place = f"/drives/{drive.id}/root/children"
    for _ in range(3):
        assert "ratelimit-limit" not in (await graph.get(place)).headers
    warned = await graph.get(place)
    assert warned.status_code == 200
    assert warned.headers["ratelimit-limit"] == "10"
    assert warned.headers["ratelimit-remaining"] == "2"
    assert warned.headers["ratelimit-reset"] == "60"
    missing = await graph.get(f"/drives/{drive.id}/root:/none")
    assert (missing.status_code, missing.headers["ratelimit-remaining"]) == (404, "1")
    refused = await graph.get(place)
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "60"
    assert refused.json()["error"]["code"] == "activityLimitReached"
    assert refused.json()["error"]["innerError"]["code"] == "throttledRequest"
    world.clock.advance(timedelta(seconds=2))
    early = await graph.get(place)
    assert (early.status_code, early.headers["retry-after"]) == (429, "68")
    world.clock.advance(timedelta(seconds=68))
    assert (await graph.get(place)).status_code == 200


async def test_a_stubborn_app_is_blocked(graph, world, drive):
    world.throttle.turn_on(limits=Limits(1, 1000, 1000))
    await graph.get(f"/drives/{drive.id}/root/children")
    world.clock.advance(timedelta(seconds=1))
    statuses = {
        (await graph.get(f"/drives/{drive.id}/root/children")).status_code for _ in range(52)
    }
    assert statuses == {429, 503}
    blocked = await graph.get(f"/drives/{drive.id}")
    assert blocked.json()["error"]["code"] == "serviceNotAvailable"


async def test_each_request_of_a_batch_counts_alone(graph, world, drive):
    world.throttle.turn_on(limits=Limits(4, 1000, 1000))
    requests = [
        {"id": str(n), "method": "GET", "url": f"/drives/{drive.id}/root/children"}
        for n in range(4)
    ]
    response = await graph.call("POST", "/$batch", json={"requests": requests})
    assert response.status_code == 200
    answers = {one["id"]: one for one in response.json()["responses"]}
    assert [answers[str(n)]["status"] for n in range(4)] == [200, 200, 429, 429]
    assert answers["2"]["headers"]["Retry-After"] == "60"


async def test_the_control_api_turns_it_on_and_off(graph, world, drive):
    place = "http://control/_m365sim/throttle"
    on = (await graph.http.post(place, json={"licences": 20_000, "appPerMinute": 7})).json()
    assert on["on"] is True
    assert on["limits"]["appPerMinute"] == 7
    assert on["limits"]["tenantPerFiveMinutes"] == 75_000
    await graph.get(f"/drives/{drive.id}")
    assert (await graph.http.get(place)).json()["counts"] == {"units": 1}
    off = (await graph.http.post(place, json={"on": False})).json()
    assert off["on"] is False
    assert (await graph.http.post(place, json={"off": True})).status_code == 400
