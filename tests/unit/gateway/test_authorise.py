from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import SecretStr
from yarl import URL

from fairlead.errors import EgressRefused, FairleadError, InvalidInput, OperatorError
from fairlead.gateway.authorise import Target, authorise, provider_headers, target_of
from fairlead.model.credentials import ApiKeyCredentials, OAuth2Credentials
from fairlead.model.provider import AuthMode, Provider
from fairlead.oauth import audience_of

TOKEN = OAuth2Credentials(access_token=SecretStr("at"))
BEARER = {"Authorization": "Bearer at"}


def at(provider, url):
    return Target(url, audience_of(provider, url, {}))


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("/v1/me", "https://api.acme.example/base/v1/me"),
        ("v1/me", "https://api.acme.example/base/v1/me"),
        ("/", "https://api.acme.example/base/"),
        ("", "https://api.acme.example/base/"),
        (
            "/x?u=https://evil.example&p=//a\\b",
            "https://api.acme.example/base/x?u=https://evil.example&p=//a%5Cb",
        ),
        ("/a%2Fb/c:d?$top=1#frag", "https://api.acme.example/base/a%2Fb/c:d?$top=1"),
        ("/root:/a b/ü", "https://api.acme.example/base/root:/a%20b/%C3%BC"),
        ("/@evil.example", "https://api.acme.example/base/@evil.example"),
        ("?a=1", "https://api.acme.example/base/?a=1"),
    ],
)
def test_paths_are_below_the_base(acme, path, url):
    target = target_of(acme, path, {})
    assert (target.url, target.is_audience) == (url, True)


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example/x",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "ftp://evil.example/",
        "file:///etc/passwd",
        "data:text/plain,x",
        "evil.example:443/x",
    ],
)
def test_paths_that_try_to_be_something_else(acme, path):
    with pytest.raises(InvalidInput) as caught:
        target_of(acme, path, {})
    assert caught.value.code == "invalid_path"


@pytest.mark.parametrize("path", ["/a\r\nHost: evil", "/a\x00"])
def test_control_characters(acme, path):
    with pytest.raises(FairleadError):
        target_of(acme, path, {})


@pytest.mark.parametrize(
    "url",
    [
        "https://api.acme.example/other/delta?token=x",
        "HTTPS://API.ACME.EXAMPLE:443/x",
        "https://eu.files.acme.example/f",
    ],
)
def test_own_absolute_urls_carry_credentials(acme, url):
    target = target_of(acme, url, {})
    assert target.is_audience
    assert authorise(acme, TOKEN, target, {}) == BEARER


def test_open_urls_go_without(acme):
    target = target_of(acme, "https://a.cdn.example/file?tempauth=x", {})
    assert not target.is_audience
    assert authorise(acme, TOKEN, target, {}) == {}


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/",
        "http://api.acme.example/x",
        "https://api.acme.example:8443/",
        "https://api.acme.example.evil.example/",
        "https://api.acme.example@evil.example/",
        "https://user:pw@api.acme.example/",
        "https://api.acme.example\\.evil.example/",
        "https://api.acme.example%2eevil.example/",
        "https://files.acme.example/",
        "https://cdn.example/",
        "http://169.254.169.254/latest",
        "https:evil.example",
        "https:///evil.example",
        "http:\\\\evil.example",
    ],
)
def test_other_urls_are_refused(acme, url):
    with pytest.raises(EgressRefused) as caught:
        target_of(acme, url, {})
    assert caught.value.code == "base_url_override_not_allowed"
    assert authorise(acme, TOKEN, at(acme, url), {}) == {}


def _templated(base):
    return Provider(name="t", display_name="T", auth_mode=AuthMode.OAUTH2, base_url=base)


def test_base_is_filled_from_the_connection():
    provider = _templated("https://${connectionConfig.site}.t.example/${connectionConfig.part}")
    config = {"site": "contoso", "part": "a/b"}
    assert target_of(provider, "/x", config).url == "https://contoso.t.example/a%2Fb/x"
    assert target_of(provider, "https://contoso.t.example/y", config).is_audience
    with pytest.raises(EgressRefused):
        target_of(provider, "https://fabrikam.t.example/y", config)
    with pytest.raises(InvalidInput, match=r"connection_config\.site"):
        target_of(provider, "/x", {})


