"""An answer 401, an API of its own, claims that are asked for: which token goes along then."""

import base64

import pytest
from fake_vendor import FakeResponse, answers_in_turn, status_of, tokens_sent
from pydantic import SecretStr

from fairlead.errors import (
    ReconnectRequired,
)
from fairlead.model.credentials import ApiKeyCredentials
from fairlead.model.exchange import Request
from fairlead.model.provider import Audience

GET = Request(url="/x")


async def test_401_renews_once_and_tries_once_more(door):
    answers_in_turn(door, status_of(401), status_of(200))
    answer = await door.send(GET)
    assert answer.status == 200
    assert tokens_sent(door) == ["Bearer at-0", "Bearer at-2"]
    assert door.freshener.asked == [None, "at-0"]
    assert door.transport.responses[0].is_closed
    assert not door.transport.responses[1].is_closed


async def test_second_401_is_the_answer(door):
    answers_in_turn(door, status_of(401))
    answer = await door.send(GET, retries=3)
    assert answer.status == 401
    assert len(door.transport.sent) == 2
    assert door.waits == []


async def test_401_with_the_same_credentials_is_the_answer(door):
    door.freshener.renews = False
    answers_in_turn(door, status_of(401))
    answer = await door.send(GET)
    assert answer.status == 401
    assert len(door.transport.sent) == 1
    assert not answer.is_closed


async def test_401_renews_for_posts_too(door):
    answers_in_turn(door, status_of(401), status_of(201))
    answer = await door.send(Request(method="POST", url="/x", body=b"again"))
    assert answer.status == 201
    assert [sent.request.body for sent in door.transport.sent] == [b"again", b"again"]


async def test_401_of_a_streamed_body_is_the_answer_but_the_next_call_has_new_credentials(door):
    async def body():
        yield b"once"

    answers_in_turn(door, status_of(401))
    answer = await door.send(Request(method="PUT", url="/x", body=body()), retries=5)
    assert answer.status == 401
    assert not answer.is_closed
    assert len(door.transport.sent) == 1
    assert door.freshener.asked == [None, "at-0"]
    await door.send(GET)
    assert tokens_sent(door)[1] == "Bearer at-2"


async def test_401_to_a_key_or_to_the_callers_own_token_is_the_answer(door):
    answers_in_turn(door, status_of(401))
    await door.send(Request(url="/x", headers={"authorization": "mine"}))
    door.freshener.credentials = ApiKeyCredentials(api_key=SecretStr("k"))
    await door.send(GET)
    assert len(door.transport.sent) == 2
    assert door.freshener.asked == [None, None]


async def test_401_of_an_open_origin_is_the_answer(door):
    answers_in_turn(door, status_of(401))
    assert (await door.send(Request(url="https://a.cdn.example/f"))).status == 401
    assert door.freshener.asked == []


async def test_grant_that_is_over_is_told(door):
    door.freshener.error = ReconnectRequired()
    answers_in_turn(door, status_of(401))
    with pytest.raises(ReconnectRequired):
        await door.send(GET)
    assert door.transport.responses[0].is_closed


async def test_the_address_decides_which_token_it_is(make_door):
    door = make_door(
        audiences=(Audience(("https://*.t.example",), paths=r"(?!.*sig=)/_api/.*"),),
        open_origins=("https://*.t.example",),
    )
    for url in (
        "/x",
        "https://a.t.example/_API/x?y=1",
        "https://b.t.example/_api/x",
        "https://a.t.example/_api/x?sig=1",
        "https://a.t.example/download",
    ):
        await door.send(Request(url=url))
    assert door.freshener.audiences == ["", "https://a.t.example", "https://b.t.example"]
    authorised = ["authorization" in sent.headers for sent in door.transport.sent]
    assert authorised == [True, True, True, False, False]


async def test_a_401_of_a_further_api_renews_its_own_token(make_door):
    door = make_door(audiences=(Audience(("https://a.t.example",)),))
    answers = [(401, {}), (200, {})]
    door.transport.answer = lambda _: answers.pop(0)
    answer = await door.send(Request(url="https://a.t.example/x"))
    assert answer.status == 200
    assert door.freshener.audiences == ["https://a.t.example"] * 2
    assert door.freshener.asked == [None, "at-0"]


def _challenge(claims):
    text = base64.b64encode(claims.encode()).decode()
    value = f'Bearer realm="", error="insufficient_claims", claims="{text}"'
    return 401, FakeResponse(401, b"", [("WWW-Authenticate", value)])


async def test_claims_that_are_asked_for_are_fetched(door):
    answers = [_challenge('{"a":1}'), (200, {})]
    door.transport.answer = lambda _: answers.pop(0)
    assert (await door.send(Request(url="x"))).status == 200
    assert door.freshener.asked == [None, "at-0"]
    assert door.freshener.claims == ["", '{"a":1}']


async def test_a_token_that_was_over_may_then_lack_claims(door):
    answers = [(401, {}), _challenge('{"a":1}'), (200, {})]
    door.transport.answer = lambda _: answers.pop(0)
    assert (await door.send(Request(url="x"))).status == 200
    assert door.freshener.claims == ["", "", '{"a":1}']


async def test_claims_are_asked_for_once(door):
    answers = [_challenge('{"a":1}'), _challenge('{"a":2}')]
    door.transport.answer = lambda _: answers.pop(0)
    assert (await door.send(Request(url="x"))).status == 401
    assert door.freshener.claims == ["", '{"a":1}']


async def test_claims_that_want_the_person_are_told(door):
    door.transport.answer = lambda _: _challenge('{"a":1}')
    door.freshener.error = ReconnectRequired("Sign in once more")
    with pytest.raises(ReconnectRequired, match="once more"):
        await door.send(Request(url="x"))
