"""Tokens for further APIs: one each, renewed on its own, fetched once whoever asks."""

import asyncio
from datetime import timedelta

import pytest
from pydantic import SecretStr

from fairlead.errors import FairleadError, NotFound, ReconnectRequired, Unavailable
from fairlead.model.credentials import ApiKeyCredentials, ClientCredentials
from fairlead.store import Database, connection_tokens, connections

HOST = "https://contoso.files.example"
MY = "https://contoso-my.files.example"


def vendor(world, *, expires_in=3600, rotates=True):
    """Let the vendor give out `HOST#1`, ... and, if it rotates, rt-1, ..."""

    def answer(_):
        number, form = len(world.transport.sent), world.transport.sent[-1].form
        reply = {
            "access_token": f"{form.get('resource', 'main')}#{number}",
            "expires_in": expires_in,
        }
        return reply | ({"refresh_token": f"rt-{number}"} if rotates else {})

    world.transport.answer = answer


async def fresh(world, connection, audience=HOST, freshener=None, **more):
    freshener = freshener or world.freshener
    credentials = await freshener.fresh_credentials(connection, audience=audience, **more)
    return credentials.access_token.get_secret_value()


def forms(world):
    return [sent.form for sent in world.transport.sent]


async def test_each_api_has_its_own(world):
    vendor(world)
    connection = await world.delegated()
    assert [await fresh(world, connection, where) for where in (HOST, MY, HOST)] == [
        f"{HOST}#1",
        f"{MY}#2",
        f"{HOST}#1",
    ]
    main = await world.freshener.fresh_credentials(connection)
    assert main.access_token.get_secret_value() == "at-0"
    # the newest refresh token is used, and kept with the connection
    assert [form["refresh_token"] for form in forms(world)] == ["rt-0", "rt-1"]
    assert (await world.stored(connection)).refresh_token.get_secret_value() == "rt-2"


async def test_it_is_kept_sealed_for_other_processes(world):
    vendor(world)
    connection = await world.delegated()
    token = await fresh(world, connection)
    assert await fresh(world, connection, freshener=world.another_freshener()) == token
    assert len(world.transport.sent) == 1
    async with world.db.read() as tx:
        sealed = await connection_tokens.find(tx, connection.id, HOST)
    assert token.encode() not in sealed.envelope
    assert sealed.expires_at == world.clock.now() + timedelta(hours=1)
    # nor does it open in another's place
    async with world.db.write() as tx:
        await connection_tokens.put(tx, connection.id, MY, sealed, world.clock.now())
    with pytest.raises(FairleadError, match="moved from its row"):
        await fresh(world, connection, MY)


async def test_it_is_renewed_when_it_is_due_and_the_others_are_not(world):
    vendor(world, rotates=False)
    connection = await world.delegated(minutes=600)
    await fresh(world, connection)
    world.clock.advance(timedelta(minutes=30))
    await fresh(world, connection, MY)
    world.clock.advance(timedelta(minutes=16))
    assert await fresh(world, connection) == f"{HOST}#3"
    assert await fresh(world, connection, MY) == f"{MY}#2"
    assert {form["refresh_token"] for form in forms(world)} == {"rt-0"}


async def test_it_is_fetched_once_whoever_asks(database: Database, make_world):
    world = await make_world(database)
    vendor(world)
    connection = await world.delegated()
    world.transport.gate = asyncio.Event()
    fresheners = [world.another_freshener() for _ in range(4)]
    asking = [
        asyncio.create_task(fresh(world, connection, freshener=fresheners[number % 4]))
        for number in range(40)
    ]
    await asyncio.wait_for(world.transport.arrived.wait(), 10)
    world.transport.gate.set()
    assert set(await asyncio.gather(*asking)) == {f"{HOST}#1"}
    assert len(world.transport.sent) == 1


async def test_an_app_asks_again_for_itself(world):
    vendor(world, rotates=False)
    connection = await world.connect(
        ClientCredentials(
            token=SecretStr("main#0"), client_id="app", client_secret=SecretStr("hush")
        ),
        key="app-only",
    )
    assert await fresh(world, connection) == f"{HOST}#1"
    [form] = forms(world)
    assert form == {
        "grant_type": "client_credentials",
        "client_id": "app",
        "client_secret": "hush",
        "resource": HOST,
    }
    assert (await world.stored(connection)).token.get_secret_value() == "main#0"


async def test_a_refused_token_is_replaced_once(world):
    vendor(world)
    connection = await world.delegated()
    first = await fresh(world, connection)
    second = await fresh(world, connection, after_401_of=first)
    assert (first, second) == (f"{HOST}#1", f"{HOST}#2")
    # somebody who comes late with the old one gets the new one; so soon no third is fetched
    assert await fresh(world, connection, after_401_of=first) == second
    assert await fresh(world, connection, after_401_of=second) == second
    assert len(world.transport.sent) == 2


