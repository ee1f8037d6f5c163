import base64
import json
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qsl

import pytest
from fake_vendor import FakeResponse
from pydantic import SecretStr

from fairlead.errors import (
    BadClientSecret,
    EgressRefused,
    FairleadError,
    InvalidInput,
    OperatorError,
    ProviderError,
    ReconnectRequired,
    Rejected,
    Throttled,
    Unavailable,
)
from fairlead.model.credentials import ClientCredentials, OAuth2Credentials
from fairlead.model.provider import TokenRequest
from fairlead.oauth import client_credentials, exchange_code, refresh

GOOD = {"access_token": "at-1", "refresh_token": "rt-1", "expires_in": 3600, "scope": "a"}
CONFIG = {"tenant": "t1"}


def _exchange(transport, provider, clock, **changes):
    given = {
        "client_id": "app",
        "client_secret": "hush",
        "code": "the-code",
        "code_verifier": "the-verifier",
        "redirect_uri": "https://fairlead.example/cb",
        "connection_config": CONFIG,
    }
    return exchange_code(transport, provider, clock=clock, **{**given, **changes})


def _refresh(transport, provider, clock, refresh_token="rt-0", scopes=()):
    return refresh(
        transport,
        provider,
        client_id="app",
        client_secret="hush",
        credentials=OAuth2Credentials(
            access_token=SecretStr("at-0"),
            refresh_token=SecretStr(refresh_token) if refresh_token else None,
        ),
        connection_config=CONFIG,
        scopes=scopes,
        clock=clock,
    )


async def test_code_exchange(transport, acme, clock):
    transport.answer = lambda _: GOOD
    credentials = await _exchange(transport, acme, clock)
    assert credentials.access_token.get_secret_value() == "at-1"
    assert credentials.refresh_token.get_secret_value() == "rt-1"
    assert credentials.expires_at == clock.now() + timedelta(hours=1)
    assert credentials.raw == GOOD
    (sent,) = transport.sent
    assert sent.request.method == "POST"
    assert sent.request.url == "https://login.acme.example/t1/token"
    assert sent.headers["accept"] == "application/json"
    assert "origin" not in sent.headers
    assert sent.form == {
        "grant_type": "authorization_code",
        "code": "the-code",
        "redirect_uri": "https://fairlead.example/cb",
        "code_verifier": "the-verifier",
        "client_id": "app",
        "client_secret": "hush",
        "audience": "t1",
    }
    assert sent.options["redirects"] == 0
    assert sent.options["total_timeout"] == timedelta(seconds=30)


async def test_client_authentication_in_the_header(transport, make_acme, clock):
    transport.answer = lambda _: GOOD
    await _exchange(
        transport, make_acme(token_auth="basic"), clock, client_id="a:b", client_secret="c d%"
    )
    (sent,) = transport.sent
    scheme, value = sent.headers["authorization"].split()
    assert scheme == "Basic"
    # RFC 6749, 2.3.1: both parts form-encoded first
    assert base64.b64decode(value) == b"a%3Ab:c+d%25"
    assert {"client_id", "client_secret"}.isdisjoint(sent.form)


async def test_public_client_and_no_pkce(transport, make_acme, clock):
    transport.answer = lambda _: GOOD
    await _exchange(transport, make_acme(pkce=False), clock, client_secret=None)
    assert {"client_secret", "code_verifier"}.isdisjoint(transport.sent[0].form)


async def test_provider_may_shape_the_request(transport, make_acme, clock):
    def shape(request, config):
        return replace(request, form={**request.form, "x": config["tenant"]}, headers={"X-A": "1"})

    transport.answer = lambda _: GOOD
    await _exchange(transport, make_acme(token_request=shape), clock)
    (sent,) = transport.sent
    assert sent.form["x"] == "t1"
    assert sent.headers["x-a"] == "1"


async def test_token_params_cannot_replace_the_grant(transport, make_acme, clock):
    transport.answer = lambda _: GOOD
    await _exchange(transport, make_acme(token_params={"code": "other"}), clock)
    assert transport.sent[0].form["code"] == "the-code"


async def test_token_endpoint_must_be_encrypted(transport, make_acme, clock):
    with pytest.raises(OperatorError, match="https"):
        await _exchange(transport, make_acme(token_url="http://login.acme.example/t"), clock)
    assert transport.sent == []
    transport.answer = lambda _: GOOD
    await _exchange(transport, make_acme(token_url="http://127.0.0.1:9/t"), clock)
    await _exchange(transport, make_acme(token_url="http://login.localhost:9/t"), clock)


