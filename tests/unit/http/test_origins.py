import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.errors import EgressRefused
from fairlead.http import Origin, origin_of, parse_url


@pytest.mark.parametrize(
    ("url", "origin", "sent"),
    [
        ("https://Example.COM", "https://example.com", "https://example.com/"),
        ("HTTPS://example.com:443/a", "https://example.com", "https://example.com/a"),
        ("http://example.com:80?x=1", "http://example.com", "http://example.com/?x=1"),
        ("https://example.com:8443/a#b", "https://example.com:8443", "https://example.com:8443/a"),
        ("http://[0:0::1]:80/", "http://[::1]", "http://[::1]/"),
        (
            "https://a_b.c-d.e/%2e%2E/x?y=%2F",
            "https://a_b.c-d.e",
            "https://a_b.c-d.e/%2e%2E/x?y=%2F",
        ),
        ("http://1.2.3.4/", "http://1.2.3.4", "http://1.2.3.4/"),
    ],
)
def test_urls_are_normalised(url, origin, sent):
    got, wire = parse_url(url)
    assert str(got) == origin
    assert wire == sent


@given(st.text(max_size=80))
def test_whatever_is_read_reads_the_same_again(text):
    for url in (text, "https://" + text, "https://example.com" + text):
        try:
            origin, wire = parse_url(url)
        except EgressRefused:
            continue
        assert parse_url(wire) == (origin, wire)
        assert wire.isascii()
        assert " " not in wire


@pytest.mark.parametrize(
    ("url", "pattern", "matches"),
    [
        ("https://a.example/x", "https://a.example", True),
        ("https://A.example:443/x", "https://a.example", True),
        ("http://a.example/x", "https://a.example", False),
        ("https://a.example:444/x", "https://a.example", False),
        ("https://b.a.example/", "https://a.example", False),
        ("https://b.a.example/", "https://*.a.example", True),
        ("https://c.b.a.example/", "https://*.a.example", True),
        ("https://a.example/", "https://*.a.example", False),
        ("https://xa.example/", "https://*.a.example", False),
        ("http://t.localhost:99/", "http://*.localhost:99", True),
        ("https://1.2.3.4/", "https://*.3.4", False),
        ("https://a.example/", "nonsense", False),
        ("https://a.example/", "https://*.", False),
    ],
)
def test_origin_patterns(url, pattern, matches):
    assert origin_of(url).matches(pattern) is matches


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [
        ("localhost", True),
        ("a.localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("example.com", False),
        ("localhost.example", False),
        ("10.0.0.1", False),
    ],
)
def test_loopback_by_name(host, is_loopback):
    assert Origin("http", host, 80).is_loopback is is_loopback
