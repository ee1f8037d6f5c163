"""Actions: called, refused, failed; each failure under the contract's code."""

from datetime import timedelta
from typing import Any

import pytest

from fairlead.store import connections, runs

AS_C1 = {"Connection-Id": "c1", "Provider-Config-Key": "acme"}


@pytest.fixture(autouse=True)
async def _connection(world: Any) -> None:
    await world.integration()
    await world.connection()


async def call(world: Any, given: Any, **headers: str) -> Any:
    return await world.client.post(
        "/action/trigger", json={"action_name": "shout", "input": given}, headers=AS_C1 | headers
    )


async def test_called(world: Any) -> None:
    answer = await call(world, {"text": "hey", "times": 2})
    assert (answer.status_code, answer.json()) == (200, {"id": "1", "text": "HEYHEY"})


#: spellings of a call that go past the framework, and those that do not
PLAIN = ({}, {"Content-Type": "application/json; charset=utf-8"})
ODD = ({"Content-Type": "application/json; charset=ascii"}, {"Content-Type": "application/json "})


async def test_however_it_is_spelt(world: Any) -> None:
    content = b' {"action_name": "shout", "input": {"text": "hey"}}'
    said = set()
    for more in PLAIN + ODD:
        headers = {"Content-Type": "application/json"} | AS_C1 | more
        answer = await world.client.post("/action/trigger", content=content, headers=headers)
        said.add((answer.status_code, answer.content, answer.headers["content-type"]))
    assert said == {(200, b'{"id":"1","text":"HEY"}', "application/json")}


async def test_what_is_wrong_is_told_in_the_usual_words(world: Any) -> None:
    kind = AS_C1 | {"Content-Type": "application/json"}
    for content, code in (
        (b"{", "invalid_body"),
        (b"[" * 100_000, "bad_request"),
        (b"\xff", "bad_request"),
        (b"", "invalid_body"),
        (b"[]", "invalid_body"),
        (b'{"action_name": "shout", "more": 1}', "invalid_body"),
        (b'{"action_name": "none"}', "not_found"),
    ):
        answer = await world.client.post("/action/trigger", content=content, headers=kind)
        assert answer.json()["error"]["code"] == code, content
    answer = await world.client.post("/action/trigger?a=1", content=b"{}", headers=kind)
    assert answer.json()["error"]["code"] == "invalid_query_params"


async def test_who_may_not(world: Any, check: Any) -> None:
    body = {"action_name": "shout", "input": {"text": "a"}}
    for headers in ({"Authorization": "Bearer none"}, {"Authorization": ""}):
        answer = await world.client.post("/action/trigger", json=body, headers=AS_C1 | headers)
        assert answer.status_code == 401


