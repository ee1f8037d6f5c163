"""Changes through Graph: bodies, conditions, lost answers, parts that fail, work that takes time."""

import json

import pytest

from fairlead.errors import ProviderError, Rejected, Throttled, Unavailable
from fairlead.sdk import Shape
from fairlead.sdk.testing import Exchange, Replay
from fairlead_microsoft.graph import CONFLICT, Graph, given

ROOT = "https://graph.microsoft.com"
MONITOR = "https://contoso.sharepoint.com/_api/v2.0/monitor/4a3b"


class Thing(Shape):
    id: str
    web_url: str | None = None


class Lab:
    def __init__(self, *exchanges: Exchange) -> None:
        self.send = Replay(exchanges)
        self.waits: list[float] = []
        self.api = Graph(self.send, sleep=self._sleep)

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    @property
    def sent(self):
        return self.send.requests[-1]


def failed(code: str, **fields) -> dict:
    return {"error": {"code": code, "message": "Said so."}, **fields}


async def test_a_body_is_json_and_the_answer_a_model():
    lab = Lab(Exchange(method="POST", url="/v1.0/things?$select=id", status=201, body={"id": "1"}))
    body = {"name": "Ä", "gone": None, "inner": [Thing(id="2", web_url="https://x")]}
    assert await lab.api.post(
        Thing, "/v1.0/things", body, prefer="respond-async", select="id"
    ) == Thing(id="1")
    assert json.loads(lab.sent.body) == {
        "name": "Ä",
        "gone": None,
        "inner": [{"id": "2", "webUrl": "https://x"}],
    }
    assert lab.sent.headers == {
        "Accept": "application/json",
        "Content-Type": "application/json",
        "Prefer": "respond-async",
    }
    lab.send.assert_all_used()


async def test_a_model_is_a_body_without_what_it_lacks():
    lab = Lab(Exchange(method="PATCH", url="/v1.0/things/1", body={"id": "1"}))
    await lab.api.patch(Thing, "/v1.0/things/1", Thing(id="9"))
    assert lab.sent.body == b'{"id":"9"}'
    assert "If-Match" not in lab.sent.headers


async def test_only_what_has_a_json_form_is_sent():
    lab = Lab()
    with pytest.raises(TypeError):
        await lab.api.post_json("/v1.0/things", {"when": object()})
    assert lab.send.requests == []


async def test_a_call_without_body_and_an_answer_without_one():
    lab = Lab(Exchange(method="POST", url="/v1.0/things/1/publish", status=204))
    assert await lab.api.post_json("/v1.0/things/1/publish") is None
    assert lab.sent.body is None
    assert "Content-Type" not in lab.sent.headers


def test_only_what_was_given_is_in_a_body():
    assert given(a=None, b=False, c="", d=0) == {"b": False, "c": "", "d": 0}


@pytest.mark.parametrize(
    ("e_tag", "header"),
    [
        ('"{A},1"', '"{A},1"'),
        ("a,1", '"a,1"'),
        ('W/"a"', 'W/"a"'),
        ("*", "*"),
    ],
)
async def test_a_condition_is_quoted(e_tag, header):
    lab = Lab(
        Exchange(method="PATCH", url="/v1.0/things/1", body={"id": "1"}),
        Exchange(method="PUT", url=f"/v1.0/things/1?{CONFLICT}=replace", body={"id": "1"}),
        Exchange(method="DELETE", url="/v1.0/things/1", status=204),
    )
    await lab.api.patch(Thing, "/v1.0/things/1", {}, if_match=e_tag)
    await lab.api.put(Thing, "/v1.0/things/1", b"x", if_match=e_tag)
    await lab.api.delete("/v1.0/things/1", if_match=e_tag)
    assert [request.headers["If-Match"] for request in lab.send.requests] == [header] * 3
    lab.send.assert_all_used()


@pytest.mark.parametrize(
    ("status", "code", "ours", "who"),
    [
        (409, "nameAlreadyExists", "name_taken", "caller"),
        (409, "conflict", "conflict", "caller"),
        (412, "resourceModified", "resource_modified", "caller"),
        (423, "resourceLocked", "resource_locked", "vendor"),
        (404, "itemNotFound", "item_not_found", "caller"),
        (403, "accessDenied", "access_denied", "operator"),
        (400, "invalidRequest", "invalid_request", "caller"),
    ],
)
async def test_refusals_are_typed(status, code, ours, who):
    lab = Lab(Exchange(method="POST", url="/v1.0/t", status=status, body=failed(code)))
    with pytest.raises(Rejected) as told:
        await lab.api.post_json("/v1.0/t", {})
    assert (told.value.code, told.value.who) == (ours, who)
    assert told.value.provider_status == status
    lab.send.assert_all_used()


