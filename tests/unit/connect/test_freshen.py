import asyncio
from datetime import timedelta

import pytest
from pydantic import SecretStr

from fairlead.errors import (
    BadClientSecret,
    FairleadError,
    InternalError,
    NotFound,
    ReconnectRequired,
    Rejected,
    Throttled,
    Unavailable,
    VaultError,
)
from fairlead.model.connect_session import EndUser
from fairlead.model.credentials import ApiKeyCredentials, ClientCredentials, OAuth2Credentials
from fairlead.store import Database, connections, integrations
from fairlead.vault import Vault

INVALID_GRANT = (400, {"error": "invalid_grant"})


def _token(credentials):
    return credentials.access_token.get_secret_value()


def _renewing(world, *, expires_in=3600, **more):
    """Let the vendor give out at-1/rt-1, at-2/rt-2, ..."""

    def answer(_):
        number = len(world.transport.sent)
        return {
            "access_token": f"at-{number}",
            "refresh_token": f"rt-{number}",
            "expires_in": expires_in,
            **more,
        }

    world.transport.answer = answer


async def test_fresh_ones_are_given_out_as_they_are(world):
    connection = await world.delegated(minutes=16)
    assert _token(await world.freshener.fresh_credentials(connection)) == "at-0"
    assert world.transport.sent == []


@pytest.mark.parametrize("minutes", [14.9, 0, -60])
async def test_renewed_a_quarter_of_an_hour_before_the_end(world, minutes):
    _renewing(world)
    connection = await world.delegated(minutes=minutes)
    credentials = await world.freshener.fresh_credentials(connection)
    assert _token(credentials) == "at-1"
    assert credentials.expires_at == world.clock.now() + timedelta(hours=1)
    assert world.transport.sent[0].form == {
        "grant_type": "refresh_token",
        "refresh_token": "rt-0",
        "client_id": "app",
        "client_secret": "app-secret",
    }
    stored = await world.stored(connection)
    assert stored == credentials
    assert stored.refresh_token.get_secret_value() == "rt-1"
    assert await world.events() == []


async def test_the_newest_refresh_token_is_used_next(world):
    _renewing(world, expires_in=7200)
    connection = await world.delegated(minutes=0)
    await world.freshener.fresh_credentials(connection)
    world.clock.advance(timedelta(hours=2))
    await world.freshener.fresh_credentials(connection)
    assert [sent.form["refresh_token"] for sent in world.transport.sent] == ["rt-0", "rt-1"]


async def test_reply_without_a_refresh_token_keeps_the_old(world):
    world.transport.answer = lambda _: {"access_token": "at-1", "expires_in": 3600}
    connection = await world.delegated(minutes=0)
    await world.freshener.fresh_credentials(connection)
    assert (await world.stored(connection)).refresh_token.get_secret_value() == "rt-0"


async def test_short_lived_tokens_are_not_always_due(world):
    _renewing(world, expires_in=600)
    connection = await world.delegated(minutes=0)
    for seconds in (0, 440, 0):
        world.clock.advance(timedelta(seconds=seconds))
        await world.freshener.fresh_credentials(connection)
    assert len(world.transport.sent) == 1
    world.clock.advance(timedelta(seconds=11))
    assert _token(await world.freshener.fresh_credentials(connection)) == "at-2"


async def test_renewed_with_the_config_of_now(world):
    _renewing(world)
    connection = await world.connect(
        ClientCredentials(token=SecretStr(""), client_id="cc", client_secret=SecretStr("s")),
        key="app-only",
    )
    async with world.db.write() as tx:
        changes = {"connection_config": {"oauth_scopes_override": ["newer/.default"]}}
        await connections.patch(tx, connection.id, changes=changes, now=world.clock.now())
    await world.freshener.fresh_credentials(connection)
    assert world.transport.sent[0].form["scope"] == "newer/.default"


async def test_force_renews_what_is_still_good(world):
    _renewing(world)
    connection = await world.delegated(minutes=60)
    assert _token(await world.freshener.fresh_credentials(connection, force=True)) == "at-1"
    assert _token(await world.freshener.fresh_credentials(connection, force=True)) == "at-2"
    assert _token(await world.freshener.fresh_credentials(connection)) == "at-2"


