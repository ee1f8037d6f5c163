"""Scripted faults strike as told, and leave a trace."""

import json
from datetime import timedelta

import pytest

from m365sim.faults import CutConnection, Fault


@pytest.mark.parametrize("status", [429, 503])
async def test_throttling_with_retry_after(graph, drive, world, status):
    world.faults.add(Fault(host="graph", path="*/delta*", status=status, retry_after=7))
    place = f"/drives/{drive.id}/root/delta"
    first = await graph.get(place)
    assert (first.status_code, first.headers["retry-after"]) == (status, "7")
    assert first.json()["error"]["code"] in {"activityLimitReached", "serviceNotAvailable"}
    assert (await graph.get(place)).status_code == 200


async def test_calling_again_too_early_is_refused_again(graph, at, world):
    world.faults.add(Fault(host="graph", status=429, retry_after=10, hold=True))
    assert (await graph.get(at("Welcome.md"))).status_code == 429
    world.clock.advance(timedelta(seconds=4))
    early = await graph.get(at("Press"))
    assert (early.status_code, early.headers["retry-after"]) == (429, "6")
    assert world.faults.early_calls == 1
    world.clock.advance(timedelta(seconds=6))
    assert (await graph.get(at("Press"))).status_code == 200


async def test_count_skip_method_and_path(graph, drive, at, world):
    world.faults.add(Fault(method="get", path="*/root:/welcome.md", skip=1, count=2, status=500))
    seen = [(await graph.get(at("Welcome.md"))).status_code for _ in range(4)]
    assert seen == [200, 500, 500, 200]
    assert (await graph.get(at("Press"))).status_code == 200


async def test_query_is_part_of_what_is_matched(graph, drive, world):
    world.faults.add(Fault(path="*$top=2*", status=503, count=None))
    place = f"/drives/{drive.id}/root/children"
    assert (await graph.get(f"{place}?$top=2")).status_code == 503
    assert (await graph.get(f"{place}?$top=3")).status_code == 200


async def test_error_of_ones_own_making(graph, at, world):
    world.faults.add(
        Fault(status=410, code="resyncRequired", inner_code="x", headers={"Location": "here"})
    )
    response = await graph.get(at("Welcome.md"))
    assert response.headers["location"] == "here"
    assert response.json()["error"]["innerError"]["code"] == "x"
    world.faults.add(Fault(status=502, body="<html>bad gateway</html>"))
    assert (await graph.get(at("Welcome.md"))).text == "<html>bad gateway</html>"


async def test_sign_in_fails_in_its_own_words(world):
    from m365sim.faults import with_faults

    world.faults.add(Fault(host="login", status=503, count=None))
    sent = []

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/common/oauth2/v2.0/token"}
    await with_faults(None, world, "login")(scope, None, send)
    assert sent[0]["status"] == 503
    told = json.loads(sent[1]["body"])
    assert told["error"] == "server_error"
    assert told["error_codes"] == [90033]
    assert world.faults.traffic.counts["login", "POST", "/common/oauth2/v2.0/token"] == 1


async def test_answer_that_breaks_off(graph, at, world):
    world.faults.add(Fault(host="sharepoint", cut_after=10))
    url = (await graph.get(at("Welcome.md") + ":/content")).headers["location"]
    with pytest.raises(CutConnection):
        await graph.http.get(url)
    assert (await graph.http.get(url)).status_code == 200
    assert world.faults.log[-1]["host"] == "sharepoint"


async def test_cut_beyond_the_end_changes_nothing(graph, at, world):
    world.faults.add(Fault(host="graph", cut_after=1_000_000))
    assert (await graph.get(at("Welcome.md"))).json()["name"] == "Welcome.md"


async def test_probability_is_repeatable(graph, at, world):
    from m365sim.faults import FaultScript

    async def pattern():
        world.faults = FaultScript(seed=3)
        world.faults.add(Fault(count=None, probability=0.5, status=500))
        return [(await graph.get(at("Welcome.md"))).status_code for _ in range(20)]

    one, two = await pattern(), await pattern()
    assert one == two
    assert set(one) == {200, 500}


async def test_delay_alone_lets_the_answer_through(graph, at, world):
    fault = world.faults.add(Fault(delay=0.001))
    assert (await graph.get(at("Welcome.md"))).status_code == 200
    assert fault.hits == 1


def test_rules_are_removed_one_by_one_or_all(world):
    one, two = world.faults.add(Fault()), world.faults.add(Fault())
    world.faults.remove(one.id)
    assert world.faults.rules == [two]
    world.faults.remove()
    assert world.faults.rules == []


def test_quirks_refuse_what_they_do_not_know(world):
    with pytest.raises(ValueError, match="no quirk"):
        world.quirks.change(nonsense=True)
    with pytest.raises(ValueError, match="takes a bool"):
        world.quirks.change(parent_echo="yes")
