"""Both clients: errors, retries, timeouts, streams; against a server that does as it is told."""

import asyncio
import gzip
import io
import json
from typing import Any

import pytest
from aiohttp import web
from both_clients import AT_ONCE, all_of, pieces_of

from fairlead import client as api
from fairlead.client import FairleadApiError, Retries

AS_C1 = {"provider_config_key": "sp", "connection_id": "c1"}


def refusal(code: str, who: str, **more: Any) -> bytes:
    said = {"code": code, "message": f"{code} it is.", "who": who, "docs": f"https://x/#{code}"}
    return json.dumps({"error": said | more}).encode()


@pytest.mark.parametrize(
    ("status", "code", "who", "kind"),
    [
        (400, "invalid_body", "caller", api.BadRequest),
        (415, "invalid_content_type", "caller", api.BadRequest),
        (401, "unknown_account", "caller", api.Unauthenticated),
        (403, "forbidden", "caller", api.PermissionDenied),
        (404, "not_found", "caller", api.NotFound),
        (400, "unknown_connection", "caller", api.NotFound),
        (409, "conflict", "caller", api.Conflict),
        (424, "invalid_credentials", "end user", api.ReconnectRequired),
        (424, "missing_scope", "operator", api.OperatorMustAct),
        (503, "database_unavailable", "operator", api.OperatorMustAct),
        (424, "script_http_error", "vendor", api.VendorRefused),
        (424, "script_http_error", "caller", api.VendorRefused),
        (500, "action_script_runtime_error", "author", api.FunctionFailed),
        (429, "too_many_request", "caller", api.RateLimited),
        (500, "internal_error", "us", api.ServerFailed),
    ],
)
async def test_errors_are_classed_by_what_to_do(
    client: Any, server: Any, status: int, code: str, who: str, kind: type[FairleadApiError]
) -> None:
    issue = {"code": "too_big", "message": "Too big", "path": ["limit"]}
    body = refusal(code, who, errors=[issue], payload={"a": 1}, upstream={"status": 404})
    server.says(status, body, X_Request_Id="r-7", Retry_After="99")
    with pytest.raises(FairleadApiError) as caught:
        await client.actions.run("shout", **AS_C1)
    error = caught.value
    assert type(error) is kind
    assert (error.status, error.code, error.who, error.request_id) == (status, code, who, "r-7")
    assert error.message == f"{code} it is."
    assert str(error) == f"{code} it is. ({status}, {code}, request r-7)"
    assert error.docs == f"https://x/#{code}"
    assert error.errors == [issue]
    assert error.payload == {"a": 1}
    assert error.upstream == {"status": 404}
    assert error.retry_after_seconds == 99


async def test_a_crash_is_found_by_its_id(client: Any, server: Any) -> None:
    server.says(500, refusal("generic_error_support", "us", payload="id-9"))
    with pytest.raises(api.ServerFailed) as caught:
        await client.health()
    assert caught.value.request_id == "id-9"


@pytest.mark.parametrize("status", [200, 302, 502])
async def test_what_is_not_fairlead_is_told_apart(client: Any, server: Any, status: int) -> None:
    server.says(status, b"<h1>Welcome</h1>", Location="https://elsewhere.example/")
    with pytest.raises(FairleadApiError) as caught:
        await client.integrations.list()
    assert caught.value.status == status
    assert caught.value.body == b"<h1>Welcome</h1>"
    assert {request.path for request in server.asked} == {"/integrations"}


async def test_reading_is_tried_again_writing_is_not(client: Any, server: Any) -> None:
    server.says(503, b"")
    server.says(429, b"")
    server.says(200, b'{"data": []}')
    assert await client.integrations.list() == []
    assert len(server.asked) == 3
    server.answers = []
    server.says(503, b"")
    for attempt in (
        lambda: client.actions.run("shout", **AS_C1),
        lambda: client.connect_sessions.create(tags={"a": "b"}),
        lambda: client.syncs.trigger(["notes"], **AS_C1),
    ):
        server.asked.clear()
        with pytest.raises(api.ServerFailed):
            await attempt()
        assert len(server.asked) == 1
    server.asked.clear()
    with pytest.raises(api.ServerFailed):
        await client.syncs.pause([], provider_config_key="sp")
    assert len(server.asked) == 3


