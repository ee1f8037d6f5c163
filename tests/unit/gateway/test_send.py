"""The one door out: who is let through, with which headers, and what is counted."""

import asyncio
import contextlib
from urllib.parse import urlsplit

import pytest
from fake_vendor import answers_in_turn, status_of, tokens_sent
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from yarl import URL

from fairlead.errors import (
    EgressRefused,
    FairleadError,
    ReconnectRequired,
    UnknownProvider,
)
from fairlead.model.credentials import ApiKeyCredentials, NoCredentials
from fairlead.model.exchange import FixedHeaders, Request

GET = Request(url="/x")


async def test_headers_that_stay_are_dressed_once_for_each_token(door):
    headers = FixedHeaders({"X-Mine": "1"})
    for _ in range(2):
        await door.send(Request(url="/x", headers=headers))
    first, second = (sent.request.headers for sent in door.transport.sent)
    assert first is second
    assert first["Authorization"] == "Bearer at-0"

    answers_in_turn(door, status_of(401), {"ok": 1})
    door.transport.sent.clear()
    await door.send(Request(url="/x", headers=headers))
    assert tokens_sent(door) == ["Bearer at-0", "Bearer at-4"]

    door.transport.sent.clear()
    door.connection = door.connection.model_copy(update={"connection_config": {"a": "b"}})
    await door.send(Request(url="/x", headers=headers))
    assert door.transport.sent[0].request.headers is not first
    assert dict(headers) == {"X-Mine": "1"}


async def test_headers_that_stay_carry_nothing_elsewhere(door):
    headers = FixedHeaders({"X-Mine": "1"})
    await door.send(Request(url="/x", headers=headers))
    await door.send(Request(url="https://a.cdn.example/x", headers=headers))
    assert tokens_sent(door) == ["Bearer at-0", None]


async def test_request_goes_out_with_credentials(door):
    answers_in_turn(door, {"ok": 1})
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


async def test_function_sends_with_five_retries_and_each_request_is_counted(door):
    counted = []
    answers_in_turn(door, status_of(503))
    send = door.gateway.sender(door.connection, lambda: counted.append(1))
    answer = await send(GET)
    assert answer.status == 503
    assert len(counted) == len(door.transport.sent) == 6
    assert door.waits == [1, 2, 4, 8, 16]


async def test_function_counts_the_request_after_a_401(door):
    counted = []
    answers_in_turn(door, status_of(401), status_of(200))
    send = door.gateway.sender(door.connection, lambda: counted.append(1))
    assert (await send(GET)).status == 200
    assert len(counted) == 2


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


async def test_a_bare_request_takes_no_credentials_to_the_vendors_own_host(door):
    await door.send(Request(url="https://a.files.acme.example/upload?t=1", is_bare=True))
    (sent,) = door.transport.sent
    assert sent.headers == {}
    assert door.freshener.asked == []
    with pytest.raises(EgressRefused):
        await door.send(Request(url="https://evil.example/", is_bare=True))
