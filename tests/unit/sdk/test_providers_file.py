"""Providers of an operator's own: what the file may say, and how it is told that it is wrong."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from fairlead.errors import OperatorError
from fairlead.model.limits import PageLink, Pagination, RateLimit
from fairlead.model.provider import AuthMode, Provider, TokenReply
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
        "retry": {"at": "X-Reset", "remaining": "X-Left", "error_code": ["429", 403]},
        "paginate": {
            "type": "cursor",
            "cursor_path_in_response": "next",
            "cursor_name_in_request": "after",
            "response_path": "tickets",
            "limit": 50,
        },
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


STEPS = {
    "display_name": "Steps",
    "auth_mode": "TWO_STEP",
    "token_url": "https://steps.example/login",
    "token_params": {"user": "${credentials.user}", "key": "${credentials.key}"},
    "token_headers": {"X-Key": "${credentials.key}"},
    "token_response": {
        "token": "data.token",
        "token_expiration": "data.until",
        "token_expiration_strategy": "expireAt",
    },
    "token_expires_in_ms": 60_000,
    "body_format": "json",
    "proxy": {
        "base_url": "https://steps.example/api",
        "headers": {"X-Token": "${accessToken}", "X-User": "${credentials.user}"},
    },
    "credentials": {"user": {"secret": False, "optional": True}, "key": {"title": "Key"}},
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
    assert tickets.rate_limit == RateLimit(
        after=(), at=("x-reset",), remaining="x-left", statuses=frozenset({403, 429})
    )
    assert tickets.pagination == Pagination(
        type=PageLink.CURSOR,
        cursor_path_in_response="next",
        cursor_name_in_request="after",
        response_path="tickets",
        limit=50,
    )
    assert found.provider("key").rate_limit == RateLimit()
    assert found.provider("key").pagination is None
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
    ("{", "is not JSON"),
    ("[]", "must hold an object"),
    ({"a b": KEY}, "a b is no name"),
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
    (
        changed(proxy={"base_url": "https://x", "retry": {"after": "a", "when": 1}}),
        "t.proxy.retry.when is not a field",
    ),
    (
        changed(proxy={"base_url": "https://x", "retry": {"error_code": [200]}}),
        "t.proxy.retry.error_code.0 input should be greater than or equal to 300",
    ),
    (
        changed(proxy={"base_url": "https://x", "paginate": {"type": "link"}}),
        "t.proxy.paginate of type link lacks link_path_in_response_body or link_rel",
    ),
    (
        changed(proxy={"base_url": "https://x", "paginate": {"type": "cursor"}}),
        "t.proxy.paginate of type cursor lacks cursor_path_in_response and cursor_name",
    ),
    (changed(body_format="json"), "t.body_format must be 'form': only TWO_STEP sends JSON"),
    (changed(tokenurl="x"), "t.tokenurl is not a field that is known here"),
    (changed(token_url="https://${x}.example"), "t.token_url has the place ${x}"),
    (
        changed(token_url="https://${connectionConfig.site}.t.example"),
        "t.token_url has the place ${connectionConfig.site}, but connection_config has no field",
    ),
    (
        changed(proxy={"base_url": "https://x", "headers": {"a": "Bearer ${apiKey}"}}),
        "t.proxy.headers.a has the place ${apiKey}, which OAUTH2 does not fill here",
    ),
    (
        changed(token_params={"a": "${credentials.x}"}),
        "t.token_params.a has the place ${credentials.x}, which OAUTH2 does not fill here",
    ),
    (
        {"t": STEPS | {"token_params": {"a": "${credentials.x}"}}},
        "t.token_params.a has the place ${credentials.x}, but credentials has no field x",
    ),
    (
        {"t": STEPS | {"token_url": "https://x.example/${credentials.user}"}},
        "t.token_url has the place ${credentials.user}; only ${connectionConfig.NAME}",
    ),
    ({"t": STEPS | {"token_response": {}}}, "t.token_response.token field required"),
    (
        {"t": STEPS | {"credentials": {"user": {"pattern": "("}}}},
        "t.credentials.user.pattern is no regular expression",
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
    pattern = rf"FAIRLEAD_PROVIDERS_FILE names {re.escape(str(file))}(:1)?: {re.escape(reason)}"
    assert re.match(pattern, caught.value.message), caught.value.message
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


def test_two_steps(tmp_path):
    provider = loaded(tmp_path, {"steps": STEPS}).provider("steps")
    assert provider.auth_mode is AuthMode.TWO_STEP
    assert (provider.token_encoding, provider.token_lifetime) == ("json", timedelta(minutes=1))
    assert provider.token_reply == TokenReply("data.token", None, "data.until", "expireAt")
    user, key = provider.credential_fields.values()
    assert (user.title, user.secret, user.required) == ("user", False, False)
    assert (key.title, key.secret, key.required) == ("Key", True, True)


YAML = """\
# ours
tickets:
  display_name: Tickets
  auth_mode: API_KEY
  proxy:
    base_url: https://t.example
    headers:
      X-Key: ${apiKey}
  credentials: {apiKey: {type: string}}
