"""Paths and queries: every segment quoted by itself."""

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.errors import InvalidInput
from fairlead_microsoft.graph.urls import origin, path, with_query


def test_each_segment_is_quoted():
    site = "contoso.sharepoint.com,2c71,2d22"
    assert path("sites", site, "drives", "b!x-_", "items", "01/2 #%?") == (
        "/v1.0/sites/contoso.sharepoint.com%2C2c71%2C2d22/drives/b%21x-_/items/01%2F2%20%23%25%3F"
    )


@given(st.lists(st.text(min_size=1).filter(lambda s: s not in (".", "..")), min_size=1))
def test_segments_survive_the_round_trip(segments):
    try:
        made = path(*segments)
    except UnicodeEncodeError:  # lone surrogates have no UTF-8
        return
    assert urlsplit(f"https://h{made}").path == made
    assert [unquote(part) for part in made.split("/")[2:]] == segments


@pytest.mark.parametrize("segment", ["", ".", ".."])
def test_a_segment_that_leads_elsewhere_is_refused(segment):
    with pytest.raises(InvalidInput, match="cannot be part of a path"):
        path("drives", segment, "items")


def test_queries():
    made = with_query("/v1.0/x", {"expand": "fields($select=A,B)", "top": 5, "search": "a+b &c"})
    assert made == "/v1.0/x?$expand=fields($select%3DA,B)&$top=5&search=a%2Bb%20%26c"
    assert with_query("/x?a=1", {"select": "id", "token": None}) == "/x?a=1&$select=id"
    assert with_query("/x", {"top": None}) == "/x"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://Graph.Microsoft.com/v1.0", "https://graph.microsoft.com"),
        ("https://graph.microsoft.com:443/", "https://graph.microsoft.com"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("http://127.0.0.1:8001/x", "http://127.0.0.1:8001"),
        ("https://graph.microsoft.com@evil.example/", ""),
        ("https://h:port/", ""),
        ("/v1.0/x", ""),
        ("", ""),
    ],
)
def test_origins(url, expected):
    assert origin(url) == expected
