"""Recorder and Recording: what is kept of an exchange, what is not, and that it replays."""

import pytest

from fairlead.errors import InvalidInput, Throttled
from fairlead.model.run import RunFailure
from fairlead.sdk import Request
from fairlead.sdk.testing import (
    Exchange,
    NotRecorded,
    RecordedExchange,
    Recorder,
    Recording,
    Replay,
)

TOKEN = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln"
BASE = "https://vendor.example"


async def heard(send, *requests, **limits):
    recorder = Recorder(send, **limits)
    for request in requests:
        async with await recorder(request) as answer:
            await answer.json()
            await answer.read()
    return recorder


async def test_an_exchange_is_kept_and_given_again():
    send = Replay([Exchange(url="/a?x=1", body={"n": [1]}, headers={"ETag": "1", "Via": "x"})])
    recorder = await heard(send, Request(url=f"{BASE}/a?x=1"))
    (one,) = recorder.exchanges()
    assert one == RecordedExchange(
        url=f"{BASE}/a?x=1", headers={"etag": "1", "via": "x"}, json_={"n": [1]}
    )
    assert recorder.is_complete
    recording = Recording(kind="sync", function="f", provider="p", exchanges=[one])
    again = Replay.of(Recording.read(recording.dumped()))
    async with await again(Request(url=f"{BASE}/a?x=1")) as answer:
        assert (answer.status, await answer.json()) == (200, {"n": [1]})
    again.assert_all_used()


async def test_secrets_are_left_out_and_it_replays_all_the_same():
    link = f"{BASE}/next?token=s3cret-one"
    body = {
        "access_token": "s3cret-two",
        "link": link,
        "text": f"Bearer {TOKEN}",
        "nested": [{"Password": "s3cret-three", "n": 1}],
    }
    send = Replay([Exchange(url="/a", body=body, headers={"Set-Cookie": "s3cret-four"})])
    send.left.append(Exchange(url=link, body=b"token=s3cret-five&x=1"))
    recorder = Recorder(send)
    async with await recorder(
        Request(url=f"{BASE}/a", headers={"Authorization": "s3cret-six"})
    ) as first:
        after = (await first.json())["link"]
    async with await recorder(Request(url=after)) as second:
        await second.read()
    recording = Recording(kind="sync", function="f", provider="p", exchanges=recorder.exchanges())
    kept = recording.dumped().decode()
    assert "s3cret" not in kept
    assert TOKEN not in kept
    again = Replay.of(recording)
    async with await again(Request(url=f"{BASE}/a")) as first:
        after = (await first.json())["link"]
    assert after == f"{BASE}/next?token=[redacted]"
    async with await again(Request(url=after.replace("[", "%5B").replace("]", "%5D"))) as second:
        assert await second.read() == b"token=[redacted]&x=1"
    again.assert_all_used()


async def test_an_error_is_raised_again():
    async def send(request):
        raise Throttled("Wait: token=s3cret", retry_after=7.0, provider_status=429)

    recorder = Recorder(send)
    with pytest.raises(Throttled):
        await recorder(Request(url=f"{BASE}/a", method="post"))
    (one,) = recorder.exchanges()
    assert "s3cret" not in one.model_dump_json()
    again = Replay.of(Recording(kind="action", function="f", provider="p", exchanges=[one]))
    with pytest.raises(Throttled) as raised:
        await again(Request(url=f"{BASE}/a", method="POST"))
    assert (raised.value.retry_after, raised.value.provider_status) == (7.0, 429)


async def test_what_is_no_text_keeps_its_length_only():
    send = Replay([Exchange(url="/a", body=b"\xff\xfe secret bytes"), Exchange(url="/b")])
    recorder = Recorder(send)
    async with await recorder(Request(url=f"{BASE}/a")) as answer:
        assert len(b"".join([piece async for piece in answer.stream()])) == 15
    async with await recorder(Request(url=f"{BASE}/b")):
        pass
    first, second = recorder.exchanges()
    assert (first.left_out_bytes, first.text, first.json_) == (15, None, None)
    assert first.body == bytes(15)
    assert second.body == b""


async def test_it_is_bounded_and_says_so():
    def answers():
        return Replay([Exchange(url="/a", body={"x": "y" * 50}) for _ in range(3)])

    requests = [Request(url=f"{BASE}/a")] * 3
    recorder = await heard(answers(), *requests, most_exchanges=2)
    assert (len(recorder.exchanges()), recorder.is_complete, recorder.requests) == (2, False, 3)
    recorder = await heard(answers(), *requests, most_bytes=130)
    assert [len(one.body) for one in recorder.exchanges()] == [58, 58, 0]
    assert not recorder.is_complete
    recorder.forget(b"{}")
    assert (recorder.exchanges(), recorder.is_complete) == ([], True)
    assert recorder.checkpoint == b"{}"


def test_a_file_that_is_none_is_told():
    with pytest.raises(InvalidInput, match=r"x\.json is not JSON"):
        Recording.read(b"{", "x.json")
    with pytest.raises(InvalidInput, match=r"x\.json: kind: Input should be 'sync' or 'action'"):
        Recording.read(b'{"kind": "x", "function": "f", "provider": "p"}', "x.json")


async def test_an_unknown_request_is_no_crash_of_ours():
    recording = Recording(
        kind="sync",
        function="f",
        provider="p",
        failure=RunFailure(code="x", message="y", who="vendor"),
        checkpoint={"a": 1},
    )
    assert recording.position == b'{"a":1}'
    with pytest.raises(NotRecorded, match="unexpected request"):
        await Replay.of(recording)(Request(url=f"{BASE}/a"))
