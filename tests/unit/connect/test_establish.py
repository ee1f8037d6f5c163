from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest
from fake_vendor import FakeResponse
from pydantic import SecretStr

from fairlead.errors import (
    BadClientSecret,
    EgressRefused,
    InvalidInput,
    NotFound,
    OperatorError,
    ReconnectRequired,
    SessionExpired,
    Unavailable,
)
from fairlead.model.connect_session import EndUser, Organization
from fairlead.model.connection import Fault
from fairlead.model.credentials import ApiKeyCredentials
from fairlead.model.provider import Account
from fairlead.store import connections, integrations

GOOD = {"access_token": "at-1", "refresh_token": "rt-1", "expires_in": 3600}
USER = EndUser(id="u1", email="a@b.co", organization=Organization(id="o1"), tags={"plan": "x"})


async def _trip(world, key="acme", config=None, **session_changes):
    given = {"end_user": USER, "tags": {"project": "p"}}
    session, _ = await world.sessions.open_session(
        world.environment, **{**given, **session_changes}
    )
    url = await world.sessions.begin(
        world.environment.id, key, session=session, connection_config=config or {}
    )
    state = await world.sessions.claim_state(dict(parse_qsl(urlsplit(url).query))["state"])
    return state, session


async def test_code_becomes_a_connection(world):
    world.transport.answer = lambda _: GOOD
    state, session = await _trip(world)
    connection, is_new = await world.establisher.establish(state, session, "the-code")
    assert is_new
    assert connection.connection_id == state.connection_id
    assert connection.integration_key == "acme"
    assert connection.end_user == USER
    assert connection.tags["end_user_id"] == "u1"
    assert connection.tags["project"] == "p"
    form = world.transport.sent[0].form
    assert form["code"] == "the-code"
    assert form["client_secret"] == "app-secret"
    assert form["code_verifier"] == state.code_verifier.get_secret_value()
    stored = await world.stored(connection)
    assert stored.access_token.get_secret_value() == "at-1"
    assert stored.refresh_token.get_secret_value() == "rt-1"


async def test_it_is_announced_in_the_same_transaction(world):
    world.transport.answer = lambda _: GOOD
    state, session = await _trip(world)
    connection, _ = await world.establisher.establish(state, session, "code")
    (event,) = await world.events()
    assert event.type == "auth"
    assert event.connection_pk == connection.id
    assert event.environment_id == world.environment.id
    assert event.payload == {
        "from": "nango",
        "type": "auth",
        "connectionId": connection.connection_id,
        "providerConfigKey": "acme",
        "authMode": "OAUTH2",
        "provider": "acme",
        "environment": "dev",
        "operation": "creation",
        "tags": connection.tags,
        "endUser": {
            "endUserId": "u1",
            "endUserEmail": "a@b.co",
            "organizationId": "o1",
            "tags": {"plan": "x"},
        },
        "success": True,
    }


async def test_no_secret_is_in_the_open_anywhere(world, sqlite_url):
    world.transport.answer = lambda _: {
        **GOOD,
        "access_token": "hush-at",
        "refresh_token": "hush-rt",
    }
    state, session = await _trip(world)
    await world.establisher.establish(state, session, "hush-code")
    await world.db.close()
    from pathlib import Path

    file = Path(sqlite_url.removeprefix("sqlite:///"))
    for path in file.parent.glob(file.name + "*"):
        content = path.read_bytes()
        assert b"hush" not in content
        assert b"app-secret" not in content


async def test_engine_takes_part_in_the_transaction(world):
    world.transport.answer = lambda _: GOOD
    seen = []

    async def started(tx, connection):
        seen.append(connection.connection_id)
        raise Unavailable("the engine cannot")

    world.establisher.on_established = started
    state, session = await _trip(world)
    with pytest.raises(Unavailable, match="the engine cannot"):
        await world.establisher.establish(state, session, "code")
    assert seen == [state.connection_id]
    async with world.db.read() as tx:
        assert await connections.list_all(tx, world.environment.id) == []
    assert await world.events() == []


async def test_reconnect_keeps_the_connection_and_says_override(world):
    first = await world.delegated(connection_id="c9", config={"old": "1"})
    async with world.db.write() as tx:
        await connections.set_metadata(tx, first.id, {"m": 1}, world.clock.now())
        fault = Fault(
            type="auth",
            code="reconnect_required",
            message="connect again",
            log_id="l",
            created_at=world.clock.now(),
        )
        await connections.set_fault(tx, first.id, fault)
    world.transport.answer = lambda _: GOOD
    state, session = await _trip(world, connection_id="c9")
    again, is_new = await world.establisher.establish(state, session, "code")
    assert not is_new
    assert again.id == first.id
    assert again.connection_id == "c9"
    assert again.metadata == {"m": 1}
    assert again.errors == ()
    assert (await world.stored(again)).access_token.get_secret_value() == "at-1"
    (event,) = await world.events()
    assert event.payload["operation"] == "override"


async def test_trip_belongs_to_its_session(world):
    world.transport.answer = lambda _: GOOD
    state, _ = await _trip(world)
    _, other = await _trip(world)
    for wrong in (other, None):
        with pytest.raises(SessionExpired):
            await world.establisher.establish(state, wrong, "code")
    assert world.transport.sent == []


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((400, {"error": "invalid_grant"}), ReconnectRequired),
        ((401, {"error": "invalid_client"}), BadClientSecret),
        ((503, {}), Unavailable),
        (Unavailable("down"), Unavailable),
    ],
)
async def test_refusal_is_announced_and_nothing_is_kept(world, answer, kind):
    world.transport.answer = lambda _: answer
    state, session = await _trip(world)
    with pytest.raises(kind) as caught:
        await world.establisher.establish(state, session, "code")
    async with world.db.read() as tx:
        assert await connections.list_all(tx, world.environment.id) == []
    (event,) = await world.events()
    assert event.payload["success"] is False
    assert event.payload["operation"] == "creation"
    assert event.payload["error"] == {
        "type": caught.value.code,
        "description": caught.value.message,
    }
    assert event.connection_pk is None


