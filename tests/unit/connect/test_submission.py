"""Credentials that a person fills in: tried, sealed, announced; and what is refused."""

import base64
from datetime import timedelta

import pytest
from certificates import PASSWORD
from fake_vendor import FakeResponse
from pydantic import SecretStr

from fairlead.connect.submission import CredentialsRefused, app_credentials
from fairlead.errors import BadClientSecret, InvalidInput, NotFound, SessionExpired
from fairlead.model.connect_session import IntegrationDefaults
from fairlead.model.credentials import ApiKeyCredentials, ClientCredentials

KEY = ApiKeyCredentials(api_key=SecretStr("k-1"))


async def session_of(world, **more):
    session, _ = await world.sessions.open_session(
        world.environment, end_user=None, tags={"team": "a"}, **more
    )
    return session


def app(secret="hush"):
    return ClientCredentials(token=SecretStr(""), client_id="app", client_secret=SecretStr(secret))


async def accept(world, key, credentials, session=None, config=None):
    return await world.submissions.accept(
        session or await session_of(world),
        key,
        credentials=credentials,
        connection_config=config or {},
    )


async def test_an_app_is_tried_before_it_is_kept(world):
    world.transport.answer = lambda _: {"access_token": "at-1", "expires_in": 3600}
    made, is_new = await accept(world, "app-only", app())
    assert is_new
    assert made.tags == {"team": "a"}
    stored = await world.stored(made)
    assert stored.token.get_secret_value() == "at-1"
    assert stored.client_secret.get_secret_value() == "hush"
    assert stored.expires_at == world.clock.now() + timedelta(hours=1)
    assert world.transport.sent[0].form["scope"] == "all/.default"
    [event] = await world.events()
    assert (event.payload["operation"], event.payload["success"]) == ("creation", True)


async def test_an_app_that_the_vendor_refuses(world):
    world.transport.answer = lambda _: (401, {"error": "invalid_client"})
    with pytest.raises(CredentialsRefused) as caught:
        await accept(world, "app-only", app("wrong-one"))
    assert isinstance(caught.value.__cause__, BadClientSecret)
    assert (caught.value.code, caught.value.status) == ("client_credentials_fetch_error", 400)
    [event] = await world.events()
    assert event.payload["success"] is False
    assert "wrong-one" not in str(event.payload)


async def test_an_app_is_renewed_with_its_certificate(world, pair):
    given = app_credentials(
        client_id="app", certificate=pair.pem, private_key=pair.key_pem, now=world.clock.now()
    )
    world.transport.answer = lambda _: {"access_token": "at-1", "expires_in": 3600}
    made, _ = await accept(world, "app-only", given)
    world.freshener.forget(made.id)
    world.transport.answer = lambda _: {"access_token": "at-2", "expires_in": 3600}
    world.clock.advance(timedelta(minutes=50))
    fresh = await world.freshener.fresh_credentials(made)
    assert fresh.token.get_secret_value() == "at-2"
    first, second = (sent.form["client_assertion"] for sent in world.transport.sent)
    assert first != second
    assert fresh.client_private_key.get_secret_value() == pair.key_pem


async def test_a_session_may_set_the_scope(world):
    world.transport.answer = lambda _: {"access_token": "at-1"}
    defaults = {"app-only": IntegrationDefaults(authorization_params={"scope": "one two"})}
    made, _ = await accept(world, "app-only", app(), await session_of(world, defaults=defaults))
    assert world.transport.sent[0].form["scope"] == "one two"
    # and it stays so
    await world.freshener.fresh_credentials(made, force=True)
    assert world.transport.sent[1].form["scope"] == "one two"


async def test_a_session_may_add_to_the_token_request(world):
    world.transport.answer = lambda _: {"access_token": "at-1", "expires_in": 3600}
    params = {"audience": "https://b.example", "client_secret": "other", "acr": ""}
    defaults = {"app-only": IntegrationDefaults(authorization_params=params)}
    made, _ = await accept(world, "app-only", app(), await session_of(world, defaults=defaults))
    assert made.connection_config["authorization_params"] == {"audience": "https://b.example"}
    await world.freshener.fresh_credentials(made, force=True)
    for request in world.transport.sent:
        assert request.form["audience"] == "https://b.example"
        assert request.form["client_secret"] == "hush"
        assert "acr" not in request.form
    # not so a browser
    config = {"authorization_params": {"audience": "x"}}
    made, _ = await accept(world, "app-only", app(), config=config)
    assert "authorization_params" not in made.connection_config
    refused = {"app-only": IntegrationDefaults(authorization_params={"client_id": "x"})}
    with pytest.raises(InvalidInput, match="cannot be changed"):
        await accept(world, "app-only", app(), await session_of(world, defaults=refused))


async def test_an_app_without_any_proof(world):
    bare = app_credentials(client_id="a", now=world.clock.now())
    with pytest.raises(InvalidInput) as caught:
        await accept(world, "app-only", bare)
    assert caught.value.code == "missing_client_secret"
    assert caught.value.issues[0]["path"] == ["client_secret"]
    assert world.transport.sent == []


async def test_a_key_is_only_kept(world):
    made, _ = await accept(world, "keyed", KEY)
    assert (await world.stored(made)) == KEY
    assert world.transport.sent == []


async def test_a_reconnect_replaces(world):
    made, _ = await accept(world, "keyed", KEY)
    session = await session_of(world, connection_id=made.connection_id)
    again, is_new = await accept(
        world, "keyed", ApiKeyCredentials(api_key=SecretStr("k-2")), session
    )
    assert (again.id, is_new) == (made.id, False)
    assert (await world.stored(again)).api_key.get_secret_value() == "k-2"


async def test_who_may_not(world):
    with pytest.raises(InvalidInput) as caught:
        await accept(world, "acme", KEY)
    assert caught.value.code == "invalid_auth_mode"
    with pytest.raises(NotFound):
        await accept(world, "nobody", KEY)
    session = await session_of(world, allowed_integrations=("acme",))
    with pytest.raises(InvalidInput) as caught:
        await accept(world, "keyed", KEY, session)
    assert caught.value.code == "integration_not_allowed"
    session = await session_of(world)
    world.clock.advance(timedelta(minutes=31))
    with pytest.raises(SessionExpired):
        await accept(world, "keyed", KEY, session)


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"client_id": " "}, "missing_client_id", "client_id"),
        ({"client_id": "a", "private_key": "x"}, "invalid_body", "client_certificate"),
        ({"client_id": "a", "pfx": "%%"}, "invalid_body", "client_certificate_pfx"),
    ],
)
def test_what_is_missing(clock, given, code, field):
    with pytest.raises(InvalidInput) as caught:
        app_credentials(**given, now=clock.now())
    assert (caught.value.code, caught.value.issues[0]["path"]) == (code, [field])


def test_a_pfx_file_leaves_the_secret_out(clock, pair):
    made = app_credentials(
        client_id=" a ",
        client_secret="old",
        pfx=base64.encodebytes(pair.pfx()).decode(),
        password=PASSWORD,
        now=clock.now(),
    )
    assert (made.client_id, made.client_secret, made.client_certificate) == ("a", None, pair.pem)


async def test_a_vendor_that_is_down_is_not_the_persons_fault(world):
    world.transport.answer = lambda _: FakeResponse(503, b"")
    with pytest.raises(CredentialsRefused) as caught:
        await accept(world, "app-only", app())
    assert caught.value.__cause__.who == "vendor"