@pytest.mark.parametrize(
    "credentials",
    [
        ApiKeyCredentials(api_key=SecretStr("k")),
        OAuth2Credentials(access_token=SecretStr("at-0")),
    ],
    ids=["static key", "no refresh token"],
)
@pytest.mark.parametrize("options", [{}, {"force": True}, {"after_401_of": "at-0"}])
async def test_what_cannot_be_renewed_comes_back_as_it_is(world, credentials, options):
    key = "keyed" if credentials.type == "API_KEY" else "acme"
    connection = await world.connect(credentials, key=key)
    assert await world.freshener.fresh_credentials(connection, **options) == credentials
    assert world.transport.sent == []


async def test_expired_without_a_refresh_token_is_told_as_it_is(world):
    connection = await world.delegated(minutes=-5, refresh_token=None)
    assert _token(await world.freshener.fresh_credentials(connection)) == "at-0"


async def test_no_expiry_counts_as_fresh(world):
    connection = await world.connect(
        OAuth2Credentials(access_token=SecretStr("at-0"), refresh_token=SecretStr("rt-0"))
    )
    assert _token(await world.freshener.fresh_credentials(connection)) == "at-0"
    assert world.transport.sent == []


async def test_client_credentials_are_fetched_and_renewed(world):
    world.transport.answer = lambda _: {
        "access_token": f"app-{len(world.transport.sent)}",
        "expires_in": 3600,
    }
    connection = await world.connect(
        ClientCredentials(token=SecretStr(""), client_id="cc", client_secret=SecretStr("s")),
        key="app-only",
        config={"oauth_scopes_override": ["only/.default"]},
    )
    credentials = await world.freshener.fresh_credentials(connection)
    assert credentials.token.get_secret_value() == "app-1"
    assert world.transport.sent[0].form == {
        "grant_type": "client_credentials",
        "client_id": "cc",
        "client_secret": "s",
        "scope": "only/.default",
    }
    world.clock.advance(timedelta(minutes=46))
    assert (await world.freshener.fresh_credentials(connection)).token.get_secret_value() == "app-2"


# --- after a 401


async def test_refused_token_is_renewed(world):
    _renewing(world)
    connection = await world.delegated(minutes=60)
    credentials = await world.freshener.fresh_credentials(connection, after_401_of="at-0")
    assert _token(credentials) == "at-1"


async def test_another_stored_token_is_used_instead(world):
    _renewing(world)
    connection = await world.delegated(minutes=60, access_token="at-newer")
    credentials = await world.freshener.fresh_credentials(connection, after_401_of="at-0")
    assert _token(credentials) == "at-newer"
    assert world.transport.sent == []


async def test_token_that_came_from_a_401_is_not_renewed_at_once_again(world):
    _renewing(world)
    connection = await world.delegated(minutes=60)
    first = await world.freshener.fresh_credentials(connection, after_401_of="at-0")
    again = await world.freshener.fresh_credentials(connection, after_401_of=_token(first))
    assert again == first
    assert len(world.transport.sent) == 1
    world.clock.advance(timedelta(seconds=61))
    later = await world.freshener.fresh_credentials(connection, after_401_of=_token(first))
    assert _token(later) == "at-2"


async def test_ordinary_renewal_does_not_hinder_that_after_a_401(world):
    _renewing(world)
    connection = await world.delegated(minutes=0)
    first = await world.freshener.fresh_credentials(connection)
    again = await world.freshener.fresh_credentials(connection, after_401_of=_token(first))
    assert _token(again) == "at-2"


# --- one at a time


@pytest.mark.parametrize("options", [{}, {"force": True}, {"after_401_of": "at-0"}])
async def test_fifty_callers_one_request(world, options):
    _renewing(world)
    connection = await world.delegated(minutes=0)
    got = await asyncio.gather(
        *(world.freshener.fresh_credentials(connection, **options) for _ in range(50))
    )
    assert {_token(each) for each in got} == {"at-1"}
    assert len(world.transport.sent) == 1


async def test_fifty_callers_one_failure(world):
    world.transport.answer = lambda _: INVALID_GRANT
    connection = await world.delegated(minutes=0)
    got = await asyncio.gather(
        *(world.freshener.fresh_credentials(connection) for _ in range(50)),
        return_exceptions=True,
    )
    assert {type(each) for each in got} == {ReconnectRequired}
    assert len(world.transport.sent) == 1
    assert len(await world.events()) == 1


