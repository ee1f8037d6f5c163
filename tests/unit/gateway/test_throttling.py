"""Waits: who asks for them, whom they slow, and when they are forgotten."""

from datetime import timedelta

from fake_vendor import answers_in_turn, status_of
from structlog.testing import capture_logs

from fairlead.model.exchange import Request
from fairlead.model.limits import RateLimit

GET = Request(url="/x")


async def test_the_last_call_that_is_left_slows_the_next_one(make_door):
    rule = RateLimit(after=("retry-after", "ratelimit-reset"), remaining="ratelimit-remaining")
    door = make_door(rate_limit=rule)
    answers_in_turn(
        door, status_of(200, RateLimit_Remaining="0", RateLimit_Reset="6"), status_of(200)
    )
    assert (await door.send(GET, retries=1)).status == 200
    assert door.waits == []
    await door.send(GET, retries=1)
    assert door.waits == [6.0]


async def test_providers_own_throttle_rule(make_door):
    door = make_door(throttle=lambda reply: 9.0 if reply.headers.get("x-slow") else None)
    answers_in_turn(door, status_of(503, x_slow="1", Retry_After="2"), status_of(200))
    assert (await door.send(GET, retries=1)).status == 200
    assert door.waits == [9.0]


async def test_hook_sees_the_answer_without_its_query(make_door):
    seen = []

    def throttle(reply):
        seen.append(reply)

    door = make_door(throttle=throttle)
    answers_in_turn(door, status_of(500, X_Some="1"))
    await door.send(Request(url="/x?token=hush", method="delete"))
    reply = seen[0]
    assert (reply.status, reply.method) == (500, "DELETE")
    assert reply.url == "https://api.acme.example/base/x"
    assert reply.headers["x-some"] == "1"


async def test_waits_are_seen_and_tell_no_secret(door):
    answers_in_turn(door, status_of(429, Retry_After="3"), status_of(200))
    with capture_logs() as logs:
        await door.send(Request(url="/x?access_token=hush"), retries=1)
    (entry,) = logs
    assert entry["event"] == "waited before a request"
    assert entry["seconds"] == 3.0
    assert entry["connection_id"] == "c1"
    assert entry["reason"] == "status 429"
    assert "hush" not in str(entry)
    assert "at-0" not in str(entry)


async def test_throttled_connection_is_left_alone_by_all_its_calls(door):
    answers_in_turn(door, status_of(429, Retry_After="30"), status_of(200))
    await door.send(GET)
    door.clock.advance(timedelta(seconds=10))
    await door.send(GET, retries=1)
    assert door.waits == [20.0]
    # not by calls that did not ask for waits, nor by other connections, nor afterwards
    await door.send(GET)
    door.connection = door.connection.model_copy(update={"id": 2})
    await door.send(GET, retries=1)
    assert door.waits == [20.0]


async def test_warning_on_a_good_answer_slows_the_next_call(make_door):
    door = make_door(throttle=lambda reply: 4.0 if reply.headers.get("x-left") == "0" else None)
    answers_in_turn(door, status_of(200, x_left="0"), status_of(200))
    assert (await door.send(GET, retries=1)).status == 200
    assert door.waits == []
    await door.send(GET, retries=1)
    assert door.waits == [4.0]


async def test_pauses_are_forgotten_in_time(monkeypatch):
    from datetime import UTC, datetime

    from fairlead.gateway import pauses

    monkeypatch.setattr(pauses, "_MOST", 2)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    kept = pauses.Pauses()
    kept.note(1, 5, now)
    kept.note(2, 50, now)
    kept.note(2, 20, now)
    assert kept.left(2, now) == 50
    later = now + timedelta(seconds=10)
    kept.note(3, 1, later)
    assert set(kept._until) == {2, 3}
    assert kept.left(1, later) == 0
    assert kept.left(2, now + timedelta(seconds=50)) == 0
    assert set(kept._until) == {3}
    kept.note(4, 0, later)
    assert kept.left(4, later) == 0
