import ipaddress
import socket

import pytest
from aiohttp import web

import fairlead.http.egress as egress
from fairlead.errors import EgressRefused
from fairlead.http import EgressPolicy, Transport
from fairlead.http.egress import GuardedResolver, is_public
from fairlead.model.clock import SystemClock
from fairlead.model.exchange import Request

PRIVATE = [
    "127.0.0.1",
    "127.255.0.1",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "0.0.0.0",
    "255.255.255.255",
    "224.0.0.1",
    "239.255.255.250",
    "198.18.0.1",
    "240.0.0.1",
    "::1",
    "::",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "fe80::1",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "2001:db8::1",
]
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "20.190.128.1",
    "2606:4700::1111",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_not_public(address):
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are(address):
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PRIVATE)
def test_literals_are_refused_before_anything_is_sent(address):
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(EgressRefused) as caught:
        EgressPolicy(()).check_url(f"https://{host}/x")
    assert caught.value.code == "egress_refused"
    assert "FAIRLEAD_EGRESS_ALLOW" in caught.value.message


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "//example.com/",
        "/relative",
        "",
        "http://",
        "http:///x",
        "http:example.com",
        "https://user@example.com/",
        "https://user:pw@example.com/",
        "https://example.com@evil.example/",
        "https://example.com\\@evil.example/",
        "https://exa%6dple.com/",
        "https://exаmple.com/",
        "https://example.com:0/",
        "https://example.com:65536/",
        "https://example.com:+443/",
        "https://a..b/",
        "https://.example.com/",
        "https://example.com./",
        "http://127.1/",
        "http://0x7f.0.0.1/",
        "http://0x7f000001/",
        "http://2130706433/",
        "http://0177.0.0.1/",
        "http://1.2.3/",
        "http://[::1%25eth0]/",
        "http://[v1.x]/",
        "http://[1.2.3.4]/",
        "https://example.com/\r\nX: y",
        "https://exa\tmple.com/",
        " https://example.com/",
    ],
)
def test_unusual_urls_are_refused(url):
    with pytest.raises(EgressRefused) as caught:
        EgressPolicy(["127.0.0.0/8", "::/0"]).check_url(url)
    assert caught.value.code == "invalid_url"


@pytest.mark.parametrize(
    ("allow", "url"),
    [
        ("127.0.0.0/8", "http://127.0.0.1:80/"),
        ("127.0.0.1", "http://127.0.0.1:1234/"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080/"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/"),
        ("http://127.0.0.1", "http://127.0.0.1/"),
        ("https://10.0.0.1", "https://10.0.0.1/"),
        ("::1", "http://[::1]:99/"),
        ("[::1]", "http://[::1]:99/"),
        ("[::1]:99", "http://[::1]:99/"),
        ("10.1.0.0/16", "https://10.1.2.3/"),
        ("fd00::/8", "https://[fd12::1]/"),
    ],
)
def test_allowed_literals_pass(allow, url):
    EgressPolicy([allow]).check_url(url)


@pytest.mark.parametrize(
    ("allow", "url"),
    [
        ("127.0.0.1:8080", "http://127.0.0.1:8081/"),
        ("http://127.0.0.1:8080", "http://127.0.0.1/"),
        ("http://127.0.0.1", "http://127.0.0.1:81/"),
        ("[::1]:99", "http://[::1]:98/"),
        ("10.1.0.0/16", "https://10.2.0.1/"),
        ("10.0.0.0/8", "https://[::ffff:127.0.0.1]/"),
        ("localhost", "http://127.0.0.1/"),
    ],
)
def test_other_literals_stay_refused(allow, url):
    with pytest.raises(EgressRefused):
        EgressPolicy([allow]).check_url(url)


@pytest.mark.parametrize("entry", ["", "a b", "http://", "x:y:z", "10.0.0.0/99"])
def test_malformed_allowances_name_the_setting(entry):
    with pytest.raises(EgressRefused, match="FAIRLEAD_EGRESS_ALLOW"):
        EgressPolicy([entry])


def _resolving_to(monkeypatch, *addresses):
    asked = []

    async def look_up(host, port, family):
        asked.append(host)
        return [
            (socket.AF_INET6 if ":" in address else socket.AF_INET, address)
            for address in addresses
        ]

    monkeypatch.setattr(egress, "_look_up", look_up)
    return asked


async def test_public_names_resolve(monkeypatch):
    _resolving_to(monkeypatch, "1.1.1.1", "2606:4700::1111")
    rows = await GuardedResolver(EgressPolicy(())).resolve("example.com", 443)
    assert [row["host"] for row in rows] == ["1.1.1.1", "2606:4700::1111"]
    assert {row["port"] for row in rows} == {443}


@pytest.mark.parametrize("address", [*PRIVATE, "fe80::1%1"])
async def test_names_that_point_inside_are_refused_after_resolution(monkeypatch, address):
    _resolving_to(monkeypatch, "1.1.1.1", address)
    with pytest.raises(EgressRefused, match=r"rebind\.example"):
        await GuardedResolver(EgressPolicy(())).resolve("rebind.example", 443)


@pytest.mark.parametrize(
    "allow", ["intern.example", "intern.example:443", "10.0.0.0/8", "10.0.0.7", "10.0.0.7:443"]
)
async def test_allowed_names_and_networks_pass_after_resolution(monkeypatch, allow):
    _resolving_to(monkeypatch, "10.0.0.7")
    rows = await GuardedResolver(EgressPolicy([allow])).resolve("intern.example", 443)
    assert rows[0]["host"] == "10.0.0.7"


async def test_the_systems_resolver_is_asked():
    # a number needs no name server
    found = await egress._look_up("127.0.0.1", 80, socket.AF_UNSPEC)
    assert found == [(socket.AF_INET, "127.0.0.1")]


async def test_localhost_names_never_leave_the_machine(monkeypatch):
    asked = _resolving_to(monkeypatch, "1.1.1.1")
    for allow in ("localhost", "localhost:99", "tenant.localhost", "127.0.0.0/8", "127.0.0.1:99"):
        rows = await GuardedResolver(EgressPolicy([allow])).resolve("tenant.localhost", 99)
        assert [row["host"] for row in rows] == ["127.0.0.1"]
    for allow in ("localhost:98", "other.localhost", "10.0.0.0/8"):
        with pytest.raises(EgressRefused):
            await GuardedResolver(EgressPolicy([allow])).resolve("tenant.localhost", 99)
    assert asked == []


async def test_refusal_comes_out_of_the_transport_as_it_is(monkeypatch):
    _resolving_to(monkeypatch, "10.0.0.7")
    async with await Transport.open(EgressPolicy(()), clock=SystemClock()) as transport:
        for _ in range(2):
            with pytest.raises(EgressRefused, match=r"intern\.example is on a private network"):
                await transport.send(Request(url="http://intern.example/"))
        with pytest.raises(EgressRefused):
            await transport.send(Request(url="http://tenant.localhost:1/"))


async def test_localhost_names_reach_a_server_of_ours(serve):
    async def handler(request):
        return web.Response(text=request.headers["Host"])

    url = await serve(handler)
    port = url.rsplit(":", 1)[1]
    async with await Transport.open(EgressPolicy([url]), clock=SystemClock()) as transport:
        answer = await transport.send(Request(url=f"http://tenant.localhost:{port}/"))
        assert await answer.read() == f"tenant.localhost:{port}".encode()
