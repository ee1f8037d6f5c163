import asyncio
import base64
import contextlib
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from fake_vendor import FakeResponse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from structlog.testing import capture_logs
from yarl import URL

from fairlead.errors import (
    EgressRefused,
    FairleadError,
    ReconnectRequired,
    Unavailable,
    UnknownProvider,
)
from fairlead.model.credentials import ApiKeyCredentials, NoCredentials
from fairlead.model.exchange import FixedHeaders, Request
from fairlead.model.limits import RateLimit
from fairlead.model.provider import Audience

GET = Request(url="/x")


def _answers(door, *answers):
    """Answer with each in turn, then with the last for ever."""

    def answer(_):
        given = answers[min(len(door.transport.sent), len(answers)) - 1]
        return given() if callable(given) else given

    door.transport.answer = answer


def _status(status, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda: FakeResponse(status, b"body", named)


def _tokens(door):
    return [sent.headers.get("authorization") for sent in door.transport.sent]


async def test_headers_that_stay_are_dressed_once_for_each_token(door):
    headers = FixedHeaders({"X-Mine": "1"})
    for _ in range(2):
        await door.send(Request(url="/x", headers=headers))
    first, second = (sent.request.headers for sent in door.transport.sent)
    assert first is second
    assert first["Authorization"] == "Bearer at-0"

    _answers(door, _status(401), {"ok": 1})
    door.transport.sent.clear()
    await door.send(Request(url="/x", headers=headers))
    assert _tokens(door) == ["Bearer at-0", "Bearer at-4"]

    door.transport.sent.clear()
    door.connection = door.connection.model_copy(update={"connection_config": {"a": "b"}})
    await door.send(Request(url="/x", headers=headers))
    assert door.transport.sent[0].request.headers is not first
    assert dict(headers) == {"X-Mine": "1"}


async def test_headers_that_stay_carry_nothing_elsewhere(door):
    headers = FixedHeaders({"X-Mine": "1"})
    await door.send(Request(url="/x", headers=headers))
    await door.send(Request(url="https://a.cdn.example/x", headers=headers))
    assert _tokens(door) == ["Bearer at-0", None]


async def test_request_goes_out_with_credentials(door):
    _answers(door, {"ok": 1})
    request = Request(method="POST", url="/v1/x?a=1", headers={"X-Mine": "1"}, body=b"{}")
    answer = await door.send(request, decompress=False, redirects=3)
    assert await answer.json() == {"ok": 1}
    (sent,) = door.transport.sent
    assert sent.request.method == "POST"
    assert sent.request.url == "https://api.acme.example/base/v1/x?a=1"
    assert sent.request.body == b"{}"
    assert sent.headers == {
        "x-mine": "1",
        "accept": "application/json",
        "authorization": "Bearer at-0",
    }
    assert sent.options == {
        "redirects": 3,
        "decompress": False,
        "secret_headers": frozenset({"authorization"}),
    }


async def test_callers_headers_win(door):
    await door.send(Request(url="/x", headers={"accept": "text/plain", "AUTHORIZATION": "mine"}))
    assert door.transport.sent[0].headers == {"accept": "text/plain", "authorization": "mine"}


async def test_prescribed_user_agent_wins(make_door):
    door = make_door(headers={"User-Agent": "ACME|partner"})
    await door.send(Request(url="/x", headers={"user-agent": "curl"}))
    assert door.transport.sent[0].headers["user-agent"] == "ACME|partner"


async def test_open_origin_gets_no_credentials_and_no_headers_of_ours(door):
    await door.send(
        Request(url="https://a.cdn.example/f?tempauth=t", headers={"Range": "bytes=0-1"})
    )
    (sent,) = door.transport.sent
    assert sent.headers == {"range": "bytes=0-1"}
    assert door.freshener.asked == []


async def test_foreign_origin_is_refused_before_anything_is_asked(door):
    with pytest.raises(EgressRefused) as caught:
        await door.send(Request(url="https://evil.example/"))
    assert caught.value.code == "base_url_override_not_allowed"
    assert door.transport.sent == []
    assert door.freshener.asked == []


async def test_static_keys_and_none(make_door):
    door = make_door(
        headers={"X-Key": "${apiKey}", "X-A": "${connectionConfig.a}"}, config={"a": "1"}
    )
    door.freshener.credentials = ApiKeyCredentials(api_key=SecretStr("k"))
    await door.send(GET)
    assert door.transport.sent[0].headers == {"x-key": "k", "x-a": "1"}
    assert door.transport.sent[0].options["secret_headers"] == frozenset({"x-key"})
    door.freshener.credentials = NoCredentials()
    await door.send(GET)
    assert door.transport.sent[1].headers == {"x-a": "1"}


async def test_unknown_provider(door):
    door.connection = door.connection.model_copy(update={"provider": "gone"})
    with pytest.raises(UnknownProvider):
        await door.send(GET)


async def test_no_credentials_to_be_had(door):
    door.freshener.error = ReconnectRequired()
    door.freshener.renews = False
    with pytest.raises(ReconnectRequired):
        await door.send(GET)
    assert door.transport.sent == []


# --- 401


async def test_401_renews_once_and_tries_once_more(door):
    _answers(door, _status(401), _status(200))
    answer = await door.send(GET)
    assert answer.status == 200
    assert _tokens(door) == ["Bearer at-0", "Bearer at-2"]
    assert door.freshener.asked == [None, "at-0"]
    assert door.transport.responses[0].is_closed
    assert not door.transport.responses[1].is_closed


async def test_second_401_is_the_answer(door):
    _answers(door, _status(401))
    answer = await door.send(GET, retries=3)
    assert answer.status == 401
    assert len(door.transport.sent) == 2
    assert door.waits == []


async def test_401_with_the_same_credentials_is_the_answer(door):
    door.freshener.renews = False
    _answers(door, _status(401))
    answer = await door.send(GET)
    assert answer.status == 401
    assert len(door.transport.sent) == 1
    assert not answer.is_closed


async def test_401_renews_for_posts_too(door):
    _answers(door, _status(401), _status(201))
    answer = await door.send(Request(method="POST", url="/x", body=b"again"))
    assert answer.status == 201
    assert [sent.request.body for sent in door.transport.sent] == [b"again", b"again"]


async def test_401_of_a_streamed_body_is_the_answer_but_the_next_call_has_new_credentials(door):
    async def body():
        yield b"once"

    _answers(door, _status(401))
    answer = await door.send(Request(method="PUT", url="/x", body=body()), retries=5)
    assert answer.status == 401
    assert not answer.is_closed
    assert len(door.transport.sent) == 1
    assert door.freshener.asked == [None, "at-0"]
    await door.send(GET)
    assert _tokens(door)[1] == "Bearer at-2"


async def test_401_to_a_key_or_to_the_callers_own_token_is_the_answer(door):
    _answers(door, _status(401))
    await door.send(Request(url="/x", headers={"authorization": "mine"}))
    door.freshener.credentials = ApiKeyCredentials(api_key=SecretStr("k"))
    await door.send(GET)
    assert len(door.transport.sent) == 2
    assert door.freshener.asked == [None, None]


async def test_401_of_an_open_origin_is_the_answer(door):
    _answers(door, _status(401))
    assert (await door.send(Request(url="https://a.cdn.example/f"))).status == 401
    assert door.freshener.asked == []


async def test_grant_that_is_over_is_told(door):
    door.freshener.error = ReconnectRequired()
    _answers(door, _status(401))
    with pytest.raises(ReconnectRequired):
        await door.send(GET)
    assert door.transport.responses[0].is_closed


# --- retries


async def test_no_retries_unless_asked(door):
    _answers(door, _status(503, retry_after="1"))
    answer = await door.send(GET)
    assert answer.status == 503
    assert len(door.transport.sent) == 1
    assert await answer.read() == b"body"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_passing_answers_are_retried(door, status):
    _answers(door, _status(status), _status(status, Retry_After="7"), _status(200))
    answer = await door.send(GET, retries=3)
    assert answer.status == 200
    assert door.waits == [1.0, 7.0]
    assert [response.is_closed for response in door.transport.responses] == [True, True, False]


async def test_credentials_are_asked_for_again_after_a_wait(door):
    _answers(door, _status(503), Unavailable("gone"), _status(200))
    await door.send(GET, retries=3)
    assert door.freshener.asked == [None, None, None]


async def test_last_answer_is_returned_when_retries_are_used_up(door):
    _answers(door, _status(503))
    answer = await door.send(GET, retries=2)
    assert answer.status == 503
    assert not answer.is_closed
    assert len(door.transport.sent) == 3


@pytest.mark.parametrize("status", [400, 403, 404, 409, 412, 501])
async def test_verdicts_are_not_retried(door, status):
    _answers(door, _status(status, Retry_After="1"))
    assert (await door.send(GET, retries=5)).status == status
    assert len(door.transport.sent) == 1


async def test_what_may_have_happened_is_not_repeated(door):
    _answers(door, _status(503))
    assert (await door.send(Request(method="POST", url="/x", body=b"1"), retries=5)).status == 503
    assert len(door.transport.sent) == 1


async def test_throttled_post_is_repeated(door):
    _answers(door, _status(429, Retry_After="3"), _status(201))
    answer = await door.send(Request(method="POST", url="/x", body=b"1"), retries=5)
    assert answer.status == 201
    assert door.waits == [3.0]


async def test_callers_statuses_are_retried(door):
    _answers(door, _status(404), _status(200))
    assert (await door.send(GET, retries=1, retry_on=frozenset({404}))).status == 200


async def test_streamed_body_is_never_retried(door):
    async def body():
        yield b"once"

    _answers(door, _status(429, Retry_After="1"))
    answer = await door.send(Request(method="PUT", url="/x", body=body()), retries=5)
    assert answer.status == 429
    assert len(door.transport.sent) == 1
    assert door.waits == []


async def test_network_trouble_is_retried_for_idempotent_methods(door):
    _answers(door, Unavailable("a"), Unavailable("b"), _status(200))
    assert (await door.send(GET, retries=2)).status == 200
    assert door.waits == [1.0, 2.0]


async def test_network_trouble_is_told_when_retries_are_used_up(door):
    _answers(door, Unavailable("down"))
    with pytest.raises(Unavailable, match="down"):
        await door.send(GET, retries=1)
    assert len(door.transport.sent) == 2
    with pytest.raises(Unavailable):
        await door.send(Request(method="POST", url="/x", body=b""), retries=5)
    assert len(door.transport.sent) == 3


async def test_refused_address_is_not_retried(door):
    _answers(door, EgressRefused("private"))
    with pytest.raises(EgressRefused):
        await door.send(GET, retries=5)
    assert len(door.transport.sent) == 1


async def test_longer_waits_are_the_callers_business(make_door):
    door = make_door(options={"longest_wait": timedelta(seconds=10)})
    _answers(door, _status(429, Retry_After="11"))
    answer = await door.send(GET, retries=5)
    assert answer.status == 429
    assert answer.headers["retry-after"] == "11"
    assert door.waits == []


async def test_waits_are_told_and_end_with_the_callers_patience(door):
    told, why, sent = [], [], []
    _answers(door, _status(429, Retry_After="4"), _status(503, Retry_After="5"), _status(503))
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
    _answers(door, Unavailable("gone"))
    with pytest.raises(Unavailable):
        await door.send(GET, retries=5, patience=timedelta(seconds=3.5))
    assert door.waits == [1, 2]


async def test_the_last_call_that_is_left_slows_the_next_one(make_door):
    rule = RateLimit(after=("retry-after", "ratelimit-reset"), remaining="ratelimit-remaining")
    door = make_door(rate_limit=rule)
    _answers(door, _status(200, RateLimit_Remaining="0", RateLimit_Reset="6"), _status(200))
    assert (await door.send(GET, retries=1)).status == 200
    assert door.waits == []
    await door.send(GET, retries=1)
    assert door.waits == [6.0]


async def test_providers_own_throttle_rule(make_door):
    door = make_door(throttle=lambda reply: 9.0 if reply.headers.get("x-slow") else None)
    _answers(door, _status(503, x_slow="1", Retry_After="2"), _status(200))
    assert (await door.send(GET, retries=1)).status == 200
    assert door.waits == [9.0]


async def test_hook_sees_the_answer_without_its_query(make_door):
    seen = []

    def throttle(reply):
        seen.append(reply)

    door = make_door(throttle=throttle)
    _answers(door, _status(500, X_Some="1"))
    await door.send(Request(url="/x?token=hush", method="delete"))
    reply = seen[0]
    assert (reply.status, reply.method) == (500, "DELETE")
    assert reply.url == "https://api.acme.example/base/x"
    assert reply.headers["x-some"] == "1"


async def test_waits_are_seen_and_tell_no_secret(door):
    _answers(door, _status(429, Retry_After="3"), _status(200))
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
    _answers(door, _status(429, Retry_After="30"), _status(200))
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
    _answers(door, _status(200, x_left="0"), _status(200))
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


# --- for functions


async def test_function_sends_with_five_retries_and_each_request_is_counted(door):
    counted = []
    _answers(door, _status(503))
    send = door.gateway.sender(door.connection, lambda: counted.append(1))
    answer = await send(GET)
    assert answer.status == 503
    assert len(counted) == len(door.transport.sent) == 6
    assert door.waits == [1, 2, 4, 8, 16]


async def test_function_counts_the_request_after_a_401(door):
    counted = []
    _answers(door, _status(401), _status(200))
    send = door.gateway.sender(door.connection, lambda: counted.append(1))
    assert (await send(GET)).status == 200
    assert len(counted) == 2


# --- for all inputs


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.text(max_size=40),
        st.text(max_size=20).map(lambda text: "https://api.acme.example" + text),
        st.tuples(st.sampled_from(["https://", "http://", "//", "/"]), st.text(max_size=20)).map(
            "".join
        ),
    )
)
def test_whatever_is_asked_the_token_stays_at_home(make_door, url):
    door = make_door()

    async def ask():
        with contextlib.suppress(FairleadError):
            await door.send(Request(url=url))

    asyncio.run(ask())
    for sent in door.transport.sent:
        host = urlsplit(sent.request.url).hostname
        assert host == URL(sent.request.url, encoded=True).host
        if "authorization" in sent.headers:
            assert sent.request.url.startswith("https://")
            assert host == "api.acme.example" or host.endswith(".files.acme.example")


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


# --- claims


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


async def test_a_bare_request_takes_no_credentials_to_the_vendors_own_host(door):
    await door.send(Request(url="https://a.files.acme.example/upload?t=1", is_bare=True))
    (sent,) = door.transport.sent
    assert sent.headers == {}
    assert door.freshener.asked == []
    with pytest.raises(EgressRefused):
        await door.send(Request(url="https://evil.example/", is_bare=True))


async def test_what_is_done_once_is_sent_again_only_if_it_was_not_carried_out(door):
    once = Request(method="PUT", url="/x", body=b"1", is_once=True)
    _answers(door, _status(503))
    assert (await door.send(once, retries=5)).status == 503
    assert len(door.transport.sent) == 1
    _answers(door, Unavailable("lost"))
    with pytest.raises(Unavailable):
        await door.send(once, retries=5)
    assert len(door.transport.sent) == 2
    door.transport.sent.clear()
    _answers(door, _status(429, retry_after="1"), _status(200))
    assert (await door.send(once, retries=5)).status == 200