async def test_failed_reconnect_leaves_the_old_grant(world):
    connection = await world.delegated(connection_id="c9")
    world.transport.answer = lambda _: (400, {"error": "invalid_grant"})
    state, session = await _trip(world, connection_id="c9")
    with pytest.raises(ReconnectRequired):
        await world.establisher.establish(state, session, "code")
    assert (await world.stored(connection)).access_token.get_secret_value() == "at-0"
    (event,) = await world.events()
    assert event.payload["operation"] == "override"
    assert event.payload["success"] is False


@pytest.fixture
def hooked(world):
    """A world whose provider asks who connected."""

    async def make(hook):
        provider = replace(world.registry.provider("acme"), on_connected=hook)
        world.registry._providers["acme"] = provider
        return world

    return make


async def test_who_connected_is_asked_and_kept(hooked):
    async def who(tokens, config, send):
        reply = await send("/me")
        assert reply.status == 200
        other = await send("https://api.acme.example/organization")
        return Account(
            {"tenantId": reply.body.decode() + tokens["access_token"], "n": other.status}
        )

    world = await hooked(who)

    def answer(request):
        if request.method == "POST":
            return GOOD
        return FakeResponse(200, b"tid-")

    world.transport.answer = answer
    state, session = await _trip(world, config={"tenantId": "claimed", "kept": "1"})
    connection, _ = await world.establisher.establish(state, session, "code")
    assert connection.connection_config == {"tenantId": "tid-at-1", "kept": "1", "n": 200}
    assert [sent.request.url for sent in world.transport.sent[1:]] == [
        "https://api.acme.example/me",
        "https://api.acme.example/organization",
    ]
    assert {sent.headers["authorization"] for sent in world.transport.sent[1:]} == {"Bearer at-1"}


async def test_hook_sees_the_beginning_of_a_large_answer(hooked):
    async def who(tokens, config, send):
        return Account({"size": len((await send("/me")).body)})

    world = await hooked(who)
    world.transport.answer = lambda request: (
        GOOD if request.method == "POST" else FakeResponse(200, b"x" * 100_000)
    )
    state, session = await _trip(world)
    connection, _ = await world.establisher.establish(state, session, "code")
    assert connection.connection_config == {"size": 65_536}


async def test_hook_cannot_carry_the_token_elsewhere(hooked):
    async def who(tokens, config, send):
        await send("https://evil.example/")
        raise AssertionError

    world = await hooked(who)
    world.transport.answer = lambda _: GOOD
    state, session = await _trip(world)
    with pytest.raises(EgressRefused):
        await world.establisher.establish(state, session, "code")
    assert len(world.transport.sent) == 1


async def test_hook_that_fails_fails_the_trip(hooked):
    async def who(tokens, config, send):
        raise Unavailable("who are you?")

    world = await hooked(who)
    world.transport.answer = lambda _: GOOD
    state, session = await _trip(world)
    with pytest.raises(Unavailable):
        await world.establisher.establish(state, session, "code")
    assert (await world.events())[0].payload["success"] is False


async def test_integration_that_is_gone_or_bare(world):
    state, session = await _trip(world)
    async with world.db.write() as tx:
        await integrations.update(
            tx,
            world.vault,
            world.integrations["acme"],
            changes={"client_id": None},
            now=world.clock.now(),
        )
    with pytest.raises(OperatorError) as caught:
        await world.establisher.establish(state, session, "code")
    assert caught.value.code == "missing_client_id"
    async with world.db.write() as tx:
        await integrations.delete(tx, world.environment.id, "acme")
    with pytest.raises(NotFound) as gone:
        await world.establisher.establish(state, session, "code")
    assert gone.value.code == "unknown_provider_config"


async def _import(world, **changes):
    given = {
        "connection_id": "c1",
        "credentials": ApiKeyCredentials(api_key=SecretStr("k")),
        "connection_config": {},
        "metadata": {"a": 1},
        "end_user": None,
        "tags": {"t": "1"},
        "webhook_url_override": "https://hook.example",
    }
    return await world.establisher.import_connection(
        changes.pop("environment_id", world.environment.id),
        world.integrations[changes.pop("key", "keyed")],
        **{**given, **changes},
    )


async def test_import_and_import_again(world):
    connection, is_new = await _import(world)
    assert is_new
    assert connection.metadata == {"a": 1}
    assert connection.tags == {"t": "1"}
    assert connection.webhook_url_override == "https://hook.example"
    again, is_new = await _import(world, credentials=ApiKeyCredentials(api_key=SecretStr("k2")))
    assert not is_new
    assert again.id == connection.id
    assert (await world.stored(again)).api_key.get_secret_value() == "k2"
    assert [event.payload["operation"] for event in await world.events()] == [
        "creation",
        "override",
    ]


async def test_import_checks_the_config(world):
    with pytest.raises(InvalidInput):
        await _import(world, key="tenanted")
    connection, _ = await _import(world, key="tenanted", connection_config={"tenant": "t1"})
    assert connection.connection_config == {"tenant": "t1", "region": "eu"}


async def test_import_into_another_environment(world):
    with pytest.raises(NotFound):
        await _import(world, environment_id=world.other_environment.id)
