import base64
import hashlib
import re
from urllib.parse import parse_qsl, urlsplit

import pytest

from fairlead.errors import EgressRefused, InvalidInput, OperatorError
from fairlead.oauth import (
    authorization_url,
    challenge_of,
    new_state,
    new_verifier,
    scope_text,
    scopes_for,
)

VERIFIER = "v" * 64


def _url(provider, overrides=None, scopes=("files.read", "offline_access"), tenant="t1"):
    return authorization_url(
        provider,
        client_id="app",
        redirect_uri="https://fairlead.example/oauth/callback",
        scopes=scopes,
        state="the-state",
        code_verifier=VERIFIER,
        connection_config={"tenant": tenant},
        overrides=overrides or {},
    )


def _params(url):
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


def test_everything_is_there(acme):
    url = _url(acme)
    assert url.startswith("https://login.acme.example/t1/authorize?")
    assert _params(url) == {
        "response_type": "code",
        "client_id": "app",
        "redirect_uri": "https://fairlead.example/oauth/callback",
        "scope": "files.read offline_access",
        "state": "the-state",
        "prompt": "select_account",
        "hint": "t1",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
    }


def test_without_pkce_there_is_no_challenge(make_acme):
    assert "code_challenge" not in _params(_url(make_acme(pkce=False)))


def test_query_of_the_endpoint_is_kept_but_cannot_replace_ours(make_acme):
    provider = make_acme(authorization_url="https://login.acme.example/a?p=1&state=fixed")
    params = _params(_url(provider))
    assert params["p"] == "1"
    assert params["state"] == "the-state"


def test_provider_params_cannot_replace_ours(make_acme):
    provider = make_acme(authorization_params={"redirect_uri": "https://evil.example"})
    assert _params(_url(provider))["redirect_uri"] == "https://fairlead.example/oauth/callback"


def test_override_replaces_and_adds(acme):
    params = _params(_url(acme, {"prompt": "consent", "login_hint": "a@b.co"}))
    assert params["prompt"] == "consent"
    assert params["login_hint"] == "a@b.co"


@pytest.mark.parametrize("blank", ["", "  "])
def test_blank_override_removes(acme, blank):
    params = _params(_url(acme, {"prompt": blank, "unknown": blank}))
    assert "prompt" not in params
    assert "unknown" not in params


def test_blank_scope_removes_the_scope(acme):
    assert "scope" not in _params(_url(acme, {"scope": ""}))


@pytest.mark.parametrize(
    ("override", "sent"),
    [
        (".default offline_access", ".default offline_access"),
        ("offline_access  files.read", "offline_access  files.read"),
        ("files.read", "files.read offline_access"),
        ("files.offline_access", "files.offline_access offline_access"),
    ],
)
def test_scope_override_is_word_for_word_when_it_is_whole(acme, override, sent):
    assert _params(_url(acme, {"scope": override}))["scope"] == sent


def test_required_scopes_are_added_once(acme):
    assert _params(_url(acme, scopes=("a", "a")))["scope"] == "a offline_access"


def test_no_scopes_no_parameter(make_acme):
    assert "scope" not in _params(_url(make_acme(required_scopes=()), scopes=()))


@pytest.mark.parametrize(
    "name",
    [
        "state",
        "redirect_uri",
        "client_id",
        "response_type",
        "code_challenge",
        "code_challenge_method",
        "request",
        "request_uri",
        "State",
        " redirect_uri ",
    ],
)
@pytest.mark.parametrize("value", ["x", ""])
def test_what_binds_the_answer_cannot_be_changed(acme, name, value):
    with pytest.raises(InvalidInput) as caught:
        _url(acme, {name: value})
    assert caught.value.code == "authorization_param_not_allowed"
    assert caught.value.issues[0]["path"] == ["authorization_params", name]


def test_missing_value_names_the_field(acme):
    with pytest.raises(InvalidInput, match=r"connection_config\.tenant"):
        _url(acme, tenant="")


@pytest.mark.parametrize("tenant", ["evil.example/#", "../..", "a b", "x?y=1"])
def test_values_cannot_leave_their_place_in_the_url(acme, tenant):
    url = urlsplit(_url(acme, tenant=tenant))
    assert url.netloc == "login.acme.example"
    assert url.path.count("/") == 2


@pytest.mark.parametrize("tenant", ["..", "."])
def test_values_cannot_climb(acme, tenant):
    with pytest.raises(InvalidInput):
        _url(acme, tenant=tenant)


@pytest.mark.parametrize("host", ["evil.example/", "evil.example#", "a@evil.example", "x:1"])
def test_values_cannot_make_another_host(make_acme, host):
    provider = make_acme(authorization_url="https://${connectionConfig.tenant}.acme.example/a")
    with pytest.raises(EgressRefused):
        _url(provider, tenant=host)


def test_provider_without_a_page(make_acme):
    with pytest.raises(OperatorError):
        _url(make_acme(authorization_url=""))


def test_challenge_is_that_of_the_rfc():
    # RFC 7636, appendix B
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    digest = hashlib.sha256(VERIFIER.encode()).digest()
    assert challenge_of(VERIFIER) == base64.urlsafe_b64encode(digest).decode().rstrip("=")


def test_verifier_and_state_are_fresh_and_well_formed():
    assert re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", new_verifier())
    assert new_verifier() != new_verifier()
    assert len(new_state()) >= 43
    assert new_state() != new_state()


@pytest.mark.parametrize(
    ("integration", "config", "expected"),
    [
        (None, {}, (".default", "offline_access")),
        (("a",), {}, ("a", "offline_access")),
        ((), {}, ("offline_access",)),
        (("a",), {"oauth_scopes_override": "b, c"}, ("b", "c", "offline_access")),
        (("a",), {"oauth_scopes_override": ["offline_access", "b"]}, ("offline_access", "b")),
        (("a",), {"oauth_scopes_override": ""}, ("a", "offline_access")),
        (("a",), {"oauth_scopes_override": []}, ("a", "offline_access")),
        (("a",), {"oauth_scopes_override": 5}, ("a", "offline_access")),
    ],
)
def test_scopes_of_a_connection(acme, integration, config, expected):
    assert scopes_for(acme, integration, config) == expected


def test_other_separators(make_acme):
    provider = make_acme(scope_separator=",")
    assert scope_text(provider, "a,offline_access") == "a,offline_access"
    assert scope_text(provider, "a,b") == "a,b,offline_access"
    assert _params(_url(provider, scopes=("a", "b")))["scope"] == "a,b,offline_access"
