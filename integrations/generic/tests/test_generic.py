"""APIs that no pack knows: which addresses and headers a connection may name."""

import re

import pytest

from fairlead.model.provider import AuthMode
from fairlead.sdk import Registry, load_packs
from fairlead_generic import pack
from fairlead_generic.providers import PRIVATE_API_GENERIC

BASE_URL = PRIVATE_API_GENERIC.connection_config["baseUrl"].pattern
HEADER = PRIVATE_API_GENERIC.connection_config["headerName"].pattern


def test_the_pack_is_installed():
    modes = {name: provider.auth_mode for name, provider in pack.providers.items()}
    assert modes == {
        "unauthenticated": AuthMode.NONE,
        "private-api-generic": AuthMode.API_KEY,
        "private-api-bearer": AuthMode.API_KEY,
        "private-api-basic": AuthMode.BASIC,
    }
    assert Registry([pack]).actions("unauthenticated") == []
    assert load_packs(["generic"]).packs == [pack]


def test_functions_see_how_to_call_it():
    send = object()
    assert pack.api(send, {"baseUrl": "https://x.example"}) is send


@pytest.mark.parametrize(
    ("url", "fits"),
    [
        ("https://api.example.com", True),
        ("https://api.example.com:8443/v1/x", True),
        ("http://intranet/api", True),
        ("https://api.example.com?x=1", False),
        ("https://me:pw@api.example.com", False),
        ("api.example.com", False),
        ("ftp://api.example.com", False),
    ],
)
def test_base_url(url, fits):
    assert bool(re.fullmatch(BASE_URL, url)) is fits


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("X-API-Key", True),
        ("Authorization", True),
        ("Host", False),
        ("content-length", False),
        ("Transfer-Encoding", False),
        ("X Key", False),
        ("X:Key", False),
    ],
)
def test_header_name(name, fits):
    assert bool(re.fullmatch(HEADER, name)) is fits