@pytest.mark.parametrize("site", ["evil.example/", "evil.example#", "x@evil.example", "a:b", "é"])
def test_configuration_cannot_make_another_host(site):
    provider = _templated("https://${connectionConfig.site}.t.example")
    with pytest.raises(OperatorError):
        target_of(provider, "/x", {"site": site})
    assert audience_of(provider, "https://evil.example/", {"site": site}) is None


@pytest.mark.parametrize("base", ["", "http://plain.example", "not a url"])
def test_base_that_cannot_be_used(base):
    with pytest.raises((OperatorError, InvalidInput)):
        target_of(_templated(base), "/x", {})


def test_plain_http_on_this_machine():
    provider = _templated("http://127.0.0.1:4000")
    target = target_of(provider, "/x", {})
    assert authorise(provider, TOKEN, target, {}) == BEARER
    assert authorise(provider, TOKEN, at(provider, "http://127.0.0.1:4001/x"), {}) == {}


def test_provider_headers_hold_no_key():
    provider = Provider(
        name="k",
        display_name="K",
        auth_mode=AuthMode.API_KEY,
        base_url="https://k.example",
        headers={"X-Key": "${apiKey}", "X-Site": "${connectionConfig.site}"},
    )
    assert provider_headers(provider, {"site": "s"}) == {"X-Site": "s"}
    key = ApiKeyCredentials(api_key=SecretStr("k"))
    assert authorise(provider, key, at(provider, "https://k.example/x"), {}) == {"X-Key": "k"}
    assert authorise(provider, key, at(provider, "https://evil.example/x"), {}) == {}


# --- for all inputs

PROVIDER = Provider(
    name="p",
    display_name="P",
    auth_mode=AuthMode.OAUTH2,
    base_url="https://api.acme.example/base",
    credential_origins=("https://*.files.acme.example",),
    open_origins=("https://*.cdn.example",),
)
_PIECES = st.sampled_from(
    [
        "https://", "http://", "HTTPS://", "https:", "//", "/", "\\", "@", ":", "#", "?", "%", ".",
        "api.acme.example", "API.acme.example", "evil.example", "x.files.acme.example",
        "a.cdn.example", "acme.example", "user:pw@", ":443", ":80", ":0", "[::1]", "127.0.0.1",
        "2130706433", "%2e", "%40", "%5c", "\t", "\n", "\r", " ", "\x00", "。", "ａｐｉ", "ß",
        "\u202e", "\ufeff", "..", "/../", "base", "$", "{", "${connectionConfig.x}",
    ]
)  # fmt: skip
ANY_URL = st.one_of(
    st.lists(_PIECES, max_size=8).map("".join),
    st.text(max_size=60),
    st.text(max_size=30).map(lambda text: "https://api.acme.example" + text),
    st.text(max_size=30).map(lambda text: "https://" + text + "api.acme.example"),
    st.text(max_size=30).map(lambda text: "https://" + text + "@api.acme.example/"),
)


def _is_own(url):
    """Judge by two other readers of URLs, that of the transport's library among them."""
    hosts = {URL(url, encoded=True).host, urlsplit(url).hostname}
    (host,) = hosts
    own = host == "api.acme.example" or host.endswith(".files.acme.example")
    assert URL(url, encoded=True).scheme == urlsplit(url).scheme
    return own and urlsplit(url).scheme == "https" and (urlsplit(url).port or 443) == 443


@given(ANY_URL)
@example("https://api.acme.example@evil.example/")
@example("https://evil.example\\@api.acme.example/")
@example("https://evil.example#@api.acme.example/")
def test_no_url_whatsoever_takes_credentials_elsewhere(url):
    try:
        target = target_of(PROVIDER, url, {})
    except FairleadError:
        target = None
    if target is not None:
        assert target.is_audience == _is_own(target.url)
        assert bool(authorise(PROVIDER, TOKEN, target, {})) == target.is_audience
    # and when asked for the URL as it stands
    if authorise(PROVIDER, TOKEN, at(PROVIDER, url), {}):
        from fairlead.http import parse_url

        assert _is_own(parse_url(url)[1])


@given(st.text(max_size=40))
def test_no_configuration_whatsoever_makes_another_host(value):
    provider = _templated("https://${connectionConfig.x}.t.example/")
    try:
        target = target_of(provider, "/x", {"x": value})
    except FairleadError:
        return
    host = urlsplit(target.url).hostname
    assert host.endswith(".t.example")
    assert URL(target.url, encoded=True).host == host
