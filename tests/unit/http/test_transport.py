"""HTTP as it leaves and as it comes back."""

import asyncio
import gzip

import pytest
from aiohttp import web

from fairlead.errors import ProviderError, Unavailable
from fairlead.model.exchange import Request


async def test_headers_arrive_as_they_came_order_and_repeats_included(transport, raw_server):
    url = await raw_server(
        b"HTTP/1.1 200 OK\r\nX-One: 1\r\nset-cookie: a=1\r\nSet-Cookie: b=2\r\nX-Last: caf\xe9\r\n"
        b"Content-Length: 2\r\n\r\nhi"
    )
    async with await transport.send(Request(url=url + "/x")) as answer:
        assert [
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.raw_headers
        ] == [
            ("X-One", "1"),
            ("set-cookie", "a=1"),
            ("Set-Cookie", "b=2"),
            ("X-Last", "caf\xe9"),
            ("Content-Length", "2"),
        ]
        assert answer.headers["set-cookie"] == "b=2"
        assert answer.status == 200
        assert answer.method == "GET"
        assert await answer.read() == b"hi"
        assert await answer.read() == b"hi"
        assert [chunk async for chunk in answer.stream()] == [b"hi"]


async def test_no_cookie_is_kept(transport, serve):
    seen = []

    async def handler(request):
        seen.append(request.headers.get("Cookie"))
        return web.Response(headers={"Set-Cookie": "session=1; Path=/"})

    url = await serve(handler)
    for _ in range(2):
        await (await transport.send(Request(url=url))).read()
    assert seen == [None, None]


async def test_path_and_query_arrive_untouched(transport, serve):
    seen = []

    async def handler(request):
        seen.append(request.raw_path)
        return web.Response()

    url = await serve(handler)
    target = "/v1.0/drives/b!x/root:/a%20b/c%2Fd?$select=id,name&q='x'&t=%3D%3d+1"
    async with await transport.send(Request(url=url + target + "#fragment")) as answer:
        assert answer.url == url + target
    assert seen == [target]


async def test_what_cannot_stand_in_a_request_line_is_encoded(transport, serve):
    seen = []

    async def handler(request):
        seen.append(request.raw_path)
        return web.Response()

    url = await serve(handler)
    await (await transport.send(Request(url=url + '/a b/ü?q="x"\\'))).close()
    assert seen == ["/a%20b/%C3%BC?q=%22x%22%5C"]


async def test_large_body_streams_down_before_its_end_is_sent(transport, serve):
    go_on = asyncio.Event()

    async def handler(request):
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"first")
        await asyncio.wait_for(go_on.wait(), 5)
        await response.write(b"second")
        await response.write_eof()
        return response

    url = await serve(handler)
    async with await transport.send(Request(url=url)) as answer:
        chunks = answer.stream()
        assert await anext(chunks) == b"first"
        go_on.set()
        assert await anext(chunks) == b"second"
        assert [chunk async for chunk in chunks] == []


async def test_body_streams_up_while_it_is_made(transport, serve):
    arrived = asyncio.Queue()

    async def handler(request):
        total = b""
        async for chunk in request.content.iter_any():
            total += chunk
            arrived.put_nowait(chunk)
        return web.Response(text=f"{request.headers.get('Transfer-Encoding')} {total.decode()}")

    async def body():
        yield b"one"
        # the next piece is only made once the server has this one
        assert await asyncio.wait_for(arrived.get(), 5) == b"one"
        yield b"two"

    url = await serve(handler)
    async with await transport.send(Request(method="PUT", url=url, body=body())) as answer:
        assert await answer.read() == b"chunked onetwo"


async def test_streamed_body_of_known_length_is_not_chunked(transport, serve):
    async def handler(request):
        body = await request.read()
        return web.Response(
            text=f"{request.headers.get('Content-Length')} {'Transfer-Encoding' in request.headers} {len(body)}"
        )

    async def body():
        yield b"12345"

    url = await serve(handler)
    request = Request(method="PUT", url=url, body=body(), headers={"Content-Length": "5"})
    async with await transport.send(request) as answer:
        assert await answer.read() == b"5 False 5"


