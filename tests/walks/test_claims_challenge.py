"""Continuous access: the vendor ends a token at once, and says what the next one must hold."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from clinic import Clinic

from fairlead.errors import ReconnectRequired
from fairlead.gateway.send import Gateway
from fairlead.model.connection import Connection
from fairlead.model.exchange import Request
from m365sim.entra.contoso import TENANT_ID, WEB_APP_ID
from m365sim.fault import Fault

Call = Callable[[str], Awaitable[int]]


@pytest.fixture
async def connection(clinic: Clinic) -> Connection:
    directory = clinic.world.directory
    permissions = directory.apps[WEB_APP_ID].delegated_permissions["sharepoint"]
    directory.grant(TENANT_ID, WEB_APP_ID, "sharepoint", permissions)
    return await clinic.person()


@pytest.fixture
async def gateway(clinic: Clinic) -> Gateway:
    return clinic.gateway(await clinic.transport())[1]


@pytest.fixture
def call(gateway: Gateway, connection: Connection) -> Call:
    async def one(url: str) -> int:
        async with await gateway.send(connection, Request(url=url)) as answer:
            return answer.status

    return one


def token_requests(clinic: Clinic) -> int:
    counts = clinic.world.faults.traffic.counts
    return sum(n for (_, _, route), n in counts.items() if route.endswith("/oauth2/v2.0/token"))


def places(clinic: Clinic) -> list[str]:
    host = clinic.world.urls.sharepoint_of("contoso")
    return ["v1.0/sites/root", f"{host}/_api/web?$select=Title"]


async def test_a_token_that_an_event_ended_is_replaced(
    clinic: Clinic, connection: Connection, call: Call
) -> None:
    """The person changed their own password: the grant of a web app lives on, its tokens do not."""
    for url in places(clinic):
        assert await call(url) == 200
    clinic.world.directory.critical_event(clinic.user, clinic.world.clock.now())
    clinic.world.verified.clear()
    before = token_requests(clinic)
    for url in places(clinic):
        assert await call(url) == 200
    assert token_requests(clinic) == before + 2
    assert (await clinic.read(connection)).errors == ()


@pytest.mark.parametrize("place", [0, 1], ids=["graph", "_api"])
async def test_a_challenge_is_answered_once(
    clinic: Clinic, call: Call, place: int, connection: Connection
) -> None:
    url, host = places(clinic)[place], ("graph", "sharepoint")[place]
    assert await call(url) == 200
    before = token_requests(clinic)
    clinic.world.faults.add(Fault(host=host, count=1, challenge="claims"))
    assert await call(url) == 200
    assert token_requests(clinic) == before + 1
    # an API that is never content gets its answer through, and is not asked for ever
    clinic.breaks(host=host, challenge="claims")
    assert await call(url) == 401
    assert token_requests(clinic) <= before + 2
    assert (await clinic.read(connection)).errors == ()


@pytest.mark.parametrize("place", [0, 1], ids=["graph", "_api"])
@pytest.mark.parametrize("event", ["sessions", "user"])
async def test_what_needs_the_person_is_final_at_once(
    clinic: Clinic, connection: Connection, call: Call, event: str, place: int
) -> None:
    url = places(clinic)[place]
    assert await call(url) == 200
    directory, now = clinic.world.directory, clinic.world.clock.now()
    if event == "sessions":
        directory.revoke_sessions(clinic.user, now)
    else:
        directory.disable_user(clinic.user, now)
    clinic.world.verified.clear()
    with pytest.raises(ReconnectRequired) as caught:
        await call(url)
    assert caught.value.code == {"sessions": "grant_revoked", "user": "account_disabled"}[event]
    [fault] = (await clinic.read(connection)).errors
    assert (fault.type, fault.message) == ("auth", caught.value.message)


async def test_a_second_factor_is_asked_of_the_person(
    clinic: Clinic, connection: Connection, call: Call
) -> None:
    assert await call("v1.0/sites/root") == 200
    clinic.world.directory.require_mfa(clinic.user, clinic.world.clock.now())
    clinic.world.verified.clear()
    with pytest.raises(ReconnectRequired, match="sign in once more"):
        await call("v1.0/sites/root")
    [fault] = (await clinic.read(connection)).errors
    assert fault.code == "mfa_required"


async def test_tokens_say_that_challenges_are_understood(
    clinic: Clinic, connection: Connection, gateway: Gateway
) -> None:
    diagnosis: Any = await clinic.examine(connection)
    assert diagnosis.facts["answersChallenges"] is True
