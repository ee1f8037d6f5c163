"""What the switches do that a fault script and the control API have in common."""

import base64
import json
from datetime import UTC, datetime, timedelta
from time import monotonic

import httpx
import pytest

from m365sim.app import by_host
from m365sim.clock import VirtualClock
from m365sim.control import control_app
from m365sim.entra.contoso import DAEMON_APP_ID
from m365sim.entra.resources import Resource
from m365sim.faults import CutConnection, Fault
from m365sim.server import running
from m365sim.testing import app_token, delegated_token
from m365sim.truth import truth
from m365sim.world import build_world

GRAPH = "https://graph.microsoft.com/v1.0"
HOST = "https://contoso.sharepoint.com"
START = datetime(2026, 6, 3, 15, 0, tzinfo=UTC)


def new_world(seed=7):
    return build_world(clock=VirtualClock(START), seed=seed)


@pytest.fixture
def world():
    made = new_world()
    yield made
    made.close()


@pytest.fixture
async def http(world):
    async with client_of(world) as client:
        yield client


def client_of(world):
    token = delegated_token(world, lifetime=timedelta(days=400))
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(by_host(world)), headers={"authorization": f"Bearer {token}"}
    )


def marketing(world):
    return world.content.site_at("contoso.sharepoint.com", "/sites/marketing").drives[0]


async def test_rate_limit_headers_come_with_a_429_or_not(world, http):
    world.faults.add(Fault(status=429, retry_after=9, rate_limit=1200))
    world.faults.add(Fault(status=429, retry_after=9))
    told, silent = [await http.get(f"{GRAPH}/me") for _ in range(2)]
    limits = {k: v for k, v in told.headers.items() if k.startswith("ratelimit")}
    assert limits == {"ratelimit-limit": "1200", "ratelimit-remaining": "0", "ratelimit-reset": "9"}
    assert "ratelimit-limit" not in silent.headers


@pytest.mark.parametrize(
    ("number", "status", "error"),
    [
        (50173, 400, "invalid_grant"),
        (7000222, 401, "invalid_client"),
        (65001, 400, "invalid_grant"),
        (700024, 401, "invalid_client"),
        (123456, 400, "invalid_grant"),
    ],
)
async def test_the_login_host_refuses_with_a_number(world, http, number, status, error):
    world.faults.add(Fault(host="login", path="*/token", aadsts=number))
    address = f"https://login.microsoftonline.com/{world.tenant.id}/oauth2/v2.0/token"
    form = {
        "grant_type": "client_credentials", "client_id": DAEMON_APP_ID,
        "client_secret": "daemon-secret~for-tests-only", "scope": f"{GRAPH[:-5]}/.default",
    }  # fmt: skip
    refused = await http.post(address, data=form)
    told = refused.json()
    assert (refused.status_code, told["error"], told["error_codes"]) == (status, error, [number])
    assert told["error_description"].startswith(f"AADSTS{number}: ")
    assert (await http.post(address, data=form)).status_code == 200


async def test_a_claims_challenge(world, http):
    world.faults.add(Fault(host="graph", challenge="claims"))
    refused = await http.get(f"{GRAPH}/me")
    challenge = refused.headers["www-authenticate"]
    assert refused.status_code == 401
    assert 'error="insufficient_claims"' in challenge
    claims = json.loads(base64.b64decode(challenge.partition('claims="')[2].rstrip('"')))
    assert claims["access_token"]["nbf"] == {
        "essential": True,
        "value": str(int(START.timestamp())),
    }


async def test_hosts_are_named_by_surface_or_by_name(world, http):
    world.add_tenant(type(world.tenant)("t", "fabrikam", "fabrikam.onmicrosoft.com", "F"))
    world.faults.add(Fault(host="contoso*.sharepoint.com", status=503, count=None))
    assert (await http.get(f"{HOST}/_api/web")).status_code == 503
    assert (await http.get("https://contoso-my.sharepoint.com/_api/web")).status_code == 503
    assert (await http.get("https://fabrikam.sharepoint.com/_api/web")).status_code == 401
    assert (await http.get(f"{GRAPH}/me")).status_code == 200


@pytest.mark.parametrize(
    ("accept", "name"),
    [("application/json;odata=verbose", "error"), ("application/json", "odata.error")],
)
async def test_api_refuses_in_its_own_shape(world, http, accept, name):
    world.faults.add(Fault(host="sharepoint", status=423, count=None))
    locked = await http.get(f"{HOST}/_api/web", headers={"accept": accept})
    message = locked.json()[name]["message"]
    assert (locked.status_code, message) == (423, {"lang": "en-US", "value": "The site is locked."})
    v2 = await http.get(f"{HOST}/_api/v2.0/drives/x")
    assert v2.json()["error"]["code"] == "resourceLocked"


async def test_bandwidth_and_delay_are_felt_by_a_client():
    async with running(new_world()) as cloud, httpx.AsyncClient() as http:
        drive = marketing(cloud.world)
        token = delegated_token(cloud.world)
        cloud.world.faults.add(Fault(host="graph", delay=0.1, bandwidth=10_000))
        cloud.world.faults.add(Fault(host="graph", status=500, body="x" * 1000, bandwidth=10_000))
        headers = {"authorization": f"Bearer {token}"}
        for status in (200, 500):
            began = monotonic()
            answer = await http.get(
                f"{cloud.urls.graph}/v1.0/drives/{drive.id}/root/children", headers=headers
            )
            took = monotonic() - began
            assert answer.status_code == status
            assert took >= len(answer.content) / 10_000 * 0.9


