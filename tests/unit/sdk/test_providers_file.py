"""Providers of an operator's own: what the file may say, and how it is told that it is wrong."""

import json
import re
from pathlib import Path

import pytest

from fairlead.errors import OperatorError
from fairlead.model.provider import AuthMode, Provider
from fairlead.sdk import Pack, Registry
from fairlead.sdk.providers_file import add_providers

TICKETS = {
    "display_name": "Tickets",
    "auth_mode": "OAUTH2",
    "categories": ["support"],
    "authorization_url": "https://${connectionConfig.subdomain}.t.example/authorize",
    "token_url": "https://${connectionConfig.subdomain}.t.example/token",
    "default_scopes": ["read", "write"],
    "scope_separator": ",",
    "authorization_params": {"access_type": "offline"},
    "token_params": {"audience": "api"},
    "disable_pkce": True,
    "token_request_auth_method": "basic",
    "docs": "https://docs.example",
    "proxy": {
        "base_url": "https://${connectionConfig.subdomain}.t.example/api",
        "headers": {"accept": "application/json"},
        "retry": {"after": "retry-after"},
    },
    "connection_config": {
        "subdomain": {
            "type": "string",
            "title": "Subdomain",
            "pattern": "[a-z]+",
            "example": "acme",
            "order": 1,
        },
        "region": {"title": "Region", "optional": True, "default_value": "eu"},
    },
}
KEY = {
    "display_name": "Key",
    "auth_mode": "API_KEY",
    "proxy": {"base_url": "https://k.example", "headers": {"X-Key": "${apiKey}"}},
    "credentials": {"apiKey": {"type": "string"}},
}


def registry() -> Registry:
    acme = Provider(
        name="acme",
        display_name="Acme",
        auth_mode=AuthMode.OAUTH2,
        base_url="https://api.acme.example",
        authorization_url="https://login.acme.example/authorize",
        token_url="https://login.acme.example/token",
        throttle=lambda _: 1.0,
    )
    return Registry([Pack("acme", api=lambda send, config: None, providers=[acme])])


def loaded(path: Path, value: object) -> Registry:
    file = path / "providers.json"
    file.write_text(value if isinstance(value, str) else json.dumps(value))
    found = registry()
    add_providers(found, file)
    return found


def test_every_field(tmp_path):
    found = loaded(tmp_path, {"tickets": TICKETS, "key": KEY})
    tickets = found.provider("tickets")
    assert tickets.auth_mode is AuthMode.OAUTH2
    assert tickets.default_scopes == ("read", "write")
    assert (tickets.pkce, tickets.token_auth, tickets.scope_separator) == (False, "basic", ",")
    assert tickets.connection_config["subdomain"].pattern == "[a-z]+"
    assert tickets.connection_config["region"].required is False
    assert tickets.connection_defaults == {"region": "eu"}
    assert tickets.headers == {"accept": "application/json"}
    assert found.actions("tickets") == found.syncs("tickets") == []
    assert found.provider("key").headers == {"X-Key": "${apiKey}"}


def test_an_alias_takes_over_everything_else(tmp_path):
    found = loaded(
        tmp_path,
        {
            "twice": {"alias": "ours", "docs": "https://d.example"},
            "ours": {"alias": "acme", "display_name": "Ours", "authorization_method": "header"},
        },
    )
    ours, twice, acme = (found.provider(name) for name in ("ours", "twice", "acme"))
    assert (ours.name, ours.display_name, ours.token_auth) == ("ours", "Ours", "basic")
    assert ours.throttle is acme.throttle
    assert (twice.display_name, twice.docs, twice.token_url) == (
        "Ours",
        "https://d.example",
        acme.token_url,
    )
    # with its functions
    assert found.pack_for("twice") is found.pack_for("acme")


def changed(**fields: object) -> dict[str, object]:
    return {"t": {key: value for key, value in (TICKETS | fields).items() if value is not None}}


WRONG = [
    ("{", "line 1 is not JSON"),
    ("[]", "must hold a JSON object"),
    ({"a b": KEY}, "'a b' is no name"),
    ({"t": 1}, "t must be an object"),
    ({"acme": KEY}, "acme is the name of an installed provider"),
    ({"t": {"alias": "x"}}, "t.alias names x, which is no provider"),
    ({"a": {"alias": "b"}, "b": {"alias": "a"}}, "a.alias goes in a circle: a -> b -> a"),
    (changed(display_name=None), "t lacks display_name"),
    (changed(auth_mode=None), "t lacks auth_mode"),
    (changed(auth_mode="OAUTH1"), "t.auth_mode input should be 'OAUTH2'"),
    (changed(token_url=None), "t lacks token_url, which OAUTH2 needs"),
    (changed(proxy=None), "t lacks proxy.base_url"),
    (changed(proxy={"base_url": "http://t.example"}), "t.proxy.base_url is not an https address"),
    (changed(proxy={"base_url": "ftp://x"}), "t.proxy.base_url is not an https address"),
    (changed(proxy={"base_url": "https://x", "hdrs": {}}), "t.proxy.hdrs is not a field"),
    (changed(body_format="json"), "t.body_format input should be 'form'"),
    (changed(tokenurl="x"), "t.tokenurl is not a field that is known here"),
    (changed(token_url="https://${x}.example"), "t.token_url has the place ${x}"),
    (
        changed(token_url="https://${connectionConfig.site}.t.example"),
        "t.token_url has the place ${connectionConfig.site}, but connection_config has no field",
    ),
    (
        changed(proxy={"base_url": "https://x", "headers": {"a": "Bearer ${accessToken}"}}),
        "t.proxy.headers.a holds a token",
    ),
    (
        changed(connection_config={"x": {"title": "X", "pattern": "("}}),
        "t.connection_config.x.pattern is no regular expression",
    ),
    (changed(connection_config={"x": {}}), "t.connection_config.x.title field required"),
]


@pytest.mark.parametrize(("value", "reason"), WRONG, ids=[reason for _, reason in WRONG])
def test_what_is_wrong_is_told_with_its_place(tmp_path, value, reason):
    file = tmp_path / "providers.json"
    with pytest.raises(OperatorError) as caught:
        loaded(tmp_path, value)
    assert caught.value.code == "invalid_setting"
    expected = f"FAIRLEAD_PROVIDERS_FILE names {file}: {reason}"
    assert re.match(re.escape(expected), caught.value.message), caught.value.message
    assert "\n" not in caught.value.message


def test_a_file_that_is_not_there_or_no_text(tmp_path):
    with pytest.raises(OperatorError, match="there is no such file"):
        add_providers(registry(), tmp_path / "none.json")
    with pytest.raises(OperatorError, match="cannot be read as text"):
        add_providers(registry(), tmp_path)


def test_nothing_is_added_from_a_file_that_is_wrong(tmp_path):
    file = tmp_path / "providers.json"
    file.write_text(json.dumps({"good": KEY, "bad": {}}))
    found = registry()
    with pytest.raises(OperatorError):
        add_providers(found, file)
    assert list(found.providers) == ["acme"]


def test_a_base_url_may_be_configured_whole(tmp_path):
    entry = KEY | {
        "proxy": {"base_url": "${connectionConfig.baseUrl}"},
        "connection_config": {"baseUrl": {"title": "Base URL"}},
    }
    found = loaded(tmp_path, {"t": entry})
    assert found.provider("t").base_url == "${connectionConfig.baseUrl}"
