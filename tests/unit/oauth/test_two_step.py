"""A token for what was filled in: the vendor's own parameters, and replies of its own shape."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from pydantic import SecretStr

from fairlead.errors import (
    BadClientSecret,
    InvalidInput,
    OperatorError,
    ProviderError,
    ReconnectRequired,
)
from fairlead.model.credentials import TwoStepCredentials
from fairlead.model.provider import AuthMode, ConfigField, Provider, TokenReply
from fairlead.oauth import two_step

FIELDS = {
    "user": ConfigField("User"),
    "key": ConfigField("Key", secret=True),
    "site": ConfigField("Site", required=False),
}


@pytest.fixture
def vendor():
    def make(**changes):
        values = {
            "name": "steps",
            "display_name": "Steps",
            "auth_mode": AuthMode.TWO_STEP,
            "base_url": "https://api.steps.example",
            "token_url": "https://login.steps.example/${connectionConfig.tenant}/token",
            "token_params": {
                "login": "${credentials.user}@${connectionConfig.tenant}",
                "pass": "${credentials.key}",
                "site": "${credentials.site}",
                "kind": "fixed",
            },
            "token_headers": {"X-Key": "Key ${credentials.key}"},
            "credential_fields": FIELDS,
        }
        return Provider(**{**values, **changes})

    return make


def filled(**values):
    values = values or {"user": "ada", "key": "k"}
    fields = {name: SecretStr(value) for name, value in values.items()}
    return TwoStepCredentials(token=SecretStr(""), fields=fields)


async def ask(transport, provider, clock, credentials=None, **more):
    return await two_step(
        transport,
        provider,
        credentials=credentials or filled(),
        connection_config={"tenant": "t1"},
        clock=clock,
        **more,
    )


async def test_what_is_sent(transport, vendor, clock):
    transport.answer = lambda _: {"access_token": "at", "expires_in": "3600", "refresh_token": "r"}
    made = await ask(transport, vendor(), clock)
    [sent] = transport.sent
    assert sent.request.url == "https://login.steps.example/t1/token"
    assert sent.form == {"login": "ada@t1", "pass": "k", "kind": "fixed"}
    assert sent.headers["x-key"] == "Key k"
    assert sent.options["redirects"] == 0
    assert made.token.get_secret_value() == "at"
    assert made.expires_at == clock.now() + timedelta(hours=1)
    # only where the provider says that the reply holds one
    assert made.refresh_token is None
    assert made.fields == filled().fields
    await ask(transport, vendor(), clock, filled(user="a", key="b", site="c"), claims="{}")
    assert transport.sent[1].form["site"] == "c"
    assert transport.sent[1].form["claims"] == "{}"


async def test_json_and_a_reply_of_another_shape(transport, vendor, clock):
    ends = "2026-11-24T09:30:00+01:00"
    transport.answer = lambda _: {"data": {"jwt": "at", "again": "rt", "until": ends}}
    provider = vendor(
        token_encoding="json",
        token_reply=TokenReply("data.jwt", "data.again", "data.until", "expireAt"),
    )
    made = await ask(transport, provider, clock)
    [sent] = transport.sent
    assert sent.headers["content-type"] == "application/json"
    assert json.loads(sent.request.body)["login"] == "ada@t1"
    assert made.token.get_secret_value() == "at"
    assert made.refresh_token.get_secret_value() == "rt"
    assert made.expires_at == datetime(2026, 11, 24, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        (1_800_000_000, datetime(2027, 1, 15, 8, 0, tzinfo=UTC)),
        ("1800000000000", datetime(2027, 1, 15, 8, 0, tzinfo=UTC)),
        ("2027-01-15T08:00:00", datetime(2027, 1, 15, 8, 0, tzinfo=UTC)),
        (None, None),
    ],
)
async def test_moments(transport, vendor, clock, value, moment):
    transport.answer = lambda _: {"access_token": "at", "expires_in": value}
    provider = vendor(token_reply=TokenReply(strategy="expireAt"))
    assert (await ask(transport, provider, clock)).expires_at == moment


async def test_a_lifetime_that_the_reply_does_not_tell(transport, vendor, clock):
    transport.answer = lambda _: {"access_token": "at"}
    provider = vendor(token_lifetime=timedelta(minutes=5))
    assert (await ask(transport, provider, clock)).expires_at == clock.now() + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ({"error": "invalid_client"}, BadClientSecret),
        ((401, {"error": "invalid_client"}), BadClientSecret),
        ({"nothing": 1}, ProviderError),
        ({"access_token": 7}, ProviderError),
        ({"access_token": "at", "expires_in": "soon"}, ProviderError),
    ],
)
async def test_what_a_reply_means(transport, vendor, clock, reply, error):
    transport.answer = lambda _: reply
    with pytest.raises(error):
        await ask(transport, vendor(), clock)


async def test_a_moment_that_is_none(transport, vendor, clock):
    transport.answer = lambda _: {"access_token": "at", "expires_in": "soon"}
    with pytest.raises(ProviderError, match="no moment"):
        await ask(transport, vendor(token_reply=TokenReply(strategy="expireAt")), clock)


async def test_what_is_missing_is_named(transport, vendor, clock):
    with pytest.raises(InvalidInput) as caught:
        await ask(transport, vendor(), clock, filled(user="ada"))
    assert caught.value.issues[0]["path"] == ["key"]
    with pytest.raises(OperatorError, match="no token endpoint"):
        await ask(transport, vendor(token_url=""), clock)
    assert transport.sent == []


async def test_another_api_is_named(transport, vendor, clock):
    transport.answer = lambda _: {"access_token": "at"}
    await ask(transport, vendor(), clock, audience="https://b.example")
    assert transport.sent[0].form["resource"] == "https://b.example"
    seen = []
    provider = vendor(token_request=lambda request, _: seen.append(request.audience) or request)
    await ask(transport, provider, clock, audience="https://b.example")
    assert seen == ["https://b.example"]


def signing(vendor):
    return vendor(
        credential_fields={"app": ConfigField("App"), "proof": ConfigField("P", required=False)},
        token_params={"id": "${credentials.app}", "client_assertion": "${credentials.proof}"},
        token_headers={},
        assertion_field="proof",
        client_id_field="app",
        assertion_algorithm="RS256",
    )


async def test_signed_anew_for_every_request(transport, vendor, clock, pair):
    transport.answer = lambda _: {"access_token": "at"}
    held = filled(app="a1").model_copy(
        update={"client_certificate": pair.pem, "client_private_key": SecretStr(pair.key_pem)}
    )
    for _ in range(2):
        await ask(transport, signing(vendor), clock, held)
    first, second = (sent.form["client_assertion"] for sent in transport.sent)
    assert first != second
    claims = jwt.decode(first, RSAKey.import_key(pair.key_pem), algorithms=["RS256"]).claims
    assert (claims["iss"], claims["aud"]) == ("a1", "https://login.steps.example/t1/token")


async def test_a_pasted_statement(transport, vendor, clock):
    transport.answer = lambda _: {"access_token": "at"}
    # not even a JWT: the vendor will say what it thinks of it
    for pasted in ("opaque", "a.b.c", "a.e30.c"):
        await ask(transport, signing(vendor), clock, filled(app="a1", proof=pasted))
        assert transport.sent[-1].form["client_assertion"] == pasted
    past = int(clock.now().timestamp()) - 1
    over = jwt.encode({"alg": "HS256"}, {"exp": past}, OctKey.generate_key(256))
    with pytest.raises(ReconnectRequired) as caught:
        await ask(transport, signing(vendor), clock, filled(app="a1", proof=over))
    assert caught.value.code == "assertion_expired"
    assert over not in caught.value.message
    with pytest.raises(OperatorError) as lacking:
        await ask(transport, signing(vendor), clock, filled(app="a1"))
    assert lacking.value.code == "missing_client_key"
    assert len(transport.sent) == 3
