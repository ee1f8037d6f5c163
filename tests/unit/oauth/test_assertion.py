"""The signed statement by which an app proves itself: what it says, and that its key signed it."""

import base64
import hashlib

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from pydantic import SecretStr

from fairlead.errors import InternalError, OperatorError
from fairlead.model.credentials import ClientCredentials
from fairlead.oauth import client_credentials
from fairlead.oauth.assertion import TYPE, sign_assertion

TOKEN_URL = "https://login.acme.example/t1/token"


def text(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def sign(pair, clock, algorithm):
    return sign_assertion(
        client_id="app",
        audience=TOKEN_URL,
        certificate=pair.pem,
        private_key=SecretStr(pair.key_pem),
        algorithm=algorithm,
        now=clock.now(),
    )


@pytest.mark.parametrize(
    ("algorithm", "name", "digest"),
    [("PS256", "x5t#S256", hashlib.sha256), ("RS256", "x5t", hashlib.sha1)],
)
def test_statement(pair, clock, algorithm, name, digest):
    signed = sign(pair, clock, algorithm)
    token = jwt.decode(signed, RSAKey.import_key(pair.key_pem), algorithms=[algorithm])
    assert token.header == {"alg": algorithm, "typ": "JWT", name: text(digest(pair.der).digest())}
    now = int(clock.now().timestamp())
    claims = dict(token.claims)
    assert len(claims.pop("jti")) == 36
    assert claims == {
        "aud": TOKEN_URL,
        "iss": "app",
        "sub": "app",
        "iat": now,
        "nbf": now - 120,
        "exp": now + 300,
    }


def test_no_two_are_the_same(pair, clock):
    assert sign(pair, clock, "RS256") != sign(pair, clock, "RS256")


def test_what_cannot_be_signed(pair, elliptic_pair, clock):
    with pytest.raises(InternalError, match="HS256"):
        sign(pair, clock, "HS256")
    with pytest.raises(InternalError, match="RSA"):
        sign(elliptic_pair, clock, "PS256")


def credentials(pair=None, secret=None):
    return ClientCredentials(
        token=SecretStr(""),
        client_id="app",
        client_secret=SecretStr(secret) if secret else None,
        client_certificate=pair.pem if pair else None,
        client_private_key=SecretStr(pair.key_pem) if pair else None,
    )


async def minted(transport, provider, clock, given, **more):
    return await client_credentials(
        transport,
        provider,
        credentials=given,
        connection_config={"tenant": "t1"},
        scopes=("all/.default",),
        clock=clock,
        **more,
    )


async def test_a_certificate_is_used_before_a_secret(transport, acme, clock, pair):
    transport.answer = lambda _: {"access_token": "at", "expires_in": 3600}
    renewed = await minted(transport, acme, clock, credentials(pair, "hush"))
    assert renewed.token.get_secret_value() == "at"
    form = transport.sent[0].form
    assert "client_secret" not in form
    assert (form["client_id"], form["client_assertion_type"]) == ("app", TYPE)
    claims = jwt.decode(form["client_assertion"], RSAKey.import_key(pair.key_pem), ["PS256"]).claims
    assert claims["aud"] == TOKEN_URL
    await minted(transport, acme, clock, credentials(pair))
    assert transport.sent[1].form["client_assertion"] != form["client_assertion"]


async def test_without_a_proof_nothing_is_asked(transport, acme, clock):
    with pytest.raises(OperatorError, match="neither a client secret nor a certificate"):
        await minted(transport, acme, clock, credentials())
    assert transport.sent == []


async def test_a_token_for_another_api_names_it(transport, acme, make_acme, clock):
    transport.answer = lambda _: {"access_token": "at"}
    await minted(transport, acme, clock, credentials(secret="s"), audience="https://b.example")
    form = transport.sent[0].form
    # RFC 8707; the scopes are of the main API
    assert (form["resource"], "scope" in form) == ("https://b.example", False)
    seen = []
    hooked = make_acme(token_request=lambda request, _: seen.append(request.audience) or request)
    await minted(transport, hooked, clock, credentials(secret="s"), audience="https://b.example")
    assert seen == ["https://b.example"]
    assert "resource" not in transport.sent[1].form
