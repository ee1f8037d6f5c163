"""What is sent again, how often, and what never is."""

from datetime import timedelta

import pytest
from fake_vendor import answers_in_turn, status_of

from fairlead.errors import (
    EgressRefused,
    Unavailable,
)
from fairlead.model.exchange import Request

GET = Request(url="/x")


async def test_no_retries_unless_asked(door):
    answers_in_turn(door, status_of(503, retry_after="1"))
    answer = await door.send(GET)
    assert answer.status == 503
    assert len(door.transport.sent) == 1
    assert await answer.read() == b"body"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_passing_answers_are_retried(door, status):
    answers_in_turn(door, status_of(status), status_of(status, Retry_After="7"), status_of(200))
    answer = await door.send(GET, retries=3)
    assert answer.status == 200
    assert door.waits == [1.0, 7.0]
    assert [response.is_closed for response in door.transport.responses] == [True, True, False]


async def test_credentials_are_asked_for_again_after_a_wait(door):
    answers_in_turn(door, status_of(503), Unavailable("gone"), status_of(200))
    await door.send(GET, retries=3)
    assert door.freshener.asked == [None, None, None]


async def test_last_answer_is_returned_when_retries_are_used_up(door):
    answers_in_turn(door, status_of(503))
    answer = await door.send(GET, retries=2)
    assert answer.status == 503
    assert not answer.is_closed
    assert len(door.transport.sent) == 3


@pytest.mark.parametrize("status", [400, 403, 404, 409, 412, 501])
async def test_verdicts_are_not_retried(door, status):
    answers_in_turn(door, status_of(status, Retry_After="1"))
    assert (await door.send(GET, retries=5)).status == status
    assert len(door.transport.sent) == 1


async def test_what_may_have_happened_is_not_repeated(door):
    answers_in_turn(door, status_of(503))
    assert (await door.send(Request(method="POST", url="/x", body=b"1"), retries=5)).status == 503
    assert len(door.transport.sent) == 1


async def test_throttled_post_is_repeated(door):
    answers_in_turn(door, status_of(429, Retry_After="3"), status_of(201))
    answer = await door.send(Request(method="POST", url="/x", body=b"1"), retries=5)
    assert answer.status == 201
    assert door.waits == [3.0]


async def test_callers_statuses_are_retried(door):
    answers_in_turn(door, status_of(404), status_of(200))
    assert (await door.send(GET, retries=1, retry_on=frozenset({404}))).status == 200


async def test_streamed_body_is_never_retried(door):
    async def body():
        yield b"once"

    answers_in_turn(door, status_of(429, Retry_After="1"))
    answer = await door.send(Request(method="PUT", url="/x", body=body()), retries=5)
    assert answer.status == 429
    assert len(door.transport.sent) == 1
    assert door.waits == []


async def test_network_trouble_is_retried_for_idempotent_methods(door):
    answers_in_turn(door, Unavailable("a"), Unavailable("b"), status_of(200))
    assert (await door.send(GET, retries=2)).status == 200
    assert door.waits == [1.0, 2.0]


async def test_network_trouble_is_told_when_retries_are_used_up(door):
    answers_in_turn(door, Unavailable("down"))
    with pytest.raises(Unavailable, match="down"):
        await door.send(GET, retries=1)
    assert len(door.transport.sent) == 2
    with pytest.raises(Unavailable):
        await door.send(Request(method="POST", url="/x", body=b""), retries=5)
    assert len(door.transport.sent) == 3


async def test_refused_address_is_not_retried(door):
    answers_in_turn(door, EgressRefused("private"))
    with pytest.raises(EgressRefused):
        await door.send(GET, retries=5)
    assert len(door.transport.sent) == 1


async def test_longer_waits_are_the_callers_business(make_door):
    door = make_door(options={"longest_wait": timedelta(seconds=10)})
    answers_in_turn(door, status_of(429, Retry_After="11"))
    answer = await door.send(GET, retries=5)
    assert answer.status == 429
    assert answer.headers["retry-after"] == "11"
    assert door.waits == []


async def test_waits_are_told_and_end_with_the_callers_patience(door):
    told, why, sent = [], [], []
    answers_in_turn(
        door, status_of(429, Retry_After="4"), status_of(503, Retry_After="5"), status_of(503)
    )
    answer = await door.send(
        GET,
        retries=5,
        patience=timedelta(seconds=10),
        on_wait=lambda seconds, reason: (told.append(seconds), why.append(reason)),
        on_request=lambda: sent.append(1),
    )
    # four more would be 13 in all
    assert answer.status == 503
    assert told == door.waits == [4.0, 5.0]
    assert why == ["status 429", "status 503"]
    assert len(sent) == 3


async def test_patience_ends_where_nobody_answers(door):
    answers_in_turn(door, Unavailable("gone"))
    with pytest.raises(Unavailable):
        await door.send(GET, retries=5, patience=timedelta(seconds=3.5))
    assert door.waits == [1, 2]


async def test_what_is_done_once_is_sent_again_only_if_it_was_not_carried_out(door):
    once = Request(method="PUT", url="/x", body=b"1", is_once=True)
    answers_in_turn(door, status_of(503))
    assert (await door.send(once, retries=5)).status == 503
    assert len(door.transport.sent) == 1
    answers_in_turn(door, Unavailable("lost"))
    with pytest.raises(Unavailable):
        await door.send(once, retries=5)
    assert len(door.transport.sent) == 2
    door.transport.sent.clear()
    answers_in_turn(door, status_of(429, retry_after="1"), status_of(200))
    assert (await door.send(once, retries=5)).status == 200