async def test_waits_as_long_as_the_server_asks_within_bounds(
    make_client: Any, server: Any
) -> None:
    waits: list[float] = []

    async def rest(seconds: float) -> None:
        waits.append(seconds)

    is_async = isinstance(make_client(server.url), api.AsyncFairlead)
    client = make_client(
        server.url,
        retries=Retries(chance=lambda: 1.0),
        sleep=rest if is_async else waits.append,
    )
    server.says(429, b"", Retry_After="7")
    server.says(503, b"")
    server.says(200, b'{"result": "ok"}')
    assert await client.health() == {"result": "ok"}
    assert waits == [7, 1]
    server.answers = []
    server.says(429, b"", Retry_After="3600")
    with pytest.raises(api.RateLimited):
        await client.health()
    assert waits == [7, 1]


async def test_nobody_there(make_client: Any, unused_tcp_port: int) -> None:
    with pytest.raises(api.Unreachable) as caught:
        await make_client(f"http://127.0.0.1:{unused_tcp_port}").health()
    assert caught.value.status is None
    assert caught.value.code == "unreachable"
    assert "s3cr3t" not in repr(caught.value)


async def test_no_answer_in_time(make_client: Any, server: Any) -> None:
    released = asyncio.Event()

    async def silent(_request: web.Request) -> web.StreamResponse:
        await released.wait()
        return web.Response()

    server.answers = [silent]
    client = make_client(server.url, timeout_seconds=0.05, retries=Retries(most=0))
    with pytest.raises(api.TimedOut):
        await client.health()
    client = make_client(server.url, retries=Retries(most=0))
    with pytest.raises(api.TimedOut):
        await client.actions.run("slow", timeout_seconds=0.05, **AS_C1)
    with pytest.raises(api.TimedOut):
        await client.proxy.get("slow", timeout_seconds=0.05, **AS_C1)
    released.set()


