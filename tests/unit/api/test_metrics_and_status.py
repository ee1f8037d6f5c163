"""Metrics that Prometheus reads, and how integrations stand."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from fairlead.api import metrics as metrics_route
from fairlead.model.connection import Fault
from fairlead.store import faults

AS_C1 = {"Connection-Id": "c1", "Provider-Config-Key": "acme"}
WHICH = {"provider_config_key": "acme", "connection_id": "c1"}


@pytest.fixture(autouse=True)
async def _connection(world: Any) -> None:
    await world.integration()
    await world.connection()


async def metrics(world: Any) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Read /metrics as Prometheus does: (name, labels) -> value."""
    answer = await world.browser.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def labels(**given: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(given.items()))


async def test_what_is_counted(world: Any) -> None:
    world.vendor.answers += [(429, {}, b"{}")]
    for _ in range(2):
        await world.client.get("/proxy/x", headers=AS_C1)
    await world.client.get("/integrations/acme/")
    await world.client.get("/connections/c1?provider_config_key=acme")
    await world.client.get("/connections/c1?provider_config_key=acme&force_refresh=true")
    for text in ("moo", "vendor"):
        body = {"action_name": "shout", "input": {"text": text}}
        await world.client.post("/action/trigger", json=body, headers=AS_C1)
    await world.client.post("/sync/trigger", json=WHICH | {"syncs": ["notes"]})
    await world.queue.idle()
    found = await metrics(world)

    def count(name: str, **given: str) -> float | None:
        return found.get((f"fairlead_{name}", labels(**given)))

    for status in ("2xx", "429"):
        given = {"integration": "acme", "method": "GET", "status": status}
        assert count("proxy_request_duration_seconds_count", **given) == 1
        assert count("proxy_request_duration_seconds_bucket", le="+Inf", **given) == 1
    route = {"method": "GET", "status": "2xx"}
    api = "api_request_duration_seconds_count"
    assert count(api, route="/integrations/{unique_key}", **route) == 1
    assert count(api, route="/connections/{connection_id}", **route) == 2
    for state in ("success", "failed"):
        given = {"integration": "acme", "function": "shout", "state": state}
        assert count("action_duration_seconds_count", **given) == 1
    given = {"integration": "acme", "function": "notes"}
    assert count("sync_duration_seconds_count", state="success", **given) == 1
    assert count("records_changed_total", change="added", **given) == 3
    assert count("token_renewals_total", integration="acme", outcome="success") == 1
    given = {"integration": "acme", "method": "GET", "status": "2xx"}
    assert count("vendor_request_duration_seconds_count", **given) == 1
    assert count("records", integration="acme", model="Note") == 3
    assert count("connections", integration="acme") == 1
    assert count("runs", kind="sync", state="queued") == 0
    assert count("oldest_waiting_run_seconds", kind="sync") == 0
    assert count("dead_letters") == 0
    assert count("events_pending") is not None
    assert count("log_notes_dropped") == 0
    # whoever has many connections has no more metrics than others
    assert not [name for name, given in found if "c1" in dict(given).values()]


