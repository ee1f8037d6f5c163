from __future__ import annotations

import asyncio
import hashlib
import logging
import socket
import ssl
import time

import httpx
import pytest

from m365sim.entra.contoso import DAEMON_APP_ID, TENANT_ID
from m365sim.faults import Fault
from m365sim.internet import running, tunnel
from m365sim.internet.serve import Internet
from m365sim.server import Options, PortInUse
from m365sim.testing import delegated_token, taken_port
from m365sim.world import build_world

GRAPH = "https://graph.microsoft.com/v1.0"
HOST = "graph.microsoft.com"
MIB = 1024 * 1024


def as_alex(internet: Internet) -> dict[str, str]:
    return {"Authorization": f"Bearer {delegated_token(internet.world)}"}


async def raw(internet: Internet, sent: bytes) -> bytes:
    """Send bytes to the proxy and return all that comes back until it closes."""
    port = int(internet.proxy_url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    async with asyncio.timeout(20):
        answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def test_the_real_names_lead_from_discovery_to_a_file(internet, client):
    document = (
        await client.get(
            f"https://login.microsoftonline.com/{TENANT_ID}/v2.0/.well-known/openid-configuration"
        )
    ).json()
    assert document["issuer"] == f"https://login.microsoftonline.com/{TENANT_ID}/v2.0"
    answer = await client.post(
        document["token_endpoint"],
        data={
            "grant_type": "client_credentials",
            "client_id": DAEMON_APP_ID,
            "client_secret": "daemon-secret~for-tests-only",
            "scope": "https://graph.microsoft.com/.default",
        },
    )
    auth = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    site = (
        await client.get(f"{GRAPH}/sites/contoso.sharepoint.com:/sites/marketing", headers=auth)
    ).json()
    file = f"{GRAPH}/sites/{site['id']}/drive/root:/Welcome.md:/content"
    there = await client.get(file, headers=auth)
    assert there.status_code == 302
    assert there.headers["location"].startswith("https://contoso.sharepoint.com/sites/marketing/")
    assert (await client.get(there.headers["location"])).text.startswith("# Marketing")
    # httpx drops the token on its way to another host, as browsers and other libraries do.
    followed = await client.get(file, headers=auth, follow_redirects=True)
    assert followed.text.startswith("# Marketing")


@pytest.mark.parametrize("alias", ["login.windows.net", "login.microsoft.com", "sts.windows.net"])
async def test_aliases_of_the_login_host(client, alias):
    answer = await client.get(f"https://{alias}/common/v2.0/.well-known/openid-configuration")
    assert answer.json()["token_endpoint"].startswith("https://login.microsoftonline.com/")


async def test_a_connection_serves_many_requests(internet, client):
    streams = set()
    for _ in range(5):
        answer = await client.get(f"{GRAPH}/sites/root", headers=as_alex(internet))
        assert answer.status_code == 200
        streams.add(id(answer.extensions["network_stream"]))
    assert len(streams) == 1


async def test_many_connections_at_once(internet, client):
    async def one():
        return await client.get(f"{GRAPH}/sites/root", headers=as_alex(internet))

    answers = await asyncio.gather(*(one() for _ in range(40)))
    assert {answer.status_code for answer in answers} == {200}


async def test_big_bodies_go_both_ways(internet, client):
    body = bytes(range(256)) * (20 * MIB // 256)

    async def pieces():
        for start in range(0, len(body), 100_000):
            yield body[start : start + 100_000]

    file = f"{GRAPH}/me/drive/root:/big.bin:/content"
    made = await client.put(file, headers=as_alex(internet), content=pieces())
    assert made.status_code == 201
    assert made.json()["size"] == len(body)
    digest = hashlib.sha256()
    seen = 0
    async with client.stream(
        "GET", file, headers=as_alex(internet), follow_redirects=True
    ) as answer:
        async for piece in answer.aiter_bytes():
            digest.update(piece)
            seen += 1
    assert digest.hexdigest() == hashlib.sha256(body).hexdigest()
    assert seen > 10


REFUSED = (
    ("CONNECT example.com:443 HTTP/1.1", 502, "not for example.com, and connect nowhere"),
    ("CONNECT evilsharepoint.com:443 HTTP/1.1", 502, "not for evilsharepoint.com"),
    ("CONNECT 192.0.2.1:443 HTTP/1.1", 502, "not for 192.0.2.1"),
    ("CONNECT [::1]:443 HTTP/1.1", 502, "not for [::1]"),
    ("CONNECT bücher.example:443 HTTP/1.1", 502, "Microsoft's cloud only"),
    ("CONNECT graph.microsoft.us:443 HTTP/1.1", 502, "start me with --cloud us-gov-high"),
    ("CONNECT graph.microsoft.com:8443 HTTP/1.1", 502, "on port 443 only, not on 8443"),
    ("CONNECT graph.microsoft.com HTTP/1.1", 400, "CONNECT needs a host and a port"),
    ("CONNECT graph.microsoft.com:https HTTP/1.1", 400, "CONNECT needs a host and a port"),
    ("CONNECT :443 HTTP/1.1", 400, "CONNECT needs a host and a port"),
    ("GET http://graph.microsoft.com/v1.0/me HTTP/1.1", 502, "https addresses only"),
    ("GET http://example.com/ HTTP/1.0", 502, "https addresses only"),
    ("GET / HTTP/1.1", 405, "name me in HTTPS_PROXY"),
    ("\x16\x03\x01\x02", 400, "I am an HTTPS proxy"),
    ("CONNECT graph.microsoft.com:443 HTTP/2", 400, "This is not HTTP/1.1"),
)


async def test_what_it_is_not_for_is_refused_with_a_sentence(internet):
    for request_line, status, sentence in REFUSED:
        answer = await raw(internet, f"{request_line}\r\nHost: x\r\n\r\n".encode())
        head, _, body = answer.decode().partition("\r\n\r\n")
        assert head.startswith(f"HTTP/1.1 {status} m365sim: "), request_line
        assert sentence in head.splitlines()[0]  # which is all that most clients show
        assert sentence in body
        assert f"content-length: {len(body)}" in head


async def test_clients_show_the_sentence(client):
    with pytest.raises(httpx.ProxyError, match="I answer for Microsoft's cloud only"):
        await client.get("https://example.com/")


async def test_a_head_without_end(internet):
    answer = await raw(internet, b"CONNECT " + b"x" * tunnel.HEAD_LIMIT)
    assert b"400" in answer
    assert b"too long" in answer


async def test_bytes_before_the_answer(internet):
    head = f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\n".encode()
    assert b"Wait for the answer" in await raw(internet, head + b"\x16\x03\x01")


async def test_a_head_in_pieces(internet):
    port = int(internet.proxy_url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in (f"CONNECT {HOST}:443 ".encode(), b"HTTP/1.1\r\nHost: x", b"\r\n\r", b"\n"):
        writer.write(piece)
        await writer.drain()
    assert await reader.readuntil(b"\r\n\r\n") == tunnel.ESTABLISHED
    writer.close()
    await writer.wait_closed()


async def test_nobody_waits_for_a_head_for_ever(internet, monkeypatch):
    monkeypatch.setattr(tunnel, "HEAD_SECONDS", 0.05)
    assert await raw(internet, b"CONNECT graph") == b""


async def test_a_tunnel_is_for_one_host(internet, client):
    answer = await client.get(f"{GRAPH}/me", headers={"Host": "login.microsoftonline.com"})
    assert answer.status_code == 421
    answer = await client.get(f"{GRAPH}/me", headers={"Host": "graph.microsoft.com:443"})
    assert answer.status_code == 401


async def test_a_client_that_does_not_trust_it(internet, caplog):
    with caplog.at_level(logging.WARNING):
        async with httpx.AsyncClient(proxy=internet.proxy_url, trust_env=False) as wary:
            with pytest.raises(httpx.ConnectError, match="certificate"):
                await wary.get(f"{GRAPH}/me")
        # The next one is served all the same.
        trusting = ssl.create_default_context(cafile=internet.ca_file)
        async with httpx.AsyncClient(proxy=internet.proxy_url, verify=trusting) as client:
            assert (await client.get(f"{GRAPH}/me")).status_code == 401
    assert caplog.records == []


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x05hello"])
async def test_a_client_that_leaves_or_babbles_instead_of_shaking_hands(internet, client, sent):
    port = int(internet.proxy_url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    writer.write(sent)
    writer.write_eof()
    async with asyncio.timeout(20):
        await reader.read()
    writer.close()
    assert (await client.get(f"{GRAPH}/me")).status_code == 401


async def test_faults_strike_here_too(internet, client, caplog):
    internet.world.faults.add(Fault(host="graph", status=429, retry_after=7))
    answer = await client.get(f"{GRAPH}/sites/root", headers=as_alex(internet))
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    internet.world.faults.add(Fault(host="graph", cut_after=5))
    with pytest.raises(httpx.RemoteProtocolError):
        await client.get(f"{GRAPH}/sites/root", headers=as_alex(internet))
    assert "Exception in ASGI application" not in caplog.text


async def test_the_control_port_is_plain_and_beside_it(internet):
    assert set(internet.environment["NO_PROXY"].split(",")) >= {"127.0.0.1", "localhost"}
    async with httpx.AsyncClient() as http:
        truth = (await http.get(f"{internet.control_url}/_m365sim/truth")).json()
    assert truth["sites"][0]["webUrl"] == "https://contoso.sharepoint.com"


async def test_a_world_of_ones_own_gets_the_real_addresses(tmp_path):
    world = build_world()
    async with running(world, ca_dir=tmp_path) as internet:
        assert internet.world is world
        assert world.urls.login == "https://login.microsoftonline.com"
        assert internet.cloud["sharepoint_url"] == "https://{tenant}.sharepoint.com"


async def test_it_ends_at_once_whatever_is_open(tmp_path):
    async with running(Options(), ca_dir=tmp_path) as internet:
        port = int(internet.proxy_url.rpartition(":")[2])
        silent = socket.create_connection(("127.0.0.1", port))
        halfway = socket.create_connection(("127.0.0.1", port))
        halfway.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\n".encode())
        trusting = ssl.create_default_context(cafile=internet.ca_file)
        client = httpx.AsyncClient(proxy=internet.proxy_url, verify=trusting)
        assert (await client.get(f"{GRAPH}/me")).status_code == 401
        began = time.monotonic()
    assert time.monotonic() - began < 4
    for one in (silent, halfway):
        one.close()
    await client.aclose()


@pytest.mark.parametrize("offset", [0, 1])
async def test_a_port_that_is_taken_is_named(tmp_path, offset):
    with taken_port(free_below=offset) as port, pytest.raises(PortInUse) as refused:
        async with running(ca_dir=tmp_path, port=port - offset):
            pass
    assert refused.value.port == port