async def test_large_bytes_are_sent_with_their_length(transport, serve):
    async def handler(request):
        body = await request.read()
        return web.Response(text=f"{request.headers['Content-Length']} {len(body)}")

    url = await serve(handler)
    async with await transport.send(Request(method="PUT", url=url, body=b"x" * 3_000_000)) as a:
        assert await a.read() == b"3000000 3000000"


async def test_length_of_a_whole_body_is_not_the_callers_to_say(transport, serve):
    async def handler(request):
        return web.Response(text=f"{request.headers['Content-Length']} {await request.text()}")

    request = Request(
        method="POST", url=await serve(handler), body=b"four", headers={"content-length": "40"}
    )
    async with await transport.send(request) as answer:
        assert await answer.read() == b"4 four"


@pytest.mark.parametrize("body", [b"x", b"x" * 300_000])
async def test_only_what_was_asked_is_sent(transport, serve, body):
    async def handler(request):
        return web.json_response(sorted(name.lower() for name in request.headers))

    url = await serve(handler)
    async with await transport.send(Request(method="POST", url=url, body=body)) as answer:
        assert await answer.json() == [
            "accept",
            "accept-encoding",
            "content-length",
            "host",
            "user-agent",
        ]


async def test_caller_cannot_set_host_or_connection_headers(transport, serve):
    async def handler(request):
        return web.json_response(dict(request.headers))

    url = await serve(handler)
    headers = {
        "host": "other.example",
        "Transfer-Encoding": "chunked",
        "Connection": "upgrade",
        "X-Mine": "1",
    }
    async with await transport.send(Request(url=url, headers=headers)) as answer:
        got = await answer.json()
    assert got["Host"] == url.removeprefix("http://")
    assert got["X-Mine"] == "1"
    assert "Transfer-Encoding" not in got
    assert got.get("Connection") != "upgrade"


@pytest.mark.parametrize(
    ("asked", "decompress", "expected"),
    [
        (None, True, "gzip, deflate"),
        ("br", True, "gzip, deflate"),
        ("identity", True, "identity"),
        (None, False, "identity"),
        ("br, gzip", False, "br, gzip"),
    ],
)
async def test_accept_encoding_is_what_can_be_decoded(
    transport, serve, asked, decompress, expected
):
    async def handler(request):
        return web.Response(text=request.headers["Accept-Encoding"])

    url = await serve(handler)
    headers = {"accept-encoding": asked} if asked else {}
    async with await transport.send(
        Request(url=url, headers=headers), decompress=decompress
    ) as answer:
        assert (await answer.read()).decode() == expected


async def test_compression_is_passed_through_or_undone(transport, raw_server):
    packed = gzip.compress(b"hello " * 50)
    url = await raw_server(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nETag: x\r\nContent-Length: %d\r\n\r\n"
        % len(packed)
        + packed
    )
    async with await transport.send(Request(url=url), decompress=False) as answer:
        assert await answer.read() == packed
        assert (b"Content-Encoding", b"gzip") in answer.raw_headers
        assert (b"Content-Length", str(len(packed)).encode()) in answer.raw_headers
    async with await transport.send(Request(url=url), decompress=True) as answer:
        assert await answer.read() == b"hello " * 50
        assert answer.raw_headers == [(b"ETag", b"x")]


async def test_encoding_that_nobody_asked_for_is_an_error_of_ours(transport, raw_server):
    url = await raw_server(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 3\r\n\r\nabc"
    )
    with pytest.raises(Unavailable):
        await (await transport.send(Request(url=url))).read()
    async with await transport.send(Request(url=url), decompress=False) as answer:
        assert await answer.read() == b"abc"


async def test_broken_compression_is_an_error_of_ours(transport, raw_server):
    url = await raw_server(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 12\r\n\r\nnot gzipped!"
    )
    with pytest.raises(Unavailable):
        await (await transport.send(Request(url=url))).read()


async def test_statuses_are_answers_not_errors(transport, serve):
    async def handler(request):
        return web.Response(status=503, text="busy")

    async with await transport.send(Request(url=await serve(handler))) as answer:
        assert answer.status == 503
        assert await answer.read() == b"busy"


async def test_json_that_is_none_is_the_vendors_error(transport, serve):
    async def handler(request):
        return web.Response(text="<html>")

    async with await transport.send(Request(url=await serve(handler))) as answer:
        with pytest.raises(ProviderError) as caught:
            await answer.json()
    assert caught.value.provider_status == 200
