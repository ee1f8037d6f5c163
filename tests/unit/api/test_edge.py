"""What every route has in common: keys, content types, malformed bodies, unknown routes, CORS."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from fairlead.app import build_app


async def test_without_key(world: Any, check: Any) -> None:
    for path in ("/integrations", "/records?model=Note", "/connections/c1", "/proxy/x"):
        check(await world.browser.get(path), 401, "missing_auth_header")


@pytest.mark.parametrize("value", ["Bearer", "Bearer ", "Basic abc", "abc", "x Bearer abc"])
async def test_malformed_key(world: Any, check: Any, value: str) -> None:
    answer = await world.browser.get("/integrations", headers={"Authorization": value})
    check(answer, 401, "malformed_auth_header")


async def test_wrong_key(world: Any, check: Any) -> None:
    for path in ("/integrations", "/records?model=Note", "/proxy/x"):
        answer = await world.browser.get(path, headers={"Authorization": "Bearer wrong-key"})
        error = check(answer, 401, "unknown_account")
        assert error["who"] == "caller"
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_malformed_json(world: Any, check: Any) -> None:
    for path in ("/integrations", "/connections", "/sync/trigger", "/connections/metadata"):
        answer = await world.client.post(
            path, content=b'{"a": ', headers={"Content-Type": "application/json"}
        )
        error = check(answer, 400, "invalid_body")
        assert "not valid JSON" in error["message"]


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'"x"'])
async def test_body_that_is_no_object(world: Any, check: Any, body: bytes) -> None:
    answer = await world.client.post(
        "/integrations", content=body, headers={"Content-Type": "application/json"}
    )
    error = check(answer, 400, "invalid_body")
    assert error["errors"][0]["code"] == "invalid_type"


async def test_unknown_field(world: Any, check: Any) -> None:
    answer = await world.client.post(
        "/integrations", json={"provider": "acme", "unique_key": "a", "colour": "red"}
    )
    error = check(answer, 400, "invalid_body")
    assert error["errors"] == [
        {"code": "unrecognized_keys", "message": "Unrecognized key: colour", "path": []}
    ]


async def test_unknown_query_key(world: Any, check: Any) -> None:
    for path in ("/integrations?x=1", "/connections?x=1", "/health?x=1", "/providers/acme?x=1"):
        error = check(await world.client.get(path), 400, "invalid_query_params")
        assert error["errors"][0]["code"] == "unrecognized_keys"


async def test_wrong_content_type(world: Any, check: Any) -> None:
    for path in ("/integrations", "/connect/sessions", "/connect/sessions/reconnect"):
        answer = await world.client.post(
            path, content=b"a=b", headers={"Content-Type": "text/plain"}
        )
        error = check(answer, 415, "invalid_content_type")
        assert error["message"] == "Content-Type header must be application/json"


async def test_json_is_read_without_content_type(world: Any) -> None:
    answer = await world.client.request(
        "PATCH", "/connections/metadata", content=b'{"connection_id":"c","provider_config_key":"k"}'
    )
    assert answer.json()["error"]["errors"][0]["path"] == ["metadata"]


async def test_content_type_on_a_get_without_body(world: Any) -> None:
    for path in ("/integrations", "/connections", "/providers"):
        answer = await world.client.get(path, headers={"Content-Type": "application/json"})
        assert answer.status_code == 200


async def test_unknown_route_and_method(world: Any, check: Any) -> None:
    check(await world.client.get("/nothing/here"), 404, "not_found")
    check(await world.client.put("/integrations"), 405, "method_not_allowed")


async def test_case_and_slash(world: Any) -> None:
    assert (await world.client.get("/Integrations/")).status_code == 200
    assert (await world.browser.get("/HEALTH")).json() == {"result": "ok"}


async def test_cors(world: Any) -> None:
    answer = await world.browser.options(
        "/integrations",
        headers={
            "Origin": "https://app.example",
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "authorization, content-type",
        },
    )
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-headers"] == "authorization, content-type"
    assert (await world.browser.get("/integrations")).headers["access-control-allow-origin"] == "*"


async def test_crash_tells_nothing_but_an_id(world: Any, monkeypatch: Any) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    for module, path in (("integrations", "/integrations"), ("connections", "/connections/c1")):
        monkeypatch.setattr(f"fairlead.store.{module}.list_all", broken)
        monkeypatch.setattr(f"fairlead.store.{module}.find", broken)
        answer = await world.client.get(
            path, params={"provider_config_key": "a"} if "c1" in path else {}
        )
        assert answer.status_code == 500
        error = answer.json()["error"]
        assert error["code"] == "generic_error_support"
        assert len(error["payload"]) == 36
        assert error["payload"] in error["message"]
        assert "secret detail" not in answer.text


async def test_a_database_that_is_away(
    world: Any, check: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    class Away:
        @asynccontextmanager
        async def connect(self) -> AsyncIterator[None]:
            raise ConnectionRefusedError
            yield

    monkeypatch.setattr(world.services.db, "_readers", Away())
    for path in ("/integrations", "/records?model=Note", "/connections/c1"):
        error = check(await world.client.get(path), 503, "database_unavailable")
        assert "whoever runs this server" in error["message"]
    assert (await world.client.get("/health")).status_code == 200
    logged = "".join(capfd.readouterr())
    assert "database down" in logged
    assert "request crashed" not in logged


async def test_key_of_few_scopes(world: Any, check: Any, monkeypatch: Any) -> None:
    from fairlead.store import environments

    found = environments.find_by_key_hash

    async def narrow(tx: Any, key_hash: str) -> Any:
        environment, key = await found(tx, key_hash)  # type: ignore[misc]
        return environment, key.model_copy(
            update={"scopes": ("environment:integrations:read", "environment:connections:*")}
        )

    monkeypatch.setattr(environments, "find_by_key_hash", narrow)
    await_error = check(await world.client.get("/integrations"), 403, "forbidden")
    assert await_error["message"] == "Insufficient scope. Required: environment:integrations:list"
    check(await world.client.get("/proxy/x"), 403, "forbidden")
    assert (await world.client.get("/connections")).status_code == 200


async def test_keys_are_remembered_for_seconds_only(world: Any, monkeypatch: Any) -> None:
    from datetime import timedelta

    from fairlead.store import environments

    assert (await world.client.get("/connections")).status_code == 200
    asked = 0

    async def nobody(*_: object) -> None:
        nonlocal asked
        asked += 1

    monkeypatch.setattr(environments, "find_by_key_hash", nobody)
    assert (await world.client.get("/connections")).status_code == 200
    world.clock.advance(timedelta(minutes=1))
    assert (await world.client.get("/connections")).status_code == 401
    assert asked == 1


async def test_two_applications_do_not_share_anything(world: Any) -> None:
    transport = httpx.ASGITransport(build_app(world.services))
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as other:
        assert (await other.get("/health")).json() == {"result": "ok"}


async def test_oversized_body(world: Any, check: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("fairlead.api.edge._LARGEST_BODY", 1000)
    headers = {"Content-Type": "application/json"}
    answer = await world.client.post("/integrations", content=b"[" * 1001, headers=headers)
    check(answer, 413, "payload_too_large")


async def test_every_answer_has_a_request_id(world: Any) -> None:
    given = await world.browser.get("/health", headers={"X-Request-Id": "abc-1.2:3"})
    assert given.headers["x-request-id"] == "abc-1.2:3"
    made = await world.browser.get("/nowhere", headers={"X-Request-Id": "a b"})
    assert made.status_code == 404
    assert made.headers["x-request-id"] not in {"", "a b"}
    other = await world.browser.get("/records")
    assert other.headers["x-request-id"] != made.headers["x-request-id"]


async def test_a_proxied_answer_keeps_the_vendors_request_id(world: Any) -> None:
    await world.integration()
    await world.connection()
    world.vendor.answers = [(200, {"X-Request-Id": "vendor-1"}, b"{}"), (200, {}, b"{}")]
    as_c1 = {"Connection-Id": "c1", "Provider-Config-Key": "acme"}
    first = await world.client.get("/proxy/x", headers=as_c1)
    assert first.headers.get_list("x-request-id") == ["vendor-1"]
    second = await world.client.get("/proxy/x", headers=as_c1 | {"X-Request-Id": "mine"})
    assert second.headers["x-request-id"] == "mine"