async def test_waits_that_a_vendor_asked_for(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(_: float) -> None: ...

    monkeypatch.setattr(world.services.gateway, "_sleep", at_once)
    world.vendor.answers += [(429, {"Retry-After": "7"}, b"{}")]
    await world.client.get("/proxy/x", headers=AS_C1 | {"Retries": "1"})
    found = await metrics(world)
    given = labels(integration="acme", reason="status 429")
    assert found["fairlead_vendor_waits_total", given] == 1
    assert found["fairlead_vendor_waited_seconds_total", given] == 7


async def test_who_may_read_metrics(
    world: Any, check: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = world.browser._transport.app
    far = httpx.ASGITransport(app, client=("203.0.113.9", 1))
    async with httpx.AsyncClient(transport=far, base_url="http://fairlead.test") as stranger:
        check(await stranger.get("/metrics"), 403, "forbidden")
        token = SecretStr("scrape-me")
        changed = world.services.settings.model_copy(update={"metrics_token": token})
        real = metrics_route._check
        monkeypatch.setattr(metrics_route, "_check", lambda _, request: real(changed, request))
        check(await stranger.get("/metrics"), 401, "missing_auth_header")
        wrong = {"Authorization": "Bearer nonsense"}
        check(await stranger.get("/metrics", headers=wrong), 401, "unknown_account")
        right = {"Authorization": "Bearer scrape-me"}
        assert (await stranger.get("/metrics", headers=right)).status_code == 200
        # on this machine, too, once there is a token
        check(await world.browser.get("/metrics"), 401, "missing_auth_header")


async def test_ready_until_it_ends(world: Any, check: Any) -> None:
    assert (await world.browser.get("/ready")).json() == {"result": "ok"}
    world.services.engine.exhausted.set()
    check(await world.browser.get("/ready"), 503, "not_ready")


async def status(world: Any, key: str = "acme") -> dict[str, Any]:
    answer = await world.client.get(f"/integrations/{key}/status")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found


async def test_an_integration_that_is_well(world: Any) -> None:
    await world.client.post("/sync/trigger", json=WHICH | {"syncs": ["notes"]})
    await world.queue.idle()
    await world.services.journal.flush()
    told = await status(world)
    assert (told["status"], told["reasons"], told["last_error"]) == ("healthy", [], None)
    assert told["connections"] == {"total": 1, "failing": 0, "auth": 0, "sync": 0}
    [notes] = told["syncs"]
    assert (notes["name"], notes["connections"], notes["never_succeeded"]) == ("notes", 1, 0)
    assert notes["newest_success_at"] == notes["oldest_success_at"]
    assert told["last_hour"]["sync"] == {"succeeded": 1, "failed": 0}


async def test_faults_make_it_degraded_then_failing(world: Any) -> None:
    for name in ("c2", "c3"):
        await world.connection(name)
    services = world.services
    for number, expected in ((1, "degraded"), (2, "failing")):
        fault = Fault(
            type="auth",
            code="reconnect_required",
            message=f"Connect {number} again.",
            log_id=f"log-{number}",
            created_at=services.clock.now() + timedelta(seconds=number),
        )
        async with services.db.write() as tx:
            await faults.set_fault(tx, number, fault)
        told = await status(world)
        assert (told["status"], told["connections"]["auth"]) == (expected, number)
        assert told["reasons"] == [f"{number} of 3 connections have errors."]
        assert told["last_error"]["log_id"] == f"log-{number}"
    overall = (await world.client.get("/status")).json()
    assert overall["status"] == "failing"
    assert [each["integration"] for each in overall["integrations"]] == ["acme"]


async def test_calls_that_fail_make_it_degraded(world: Any) -> None:
    world.vendor.answers += [(500, {}, b"{}")]
    for _ in range(5):
        await world.client.get("/proxy/x", headers=AS_C1)
    await world.services.journal.flush()
    told = await status(world)
    assert told["last_hour"]["proxy"] == {"succeeded": 4, "failed": 1}
    assert told["status"] == "degraded"
    assert told["reasons"] == ["1 of 5 proxy operations of the last hour failed."]


async def test_a_sync_that_is_late_shows(world: Any) -> None:
    await world.client.post("/sync/start", json=WHICH | {"syncs": ["notes"]})
    world.clock.advance(timedelta(hours=4))
    told = await status(world)
    assert (told["status"], told["syncs"][0]["stale"]) == ("failing", 1)
    assert told["reasons"] == ["1 of 1 connections wait for notes for more than 3 intervals."]
    await world.client.post("/sync/pause", json=WHICH | {"syncs": ["notes"]})
    told = await status(world)
    assert (told["status"], told["syncs"][0]["paused"]) == ("healthy", 1)


async def test_nothing_is_known_of_others(world: Any, check: Any) -> None:
    check(await world.client.get("/integrations/none/status"), 404, "not_found")
