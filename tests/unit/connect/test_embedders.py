"""Whose pages may show the connect page in a frame, and wait for its popups."""

import pytest

from fairlead.connect.embedders import Embedders
from fairlead.settings import SettingsInvalid

PUBLIC = "https://connect.example.com"
HERE = "http://127.0.0.1:3003"


@pytest.mark.parametrize(
    ("origins", "server", "asked", "is_allowed"),
    [
        ([], PUBLIC, PUBLIC, True),
        ([], PUBLIC, "http://localhost:8080", False),
        ([], PUBLIC, "https://app.example.com", False),
        ([], HERE, "http://localhost:8080", True),
        ([], HERE, "http://127.0.0.1", True),
        ([], HERE, "https://app.example.com", False),
        (["https://app.example.com"], PUBLIC, "https://app.example.com", True),
        (["https://app.example.com"], PUBLIC, "https://app.example.com:8443", False),
        (["https://app.example.com"], PUBLIC, "http://app.example.com", False),
        (["https://app.example.com"], PUBLIC, "https://app.example.com.evil.example", False),
        (["https://app.example.com"], HERE, "http://localhost:8080", False),
        (["https://*.example.com"], HERE, "https://a.example.com", True),
        (["https://*.example.com"], HERE, "https://example.com", False),
        (["*"], PUBLIC, "https://evil.example", True),
        ([], HERE, "null", False),
        ([], HERE, "", False),
        ([], HERE, "http://localhost:8080/path", False),
        ([], HERE, "http://localhost@evil.example", False),
    ],
)
def test_allowed(origins: list[str], server: str, asked: str, is_allowed: bool) -> None:
    assert Embedders(origins, server).allows(asked) is is_allowed


def test_what_pages_are_told() -> None:
    named = Embedders(["https://APP.example.com:443/", "https://*.example.org"], PUBLIC)
    assert named.frame_ancestors == "'self' https://app.example.com https://*.example.org"
    assert named.message_targets == (PUBLIC, "https://app.example.com")
    here = Embedders([], HERE)
    assert here.frame_ancestors == "'self' http://localhost:* http://127.0.0.1:*"
    assert here.message_targets == (HERE,)
    assert Embedders([], PUBLIC).frame_ancestors == "'self'"
    anybody = Embedders(["*"], PUBLIC)
    assert (anybody.frame_ancestors, anybody.message_targets) == ("*", ("*",))


@pytest.mark.parametrize(
    "origin", ["app.example.com", "https://a/b", "https://a b", "'none'", "https://*", "null"]
)
def test_what_is_no_origin_is_refused_at_the_start(origin: str) -> None:
    with pytest.raises(SettingsInvalid, match="FAIRLEAD_CONNECT_ORIGINS"):
        Embedders([origin], PUBLIC)