async def test_a_failure_of_one_api_leaves_the_connection_as_it_is(world):
    def answer(_):
        if "resource" in world.transport.sent[-1].form:
            return 400, {"error": "invalid_grant"}
        return {"access_token": "main", "refresh_token": "rt-1", "expires_in": 3600}

    world.transport.answer = answer
    connection = await world.delegated()
    for _ in range(2):
        with pytest.raises(ReconnectRequired):
            await fresh(world, connection)
    # left alone for a while; the main credentials were renewed once, to see whether they can be
    assert [form.get("resource") for form in forms(world)] == [HOST, None]
    assert (await world.read(connection)).errors == ()
    assert await world.events() == []
    main = await world.freshener.fresh_credentials(connection)
    assert main.access_token.get_secret_value() == "main"
    world.clock.advance(timedelta(seconds=31))
    vendor(world)
    assert await fresh(world, connection) == f"{HOST}#3"


@pytest.mark.parametrize(
    ("error", "status"), [("invalid_grant", 400), ("invalid_client", 401), ("invalid_target", 400)]
)
async def test_a_grant_that_is_over_shows_wherever_it_is_used(world, error, status):
    """A connection that only ever calls a further API must be known to be over, too."""
    world.transport.answer = lambda _: (status, {"error": error})
    connection = await world.delegated()
    with pytest.raises(FairleadError) as caught:
        await fresh(world, connection)
    if error == "invalid_target":
        # that says something of the API alone
        assert len(world.transport.sent) == 1
        assert (await world.read(connection)).errors == ()
        return
    (fault,) = (await world.read(connection)).errors
    assert fault.code == caught.value.code
    (event,) = await world.events()
    assert (event.payload["operation"], event.payload["success"]) == ("refresh", False)
    # known by now: nobody is asked twice
    world.clock.advance(timedelta(seconds=20))
    with pytest.raises(FairleadError):
        await fresh(world, connection)
    assert len(world.transport.sent) == 2


@pytest.mark.parametrize("key", ["acme", "app-only"])
async def test_what_an_api_asks_for_goes_into_the_request(world, key):
    vendor(world)
    if key == "acme":
        connection = await world.delegated()
    else:
        app = ClientCredentials(token=SecretStr("t"), client_id="a", client_secret=SecretStr("s"))
        connection = await world.connect(app, key=key)
    first = await fresh(world, connection)
    second = await fresh(world, connection, after_401_of=first, claims='{"a":1}')
    assert [form.get("claims") for form in forms(world)] == [None, '{"a":1}']
    # refused for the same reason again, it is not asked for again; for another reason it is
    again = await fresh(world, connection, after_401_of=second, claims='{"a":1}')
    assert again == second
    assert await fresh(world, connection, after_401_of=second, claims='{"a":2}') != second


async def test_a_passing_failure_does_not_take_a_valid_one_away(world):
    vendor(world)
    connection = await world.delegated(minutes=600)
    first = await fresh(world, connection)
    world.clock.advance(timedelta(minutes=50))
    world.transport.answer = lambda _: (503, {})
    assert await fresh(world, connection) == first
    with pytest.raises(Unavailable):
        await fresh(world, connection, after_401_of=first)
    world.clock.advance(timedelta(minutes=20))
    with pytest.raises(Unavailable):
        await fresh(world, connection)


async def test_a_new_grant_has_new_ones(world):
    vendor(world)
    connection = await world.delegated()
    await fresh(world, connection)
    again = await world.delegated(refresh_token="rt-new")
    assert again.id == connection.id
    assert await fresh(world, again) == f"{HOST}#2"
    assert forms(world)[1]["refresh_token"] == "rt-new"


async def test_what_reaches_no_further_api(world):
    alone = await world.delegated(refresh_token=None)
    with pytest.raises(ReconnectRequired, match="no refresh token"):
        await fresh(world, alone)
    key = ApiKeyCredentials(api_key=SecretStr("k"))
    keyed = await world.connect(key, key="keyed")
    assert await world.freshener.fresh_credentials(keyed, audience=HOST) == key
    async with world.db.write() as tx:
        await connections.delete(tx, keyed.id)
    world.freshener.forget(keyed.id)
    with pytest.raises(NotFound):
        await world.freshener.fresh_credentials(keyed, audience=HOST)


async def test_closing_waits_for_what_is_under_way(world):
    vendor(world)
    connection = await world.delegated()
    world.transport.gate = asyncio.Event()
    asking = asyncio.create_task(fresh(world, connection))
    await asyncio.wait_for(world.transport.arrived.wait(), 10)
    asking.cancel()
    closing = asyncio.create_task(world.freshener.close())
    await asyncio.sleep(0)
    assert not closing.done()
    world.transport.gate.set()
    await closing
    assert (await world.stored(connection)).refresh_token.get_secret_value() == "rt-1"