async def test_hook_cannot_send_the_secret_to_plain_http(transport, make_acme, clock):
    provider = make_acme(token_request=lambda r, _c: TokenRequest("http://x.example/", r.form))
    with pytest.raises(OperatorError):
        await _exchange(transport, provider, clock)


async def test_provider_without_a_token_endpoint(transport, make_acme, clock):
    with pytest.raises(OperatorError):
        await _exchange(transport, make_acme(token_url=""), clock)


async def test_missing_config_names_the_field(transport, acme, clock):
    with pytest.raises(InvalidInput, match=r"connection_config\.tenant"):
        await _exchange(transport, acme, clock, connection_config={})


async def test_refresh_sends_the_grant_and_keeps_the_newest(transport, acme, clock):
    transport.answer = lambda _: GOOD
    credentials = await _refresh(transport, acme, clock)
    assert credentials.refresh_token.get_secret_value() == "rt-1"
    form = transport.sent[0].form
    assert form["grant_type"] == "refresh_token"
    assert form["refresh_token"] == "rt-0"
    assert "scope" not in form


@pytest.mark.parametrize(
    "reply",
    [
        {"access_token": "at-1"},
        {"access_token": "at-1", "refresh_token": None},
        {"access_token": "at-1", "refresh_token": ""},
    ],
)
async def test_reply_without_refresh_token_keeps_the_old(transport, acme, clock, reply):
    transport.answer = lambda _: reply
    credentials = await _refresh(transport, acme, clock)
    assert credentials.refresh_token.get_secret_value() == "rt-0"
    assert credentials.expires_at is None


async def test_refresh_with_scopes(transport, acme, clock):
    transport.answer = lambda _: GOOD
    await _refresh(transport, acme, clock, scopes=("a", "b"))
    assert transport.sent[0].form["scope"] == "a b"


async def test_nothing_to_refresh_with(transport, acme, clock):
    with pytest.raises(ReconnectRequired):
        await _refresh(transport, acme, clock, refresh_token=None)
    assert transport.sent == []


async def test_client_credentials(transport, acme, clock):
    transport.answer = lambda _: {"access_token": "app-at", "expires_in": "3599"}
    before = ClientCredentials(token=SecretStr(""), client_id="cc", client_secret=SecretStr("hush"))
    after = await client_credentials(
        transport,
        acme,
        credentials=before,
        connection_config=CONFIG,
        scopes=("https://r/.default",),
        clock=clock,
    )
    assert after.token.get_secret_value() == "app-at"
    assert after.client_id == "cc"
    assert after.client_secret == before.client_secret
    assert after.expires_at == clock.now() + timedelta(seconds=3599)
    assert transport.sent[0].form == {
        "grant_type": "client_credentials",
        "client_id": "cc",
        "client_secret": "hush",
        "scope": "https://r/.default",
        "audience": "t1",
    }


async def test_client_credentials_need_a_secret(transport, acme, clock):
    with pytest.raises(OperatorError, match="secret"):
        await client_credentials(
            transport,
            acme,
            credentials=ClientCredentials(token=SecretStr(""), client_id="cc"),
            connection_config=CONFIG,
            scopes=(),
            clock=clock,
        )


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(3600, 3600), ("3600", 3600), (" 3600 ", 3600), (3600.0, 3600), ("0", 0), (1.5, 1.5)],
)
async def test_lifetimes(transport, acme, clock, value, seconds):
    transport.answer = lambda _: {**GOOD, "expires_in": value}
    credentials = await _exchange(transport, acme, clock)
    assert credentials.expires_at == clock.now() + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "reply",
    [
        {},
        {"access_token": ""},
        {"access_token": None},
        {"access_token": 5},
        {**GOOD, "expires_in": "soon"},
        {**GOOD, "expires_in": True},
        {**GOOD, "expires_in": -5},
        {**GOOD, "expires_in": []},
        {**GOOD, "expires_in": 10**30},
        {**GOOD, "refresh_token": 5},
        [],
        "text",
        b"access_token=a&token_type=bearer",
        b"",
        b"<html>",
    ],
)
async def test_replies_that_are_no_token_replies(transport, acme, clock, reply):
    transport.answer = lambda _: reply
    with pytest.raises(ProviderError) as caught:
        await _exchange(transport, acme, clock)
    assert caught.value.code == "token_reply_invalid"
    assert not caught.value.retryable
    assert "at-1" not in f"{caught.value} {caught.value.detail} {caught.value.body}"


