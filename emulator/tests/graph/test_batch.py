"""Batches: their rules, and that each request within is served as if it had come alone."""

import base64

import httpx
import pytest

from m365sim.faults import Fault
from m365sim.testing import app_token


@pytest.fixture
def batch(graph):
    async def send(*requests, status=200):
        response = await graph.call("POST", "/$batch", json={"requests": list(requests)})
        assert response.status_code == status, response.text
        if status != 200:
            return response.json()["error"]
        answers = response.json()["responses"]
        return {answer["id"]: answer for answer in answers}

    return send


def get(number, url, **more):
    return {"id": str(number), "method": "GET", "url": url, **more}


async def test_answers_have_status_headers_and_body(batch, drive):
    answers = await batch(get(1, f"/drives/{drive.id}/root"), get(2, "me"), get(3, "/nothing"))
    assert answers["1"]["status"] == 200
    assert answers["1"]["body"]["root"] == {}
    assert answers["1"]["headers"]["OData-Version"] == "4.0"
    assert answers["1"]["headers"]["Content-Type"].startswith("application/json")
    assert answers["2"]["body"]["displayName"] == "Alex Wilber"
    assert answers["3"]["status"] == 400
    assert answers["3"]["body"]["error"]["code"] == "BadRequest"


async def test_the_order_of_answers_is_not_that_of_the_requests(graph, drive):
    requests = [get(n, f"/drives/{drive.id}") for n in range(20)]
    response = await graph.call("POST", "/$batch", json={"requests": requests})
    ids = [answer["id"] for answer in response.json()["responses"]]
    assert sorted(ids, key=int) == [request["id"] for request in requests]
    assert ids != sorted(ids, key=int)


async def test_bytes_come_and_go_in_base64_and_redirects_as_they_are(batch, graph, at):
    body = base64.urlsafe_b64encode(b"\xff\xfe bytes").decode().rstrip("=")
    put = {"id": "1", "method": "PUT", "url": at("new file.bin").replace("%20", " ") + ":/content"}
    put |= {"headers": {"content-type": "application/octet-stream"}, "body": body}
    assert (await batch(put))["1"]["status"] == 201
    got = (await batch(get(1, at("new file.bin") + ":/content")))["1"]
    assert got["status"] == 302
    assert "body" not in got
    assert (await graph.http.get(got["headers"]["Location"])).content == b"\xff\xfe bytes"
    tag = (await batch(get(1, at("new file.bin"))))["1"]["headers"]["ETag"]
    again = get(1, at("new file.bin"), headers={"If-None-Match": tag})
    assert (await batch(again))["1"]["status"] == 304


async def test_json_bodies_and_dependencies(batch, drive, at):
    folder = {"name": "A", "folder": {}, "@microsoft.graph.conflictBehavior": "fail"}
    make = {"method": "POST", "url": f"/drives/{drive.id}/root/children", "body": folder}
    make["headers"] = {"Content-Type": "application/json"}
    answers = await batch(
        get("c", at("A"), dependsOn=["b"]),
        {"id": "b", **make, "dependsOn": ["a"]},
        {"id": "a", **make},
    )
    assert [answers[one]["status"] for one in "abc"] == [201, 409, 424]
    assert answers["c"]["body"]["error"]["code"] == "FailedDependency"


async def test_each_request_is_hit_by_faults_alone(batch, world, drive):
    world.faults.add(Fault(path="*/children*", status=429, retry_after=7))
    answers = await batch(
        get(1, f"/drives/{drive.id}/root/children"), get(2, f"/drives/{drive.id}/root")
    )
    assert (answers["1"]["status"], answers["2"]["status"]) == (429, 200)
    assert answers["1"]["headers"]["Retry-After"] == "7"
    counts = world.faults.traffic.counts
    assert counts["graph", "GET", "/drives/{drive-id}/root"] == 1
    assert counts["graph", "POST", "/$batch"] == 1


async def test_an_answer_torn_in_two_is_a_gateway_timeout(batch, world, drive):
    world.faults.add(Fault(path="*/children*", cut_after=10))
    answers = await batch(get(1, f"/drives/{drive.id}/root/children"))
    assert answers["1"]["status"] == 504


async def test_a_request_may_bring_its_own_token(batch, world, drive):
    own = {"Authorization": f"Bearer {app_token(world, roles=[])}"}
    answers = await batch(get(1, f"/drives/{drive.id}", headers=own), get(2, f"/drives/{drive.id}"))
    assert (answers["1"]["status"], answers["2"]["status"]) == (403, 200)


@pytest.mark.parametrize(
    "requests",
    [
        [],
        [get(n, "/me") for n in range(21)],
        [get("a", "/me"), get("A", "/me")],
        [{"id": 1, "method": "GET", "url": "/me"}],
        [{"id": "1", "url": "/me"}],
        [{"id": "1", "method": "GET"}],
        [get(1, "https://graph.microsoft.com/v1.0/me")],
        [get(1, "/$batch")],
        [get(1, "/me", dependsOn=["2"])],
        [get(1, "/me", dependsOn=["2"]), get(2, "/me", dependsOn=["1"])],
        [get(1, "/me", body={"a": 1})],
        [get(1, "/me", body="???", headers={"content-type": "image/png"})],
        [get(1, "/me", headers=["no"])],
        ["no"],
    ],
)
async def test_malformed_batches_are_refused_whole(batch, requests):
    assert (await batch(*requests, status=400))["code"] == "BadRequest"


async def test_a_batch_needs_a_token(graph):
    graph.token = None
    response = await graph.call("POST", "/$batch", json={"requests": [get(1, "/me")]})
    assert isinstance(response, httpx.Response)
    assert response.status_code == 401
