"""Servers that break off, stay silent or lie: an error of ours, and no secret in it."""

import asyncio
import contextlib
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fairlead.errors import InvalidInput, Unavailable
from fairlead.model.exchange import Request


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
