"""The proxy: what goes out, what comes back, and what is refused."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

AS_C1 = {"Connection-Id": "c1", "Provider-Config-Key": "acme"}


@pytest.fixture(autouse=True)
async def _connection(world: Any) -> None:
    await world.integration()
    await world.connection()


async def test_what_goes_out(world: Any) -> None:
    answer = await world.client.get(
        "/proxy/v1.0/sites/a%2Fb?search=*&%24top=5&x=a+b",
        headers=AS_C1
        | {
            "Base-Url-Override": "",
            "Nango-Activity-Log-Id": "",
            "Nango-Proxy-Prefer": "a=b",
            "Nango-Is-Sync": "false",
            "Accept": "application/xml",
            "If-None-Match": '"tag"',
            "Range": "bytes=0-1",
            "Cookie": "a=b",
            "X-Own": "1",
        },
    )
    seen = answer.json()
    assert answer.status_code == 200
    assert seen["path"] == "/api/v1.0/sites/a%2Fb?search=*&%24top=5&x=a+b"
    headers = seen["headers"]
    assert headers["authorization"] == "Bearer access-0"
    assert headers["prefer"] == "a=b"
    assert headers["accept"] == "application/xml"
    assert headers["if-none-match"] == '"tag"'
    assert headers["range"] == "bytes=0-1"
    for name in ("cookie", "x-own", "connection-id", "nango-is-sync", "nango-proxy-prefer"):
        assert name not in headers


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_every_verb(world: Any, method: str) -> None:
    body = b'{"a":1}' if method in {"POST", "PUT", "PATCH", "DELETE"} else None
    answer = await world.client.request(
        method, "/proxy/x", headers=AS_C1 | {"Content-Type": "application/json"}, content=body
    )
    seen = answer.json()
    assert (seen["method"], seen["body"]) == (method, (body or b"").decode())
    assert ("content-type" in seen["headers"]) is (body is not None)


async def test_head(world: Any) -> None:
    answer = await world.client.head("/proxy/x", headers=AS_C1)
    assert (answer.status_code, answer.content) == (200, b"")


async def test_the_prefixed_header_wins(world: Any) -> None:
    answer = await world.client.put(
        "/proxy/x",
        headers=AS_C1 | {"Content-Type": "text/plain", "Nango-Proxy-Content-Type": "text/csv"},
        content=b"hi",
    )
    assert answer.json()["headers"]["content-type"] == "text/csv"
    assert answer.json()["headers"]["content-length"] == "2"


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (201, {"Location": "/new", "ETag": '"1"'}),
        (202, {"Location": "https://monitor.example/1", "Retry-After": "7"}),
        (204, {}),
        (206, {"Content-Range": "bytes 0-1/9"}),
        (304, {"ETag": '"1"'}),
        (401, {"WWW-Authenticate": "Bearer"}),
        (403, {"Request-Id": "r"}),
        (404, {}),
        (410, {"Location": "/delta?token=1"}),
        (429, {"Retry-After": "9"}),
        (503, {"Retry-After": "3"}),
    ],
)
async def test_status_and_headers_come_back(
    world: Any, status: int, headers: dict[str, str]
) -> None:
    body = b"" if status in {204, 304} else b'{"error":{"code":"x"}}'
    # a 401 is asked once more with other credentials
    world.vendor.answers += [(status, headers | {"X-Vendor": "1"}, body)] * (
        2 if status == 401 else 1
    )
    answer = await world.client.get("/proxy/x", headers=AS_C1)
    assert answer.status_code == status
    assert answer.content == body
    assert answer.headers["x-vendor"] == "1"
    for name, value in headers.items():
        assert answer.headers[name] == value
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_not_modified_says_no_length(world: Any) -> None:
    world.vendor.answers.append((304, {"ETag": '"1"', "Content-Length": "9"}, b""))
    answer = await world.client.get("/proxy/x", headers=AS_C1 | {"If-None-Match": '"1"'})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == '"1"'
    assert "content-length" not in answer.headers


async def test_headers_of_one_hop_stay(world: Any) -> None:
    hop = {"Connection": "X-Hop", "X-Hop": "1", "Keep-Alive": "x", "Set-Cookie": "a=b"}
    world.vendor.answers.append((200, hop | {"Access-Control-Allow-Origin": "x"}, b"{}"))
    answer = await world.client.get("/proxy/x", headers=AS_C1)
    for name in ("x-hop", "keep-alive", "set-cookie", "connection"):
        assert name not in answer.headers
    assert answer.headers.get_list("access-control-allow-origin") == ["*"]


async def test_one_refresh_after_a_401(world: Any) -> None:
    world.vendor.answers.append((401, {}, b""))
    answer = await world.client.post("/proxy/x", headers=AS_C1, content=b"body")
    assert answer.json()["headers"]["authorization"] == "Bearer access-1"
    assert answer.json()["body"] == "body"
    assert len(world.vendor.calls) == 2


async def test_large_bodies_are_streamed_both_ways(world: Any) -> None:
    async def chunks() -> Any:
        for _ in range(48):
            yield b"y" * 65_536

    answer = await world.client.put("/proxy/x", headers=AS_C1, content=chunks())
    assert answer.status_code == 200
    assert len(world.vendor.bodies[0]) == 48 * 65_536
    down = await world.client.get("/proxy/big", headers=AS_C1)
    assert down.content == b"x" * 40 * 65_536


async def test_a_caller_cannot_say_how_long_the_body_is(world: Any) -> None:
    """Else the rest of it would be read as the next request, of whomever it is."""

    async def chunks() -> Any:
        for _ in range(24):
            yield b"y" * 65_536

    for claimed in ("5", "9999999"):
        answer = await world.client.put(
            "/proxy/x", headers=AS_C1 | {"Nango-Proxy-Content-Length": claimed}, content=chunks()
        )
        assert answer.status_code == 200
        assert len(world.vendor.bodies[-1]) == 24 * 65_536
        assert "content-length" not in world.vendor.calls[-1].headers


@pytest.mark.parametrize("method", ["TRACE", "CONNECT"])
async def test_methods_that_would_show_credentials(world: Any, check: Any, method: str) -> None:
    check(await world.client.request(method, "/proxy/x", headers=AS_C1), 405, "method_not_allowed")
    assert not world.vendor.calls


async def test_a_path_in_disguise_is_not_passed_on(world: Any, check: Any) -> None:
    check(await world.client.get("/%70roxy/x", headers=AS_C1), 404, "not_found")
    assert not world.vendor.calls


async def test_retries(world: Any) -> None:
    world.vendor.answers += [(429, {"Retry-After": "0"}, b""), (404, {}, b"")]
    answer = await world.client.get(
        "/proxy/x", headers=AS_C1 | {"Retries": "1", "Decompress": "true"}
    )
    assert answer.status_code == 404
    assert len(world.vendor.calls) == 2
    assert answer.headers["fairlead-requests"] == "2"
    assert answer.headers["fairlead-waited"] == "0.000"
    plain = await world.client.get("/proxy/x", headers=AS_C1)
    assert not [name for name in plain.headers if name.startswith("fairlead-")]


async def test_a_longer_wait_is_left_to_the_caller(world: Any) -> None:
    world.vendor.answers.append((429, {"Retry-After": "301"}, b""))
    answer = await world.client.get("/proxy/x", headers=AS_C1 | {"Retries": "3"})
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "301"
    assert (answer.headers["fairlead-requests"], answer.headers["fairlead-waited"]) == (
        "1",
        "0.000",
    )


async def test_compressed_answers(world: Any) -> None:
    import gzip

    packed = gzip.compress(b'{"a":1}')
    for decompress in ("true", "false"):
        world.vendor.answers.append((200, {"Content-Encoding": "gzip"}, packed))
        headers = AS_C1 | {"Decompress": decompress, "Accept-Encoding": "gzip"}
        async with world.client.stream("GET", "/proxy/x", headers=headers) as answer:
            raw = b"".join([chunk async for chunk in answer.aiter_raw()])
        assert raw == (b'{"a":1}' if decompress == "true" else packed)
        assert ("content-encoding" in answer.headers) is (decompress == "false")


async def test_another_base(world: Any, check: Any) -> None:
    headers = AS_C1 | {"Base-Url-Override": world.vendor.url + "/api/other/"}
    seen = (await world.client.get("/proxy/x?y=z", headers=headers)).json()
    assert seen["path"] == "/api/other/x?y=z"
    absolute = await world.client.get(f"/proxy/{world.vendor.url}/api/abs?q=1", headers=AS_C1)
    assert absolute.json()["path"] == "/api/abs?q=1"
    for elsewhere in ("http://169.254.169.254", "https://evil.example"):
        answer = await world.client.get(
            "/proxy/x", headers=AS_C1 | {"Base-Url-Override": elsewhere}
        )
        error = check(answer, 400, "base_url_override_not_allowed")
        assert error["who"] == "operator"
    for bad in ("ftp://x.example", "https://user@x.example", "x"):
        answer = await world.client.get("/proxy/x", headers=AS_C1 | {"Base-Url-Override": bad})
        check(answer, 400, "invalid_headers")


async def test_missing_and_unknown(world: Any, check: Any) -> None:
    error = check(await world.client.get("/proxy/x"), 400, "invalid_headers")
    assert [each["path"] for each in error["errors"]] == [
        ["connection-id"],
        ["provider-config-key"],
    ]
    empty = AS_C1 | {"Connection-Id": ""}
    check(await world.client.get("/proxy/x", headers=empty), 400, "invalid_headers")
    unknown = AS_C1 | {"Provider-Config-Key": "none"}
    check(await world.client.get("/proxy/x", headers=unknown), 404, "unknown_provider_config")
    unknown = AS_C1 | {"Connection-Id": "none"}
    check(await world.client.get("/proxy/x", headers=unknown), 400, "unknown_connection")
    for headers in ({"Retries": "many"}, {"Retry-On": "x,y"}):
        check(await world.client.get("/proxy/x", headers=AS_C1 | headers), 400, "invalid_headers")
    assert world.vendor.calls == []


async def test_credentials_that_cannot_be_renewed(world: Any, check: Any) -> None:
    await world.connection("old", lifetime=-60)
    world.vendor.token_status = 503
    answer = await world.client.get("/proxy/x", headers=AS_C1 | {"Connection-Id": "old"})
    error = check(answer, 503, "provider_unavailable")
    assert error["who"] == "vendor"


async def test_vendor_that_is_not_there(world: Any, check: Any) -> None:
    await world.vendor.close()
    error = check(await world.client.get("/proxy/x", headers=AS_C1), 503, "provider_unavailable")
    assert "refused the connection" in error["message"]


async def test_a_caller_who_leaves_frees_the_vendor(world: Any) -> None:
    from fairlead.app import build_app

    app = build_app(world.services)
    headers = [(b"authorization", world.client.headers["authorization"].encode())]
    headers += [(name.lower().encode(), value.encode()) for name, value in AS_C1.items()]
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/proxy/big",
        "raw_path": b"/proxy/big",
        "query_string": b"",
        "headers": headers,
    }
    sent: list[dict[str, Any]] = []
    left = asyncio.Event()

    async def receive() -> dict[str, Any]:
        if not sent:
            return {"type": "http.request"}
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)
        if len(sent) == 4:
            left.set()
        await asyncio.sleep(0)

    await app(scope, receive, send)
    assert sum(len(message.get("body", b"")) for message in sent) < 40 * 65_536
    assert sent[-1].get("more_body")


async def test_a_connection_made_anew_is_seen_at_once(world: Any, check: Any) -> None:
    url = "/connections/c1?provider_config_key=acme"
    assert (await world.client.get("/proxy/x", headers=AS_C1)).status_code == 200
    await world.client.delete(url)
    check(await world.client.get("/proxy/x", headers=AS_C1), 400, "unknown_connection")
    body = {"provider_config_key": "acme", "connection_id": "c1"}
    credentials = {"type": "OAUTH2", "access_token": "other"}
    await world.client.post("/connections", json=body | {"credentials": credentials})
    seen = (await world.client.get("/proxy/x", headers=AS_C1)).json()
    assert seen["headers"]["authorization"] == "Bearer other"


async def test_what_another_process_changes_is_seen_soon(world: Any, check: Any) -> None:
    from fairlead.store import connections

    assert (await world.client.get("/proxy/x", headers=AS_C1)).status_code == 200
    async with world.services.db.write() as tx:
        [only] = await connections.find_any(tx, 1, "c1")
        await connections.delete(tx, only.id)
    world.clock.advance(timedelta(seconds=2))
    check(await world.client.get("/proxy/x", headers=AS_C1), 400, "unknown_connection")
