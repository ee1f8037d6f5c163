"""The short way to a vendor does what the library's session would do."""

import asyncio
import contextlib

import pytest

from fairlead.errors import InvalidInput, Unavailable
from fairlead.model.exchange import FixedHeaders, Request

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


@pytest.fixture
async def once():
    """A server that takes one request a connection, though it promises more; what it was sent."""
    heads = []
    open_writers = []

    async def talk(reader, writer):
        open_writers.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(_ANSWER)
            # the second request on this connection is cut off
            heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x", heads
    for writer in open_writers:
        writer.close()
    server.close()


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_a_kept_connection_that_is_cut_is_replaced(transport, once, method):
    url, heads = once
    for _ in range(2):
        request = Request(method=method, url=url, body=b"" if method == "PUT" else None)
        assert await (await transport.send(request)).read() == b"hi"
    assert len(heads) == 3


async def test_but_not_for_what_must_not_be_repeated(transport, once):
    url, heads = once
    assert await (await transport.send(Request(url=url))).read() == b"hi"
    with pytest.raises(Unavailable, match="closed the connection"):
        await transport.send(Request(method="POST", url=url))
    assert len(heads) == 2


async def test_it_is_not_replaced_for_ever(transport, raw_server):
    url = await raw_server(b"")
    with pytest.raises(Unavailable, match="closed the connection"):
        await transport.send(Request(url=url))


async def test_no_type_is_invented(transport, once):
    url, heads = once
    await (await transport.send(Request(method="POST", url=url, body=b"12"))).read()
    (head,) = heads
    lines = head.lower().split(b"\r\n")
    assert b"content-length: 2" in lines
    assert not any(line.startswith(b"content-type") for line in lines)
    assert b"accept: */*" in lines


async def test_a_forbidden_character_costs_no_connection(open_transport, raw_server):
    transport = await open_transport(connections=1)
    url = await raw_server(_ANSWER, close=False)
    for _ in range(3):
        with pytest.raises(InvalidInput, match="forbidden characters"):
            await transport.send(Request(url=url, headers={"X-A": "a\r\nX-B: b"}))
    assert await (await transport.send(Request(url=url))).read() == b"hi"


async def test_no_free_connection(open_transport, raw_server):
    transport = await open_transport(connections=1, idle=0.01, connect=0.01)
    url = await raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", close=False)
    first = await transport.send(Request(url=url))
    with pytest.raises(Unavailable, match="did not accept a connection in time"):
        await transport.send(Request(url=url))
    await first.close()


async def test_headers_that_stay_are_read_once(transport, once):
    url, heads = once
    headers = FixedHeaders({"X-A": "1", "Accept": "a/b", "Connection": "close"})
    for decompress in (True, True, False):
        request = Request(method="GET", url=url, headers=headers)
        await (await transport.send(request, decompress=decompress)).read()
    assert len(headers.kept) == 2
    lower = [head.lower() for head in heads]
    assert all(b"x-a: 1\r\n" in head and b"accept: a/b\r\n" in head for head in lower)
    assert not any(b"connection:" in head for head in lower)
    assert b"accept-encoding: gzip, deflate" in lower[0]
    assert b"accept-encoding: identity" in lower[-1]


async def test_a_small_body_is_at_hand(transport, raw_server):
    url = await raw_server(_ANSWER, close=False)
    answer = await transport.send(Request(url=url))
    assert answer.at_hand() == b"hi"
    assert answer.at_hand() == await answer.read() == b"hi"
    await answer.close()


async def test_one_that_is_not_whole_is_not(transport, raw_server):
    url = await raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi")
    async with await transport.send(Request(url=url)) as answer:
        assert answer.at_hand() is None
        with pytest.raises(Unavailable, match="broke off"):
            await answer.read()
        assert answer.at_hand() is None