async def test_two_processes_on_one_postgresql_one_request(postgresql_url, make_world):
    databases = [await Database.open(postgresql_url) for _ in range(2)]
    try:
        world = await make_world(databases[0])
        _renewing(world)
        connection = await world.delegated(minutes=0)
        fresheners = [world.freshener, world.another_freshener(databases[1])]
        got = await asyncio.gather(
            *(fresheners[n % 2].fresh_credentials(connection) for n in range(50))
        )
        assert {_token(each) for each in got} == {"at-1"}
        assert len(world.transport.sent) == 1
    finally:
        for database in databases:
            await database.close()


async def test_two_processes_after_the_same_401_one_request(postgresql_url, make_world):
    databases = [await Database.open(postgresql_url) for _ in range(2)]
    try:
        world = await make_world(databases[0])
        _renewing(world)
        connection = await world.delegated(minutes=60)
        fresheners = [world.freshener, world.another_freshener(databases[1])]
        got = await asyncio.gather(
            *(
                fresheners[n % 2].fresh_credentials(connection, after_401_of="at-0")
                for n in range(20)
            )
        )
        assert {_token(each) for each in got} == {"at-1"}
        assert len(world.transport.sent) == 1
    finally:
        for database in databases:
            await database.close()


async def test_connections_do_not_wait_for_each_other(world):
    _renewing(world)
    first = await world.delegated(minutes=0, connection_id="c1")
    second = await world.delegated(minutes=60, connection_id="c2")
    world.transport.gate = asyncio.Event()
    waiting = asyncio.create_task(world.freshener.fresh_credentials(first))
    assert _token(await world.freshener.fresh_credentials(second)) == "at-0"
    assert not waiting.done()
    world.transport.gate.set()
    assert _token(await waiting) == "at-1"


async def test_caller_who_goes_away_does_not_lose_the_new_token(world):
    _renewing(world)
    connection = await world.delegated(minutes=0)
    world.transport.gate = asyncio.Event()
    caller = asyncio.create_task(world.freshener.fresh_credentials(connection))
    await world.transport.arrived.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    world.transport.gate.set()
    await world.freshener.close()
    assert (await world.stored(connection)).refresh_token.get_secret_value() == "rt-1"


async def test_failure_that_nobody_waits_for_makes_no_noise(world, caplog):
    world.transport.answer = lambda _: INVALID_GRANT
    connection = await world.delegated(minutes=0)
    world.transport.gate = asyncio.Event()
    caller = asyncio.create_task(world.freshener.fresh_credentials(connection))
    await world.transport.arrived.wait()
    caller.cancel()
    world.transport.gate.set()
    await world.freshener.close()
    assert "never retrieved" not in caplog.text


async def test_reconnect_during_a_renewal_wins(world):
    """The old grant's tokens must not be put over those of the new one."""
    _renewing(world)
    connection = await world.delegated(minutes=0)
    world.transport.gate = asyncio.Event()
    renewal = asyncio.create_task(world.freshener.fresh_credentials(connection))
    await world.transport.arrived.wait()
    async with world.db.write() as tx:
        from fairlead.vault import credentials_row

        row = credentials_row(world.environment.id, connection.integration_id, "c1")
        newer = OAuth2Credentials(
            access_token=SecretStr("at-reconnected"), refresh_token=SecretStr("rt-reconnected")
        )
        await connections.set_sealed(
            tx, connection.id, world.vault.seal_credentials(newer, row=row), world.clock.now()
        )
    world.freshener.forget(connection.id)
    world.transport.gate.set()
    assert _token(await renewal) == "at-reconnected"
    assert _token(await world.stored(connection)) == "at-reconnected"
    assert _token(await world.freshener.fresh_credentials(connection)) == "at-reconnected"


async def test_reconnect_waits_for_a_renewal(world):
    _renewing(world)
    connection = await world.delegated(minutes=0)
    world.transport.gate = asyncio.Event()
    renewal = asyncio.create_task(world.freshener.fresh_credentials(connection))
    await world.transport.arrived.wait()
    reconnect = asyncio.create_task(world.delegated(access_token="at-new"))
    for _ in range(20):
        # it would be through long ago
        await world.read(connection)
    assert not reconnect.done()
    world.transport.gate.set()
    await renewal
    await reconnect
    assert _token(await world.stored(connection)) == "at-new"
    assert _token(await world.freshener.fresh_credentials(connection)) == "at-new"


# --- failures