async def test_redirects_are_not_followed(transport, acme, clock):
    transport.answer = lambda _: FakeResponse(302, b"", {"Location": "https://evil.example"})
    with pytest.raises(ProviderError):
        await _exchange(transport, acme, clock)
    assert len(transport.sent) == 1


async def test_endless_reply_is_cut(transport, acme, clock):
    transport.answer = lambda _: FakeResponse(200, b"x" * (1024 * 1024 + 1))
    with pytest.raises(ProviderError, match="too large"):
        await _exchange(transport, acme, clock)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, {"error": "invalid_client"}, BadClientSecret),
        (400, {"error": "unauthorized_client"}, BadClientSecret),
        (400, {"error": "invalid_grant"}, ReconnectRequired),
        (400, {"error": "interaction_required"}, ReconnectRequired),
        (400, {"error": "consent_required"}, ReconnectRequired),
        (400, {"error": "temporarily_unavailable"}, Unavailable),
        (400, {"error": "server_error"}, Unavailable),
        (500, {}, Unavailable),
        (503, b"<html>down</html>", Unavailable),
        (408, {}, Unavailable),
        (429, {"error": "slow_down"}, Throttled),
        (400, {"error": "invalid_scope"}, Rejected),
        (400, {"error": "invalid_request"}, Rejected),
        (400, {"error": {"code": "nested"}}, Rejected),
        (404, b"", Rejected),
        (200, {"error": "invalid_grant"}, ReconnectRequired),
    ],
)
async def test_refusals(transport, acme, clock, status, body, kind):
    transport.answer = lambda _: (status, body)
    with pytest.raises(FairleadError) as caught:
        await _refresh(transport, acme, clock)
    assert type(caught.value) is kind
    assert "Acme" in caught.value.message
    if isinstance(caught.value, ProviderError):
        assert caught.value.provider_status == status


async def test_refusal_keeps_no_secret(transport, acme, clock):
    body = {
        "error": "invalid_request",
        "error_description": "refresh_token=rt-0 is odd",
        "refresh_token": "rt-0",
        "client_secret": "hush",
    }
    transport.answer = lambda _: (400, body)
    with pytest.raises(Rejected) as caught:
        await _refresh(transport, acme, clock)
    told = f"{caught.value.message} {caught.value.detail} {caught.value.body}"
    assert "rt-0" not in told
    assert "hush" not in told


async def test_throttled_token_endpoint_says_how_long(transport, acme, clock):
    transport.answer = lambda _: FakeResponse(429, b"{}", {"Retry-After": "7"})
    with pytest.raises(Throttled) as caught:
        await _refresh(transport, acme, clock)
    assert caught.value.retry_after == 7.0


async def test_provider_reads_its_own_refusals(transport, make_acme, clock):
    seen = []

    def classify(reply):
        seen.append(reply)
        return BadClientSecret("the secret is over")

    transport.answer = lambda _: (400, {"error": "invalid_grant"})
    with pytest.raises(BadClientSecret, match="is over"):
        await _refresh(transport, make_acme(classify=classify), clock)
    (reply,) = seen
    assert reply.status == 400
    assert reply.url == "https://login.acme.example/t1/token"
    assert reply.method == "POST"
    assert json.loads(reply.body) == {"error": "invalid_grant"}


async def test_network_trouble_passes_through(transport, acme, clock):
    transport.answer = lambda _: Unavailable("down")
    with pytest.raises(Unavailable, match="down"):
        await _refresh(transport, acme, clock)


async def test_token_url_is_checked(transport, make_acme, clock):
    with pytest.raises(EgressRefused):
        await _exchange(transport, make_acme(token_url="ftp://x/y"), clock)


async def test_form_is_encoded(transport, acme, clock):
    transport.answer = lambda _: GOOD
    await _exchange(transport, acme, clock, code="a&b=c d+é")
    body = transport.sent[0].request.body.decode()
    assert dict(parse_qsl(body))["code"] == "a&b=c d+é"
