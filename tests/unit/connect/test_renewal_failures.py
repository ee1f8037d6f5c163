"""What cannot be renewed: what passes, what is final, who is told."""

import asyncio
from datetime import timedelta

import pytest
from fake_vendor import INVALID_GRANT, renewing, token_of

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
from fairlead.store import connections, integrations
from fairlead.vault import Vault


async def test_passing_failure_backs_off_and_serves_what_is_valid(world):
    world.transport.answer = lambda _: (503, {})
    connection = await world.delegated(minutes=10)
    for _ in range(3):
        assert token_of(await world.freshener.fresh_credentials(connection)) == "at-0"
    assert len(world.transport.sent) == 1
    assert (await world.read(connection)).errors == ()
    assert await world.events() == []
    world.clock.advance(timedelta(seconds=30))
    renewing(world.transport)
    assert token_of(await world.freshener.fresh_credentials(connection)) == "at-2"


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
    assert token_of(await world.freshener.fresh_credentials(connection)) == "at-0"
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
    renewing(world.transport)
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
    renewing(world.transport)
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


async def test_final_failures_are_asked_about_ever_more_rarely(world):
    """An operator may have set a new secret, an admin enabled the user; nobody needs to tell us."""
    world.transport.answer = lambda _: INVALID_GRANT
    connection = await world.delegated(minutes=-1)
    asked_at = []
    start = world.clock.now()
    for _ in range(120):
        before = len(world.transport.sent)
        with pytest.raises(ReconnectRequired):
            await world.freshener.fresh_credentials(connection)
        if len(world.transport.sent) > before:
            asked_at.append((world.clock.now() - start).total_seconds())
        world.clock.advance(timedelta(seconds=10))
    assert asked_at == [0, 30, 90, 210, 450, 750, 1050]
    # once it works, it begins anew
    renewing(world.transport)
    await world.freshener.fresh_credentials(connection, force=True)
    world.transport.answer = lambda _: INVALID_GRANT
    for _ in range(2):
        world.clock.advance(timedelta(minutes=60))
        with pytest.raises(ReconnectRequired):
            await world.freshener.fresh_credentials(connection)
    assert len(world.transport.sent) == 10


async def test_a_vendor_that_says_how_long_is_left_alone_so_long(world):
    world.transport.answer = lambda _: Throttled("Wait", retry_after=120)
    connection = await world.delegated(minutes=-1)
    for seconds, asked in ((0, 1), (119, 1), (1, 2)):
        world.clock.advance(timedelta(seconds=seconds))
        with pytest.raises(Throttled):
            await world.freshener.fresh_credentials(connection)
        assert len(world.transport.sent) == asked
