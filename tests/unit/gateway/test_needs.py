"""A function whose grant lacks a scope asks the vendor for nothing."""

from dataclasses import replace

import pytest

from fairlead.errors import MissingScope
from fairlead.gateway.needs import Needs, ScopeCheck
from fairlead.model.credentials import NoCredentials, OAuth2Credentials
from fairlead.model.exchange import Request

NEEDS = Needs("write-things", ("Things.Read", "Things.Write"))


def lacks_what_is_not_held(tokens, scopes):
    held = tokens.get("scope", "").split()
    return [scope for scope in scopes if scope not in held]


def credentials(scope: str, token: str = "at") -> OAuth2Credentials:
    return OAuth2Credentials(access_token=token, raw={"scope": scope})


@pytest.fixture
def guarded(make_door):
    door = make_door(lacks=lacks_what_is_not_held)
    door.sent = []
    return door


async def test_nothing_is_sent_without_a_scope(guarded):
    guarded.freshener.credentials = credentials("Things.Read")
    send = guarded.gateway.sender(guarded.connection, lambda: guarded.sent.append(1), NEEDS)
    with pytest.raises(MissingScope) as told:
        await send(Request(url="/x"))
    assert "write-things needs Things.Write, which" in told.value.message
    assert (told.value.code, told.value.who) == ("missing_scope", "operator")
    assert (guarded.transport.sent, guarded.sent) == ([], [])


async def test_with_them_it_is(guarded):
    guarded.freshener.credentials = credentials("Things.Read Things.Write")
    send = guarded.gateway.sender(guarded.connection, lambda: None, NEEDS)
    assert (await send(Request(url="/x"))).status == 200
    # what carries no credentials of the main API is not looked at
    guarded.freshener.credentials = credentials("", "other")
    assert (await send(Request(url="https://a.cdn.example/f"))).status == 200
    assert (await send(Request(url="/x", is_bare=True))).status == 200


async def test_a_proxy_call_needs_nothing(guarded):
    guarded.freshener.credentials = credentials("")
    assert (await guarded.send(Request(url="/x"))).status == 200
    send = guarded.gateway.sender(guarded.connection, lambda: None)
    assert (await send(Request(url="/x"))).status == 200


def test_each_token_is_looked_at_once(guarded):
    looked = []

    def lacks(tokens, scopes):
        looked.append(tokens["access_token"])
        return []

    check = ScopeCheck(replace(guarded.provider, lacks=lacks), NEEDS)
    for token in ("a", "a", "b", "b"):
        check(credentials("", token))
    check(NoCredentials())
    assert looked == ["a", "b"]


def test_a_vendor_that_cannot_tell(guarded):
    ScopeCheck(replace(guarded.provider, lacks=None), NEEDS)(credentials(""))
