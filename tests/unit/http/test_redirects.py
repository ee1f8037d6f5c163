import pytest
from aiohttp import web

from fairlead.errors import EgressRefused, Rejected
from fairlead.model.exchange import Request

SECRETS = {"Authorization": "Bearer t", "Cookie": "c=1", "X-Key": "k", "X-Plain": "p"}


def _echo(seen):
    async def handler(request):
        seen.append(
            (
                request.method,
                request.path,
                {k.lower(): v for k, v in request.headers.items()},
                await request.read(),
            )
        )
        return web.Response(text="there")

    return handler


async def test_redirect_is_the_answer_unless_asked_to_follow(transport, serve):
    async def handler(request):
        return web.Response(status=302, headers={"Location": "https://elsewhere.example/"})

    async with await transport.send(Request(url=await serve(handler))) as answer:
        assert answer.status == 302
        assert answer.headers["location"] == "https://elsewhere.example/"


async def test_same_origin_keeps_credentials(transport, serve):
    seen = []

    async def handler(request):
        if request.path == "/a":
            return web.Response(status=302, headers={"Location": "b?x=1"})
        return await _echo(seen)(request)

    url = await serve(handler)
    async with await transport.send(Request(url=url + "/a", headers=SECRETS), redirects=1) as a:
        assert a.url == url + "/b?x=1"
        assert await a.read() == b"there"
    (_, path, headers, _) = seen[0]
    assert path == "/b"
    assert headers["authorization"] == "Bearer t"
    assert headers["cookie"] == "c=1"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_other_origin_loses_credentials(transport, serve, status):
    seen = []
    other = await serve(_echo(seen))  # same host, other port: another origin

    async def handler(request):
        return web.Response(status=status, headers={"Location": other + "/file"})

    request = Request(url=await serve(handler), headers=SECRETS)
    answer = await transport.send(request, redirects=5, secret_headers=frozenset({"x-key"}))
    assert await answer.read() == b"there"
    (method, _, headers, _) = seen[0]
    assert method == "GET"
    assert {"authorization", "cookie", "x-key"}.isdisjoint(headers)
    assert headers["x-plain"] == "p"


async def test_credentials_do_not_come_back_on_the_way_home(transport, serve):
    seen = []
    home = None

    async def away(request):
        return web.Response(status=307, headers={"Location": home + "/end"})

    away_url = await serve(away)

    async def handler(request):
        if request.path == "/start":
            return web.Response(status=307, headers={"Location": away_url})
        return await _echo(seen)(request)

    home = await serve(handler)
    await (await transport.send(Request(url=home + "/start", headers=SECRETS), redirects=5)).read()
    assert "authorization" not in seen[0][2]


@pytest.mark.parametrize(
    ("status", "method", "after", "keeps_body"),
    [
        (301, "POST", "GET", False),
        (302, "POST", "GET", False),
        (303, "POST", "GET", False),
        (303, "PUT", "GET", False),
        (301, "PUT", "PUT", True),
        (302, "DELETE", "DELETE", True),
        (307, "POST", "POST", True),
        (308, "PATCH", "PATCH", True),
        (303, "HEAD", "HEAD", True),
    ],
)
async def test_method_and_body_after_a_redirect(
    transport, serve, status, method, after, keeps_body
):
    seen = []

    async def handler(request):
        if request.path == "/a":
            return web.Response(status=status, headers={"Location": "/b"})
        return await _echo(seen)(request)

    url = await serve(handler)
    body = None if method == "HEAD" else b"body"
    request = Request(
        method=method, url=url + "/a", body=body, headers={"Content-Type": "text/plain"}
    )
    await (await transport.send(request, redirects=1)).close()
    got_method, _, headers, got_body = seen[0]
    assert got_method == after
    if keeps_body:
        assert got_body == (body or b"")
        assert headers["content-type"] == "text/plain"
    else:
        assert got_body == b""
        assert "content-type" not in headers


@pytest.mark.parametrize(("status", "method"), [(307, "POST"), (308, "PUT"), (302, "PUT")])
async def test_streamed_body_cannot_follow_a_redirect_that_keeps_it(
    transport, serve, status, method
):
    async def handler(request):
        await request.read()
        return web.Response(status=status, headers={"Location": "/b"})

    async def body():
        yield b"x"

    request = Request(method=method, url=await serve(handler), body=body())
    async with await transport.send(request, redirects=5) as answer:
        assert answer.status == status


async def test_endless_redirects_end(transport, serve):
    count = 0

    async def handler(request):
        nonlocal count
        count += 1
        return web.Response(status=302, headers={"Location": f"/{count}"})

    url = await serve(handler)
    with pytest.raises(Rejected) as caught:
        await transport.send(Request(url=url), redirects=3)
    assert caught.value.code == "too_many_redirects"
    assert not caught.value.retryable
    assert count == 4


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/",
        "http://10.0.0.1/",
        "file:///etc/passwd",
        "gopher://x/",
        "http://user@127.0.0.1/",
        "//10.1.2.3/x",
    ],
)
async def test_every_hop_is_checked(transport, serve, location):
    async def handler(request):
        return web.Response(status=302, headers={"Location": location})

    with pytest.raises(EgressRefused):
        await transport.send(Request(url=await serve(handler)), redirects=5)


async def test_redirect_without_a_target_is_the_answer(transport, serve):
    async def handler(request):
        return web.Response(status=302)

    async with await transport.send(Request(url=await serve(handler)), redirects=5) as answer:
        assert answer.status == 302


async def test_location_in_utf8_is_understood(transport, raw_server, serve):
    seen = []
    target = await serve(_echo(seen))
    url = await raw_server(
        b"HTTP/1.1 302 Found\r\nLocation: " + f"{target}/größe".encode() + b"\r\n\r\n"
    )
    await (await transport.send(Request(url=url), redirects=1)).read()
    assert seen[0][1] == "/größe"
