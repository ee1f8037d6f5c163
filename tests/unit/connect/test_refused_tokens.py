"""A token that the vendor refuses (401) is replaced, once."""

from datetime import timedelta

import pytest
from fake_vendor import renewing, token_of

from fairlead.errors import ReconnectRequired


async def test_refused_token_is_renewed(world):
    renewing(world.transport)
    connection = await world.delegated(minutes=60)
    credentials = await world.freshener.fresh_credentials(connection, after_401_of="at-0")
    assert token_of(credentials) == "at-1"


async def test_another_stored_token_is_used_instead(world):
    renewing(world.transport)
    connection = await world.delegated(minutes=60, access_token="at-newer")
    credentials = await world.freshener.fresh_credentials(connection, after_401_of="at-0")
    assert token_of(credentials) == "at-newer"
    assert world.transport.sent == []


async def test_token_that_came_from_a_401_is_not_renewed_at_once_again(world):
    renewing(world.transport)
    connection = await world.delegated(minutes=60)
    first = await world.freshener.fresh_credentials(connection, after_401_of="at-0")
    again = await world.freshener.fresh_credentials(connection, after_401_of=token_of(first))
    assert again == first
    assert len(world.transport.sent) == 1
    world.clock.advance(timedelta(seconds=61))
    later = await world.freshener.fresh_credentials(connection, after_401_of=token_of(first))
    assert token_of(later) == "at-2"


async def test_ordinary_renewal_does_not_hinder_that_after_a_401(world):
    renewing(world.transport)
    connection = await world.delegated(minutes=0)
    first = await world.freshener.fresh_credentials(connection)
    again = await world.freshener.fresh_credentials(connection, after_401_of=token_of(first))
    assert token_of(again) == "at-2"


async def test_claims_that_the_refusal_asks_for_are_asked_of_the_vendor(world):
    renewing(world.transport)
    connection = await world.delegated(minutes=60)
    first = await world.freshener.fresh_credentials(connection, after_401_of="at-0")
    # it was renewed a moment ago, but not for that
    second = await world.freshener.fresh_credentials(
        connection, after_401_of=token_of(first), claims='{"a":1}'
    )
    assert [sent.form.get("claims") for sent in world.transport.sent] == [None, '{"a":1}']
    third = await world.freshener.fresh_credentials(
        connection, after_401_of=token_of(second), claims='{"a":1}'
    )
    assert third == second


async def test_claims_that_only_the_end_user_can_give_end_the_connection(world):
    world.transport.answer = lambda _: (400, {"error": "interaction_required"})
    connection = await world.delegated(minutes=60)
    with pytest.raises(ReconnectRequired, match="connect again"):
        await world.freshener.fresh_credentials(connection, after_401_of="at-0", claims='{"a":1}')
    (fault,) = (await world.read(connection)).errors
    assert fault.code == "reconnect_required"
    (event,) = await world.events()
    assert event.payload["operation"] == "refresh"