async def test_an_answer_of_the_script_may_be_cut_too(world, http):
    world.faults.add(Fault(status=500, body="x" * 100, cut_after=10))
    with pytest.raises(CutConnection):
        await http.get(f"{GRAPH}/me")


async def test_old_delta_tokens_are_refused_after_the_time_that_is_set(world, http):
    drive = marketing(world)
    lists = f"{GRAPH}/sites/contoso.sharepoint.com:/sites/engineering:/lists/Assets/items/delta"
    starts = (f"{GRAPH}/drives/{drive.id}/root/delta?$top=999", f"{lists}?$top=999")
    links = [(await http.get(start)).json()["@odata.deltaLink"] for start in starts]
    world.clock.advance(timedelta(days=2))
    for link in links:
        assert (await http.get(link)).status_code == 200
    world.quirks.change(delta_retention=86_400)
    for link in links:
        assert (await http.get(link)).status_code == 410


async def test_the_control_api_takes_what_a_file_takes(world):
    control = httpx.ASGITransport(control_app(world))
    async with httpx.AsyncClient(transport=control, base_url="http://control/_m365sim") as http:
        whole = {
            "host": "graph", "method": "GET", "path": "*", "skip": 1, "count": None,
            "probability": 0.5, "seed": 3, "status": 429, "retry_after": 1, "hold": True,
            "rate_limit": 5, "code": "x", "inner_code": "y", "aadsts": 50173, "challenge": "claims",
            "headers": {"a": "b"}, "body": "z", "cut_after": 1, "delay": 0.5, "bandwidth": 9,
            "id": "mine",
        }  # fmt: skip
        assert (await http.post("/faults", json=whole)).json() == {"id": "mine"}
        shown = (await http.get("/faults")).json()["rules"]
        assert shown == [whole | {"hits": 0}]
        for wrong, reason in (
            ({"probability": 2}, "between 0 and 1"),
            ({"status": 42}, "between 200 and 599"),
            ({"bandwidth": 0}, "at least 1 byte"),
            ({"delay": -1}, "cannot be negative"),
            ({"challenge": "mfa"}, "is claims"),
            ({"random": 1}, "has no random"),
            ({"aadsts": "x"}, "cannot be 'x'"),
        ):
            refused = await http.post("/faults", json=wrong)
            assert refused.status_code == 400
            assert reason in refused.json()["error"]
        quirks = (await http.get("/quirks")).json()
        assert quirks["delta_retention"] == 60 * 86_400
        wrong = await http.post("/quirks", json={"deleted_state": "gone"})
        assert wrong.status_code == 400


async def history(seed, script_seed):
    """What becomes of the same requests: statuses, hits, and all that is there in the end."""
    world = new_world(seed)
    world.faults.seed = script_seed
    world.faults.add(Fault(status=503, probability=0.4, count=None, path="*/children*"))
    world.faults.add(Fault(status=500, probability=0.3, count=None, method="PUT"))
    drive, seen = marketing(world), []
    async with client_of(world) as http:
        for number in range(12):
            name = f"{GRAPH}/drives/{drive.id}/root:/made {number}.txt:/content"
            seen.append((await http.put(name, content=b"x" * number)).status_code)
            listed = await http.get(f"{GRAPH}/drives/{drive.id}/root/children")
            seen.append((listed.status_code, listed.headers["request-id"], listed.text))
            world.clock.advance(timedelta(seconds=number))
        made = await http.post(
            f"{GRAPH}/drives/{drive.id}/root:/large.bin:/createUploadSession", json={}
        )
        seen.append(made.json()["uploadUrl"])
    whole = (seen, world.faults.log, world.faults.traffic.report(500), truth(world))
    world.close()
    return json.dumps([*whole[:1], list(whole[1]), *whole[2:]])


async def test_the_same_seed_gives_the_same_history():
    first, again = await history(7, 1), await history(7, 1)
    assert first == again
    assert await history(7, 2) != first
    assert await history(8, 1) != first


async def test_a_rule_keeps_its_dice_whatever_others_meet(world, http):
    def outcome(others):
        made = new_world()
        made.faults.add(Fault(status=500, probability=0.5, count=None, path="/a", id="mine"))
        made.faults.add(Fault(status=500, probability=0.5, count=None, path="/b"))
        results = []
        for number in range(20):
            if others and number % 2:
                made.faults.match("graph", "GET", "/b", START)
            results.append(made.faults.match("graph", "GET", "/a", START) is not None)
        return results

    assert outcome(others=False) == outcome(others=True)
    assert len(set(outcome(others=True))) == 2


async def test_a_secret_alone_is_not_enough_for_the_tenant_host(world, http):
    there = Resource("sharepoint", HOST)
    for appidacr, status in (("1", 401), ("2", 200)):
        token = app_token(world, resource=there, appidacr=appidacr)
        answer = await http.get(f"{HOST}/_api/web", headers={"authorization": f"Bearer {token}"})
        assert answer.status_code == status
