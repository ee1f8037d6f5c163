"""When credentials are renewed, and what is kept of the answer."""

from datetime import timedelta

import pytest
from fake_vendor import renewing, token_of
from pydantic import SecretStr
from sqlalchemy import update

from fairlead.model.credentials import ApiKeyCredentials, ClientCredentials, OAuth2Credentials
from fairlead.store import tables


async def test_fresh_ones_are_given_out_as_they_are(world):
    connection = await world.delegated(minutes=16)
    assert token_of(await world.freshener.fresh_credentials(connection)) == "at-0"
    assert world.transport.sent == []


@pytest.mark.parametrize("minutes", [14.9, 0, -60])
async def test_renewed_a_quarter_of_an_hour_before_the_end(world, minutes):
    renewing(world.transport)
    connection = await world.delegated(minutes=minutes)
    credentials = await world.freshener.fresh_credentials(connection)
    assert token_of(credentials) == "at-1"
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
    renewing(world.transport, expires_in=7200)
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
    renewing(world.transport, expires_in=600)
    connection = await world.delegated(minutes=0)
    for seconds in (0, 440, 0):
        world.clock.advance(timedelta(seconds=seconds))
        await world.freshener.fresh_credentials(connection)
    assert len(world.transport.sent) == 1
    world.clock.advance(timedelta(seconds=11))
    assert token_of(await world.freshener.fresh_credentials(connection)) == "at-2"


async def test_renewed_with_the_config_of_now(world):
    renewing(world.transport)
    connection = await world.connect(
        ClientCredentials(token=SecretStr(""), client_id="cc", client_secret=SecretStr("s")),
        key="app-only",
    )
    async with world.db.write() as tx:
        changed = {"oauth_scopes_override": ["newer/.default"]}
        await tx.execute(
            update(tables.connections)
            .where(tables.connections.c.id == connection.id)
            .values(connection_config=changed)
        )
    await world.freshener.fresh_credentials(connection)
    assert world.transport.sent[0].form["scope"] == "newer/.default"


async def test_force_renews_what_is_still_good(world):
    renewing(world.transport)
    connection = await world.delegated(minutes=60)
    assert token_of(await world.freshener.fresh_credentials(connection, force=True)) == "at-1"
    assert token_of(await world.freshener.fresh_credentials(connection, force=True)) == "at-2"
    assert token_of(await world.freshener.fresh_credentials(connection)) == "at-2"


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
    assert token_of(await world.freshener.fresh_credentials(connection)) == "at-0"


async def test_no_expiry_counts_as_fresh(world):
    connection = await world.connect(
        OAuth2Credentials(access_token=SecretStr("at-0"), refresh_token=SecretStr("rt-0"))
    )
    assert token_of(await world.freshener.fresh_credentials(connection)) == "at-0"
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