async def test_calls_in_series_look_the_connection_up_once_and_see_what_changes(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, find = [], connections.find

    async def noted(*given: Any) -> Any:
        looks.append(given)
        return await find(*given)

    monkeypatch.setattr(connections, "find", noted)
    for _ in range(5):
        assert (await call(world, {"text": "a"})).status_code == 200
    assert len(looks) == 1
    # by another process
    async with world.services.db.write() as tx:
        later = world.services.clock.now() + timedelta(seconds=1)
        await connections.set_metadata(tx, 1, {"a": 1}, later)
    assert (await call(world, {"text": "a"})).status_code == 200
    assert len(looks) == 2
    async with world.services.db.write() as tx:
        await connections.delete(tx, 1)
    assert (await call(world, {"text": "a"})).json()["error"]["code"] == "unknown_connection"


async def test_input_is_checked(world: Any, check: Any) -> None:
    for given, code, path in (
        ({}, "invalid_type", ["input", "text"]),
        ({"text": 1}, "invalid_type", ["input", "text"]),
        (None, "invalid_type", ["input", "text"]),
    ):
        issue = check(await call(world, given), 400, "invalid_action_input")["errors"][0]
        assert (issue["code"], issue["path"]) == (code, path)


async def test_failures(world: Any, check: Any) -> None:
    refused = check(await call(world, {"text": "refuse"}), 500, "action_script_runtime_error")
    assert (refused["cause"], refused["message"]) == ("action_failed", "I will not shout that.")
    crashed = check(await call(world, {"text": "crash"}), 500, "script_internal_error")
    assert (crashed["cause"], crashed["who"]) == ("function_crashed", "author")
    world.vendor.answers.append((404, {}, b""))
    upstream = check(await call(world, {"text": "vendor"}), 424, "script_http_error")
    assert upstream["upstream"] == {
        "status": 404,
        "headers": {"request-id": "r-1"},
        "body": {"why": "because"},
    }
    assert upstream["payload"] == {"why": "because"}


async def test_unknown_ones(world: Any, check: Any) -> None:
    post = world.client.post
    body = {"action_name": "none"}
    check(await post("/action/trigger", json=body, headers=AS_C1), 404, "not_found")
    check(await post("/action/trigger", json=body), 400, "invalid_headers")
    unknown = AS_C1 | {"Connection-Id": "none"}
    check(await post("/action/trigger", json=body, headers=unknown), 400, "unknown_connection")
    check(await post("/action/trigger", json={}, headers=AS_C1), 400, "invalid_body")


async def start(world: Any, given: Any, **headers: str) -> str:
    answer = await call(world, given, **{"X-Async": "true"}, **headers)
    assert answer.status_code == 202, answer.text
    told = answer.json()
    assert set(told) == {"id", "statusUrl"}
    assert answer.headers["location"] == told["statusUrl"] == f"/action/{told['id']}"
    return str(told["statusUrl"])


async def test_nobody_waits(world: Any, check: Any) -> None:
    where = await start(world, {"text": "hey"})
    # not begun yet: it is not there, and yet it is not unknown
    answer = await world.client.get(where)
    pending = check(answer, 404, "not_found")
    assert (pending["cause"], answer.headers["retry-after"]) == ("action_pending", "1")
    await world.queue.idle()
    answer = await world.client.get(where)
    assert (answer.status_code, answer.json()) == (200, {"id": "1", "text": "HEY"})


async def test_nobody_waits_for_a_failure(world: Any, check: Any) -> None:
    world.vendor.answers.append((404, {}, b""))
    given = ("refuse", "crash", "vendor")
    begun = [await start(world, {"text": text}) for text in given]
    await world.queue.idle()
    at_once = [await call(world, {"text": text}) for text in given[:2]]
    refused, crashed, upstream = [await world.client.get(where) for where in begun]
    for later, now in zip((refused, crashed), at_once, strict=True):
        # the same answer, but for the request's own id
        differ = {"request_id", "payload"}
        assert later.status_code == now.status_code
        one, other = later.json()["error"], now.json()["error"]
        assert {k: v for k, v in one.items() if k not in differ} == {
            k: v for k, v in other.items() if k not in differ
        }
    error = check(upstream, 424, "script_http_error")
    assert error["upstream"] == {
        "status": 404,
        "headers": {"request-id": "r-1"},
        "body": {"why": "because"},
    }


async def test_what_is_wrong_is_told_before_it_is_queued(world: Any, check: Any) -> None:
    later = {"X-Async": "true"}
    check(await call(world, {"text": 1}, **later), 400, "invalid_action_input")
    for retries in ("6", "-1", "many"):
        answer = await call(world, {"text": "a"}, **later, **{"X-Max-Retries": retries})
        (issue,) = check(answer, 400, "invalid_headers")["errors"]
        assert issue["path"] == ["x-max-retries"]
    post, get = world.client.post, world.client.get
    body = {"action_name": "none"}
    check(await post("/action/trigger", json=body, headers=AS_C1 | later), 404, "not_found")
    check(await get("/action/5b8f6a86-8f56-4c9b-a3a3-8a5b6a1e2c11"), 404, "not_found")
    # one that was waited for is nobody's to ask for
    await call(world, {"text": "hey"})
    async with world.services.db.read() as tx:
        (run,) = await runs.list_for(tx, environment_id=1, function="shout")
    check(await get(f"/action/{run.id}"), 404, "not_found")


async def test_a_cancelled_one_is_gone(world: Any, check: Any) -> None:
    where = await start(world, {"text": "hey"})
    assert await world.services.engine.cancel(where.rpartition("/")[2])
    await world.queue.idle()
    check(await world.client.get(where), 410, "script_aborted")
