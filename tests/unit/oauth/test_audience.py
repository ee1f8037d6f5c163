import base64

import pytest
from pydantic import SecretStr

from fairlead.errors import InvalidInput
from fairlead.http import origin_of
from fairlead.model.credentials import (
    ApiKeyCredentials,
    BasicCredentials,
    ClientCredentials,
    NoCredentials,
    OAuth2Credentials,
)
from fairlead.oauth import audience_of, credential_headers, interpolate, is_open_origin


@pytest.fixture
def provider(make_acme):
    return make_acme(
        credential_origins=(
            "https://*.files.example",
            "https://${connectionConfig.site}.s.example",
        ),
        open_origins=("https://*.cdn.example",),
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://api.acme.example/x",
        "https://API.acme.example:443/x",
        "https://a.files.example/x",
        "https://contoso.s.example/_api",
    ],
)
def test_own_origins_get_credentials(provider, url):
    assert audience_of(provider, url, {"site": "contoso"}) is not None


@pytest.mark.parametrize(
    "url",
    [
        "http://api.acme.example/x",
        "https://api.acme.example:8443/x",
        "https://api.acme.example.evil.example/",
        "https://evilapi.acme.example/",
        "https://files.example/",
        "https://fabrikam.s.example/",
        "https://login.acme.example/",
        "https://x.cdn.example/",
        "https://user@api.acme.example/",
        "https://api.acme.example@evil.example/",
        "https://api.acme.example\\@evil.example/",
        "https://evil.example/https://api.acme.example/",
        "/relative",
        "",
    ],
)
def test_nobody_else_does(provider, url):
    assert audience_of(provider, url, {"site": "contoso"}) is None


def test_pattern_whose_place_is_empty_names_nobody(provider):
    assert audience_of(provider, "https://.s.example/", {}) is None
    assert audience_of(provider, "https://contoso.s.example/", {}) is None


def test_plain_http_only_for_a_provider_on_this_machine(make_acme):
    local = make_acme(base_url="http://127.0.0.1:99", credential_origins=("http://*.localhost:99",))
    assert audience_of(local, "http://127.0.0.1:99/x", {}) is not None
    assert audience_of(local, "http://t.localhost:99/x", {}) is not None
    assert audience_of(local, "http://127.0.0.1:98/x", {}) is None
    plain = make_acme(base_url="http://intern.example")
    assert audience_of(plain, "http://intern.example/x", {}) is None


def test_open_origins(provider):
    assert is_open_origin(provider, origin_of("https://x.cdn.example/file?tempauth=1"), {})
    assert not is_open_origin(provider, origin_of("https://x.evil.example/"), {})


@pytest.mark.parametrize(
    ("credentials", "headers"),
    [
        (OAuth2Credentials(access_token=SecretStr("a")), {"Authorization": "Bearer a"}),
        (ClientCredentials(token=SecretStr("c"), client_id="i"), {"Authorization": "Bearer c"}),
        (ApiKeyCredentials(api_key=SecretStr("k")), {"Authorization": "Bearer k"}),
        (
            BasicCredentials(username="u", password=SecretStr("p")),
            {"Authorization": "Basic " + base64.b64encode(b"u:p").decode()},
        ),
        (NoCredentials(), {}),
    ],
    ids=lambda value: getattr(value, "type", ""),
)
def test_headers(acme, credentials, headers):
    assert credential_headers(acme, credentials) == headers


def test_key_goes_where_the_provider_wants_it(make_acme):
    provider = make_acme(headers={"X-Key": "key=${apiKey}", "Accept": "application/json"})
    key = ApiKeyCredentials(api_key=SecretStr("k"))
    assert credential_headers(provider, key) == {"X-Key": "key=k"}


@pytest.mark.parametrize(
    ("template", "quote", "result"),
    [
        ("https://x/${connectionConfig.a}", True, "https://x/1%2F2%20%C3%BC"),
        ("${connectionConfig.a}", False, "1/2 ü"),
        ("${connectionConfig.n}-${connectionConfig.n}", True, "7-7"),
        ("plain $x {y}", True, "plain $x {y}"),
        ("${connectionConfig.base}", True, "https://api.example/v1"),
        ("${connectionConfig.base}/x", True, "https://api.example/v1/x"),
    ],
)
def test_interpolation(template, quote, result):
    config = {"a": "1/2 ü", "n": 7, "base": "https://API.example/v1/?q=1"}
    assert interpolate(template, config, quote=quote) == result


@pytest.mark.parametrize("base", ["file:///etc/passwd", "https://me:pw@x.example", "x.example"])
def test_a_base_url_must_be_a_plain_address(base):
    with pytest.raises(InvalidInput, match=r"connection_config\.base"):
        interpolate("${connectionConfig.base}", {"base": base}, quote=True)


def test_a_keys_header_may_be_configured(make_acme):
    provider = make_acme(headers={"${connectionConfig.header}": "${apiKey}"})
    key = ApiKeyCredentials(api_key=SecretStr("k"))
    assert credential_headers(provider, key, {"header": "X-K"}) == {"X-K": "k"}


@pytest.mark.parametrize("value", [None, "", {}, []])
def test_interpolation_names_what_is_missing(value):
    with pytest.raises(InvalidInput) as caught:
        interpolate("${connectionConfig.site}", {"site": value}, quote=True)
    assert caught.value.issues[0]["path"] == ["connection_config", "site"]


def test_other_places_are_not_filled():
    with pytest.raises(InvalidInput):
        interpolate("${credentials.x}", {"x": "1", "credentials.x": "2"}, quote=False)
