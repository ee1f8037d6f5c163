"""Actions: called, refused, failed; each failure under the contract's code."""

from typing import Any

import pytest

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
    check(await call(world, {"text": "a"}, **{"X-Async": "true"}), 400, "async_not_supported")
