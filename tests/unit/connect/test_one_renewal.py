"""One renewal at a time, whoever asks, whoever goes away."""

import asyncio

import pytest
from fake_vendor import INVALID_GRANT, renewing, token_of
from pydantic import SecretStr

from fairlead.connect.freshen import Freshener
from fairlead.errors import ReconnectRequired
from fairlead.model.credentials import OAuth2Credentials
from fairlead.store import Database, connections
from fairlead.store.sealed import reseal
from fairlead.vault import Vault


@pytest.mark.parametrize("options", [{}, {"force": True}, {"after_401_of": "at-0"}])
async def test_fifty_callers_one_request(world, options):
    renewing(world.transport)
    connection = await world.delegated(minutes=0)
    got = await asyncio.gather(
        *(world.freshener.fresh_credentials(connection, **options) for _ in range(50))
    )
    assert {token_of(each) for each in got} == {"at-1"}
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
        renewing(world.transport)
        connection = await world.delegated(minutes=0)
        fresheners = [world.freshener, world.another_freshener(databases[1])]
        got = await asyncio.gather(
            *(fresheners[n % 2].fresh_credentials(connection) for n in range(50))
        )
        assert {token_of(each) for each in got} == {"at-1"}
        assert len(world.transport.sent) == 1
    finally:
        for database in databases:
            await database.close()


async def test_two_processes_after_the_same_401_one_request(postgresql_url, make_world):
    databases = [await Database.open(postgresql_url) for _ in range(2)]
    try:
        world = await make_world(databases[0])
        renewing(world.transport)
        connection = await world.delegated(minutes=60)
        fresheners = [world.freshener, world.another_freshener(databases[1])]
        got = await asyncio.gather(
            *(
                fresheners[n % 2].fresh_credentials(connection, after_401_of="at-0")
                for n in range(20)
            )
        )
        assert {token_of(each) for each in got} == {"at-1"}
        assert len(world.transport.sent) == 1
    finally:
        for database in databases:
            await database.close()


async def test_connections_do_not_wait_for_each_other(world):
    renewing(world.transport)
    first = await world.delegated(minutes=0, connection_id="c1")
    second = await world.delegated(minutes=60, connection_id="c2")
    world.transport.gate = asyncio.Event()
    waiting = asyncio.create_task(world.freshener.fresh_credentials(first))
    assert token_of(await world.freshener.fresh_credentials(second)) == "at-0"
    assert not waiting.done()
    world.transport.gate.set()
    assert token_of(await waiting) == "at-1"


async def test_caller_who_goes_away_does_not_lose_the_newtoken_of(world):
    renewing(world.transport)
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
    renewing(world.transport)
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
    assert token_of(await renewal) == "at-reconnected"
    assert token_of(await world.stored(connection)) == "at-reconnected"
    assert token_of(await world.freshener.fresh_credentials(connection)) == "at-reconnected"


async def test_reconnect_waits_for_a_renewal(world):
    renewing(world.transport)
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
    assert token_of(await world.stored(connection)) == "at-new"
    assert token_of(await world.freshener.fresh_credentials(connection)) == "at-new"


async def test_sealed_anew_while_the_vendor_is_asked(world):
    """A change of the encryption key must not cost a new refresh token."""
    world.transport.answer = lambda _: {
        "access_token": "at-1",
        "refresh_token": "rt-1",
        "expires_in": 3600,
    }
    world.transport.gate = asyncio.Event()
    connection = await world.delegated(minutes=0)
    server = Freshener(
        world.db, Vault([b"k" * 32, b"n" * 32]), world.registry, world.transport, world.clock
    )
    asked = asyncio.create_task(server.fresh_credentials(connection))
    await world.transport.arrived.wait()
    assert (await reseal(world.db, Vault([b"n" * 32, b"k" * 32]))).resealed == 5
    world.transport.gate.set()
    await asked
    stored = await world.stored(connection)
    assert stored.refresh_token.get_secret_value() == "rt-1"