async def cut(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Length": "1000"})
    await answer.prepare(request)
    await answer.write(b"begun")
    assert request.transport
    request.transport.close()
    return answer


async def test_an_answer_that_breaks_off_is_not_taken_for_whole(client: Any, server: Any) -> None:
    server.answers = [cut]
    with pytest.raises(api.Unreachable):
        await client.health()
    assert len(server.asked) == 1 + AT_ONCE.most
    reply = await client.proxy.get("/x", **AS_C1)
    with pytest.raises(api.Unreachable):
        await reply.read()


async def test_the_proxy_passes_on_what_it_is_given(client: Any, server: Any) -> None:
    server.says(200, b'{"ok": true}')
    reply = await client.proxy.post(
        "/v1.0/sites/a b?x=1",
        params={"$top": 5, "search": "é&", "deep": True},
        headers={"Prefer": "wait=1", "Content-Type": "text/csv"},
        data=b"a,b",
        retries=3,
        retry_on=[404, 423],
        base_url_override="https://h.example",
        **AS_C1,
    )
    assert reply.status == 200
    assert await reply.json() == {"ok": True}
    [asked] = server.asked
    assert asked.raw_path == "/proxy/v1.0/sites/a%20b?x=1&$top=5&search=%C3%A9%26&deep=true"
    sent = asked.headers
    assert sent["Nango-Proxy-Prefer"] == "wait=1"
    assert sent["Content-Type"] == "text/csv"
    assert (sent["Retries"], sent["Retry-On"]) == ("3", "404,423")
    assert sent["Base-Url-Override"] == "https://h.example"
    assert (sent["Provider-Config-Key"], sent["Connection-Id"]) == ("sp", "c1")
    assert sent["Authorization"] == "Bearer s3cr3t"
    assert server.bodies == [b"a,b"]


@pytest.mark.parametrize(
    ("how", "body", "kind", "length"),
    [
        ({"json": {"a": "ü"}}, '{"a":"ü"}'.encode(), "application/json", "10"),
        ({"data": "tür"}, "tür".encode(), "text/plain; charset=utf-8", "4"),
        ({"data": b"12"}, b"12", "application/octet-stream", "2"),
        ({"data": lambda: io.BytesIO(b"file")}, b"file", "application/octet-stream", None),
        ({"data": [b"in", b"-pieces"]}, b"in-pieces", "application/octet-stream", None),
        (
            {"data": lambda: iter([b"12", b"34"]), "size_bytes": 4},
            b"1234",
            "application/octet-stream",
            "4",
        ),
        ({}, b"", None, None),
    ],
)
async def test_bodies_go_up(
    client: Any, server: Any, how: dict[str, Any], body: bytes, kind: str | None, length: str | None
) -> None:
    if callable(how.get("data")):
        how = how | {"data": how["data"]()}
    server.says(201)
    reply = await client.proxy.put("x", **how, **AS_C1)
    assert reply.status == 201
    await reply.read()
    assert server.bodies == [body]
    [asked] = server.asked
    assert asked.headers.get("Content-Type") == kind
    if body:
        assert asked.headers.get("Content-Length") == length


async def test_bodies_come_down_in_pieces(client: Any, server: Any) -> None:
    released = asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(b"1" * 100_000)
        await released.wait()
        await answer.write(b"2" * 100_000)
        await answer.write_eof()
        return answer

    server.answers = [slow]
    # the answer is there before its body is
    reply = await client.proxy.get("big", **AS_C1)
    released.set()
    pieces = await pieces_of(reply)
    assert b"".join(pieces) == b"1" * 100_000 + b"2" * 100_000
    assert max(len(piece) for piece in pieces) <= 65_536


async def test_a_compressed_answer_is_opened(client: Any, server: Any) -> None:
    server.says(200, gzip.compress(b"plain"), Content_Encoding="gzip")
    reply = await client.proxy.get("x", headers={"Accept-Encoding": "gzip"}, **AS_C1)
    assert await reply.text() == "plain"


async def test_an_answer_left_unread_spoils_nothing(client: Any, server: Any) -> None:
    server.says(200, b"x" * 3_000_000)
    server.says(200, b'{"result": "ok"}')
    reply = await client.proxy.get("big", **AS_C1)
    closing = reply.close()
    if closing is not None:
        await closing
    assert await client.health() == {"result": "ok"}


async def test_the_vendors_refusal_is_told_from_ours(client: Any, server: Any) -> None:
    server.says(404, b'{"error": {"code": "itemNotFound"}}', request_id="v-1")
    with pytest.raises(api.ProxiedError) as theirs:
        await client.proxy.get("x", **AS_C1)
    assert theirs.value.request_id == "v-1"
    assert json.loads(theirs.value.body) == {"error": {"code": "itemNotFound"}}
    reply = await client.proxy.get("x", check=False, **AS_C1)
    assert reply.status == 404
    assert await reply.json() == {"error": {"code": "itemNotFound"}}
    server.answers = []
    server.says(400, refusal("unknown_connection", "caller"))
    with pytest.raises(api.NotFound):
        await client.proxy.get("x", **AS_C1)


async def test_the_proxy_is_not_asked_again_for_the_vendors_trouble(
    client: Any, server: Any
) -> None:
    server.says(500, b"vendor down")
    with pytest.raises(api.ProxiedError):
        await client.proxy.get("x", **AS_C1)
    assert len(server.asked) == 1


async def test_pages_are_asked_for_one_by_one(client: Any, server: Any) -> None:
    server.says(200, b'{"records": [{"id": "1"}, {"id": "2"}], "next_cursor": "C&1"}')
    server.says(200, b'{"records": [{"id": "3"}], "next_cursor": null}')
    found = await all_of(client.records.list("Note", cursor="C0", page_size=2, **AS_C1))
    assert [record["id"] for record in found] == ["1", "2", "3"]
    assert [request.query["cursor"] for request in server.asked] == ["C0", "C&1"]


async def test_a_server_below_a_path(make_client: Any, server: Any) -> None:
    server.says(200, b'{"result": "ok"}')
    await make_client(f"{server.url}/tools/fairlead/").health()
    reply = await make_client(f"{server.url}/tools").proxy.get("x", **AS_C1)
    await reply.read()
    assert [r.path for r in server.asked] == ["/tools/fairlead/health", "/tools/proxy/x"]
