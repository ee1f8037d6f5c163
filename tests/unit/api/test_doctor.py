"""`POST /connections/{id}/doctor`: who may, what goes in, what comes out."""

from typing import Any

import pytest

QUERY = {"provider_config_key": "acme"}


@pytest.fixture(autouse=True)
async def _integration(world: Any) -> None:
    await world.integration()
    await world.connection()


async def examined(world: Any, **more: Any) -> Any:
    answer = await world.client.post("/connections/c1/doctor", params=QUERY, **more)
    assert answer.status_code == 200, answer.text
    assert "hush-1" not in answer.text
    assert "access-" not in answer.text
    return answer.json()


async def test_what_comes_out(world: Any) -> None:
    told = await examined(world)
    assert told["connection_id"] == "c1"
    assert told["provider_config_key"] == "acme"
    assert told["examined_at"] == "2026-11-24T08:00:00.000Z"
    # the clock of these tests stands still, so it is wrong
    [finding] = told["findings"]
    assert (finding["code"], finding["level"], finding["who"]) == (
        "clock_skew",
        "problem",
        "operator",
    )
    assert told["healthy"] is False
    outcomes = {check["name"]: check["outcome"] for check in told["checks"]}
    assert outcomes["renewal"] == "passed"
    assert outcomes["base URL /"] == "passed"
    assert outcomes["webhooks"] == "skipped"
    # a provider without a hook is asked once, as the connection
    [call] = [call for call in world.vendor.calls if "authorization" in call.headers]
    assert call.headers["authorization"] == "Bearer access-1"


async def test_a_refused_renewal_is_a_finding(world: Any) -> None:
    world.vendor.token_status = 400
    world.vendor.token_error = {"error": "consent_required"}
    told = await examined(world)
    [finding] = [one for one in told["findings"] if one["code"] != "clock_skew"]
    assert (finding["code"], finding["who"]) == ("admin_consent_required", "operator")
    assert finding["cause"].endswith(".")
    assert finding["fix"]
    assert told["healthy"] is False


async def test_what_is_wanted_is_asked_for(world: Any) -> None:
    # the answers of `/`, of the base URL, and of what is wanted
    world.vendor.answers = [(200, {}, b""), (404, {}, b"{}")]
    told = await examined(world, json={"probe": ["items/1"]})
    outcomes = {check["name"]: check["outcome"] for check in told["checks"]}
    assert outcomes["wanted address items/1"] == "failed"
    assert outcomes["base URL /"] == "passed"


async def test_without_a_key(world: Any, check: Any) -> None:
    answer = await world.browser.post("/connections/c1/doctor", params=QUERY)
    check(answer, 401, "missing_auth_header")


async def test_what_is_refused(world: Any, check: Any) -> None:
    url = "/connections/c1/doctor"
    answer = await world.client.post("/connections/none/doctor", params=QUERY)
    check(answer, 404, "not_found")
    check(await world.client.post(url), 400, "invalid_query_params")
    for body in ({"probe": "x"}, {"probe": [""]}, {"probe": ["x"] * 21}, {"other": 1}):
        check(await world.client.post(url, params=QUERY, json=body), 400, "invalid_body")