async def test_passing_failure_backs_off_and_serves_what_is_valid(world):
    world.transport.answer = lambda _: (503, {})
    connection = await world.delegated(minutes=10)
    for _ in range(3):
        assert _token(await world.freshener.fresh_credentials(connection)) == "at-0"
    assert len(world.transport.sent) == 1
    assert (await world.read(connection)).errors == ()
    assert await world.events() == []
    world.clock.advance(timedelta(seconds=30))
    _renewing(world)
    assert _token(await world.freshener.fresh_credentials(connection)) == "at-2"


async def test_passing_failure_with_nothing_valid_is_told_and_backs_off(world):
    world.transport.answer = lambda _: Unavailable("Acme is down; try again later")
    connection = await world.delegated(minutes=-1)
    for _ in range(3):
        with pytest.raises(Unavailable, match="down"):
            await world.freshener.fresh_credentials(connection)
    assert len(world.transport.sent) == 1
    assert (await world.stored(connection)).refresh_token.get_secret_value() == "rt-0"
    with pytest.raises(Unavailable):
        await world.freshener.fresh_credentials(connection, force=True)
    assert len(world.transport.sent) == 2


async def test_throttled_token_endpoint_is_passing(world):
    world.transport.answer = lambda _: (429, {})
    connection = await world.delegated(minutes=-1)
    with pytest.raises(Throttled):
        await world.freshener.fresh_credentials(connection)
    assert (await world.read(connection)).errors == ()


@pytest.mark.parametrize("options", [{"force": True}, {"after_401_of": "at-0"}])
async def test_whoever_wants_other_credentials_gets_no_old_ones(world, options):
    world.transport.answer = lambda _: (503, {})
    connection = await world.delegated(minutes=10)
    with pytest.raises(Unavailable):
        await world.freshener.fresh_credentials(connection, **options)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (INVALID_GRANT, ReconnectRequired),
        ((401, {"error": "invalid_client"}), BadClientSecret),
        ((400, {"error": "invalid_request"}), Rejected),
    ],
)
async def test_final_failure_sets_a_fault_and_is_announced_once(world, answer, kind):
    world.transport.answer = lambda _: answer
    user = EndUser(id="u1")
    connection = await world.delegated(minutes=-1, end_user=user, tags={"a": "b"})
    with pytest.raises(kind) as caught:
        await world.freshener.fresh_credentials(connection)
    (fault,) = (await world.read(connection)).errors
    assert fault.type == "auth"
    assert fault.code == caught.value.code
    assert fault.message == caught.value.message
    (event,) = await world.events()
    assert fault.log_id == event.id
    assert event.connection_pk == connection.id
    assert event.payload["operation"] == "refresh"
    assert event.payload["success"] is False
    assert event.payload["error"] == {
        "type": caught.value.code,
        "description": caught.value.message,
    }
    assert event.payload["tags"] == {"a": "b"}
    assert event.payload["endUser"]["endUserId"] == "u1"
    # no vendor call meanwhile; after it one, but no second announcement
    with pytest.raises(kind):
        await world.freshener.fresh_credentials(connection)
    assert len(world.transport.sent) == 1
    world.clock.advance(timedelta(seconds=30))
    with pytest.raises(kind):
        await world.freshener.fresh_credentials(connection)
    assert len(world.transport.sent) == 2
    assert await world.events() == []


async def test_operators_trouble_leaves_the_last_minutes(world):
    world.transport.answer = lambda _: (401, {"error": "invalid_client"})
    connection = await world.delegated(minutes=10)
    assert _token(await world.freshener.fresh_credentials(connection)) == "at-0"
    (fault,) = (await world.read(connection)).errors
    assert fault.code == "bad_client_secret"


async def test_grant_that_is_over_is_over_now(world):
    world.transport.answer = lambda _: INVALID_GRANT
    connection = await world.delegated(minutes=10)
    with pytest.raises(ReconnectRequired):
        await world.freshener.fresh_credentials(connection)


async def test_success_clears_the_fault(world):
    world.transport.answer = lambda _: INVALID_GRANT
    connection = await world.delegated(minutes=-1)
    with pytest.raises(ReconnectRequired):
        await world.freshener.fresh_credentials(connection)
    _renewing(world)
    await world.freshener.fresh_credentials(connection, force=True)
    assert (await world.read(connection)).errors == ()
    # and a later failure is announced again
    await world.events()
    world.transport.answer = lambda _: INVALID_GRANT
    with pytest.raises(ReconnectRequired):
        await world.freshener.fresh_credentials(connection, force=True)
    assert len(await world.events()) == 1