async def test_content_is_put_with_an_explicit_conflict():
    lab = Lab(
        Exchange(method="PUT", url=f"/v1.0/f?{CONFLICT}=rename", status=201, body={"id": "1"}),
        Exchange(method="PUT", url=f"/v1.0/f?{CONFLICT}=replace", body={"id": "1"}),
    )
    await lab.api.put(Thing, "/v1.0/f", b"\x00", content_type="text/plain", conflict="rename")
    assert (lab.sent.body, lab.sent.headers["Content-Type"]) == (b"\x00", "text/plain")
    assert lab.sent.is_once
    await lab.api.put(Thing, "/v1.0/f", b"\x00")
    assert not lab.sent.is_once


async def test_an_error_inside_a_success_is_an_error():
    lab = Lab(Exchange(method="POST", url="/v1.0/t", body=failed("accessDenied")))
    with pytest.raises(Rejected) as told:
        await lab.api.post_json("/v1.0/t", {})
    assert told.value.code == "access_denied"


async def test_parts_that_were_refused_are_told():
    entries = [{"id": "1"}, failed("accessDenied", id="2"), failed("strange")]
    lab = Lab(Exchange(method="POST", url="/v1.0/t", status=207, body={"value": entries}))
    results = await lab.api.post_each(Thing, "/v1.0/t", {})
    assert results.made == [Thing(id="1")]
    assert [one.code for one in results.refused] == ["access_denied", "provider_rejected"]


async def test_if_every_part_was_refused_that_is_the_error():
    body = {"value": [failed("activityLimitReached"), failed("accessDenied")]}
    lab = Lab(Exchange(method="POST", url="/v1.0/t", status=200, body=body))
    with pytest.raises(Throttled):
        await lab.api.post_each(Thing, "/v1.0/t", {})


async def test_a_delete_whose_answer_was_lost_has_been_done():
    lost = Exchange(method="DELETE", url="/v1.0/t/1", status=502)
    lab = Lab(lost, Exchange(method="DELETE", url="/v1.0/t/1", status=404))
    await lab.api.delete("/v1.0/t/1")
    assert lab.waits == [2.0]
    assert lab.send.requests[0].is_once
    lab.send.assert_all_used()


async def test_a_delete_of_nothing_is_told():
    lab = Lab(Exchange(method="DELETE", url="/v1.0/t/1", status=404))
    with pytest.raises(Rejected) as told:
        await lab.api.delete("/v1.0/t/1")
    assert told.value.code == "item_not_found"
    down = [Exchange(method="DELETE", url="/v1.0/t/1", status=503)] * 3
    lab = Lab(*down)
    with pytest.raises(Unavailable):
        await lab.api.delete("/v1.0/t/1")
    assert lab.waits == [2.0, 4.0]
    lab.send.assert_all_used()


def monitor(http: int = 202, headers: dict | None = None, **body) -> Exchange:
    return Exchange(url=MONITOR, status=http, headers=headers or {}, body=body)


async def test_work_is_waited_for_without_credentials():
    accepted = Exchange(
        method="POST", url="/v1.0/t/copy", status=202, headers={"Location": MONITOR}
    )
    lab = Lab(
        accepted,
        monitor(status="notStarted", percentageComplete=None),
        monitor(status="inProgress", percentageComplete=12.5, headers={"Retry-After": "7"}),
        monitor(200, status="completed", resourceId="01X"),
    )
    started = await lab.api.start("/v1.0/t/copy", {"name": "b"})
    assert (started.status, started.location) == (202, MONITOR)
    progress = await lab.api.wait_for(MONITOR)
    assert (progress.is_completed, progress.resource_id) == (True, "01X")
    assert lab.waits == [1.0, 7.0]
    assert all(request.is_bare for request in lab.send.requests[1:])
    lab.send.assert_all_used()


async def test_work_that_failed_is_an_error():
    lab = Lab(monitor(200, status="failed", error={"code": "nameAlreadyExists"}))
    with pytest.raises(Rejected) as told:
        await lab.api.wait_for(MONITOR)
    assert told.value.code == "name_taken"
    bare = Lab(monitor(200, status="failed"))
    with pytest.raises(Rejected) as told:
        await bare.api.wait_for(MONITOR)
    assert told.value.code == "provider_rejected"


async def test_work_that_takes_too_long_is_not_completed():
    lab = Lab(*[monitor(status="inProgress", percentageComplete=1) for _ in range(4)])
    progress = await lab.api.wait_for(MONITOR, longest_seconds=5)
    assert not progress.is_completed
    assert lab.waits == [1.0, 2.0, 2.0]


async def test_a_redirect_says_that_work_has_ended():
    lab = Lab(monitor(303, headers={"Location": "https://contoso.sharepoint.com/x"}))
    assert (await lab.api.wait_for(MONITOR)).is_completed


async def test_a_monitor_that_is_closed():
    lab = Lab(monitor(401, error={"code": "unauthenticated"}))
    with pytest.raises(ProviderError) as told:
        await lab.api.wait_for(MONITOR)
    assert told.value.code == "monitor_closed"
