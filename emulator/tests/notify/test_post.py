"""The HTTP call itself, against sockets of this machine."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from m365sim.notify import Unreachable
from m365sim.notify import post as module
from m365sim.notify.post import post


@pytest.fixture
async def answering() -> AsyncIterator:
    """Serve one canned answer; returns the address and what arrives there."""
    servers = []

    async def serve(answer: bytes, host: str = "127.0.0.1"):
        heard = bytearray()

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.extend(await reader.readuntil(b"\r\n\r\n"))
            if answer:
                writer.write(answer)
                await writer.drain()
                writer.close()
            else:
                await reader.read()
                writer.close()

        server = await asyncio.start_server(talk, host, 0)
        servers.append(server)
        return server.sockets[0].getsockname()[1], heard

    yield serve
    for server in servers:
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize(
    "body",
    [
        b"content-length: 5\r\n\r\nhello",
        b"transfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=1\r\nlo\r\n0\r\n\r\n",
        b"\r\nhello",
    ],
)
async def test_answers_in_all_framings(answering, body):
    port, heard = await answering(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n" + body)
    answer = await post(f"http://127.0.0.1:{port}/a/b?c=d%20e", {"x-y": "z"}, b"sent")
    assert (answer.status, answer.content_type, answer.body) == (200, "text/plain", b"hello")
    assert answer.seconds >= 0
    assert heard.startswith(b"POST /a/b?c=d%20e HTTP/1.1\r\n")
    assert b"x-y: z\r\n" in heard
    assert b"content-length: 4\r\n" in heard


async def test_names_of_the_loopback(answering):
    port, _ = await answering(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")
    for host in ("localhost", "hook.localhost", "127.0.0.1"):
        assert (await post(f"http://{host}:{port}", {}, b"")).status == 202


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook",
        "https://10.0.0.1/",
        "http://[2001:db8::1]/",
        "ftp://localhost",
        "http://[",
        "http://localhost:port",
        "x",
    ],
)
async def test_nothing_beyond_this_machine_is_called(url):
    with pytest.raises(Unreachable):
        await post(url, {}, b"")


@pytest.mark.parametrize("answer", [b"nonsense", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx"])
async def test_broken_answers(answering, answer):
    port, _ = await answering(answer)
    with pytest.raises(Unreachable):
        await post(f"http://127.0.0.1:{port}", {}, b"")


async def test_nobody_there():
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    closed = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    with pytest.raises(Unreachable):
        await post(f"http://127.0.0.1:{closed}", {}, b"")


async def test_silence_times_out(answering, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    port, _ = await answering(b"")
    with pytest.raises(Unreachable, match="timed out"):
        await post(f"http://127.0.0.1:{port}", {}, b"")