async def test_raised_copies_do_not_collect_tracebacks(world):
    world.transport.answer = lambda _: INVALID_GRANT
    connection = await world.delegated(minutes=-1)
    seen = set()
    for _ in range(3):
        with pytest.raises(ReconnectRequired) as caught:
            await world.freshener.fresh_credentials(connection)
        seen.add(id(caught.value))
        assert caught.value.message
        assert isinstance(caught.value, FairleadError)
    assert len(seen) >= 1


async def test_deleted_connection(world):
    connection = await world.delegated(minutes=60)
    async with world.db.write() as tx:
        await connections.delete(tx, connection.id)
    with pytest.raises(NotFound):
        await world.freshener.fresh_credentials(connection)


async def test_deleted_during_a_renewal(world):
    _renewing(world)
    connection = await world.delegated(minutes=0)
    world.transport.gate = asyncio.Event()
    renewal = asyncio.create_task(world.freshener.fresh_credentials(connection))
    await world.transport.arrived.wait()
    async with world.db.write() as tx:
        await connections.delete(tx, connection.id)
    world.transport.gate.set()
    with pytest.raises(NotFound):
        await renewal


async def test_deleted_during_a_failing_renewal(world):
    world.transport.answer = lambda _: INVALID_GRANT
    connection = await world.delegated(minutes=0)
    world.transport.gate = asyncio.Event()
    renewal = asyncio.create_task(world.freshener.fresh_credentials(connection))
    await world.transport.arrived.wait()
    async with world.db.write() as tx:
        await integrations.delete(tx, world.environment.id, "acme")
    world.transport.gate.set()
    with pytest.raises(ReconnectRequired):
        await renewal


async def test_key_that_does_not_open_is_ours_to_mend(world):
    connection = await world.delegated(minutes=0)
    world.freshener._vault = Vault([b"x" * 32])
    with pytest.raises(VaultError) as caught:
        await world.freshener.fresh_credentials(connection)
    assert isinstance(caught.value, InternalError)
    assert (await world.read(connection)).errors == ()


# --- the cache


async def test_opened_credentials_are_remembered_for_half_a_minute(world):
    connection = await world.delegated(minutes=60)
    await world.freshener.fresh_credentials(connection)
    async with world.db.write() as tx:
        await connections.delete(tx, connection.id)
    world.clock.advance(timedelta(seconds=29))
    assert _token(await world.freshener.fresh_credentials(connection)) == "at-0"
    world.clock.advance(timedelta(seconds=1))
    with pytest.raises(NotFound):
        await world.freshener.fresh_credentials(connection)


async def test_never_beyond_the_margin(world):
    _renewing(world)
    connection = await world.delegated(minutes=15.1)
    await world.freshener.fresh_credentials(connection)
    world.clock.advance(timedelta(seconds=10))
    assert _token(await world.freshener.fresh_credentials(connection)) == "at-1"


async def test_forget_empties_it_at_once(world):
    connection = await world.delegated(minutes=60)
    await world.freshener.fresh_credentials(connection)
    async with world.db.write() as tx:
        await connections.delete(tx, connection.id)
    world.freshener.forget(connection.id)
    with pytest.raises(NotFound):
        await world.freshener.fresh_credentials(connection)


async def test_forget_lifts_the_back_off(world):
    world.transport.answer = lambda _: INVALID_GRANT
    connection = await world.delegated(minutes=-1)
    with pytest.raises(ReconnectRequired):
        await world.freshener.fresh_credentials(connection)
    _renewing(world)
    world.freshener.forget(connection.id)
    assert _token(await world.freshener.fresh_credentials(connection)) == "at-2"


async def test_what_was_read_before_a_forget_is_not_remembered(world):
    connection = await world.delegated(minutes=60)
    reader = asyncio.create_task(world.freshener.fresh_credentials(connection))
    await asyncio.sleep(0)
    world.freshener.forget(connection.id)
    assert _token(await reader) == "at-0"
    assert world.freshener._cache.get(connection.id, world.clock.now()) is None


async def test_memory_is_bounded(monkeypatch):
    from datetime import UTC, datetime

    from fairlead.connect import remembered

    monkeypatch.setattr(remembered, "_MOST", 3)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    kept = remembered.Remembered()
    for pk in range(5):
        kept.put(pk, pk, now + timedelta(seconds=1))
    assert [kept.get(pk, now) for pk in range(5)] == [None, None, 2, 3, 4]
    assert kept.get(4, now + timedelta(seconds=1)) is None
