"""The log: what is done shows in it, whole, searchable, and without a secret."""

import shlex
from typing import Any

import pytest
from sqlalchemy import text

from fairlead.observe import journal as journals
from fairlead.sdk import Ctx
from fairlead.sdk import Request as Outgoing

AS_C1 = {"Connection-Id": "c1", "Provider-Config-Key": "acme"}


@pytest.fixture(autouse=True)
async def _connection(world: Any) -> None:
    await world.integration()
    await world.connection()


async def logs(world: Any, **query: str) -> list[dict[str, Any]]:
    await world.services.journal.flush()
    answer = await world.client.get("/logs", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["operations"]
    return found


async def steps(world: Any, operation_id: str, **query: str) -> list[dict[str, Any]]:
    answer = await world.client.get(f"/logs/{operation_id}/messages", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["messages"]
    return found


async def test_a_proxied_call(world: Any) -> None:
    await world.client.get("/proxy/files?token=hush&q=a", headers=AS_C1)
    [call] = await logs(world, type="proxy")
    assert (call["action"], call["state"], call["error"]) == ("call", "success", None)
    assert (call["integration"], call["connection_id"]) == ("acme", "c1")
    assert call["title"] == "GET /files → 200"
    assert call["meta"]["url"] == "/files?token=[redacted]&q=a"
    assert call["duration_ms"] >= 0
    [step] = await steps(world, call["id"])
    assert step["request"] == {"method": "GET", "url": "/files?token=[redacted]&q=a"}
    assert (step["response"], step["level"], step["context"]) == ({"status": 200}, "info", "proxy")
    one = (await world.client.get(f"/logs/{call['id']}")).json()["operation"]
    assert one == call


async def test_failed_calls_tell_why(world: Any) -> None:
    world.vendor.answers += [(404, {}, b"{}"), (503, {}, b"{}")]
    await world.client.get("/proxy/a", headers=AS_C1)
    await world.client.get("/proxy/b", headers=AS_C1)
    await world.vendor.close()
    assert (await world.client.get("/proxy/c", headers=AS_C1)).status_code == 503
    found = await logs(world, type="proxy", state="failed")
    assert {each["title"]: (each["error"]["code"], each["error"]["who"]) for each in found} == {
        "GET /a → 404": ("http_404", "caller"),
        "GET /b → 503": ("http_503", "vendor"),
        "GET /c → provider_unavailable": ("provider_unavailable", "vendor"),
    }


async def test_of_many_calls_that_go_well_some_are_kept(world: Any) -> None:
    most = world.services.settings.log_proxy_per_second
    for _ in range(most + 5):
        await world.client.get("/proxy/x", headers=AS_C1)
    kept = len(await logs(world, type="proxy", limit="500"))
    # a second may have ended meanwhile
    assert kept + world.services.watch.calls_passed == most + 5
    assert kept >= most


async def test_an_action_with_its_requests_and_its_log(world: Any) -> None:
    pack = world.services.registry.pack_for("acme")

    @pack.action(scopes=["read"], source="https://example.com")
    async def tell(ctx: Ctx[Any], word: str) -> dict[str, str]:
        """Tell a word."""
        ctx.log.info("word told", word=word, password="pw", things=[1])
        ctx.log.warning("told with Bearer abcdefghijk")
        asked = Outgoing(
            method="POST",
            url="/words?sig=hush",
            headers={"X-Api-Key": "hush", "Prefer": "a"},
            body=b'{"word": "w", "client_secret": "hush"}',
        )
        async with await ctx.api.send(asked):
            pass
        async with await ctx.api.send(Outgoing(method="PUT", url="/file", body=b"\xff" * 10_000)):
            pass
        return {}

    body = {"action_name": "tell", "input": {"word": "moo"}}
    answer = await world.client.post("/action/trigger", json=body, headers=AS_C1)
    assert answer.status_code == 200, answer.text
    [run] = await logs(world, type="action", function="tell")
    assert (run["state"], run["title"]) == ("success", "Run tell")
    assert run["meta"] == {"trigger": "call", "requests": 2}
    told, warned, sent, put = await steps(world, run["id"])
    assert (told["message"], told["level"], told["source"]) == ("word told", "info", "user")
    assert told["meta"] == {"word": "moo", "password": "[redacted]", "things": "[1]"}
    assert (warned["message"], warned["level"]) == ("told with Bearer [redacted]", "warn")
    assert sent["message"] == "POST /words?sig=[redacted] → 200"
    assert sent["request"]["headers"] == {"X-Api-Key": "[redacted]", "Prefer": "a"}
    assert sent["request"]["body"] == {"word": "w", "client_secret": "[redacted]"}
    assert sent["response"]["status"] == 200
    assert put["request"]["body"] == {"left_out_bytes": 10_000}
    assert [each["message"] for each in await steps(world, run["id"], level="warn")] == [
        warned["message"]
    ]
    assert await steps(world, run["id"], search="WORD TOLD") == [told]
    # through the proxy, as whoever holds a key
    words = shlex.split(sent["curl"])
    assert words[:4] == ["curl", "-X", "POST", "http://fairlead.test/proxy/words?sig=[redacted]"]
    assert "Connection-Id: c1" in words
    assert "Nango-Proxy-Prefer: a" in words
    assert "hush" not in sent["curl"]
    assert told["curl"] is None


async def test_what_a_function_says_lies_sealed(world: Any) -> None:
    body = {"action_name": "shout", "input": {"text": "vendor"}}
    await world.client.post("/action/trigger", json=body, headers=AS_C1)
    [run] = await logs(world, type="action")
    assert (run["state"], run["error"]["code"]) == ("failed", "provider_rejected")
    assert run["error"]["request_id"] == "r-1"
    async with world.services.db.read() as tx:
        rows = await tx.all(text("SELECT envelope FROM operation_messages"))
    assert rows
    assert not [row for row in rows if row.envelope and b"status" in bytes(row.envelope)]


async def test_a_sync_and_its_delivery(world: Any) -> None:
    which = {"provider_config_key": "acme", "connection_id": "c1", "syncs": ["notes"]}
    await world.client.post("/sync/trigger", json=which)
    await world.queue.idle()
    [run] = await logs(world, type="sync", function="notes")
    assert (run["state"], run["action"], run["variant"]) == ("success", "run", "base")
    assert run["meta"]["counts"] == {"Note": {"added": 3, "updated": 0, "deleted": 0}}
    assert run["id"] == (await logs(world, search="RUN NOTES"))[0]["id"]


async def test_connecting_and_what_it_is_called(world: Any) -> None:
    [made] = await logs(world, type="auth")
    assert (made["action"], made["state"], made["title"]) == (
        "create_connection",
        "success",
        "Connect",
    )
    world.vendor.token_status = 400
    world.vendor.token_error = {"error": "invalid_grant"}
    await world.client.get("/connections/c1?provider_config_key=acme&force_refresh=true")
    answer = await world.client.get("/connections?connectionId=c1")
    [fault] = answer.json()["connections"][0]["errors"]
    found = (await world.client.get(f"/logs/{fault['log_id']}")).json()["operation"]
    assert (found["action"], found["state"]) == ("refresh_token", "failed")
    assert found["error"]["code"] == fault["code"]


async def test_pages(world: Any) -> None:
    for number in range(3):
        await world.client.get(f"/proxy/{number}", headers=AS_C1)
    first = await logs(world, type="proxy", limit="2")
    answer = await world.client.get("/logs?type=proxy&limit=2")
    after = answer.json()["next_cursor"]
    rest = await world.client.get("/logs", params={"type": "proxy", "limit": 2, "cursor": after})
    assert {each["title"] for each in first + rest.json()["operations"]} == {
        f"GET /{number} → 200" for number in range(3)
    }
    assert rest.json()["next_cursor"] is None


async def test_refusals(world: Any, check: Any) -> None:
    get = world.client.get
    check(await get("/logs?type=nonsense"), 400, "invalid_query_params")
    check(await get("/logs?state=fine"), 400, "invalid_query_params")
    check(await get("/logs?cursor=nonsense"), 400, "invalid_query_params")
    check(await get("/logs?since=yesterday"), 400, "invalid_query_params")
    check(await get("/logs/none"), 404, "unknown_operation")
    check(await get("/logs/none/messages"), 404, "unknown_operation")
    [made] = await logs(world, type="auth")
    check(await get(f"/logs/{made['id']}/messages?cursor=x"), 400, "invalid_query_params")
    check(await get(f"/logs/{made['id']}/messages?level=x"), 400, "invalid_query_params")


async def test_what_does_not_fit_is_counted(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.services.journal.flush()
    monkeypatch.setattr(journals, "MOST_WAITING", 1)
    world.vendor.answers += [(404, {}, b"{}")] * 3
    for _ in range(3):
        await world.client.get("/proxy/x", headers=AS_C1)
    assert len(await logs(world, type="proxy")) == 3 - world.services.journal.dropped
    assert world.services.journal.dropped


async def test_a_database_that_is_away_costs_notes_only(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> bool:
        return False

    await world.client.get("/proxy/x", headers=AS_C1)
    with monkeypatch.context() as patch:
        patch.setattr(journals.operations, "keep", away)
        await world.services.journal.flush()
    assert world.services.journal.dropped
    assert await logs(world, type="proxy") == []