intranet:
  alias: acme
"""


@pytest.mark.parametrize("name", ["providers.yaml", "providers.YML", "providers"])
def test_yaml(tmp_path, name):
    file = tmp_path / name
    file.write_text(YAML)
    found = registry()
    add_providers(found, file)
    assert found.provider("tickets").headers == {"X-Key": "${apiKey}"}
    assert found.provider("intranet").token_url == found.provider("acme").token_url


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("auth_mode: API_KEY", "auth_mode: KEY", 4, "tickets.auth_mode input should be"),
        ("X-Key: ${apiKey}", "X-Key: ${accessToken}", 8, "tickets.proxy.headers.X-Key has the"),
        ("base_url:", "base:", 6, "tickets.proxy.base is not a field"),
        ("alias: acme", "alias: x", 11, "intranet.alias names x"),
        ("alias: acme", "alias: 7", 11, "intranet.alias input should be a valid string"),
        ("intranet:", "acme:", 10, "acme is the name of an installed provider"),
        ("intranet:", "tickets:", 10, "tickets stands there twice"),
        ("intranet:", "7:", 10, "7 is no name"),
        ("intranet:", "[a]:", 10, "has a name that is no text"),
        ("  alias: acme", "  alias: &a [*a]", 11, "intranet.alias.0 holds itself"),
        ("  alias: acme", " - x: [", 12, "is not YAML"),
        ("  alias: acme", "  alias: !!python/name:os.system x", 11, "is not YAML"),
    ],
)
def test_yaml_that_is_wrong_is_told_with_its_line(tmp_path, old, new, line, reason):
    file = tmp_path / "providers.yaml"
    file.write_text(YAML.replace(old, new))
    with pytest.raises(OperatorError) as caught:
        add_providers(registry(), file)
    assert f"names {file}:{line}: {reason}" in caught.value.message, caught.value.message
    assert "\n" not in caught.value.message


def test_json_that_is_wrong_is_told_with_its_line(tmp_path):
    file = tmp_path / "providers.json"
    text = json.dumps({"key": KEY, "t": KEY | {"docs": 7}}, indent="\t")
    file.write_text(text)
    line = text[: text.index('"docs"')].count("\n") + 1
    with pytest.raises(OperatorError, match=rf"providers\.json:{line}: t\.docs input should be"):
        add_providers(registry(), file)
    file.write_text('{"a": 1,\n "a": 2}')
    with pytest.raises(OperatorError, match=r"providers\.json:2: a stands there twice"):
        add_providers(registry(), file)
    # what JSON allows and YAML does not is read, if without lines
    file.write_text('{"t": {"docs": 7, "display_name": "\\ud83d\\ude00"}}')
    with pytest.raises(OperatorError, match=r"t\.docs input should be"):
        add_providers(registry(), file)
