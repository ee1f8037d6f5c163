import asyncio
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest

from fairlead.errors import InvalidInput, NotFound, OperatorError, SessionExpired
from fairlead.model.connect_session import EndUser, IntegrationDefaults, Organization
from fairlead.oauth import challenge_of
from fairlead.store import connect_sessions, integrations
from fairlead.vault import hash_token

USER = EndUser(
    id="u1",
    email="a@b.co",
    display_name="Ada",
    tags={"Plan": "x"},
    organization=Organization(id="o1", display_name="Org"),
)


async def _session(world, **changes):
    given = {"end_user": USER, "tags": {}}
    return await world.sessions.open_session(world.environment, **{**given, **changes})


def _params(url):
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


async def _begin(world, key="acme", session=None, config=None, **more):
    return await world.sessions.begin(
        world.environment.id, key, session=session, connection_config=config or {}, **more
    )


async def test_session_is_found_by_its_token_only(world):
    session, token = await _session(world)
    assert await world.sessions.find(token) == session
    assert session.token_hash == hash_token(token)
    for wrong in (session.token_hash, session.id, token[:-1], ""):
        with pytest.raises(SessionExpired):
            await world.sessions.find(wrong)


async def test_token_is_nowhere_in_the_row(world):
    session, token = await _session(world)
    async with world.db.read() as tx:
        kept = await connect_sessions.find(tx, session.id)
    assert token not in kept.model_dump_json()


async def test_session_lives_thirty_minutes(world):
    session, token = await _session(world)
    assert session.expires_at == world.clock.now() + timedelta(minutes=30)
    world.clock.advance(timedelta(minutes=29, seconds=59))
    await world.sessions.find(token)
    world.clock.advance(timedelta(seconds=1))
    with pytest.raises(SessionExpired) as caught:
        await world.sessions.find(token)
    assert caught.value.status == 401
    with pytest.raises(SessionExpired):
        await _begin(world, session=session)


async def test_what_is_long_over_is_deleted(world):
    session, _ = await _session(world)
    state = _params(await _begin(world, session=session))["state"]
    for minutes, is_there in ((89, True), (1, False)):
        world.clock.advance(timedelta(minutes=minutes))
        await _session(world)
        async with world.db.read() as tx:
            assert (await connect_sessions.find(tx, session.id) is not None) is is_there
    async with world.db.write() as tx:
        assert await connect_sessions.claim_state(tx, world.vault, state) is None


async def test_tags_follow_from_the_user_and_are_overlaid(world):
    session, _ = await _session(world, tags={"Project": "p", "end_user_id": "other"})
    assert session.tags == {
        "end_user_id": "other",
        "end_user_email": "a@b.co",
        "end_user_display_name": "Ada",
        "organization_id": "o1",
        "organization_display_name": "Org",
        "plan": "x",
        "project": "p",
    }


async def test_session_without_a_user_has_its_own_tags(world):
    session, _ = await _session(world, end_user=None, tags={"a": "b"})
    assert session.tags == {"a": "b"}


async def test_trip_is_kept_whole_and_bound_to_the_session(world):
    session, _ = await _session(world)
    url = await _begin(world, session=session, ws_client_id="ws-1")
    params = _params(url)
    state = await world.sessions.claim_state(params["state"])
    assert state.connect_session_id == session.id
    assert state.integration_key == "acme"
    assert state.ws_client_id == "ws-1"
    assert state.redirect_uri == "https://fairlead.example/oauth/callback" == params["redirect_uri"]
    assert challenge_of(state.code_verifier.get_secret_value()) == params["code_challenge"]
    assert params["client_id"] == "app"
    assert params["scope"] == "files.read offline_access"
    assert params["prompt"] == "select_account"
    assert state.authorization_params == {"scope": "files.read offline_access"}


async def test_state_serves_once(world):
    state = _params(await _begin(world))["state"]
    await world.sessions.claim_state(state)
    with pytest.raises(NotFound) as caught:
        await world.sessions.claim_state(state)
    assert caught.value.code == "invalid_state"


async def test_of_many_claims_one_wins(database, make_world):
    world = await make_world(database)
    state = _params(await _begin(world))["state"]
    outcomes = await asyncio.gather(
        *(world.sessions.claim_state(state) for _ in range(20)), return_exceptions=True
    )
    assert sum(not isinstance(outcome, Exception) for outcome in outcomes) == 1
    assert all(
        outcome.code == "invalid_state" for outcome in outcomes if isinstance(outcome, Exception)
    )


@pytest.mark.parametrize("state", ["", "forged", "x" * 5000, "' OR 1=1 --"])
async def test_forged_state(world, state):
    await _begin(world)
    with pytest.raises(NotFound) as caught:
        await world.sessions.claim_state(state)
    assert caught.value.code == "invalid_state"


async def test_old_state_is_over_even_the_first_time(world):
    state = _params(await _begin(world))["state"]
    world.clock.advance(timedelta(minutes=30))
    with pytest.raises(NotFound) as caught:
        await world.sessions.claim_state(state)
    assert caught.value.code == "invalid_state"


async def test_reconnect_keeps_the_connections_id(world):
    session, _ = await _session(world, connection_id="c7")
    state = _params(await _begin(world, session=session))["state"]
    assert (await world.sessions.claim_state(state)).connection_id == "c7"


async def test_every_other_trip_has_an_id_of_its_own(world):
    ids = set()
    for _ in range(2):
        state = _params(await _begin(world))["state"]
        ids.add((await world.sessions.claim_state(state)).connection_id)
    assert len(ids) == 2


