import asyncio
import contextlib
import gzip
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fairlead.errors import InvalidInput, ProviderError, Unavailable
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


async def _message(transport, url, **kwargs):
    with pytest.raises(Unavailable) as caught:
        answer = await transport.send(
            Request(url=url, headers={"Authorization": "Bearer very-secret"}), **kwargs
        )
        await answer.read()
    error = caught.value
    assert error.retryable
    for secret in ("very-secret", "hush"):
        assert secret not in f"{error.message} {error.detail}"
    return error.message


async def test_refused_connection(transport):
    listener = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    listener.close()
    await listener.wait_closed()
    message = await _message(transport, f"http://127.0.0.1:{port}/?token=hush")
    assert (
        message == f"http://127.0.0.1:{port} cannot be reached: it refused the connection;"
        " try again later"
    )


async def test_unknown_name(open_transport, monkeypatch):
    import socket

    import fairlead.http.egress as egress

    async def nowhere(*_):
        raise socket.gaierror("unknown")

    monkeypatch.setattr(egress, "_look_up", nowhere)
    transport = await open_transport("127.0.0.1")
    assert "name cannot be resolved" in await _message(
        transport, "https://nowhere.example/?token=hush"
    )


async def test_connection_closed_without_an_answer(transport, raw_server):
    message = await _message(transport, await raw_server(b"") + "/?token=hush")
    assert "closed the connection" in message


async def test_answer_that_is_no_http(transport, raw_server):
    message = await _message(transport, await raw_server(b"SSH-2.0-x\r\n\r\n") + "/?token=hush")
    assert "not HTTP" in message


async def test_answer_that_breaks_off(transport, raw_server):
    url = await raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    assert "broke off" in await _message(transport, url)


async def test_silent_server_is_given_up(open_transport, raw_server):
    transport = await open_transport(idle=0.05)
    assert "in time" in await _message(transport, await raw_server(b"", close=False))


async def test_body_that_stalls_is_given_up(open_transport, raw_server):
    transport = await open_transport(idle=0.05)
    url = await raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", close=False)
    assert "in time" in await _message(transport, url)


async def test_total_timeout_bounds_the_whole_exchange(transport, serve):
    async def handler(request):
        response = web.StreamResponse()
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            for _ in range(1000):
                await response.write(b".")
                await asyncio.sleep(0.01)
        return response

    url = await serve(handler)
    assert "in time" in await _message(transport, url, total_timeout=timedelta(milliseconds=100))


async def test_tls_to_a_server_without(transport):
    server = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    assert "cannot be reached" in await _message(transport, f"https://127.0.0.1:{port}/?token=hush")
    server.close()


async def test_certificate_that_nobody_vouches_for(transport, tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2090, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    chain, secret = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, secret)
    server = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    assert "certificate" in await _message(transport, f"https://127.0.0.1:{port}/?token=hush")
    server.close()


async def test_error_of_the_bodys_maker_is_passed_on(transport, serve):
    async def handler(request):
        with contextlib.suppress(ConnectionError):
            await request.read()
        return web.Response()

    async def body():
        yield b"x"
        raise InvalidInput("the caller went away")

    with pytest.raises(InvalidInput, match="went away"):
        await transport.send(Request(method="PUT", url=await serve(handler), body=body()))


@pytest.mark.parametrize(
    "request_",
    [
        {"headers": {"X-A": "1\r\nX-B: 2"}},
        {"headers": {"X-A\r\nX-B": "2"}},
        {"method": "GET / HTTP/1.1\r\nX: y"},
    ],
    ids=["value", "name", "method"],
)
async def test_nothing_can_be_smuggled_in_method_or_headers(transport, serve, request_):
    async def handler(request):
        return web.Response()

    with pytest.raises(InvalidInput) as caught:
        await transport.send(Request(url=await serve(handler), **request_))
    assert caught.value.code == "invalid_request"


@pytest.mark.parametrize("size", [5, 300_000])
async def test_whole_body_survives_a_kept_connection_that_turned_out_dead(transport, size):
    puts = []

    async def talk(reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                if head.startswith(b"PUT"):
                    if not puts:
                        puts.append(0)
                        break
                    puts.append(len(await reader.readexactly(size)))
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    await (await transport.send(Request(url=url))).read()
    answer = await transport.send(Request(method="PUT", url=url, body=b"x" * size))
    assert answer.status == 200
    await answer.read()
    assert puts == [0, size]
    server.close()


async def test_streamed_body_is_never_sent_twice(transport):
    """The library repeats a request whose kept connection turns out dead; not a consumed one."""
    bodies = []

    async def talk(reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            if head.startswith(b"GET"):
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
                bodies.append(await reader.readuntil(b"0\r\n\r\n"))
            else:
                bodies.append(await reader.readuntil(b"0\r\n\r\n"))
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        await (await transport.send(Request(url=url))).read()

        async def body():
            yield b"once"

        with pytest.raises(Unavailable):
            await transport.send(Request(method="PUT", url=url, body=body()))
    finally:
        server.close()
    assert len([body for body in bodies if b"once" in body]) == 1