async def test_session_says_what_is_asked(world):
    defaults = {
        "acme": IntegrationDefaults(
            user_scopes="chat",
            authorization_params={"prompt": "", "login_hint": "a@b.co"},
            connection_config={"oauth_scopes_override": "mail, offline_access"},
        )
    }
    session, _ = await _session(world, defaults=defaults)
    params = _params(await _begin(world, session=session))
    assert "prompt" not in params
    assert params["login_hint"] == "a@b.co"
    assert params["scope"] == "mail offline_access"
    state = await world.sessions.claim_state(params["state"])
    assert state.connection_config == {
        "oauth_scopes_override": ["mail", "offline_access"],
        "user_scope": "chat",
    }


async def test_session_always_wins_over_the_browser(world):
    defaults = {
        "tenanted": IntegrationDefaults(connection_config={"tenant": "fixed", "webhook_url": "x"})
    }
    session, _ = await _session(world, defaults=defaults)
    browser = {
        "tenant": "chosen",
        "region": "us",
        "oauth_scopes_override": "everything",
        "user_scope": "everything",
        "webhook_url": "https://evil.example",
        "number": 5,
    }
    url = await _begin(world, "tenanted", session=session, config=browser)
    assert urlsplit(url).path == "/fixed/authorize"
    assert "scope" not in _params(url)
    state = await world.sessions.claim_state(_params(url)["state"])
    assert state.connection_config == {"tenant": "fixed", "region": "us"}


async def test_without_a_session_the_browser_may_choose_scopes(world):
    url = await _begin(world, config={"oauth_scopes_override": "mail", "webhook_url": "x"})
    assert _params(url)["scope"] == "mail offline_access"
    url = await _begin(world, config={"oauth_scopes_override": " , "})
    assert _params(url)["scope"] == "files.read offline_access"


async def test_defaults_of_another_integration_do_not_count(world):
    defaults = {"tenanted": IntegrationDefaults(authorization_params={"prompt": "none"})}
    session, _ = await _session(world, defaults=defaults)
    assert _params(await _begin(world, session=session))["prompt"] == "select_account"


async def test_provider_defaults_fill_what_is_left_out(world):
    state = _params(await _begin(world, "tenanted", config={"tenant": "t1"}))["state"]
    assert (await world.sessions.claim_state(state)).connection_config["region"] == "eu"


@pytest.mark.parametrize("value", [None, "", "NOT OK", "../x"])
async def test_config_is_checked(world, value):
    config = {} if value is None else {"tenant": value}
    with pytest.raises(InvalidInput) as caught:
        await _begin(world, "tenanted", config=config)
    assert caught.value.code == "invalid_connection_config"
    assert caught.value.issues[0]["path"] == ["connection_config", "tenant"]
    assert "Tenant" in caught.value.message


async def test_forbidden_override_is_refused_and_nothing_is_kept(world):
    defaults = {"acme": IntegrationDefaults(authorization_params={"redirect_uri": "https://e.x"})}
    session, _ = await _session(world, defaults=defaults)
    with pytest.raises(InvalidInput) as caught:
        await _begin(world, session=session)
    assert caught.value.code == "authorization_param_not_allowed"


async def test_session_restricts_integrations(world):
    session, _ = await _session(world, allowed_integrations=("tenanted",))
    with pytest.raises(InvalidInput) as caught:
        await _begin(world, session=session)
    assert caught.value.code == "integration_not_allowed"


async def test_session_of_another_environment(world):
    session, _ = await _session(world)
    with pytest.raises(SessionExpired):
        await world.sessions.begin(
            world.other_environment.id, "acme", session=session, connection_config={}
        )


async def test_unknown_integration(world):
    with pytest.raises(NotFound) as caught:
        await _begin(world, "nope")
    assert caught.value.code == "unknown_provider_config"
    with pytest.raises(NotFound):
        await world.sessions.begin(
            world.other_environment.id, "acme", session=None, connection_config={}
        )


@pytest.mark.parametrize("key", ["app-only", "keyed"])
async def test_other_auth_modes_have_no_sign_in_page(world, key):
    with pytest.raises(InvalidInput) as caught:
        await _begin(world, key)
    assert caught.value.code == "invalid_auth_mode"


async def test_integration_without_a_client_id(world):
    async with world.db.write() as tx:
        await integrations.update(
            tx,
            world.vault,
            world.integrations["acme"],
            changes={"client_id": None},
            now=world.clock.now(),
        )
    with pytest.raises(OperatorError) as caught:
        await _begin(world)
    assert caught.value.code == "missing_client_id"


async def test_scopes_of_the_integration(world):
    async with world.db.write() as tx:
        await integrations.update(
            tx,
            world.vault,
            world.integrations["acme"],
            changes={"scopes": (".default", "offline_access")},
            now=world.clock.now(),
        )
    assert _params(await _begin(world))["scope"] == ".default offline_access"


async def test_an_operator_may_set_parameters_and_the_session_wins(world):
    config = {"authorization_params.prompt": "consent", "authorization_params.hint": "h", "x": "y"}
    async with world.db.write() as tx:
        acme = world.integrations["acme"]
        await integrations.update(
            tx, world.vault, acme, changes={"config": config}, now=world.clock.now()
        )
    params = _params(await _begin(world))
    assert (params["prompt"], params["hint"], "x" in params) == ("consent", "h", False)
    defaults = {"acme": IntegrationDefaults(authorization_params={"prompt": ""})}
    session, _ = await _session(world, defaults=defaults)
    params = _params(await _begin(world, session=session))
    assert ("prompt" in params, params["hint"]) == (False, "h")
