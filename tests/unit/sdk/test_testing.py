"""The authors' test kit, and the context a sync is given."""

from collections.abc import AsyncIterator

import pytest

from fairlead.errors import AuthorError, InvalidInput
from fairlead.sdk import Batch, Checkpoint, Metadata, Pack, Record, Request, Send, SyncCtx
from fairlead.sdk.testing import Exchange, Replay, run_sync

SOURCE = "https://vendor.example/docs"


class Thing(Record):
    id: str
    n: int = 0


class Wanted(Metadata):
    feeds: list[str]


class Done(Checkpoint):
    count: int = 0


pack: Pack[Send] = Pack("vendor", api=lambda send, config: send)


@pack.sync(every="1h", scopes=[], source=SOURCE)
async def things(ctx: SyncCtx[Send, Wanted, Done]) -> AsyncIterator[Batch[Thing]]:
    """Mirror: each feed answers with a list of steps."""
    for feed in ctx.metadata.feeds:
        response = await ctx.api(Request(url=f"https://vendor.example/{feed}"))
        async with response:
            steps = await response.json()
        for step in steps:
            ctx.checkpoint.count += 1
            yield Batch(
                upsert=[Thing(id=f"{feed}{key}", n=n) for key, n in step.get("up", {}).items()],
                delete=[f"{feed}{key}" for key in step.get("down", [])],
                checkpoint=ctx.checkpoint,
                partition=feed,
                restart=step.get("restart", False),
                settled=step.get("settled", False),
            )


def feed(name: str, *steps: dict) -> Exchange:
    return Exchange(url=f"/{name}", body=list(steps))


async def test_batches_become_a_table():
    send = Replay(
        [feed("a", {"restart": True, "up": {"1": 1, "2": 1}}, {"up": {"2": 2}, "down": ["1"]})]
    )
    ran = await run_sync(pack, "things", send, metadata={"feeds": ["a"]})
    send.assert_all_used()
    assert ran.table.live() == {"a2": {"id": "a2", "n": 2}}
    assert ran.table.deleted() == {"a1"}
    assert (ran.counts.added, ran.counts.updated, ran.counts.deleted) == (2, 1, 1)
    assert ran.checkpoint == b'{"count":2}'
    assert ran.is_finished


async def test_a_full_read_sweeps_what_it_did_not_see():
    first = await run_sync(
        pack,
        "things",
        Replay([feed("a", {"restart": True, "up": {"1": 1, "2": 1}, "settled": True})]),
        metadata={"feeds": ["a"]},
    )
    second = await run_sync(
        pack,
        "things",
        Replay([feed("a", {"restart": True, "up": {"2": 1}}, {"settled": True, "up": {"3": 1}})]),
        metadata={"feeds": ["a"]},
        table=first.table,
        checkpoint=first.checkpoint,
    )
    assert set(second.table.live()) == {"a2", "a3"}
    assert (second.counts.unchanged, second.counts.added, second.counts.deleted) == (1, 1, 1)
    assert second.checkpoint == b'{"count":3}'


async def test_settled_without_doubt_sweeps_nothing():
    first = await run_sync(
        pack,
        "things",
        Replay([feed("a", {"restart": True, "up": {"1": 1}, "settled": True})]),
        metadata={"feeds": ["a"]},
    )
    second = await run_sync(
        pack,
        "things",
        Replay([feed("a", {"settled": True, "up": {"2": 1}})]),
        metadata={"feeds": ["a"]},
        table=first.table,
    )
    assert set(second.table.live()) == {"a1", "a2"}


async def test_partitions_that_are_not_chosen_any_more_are_swept():
    first = await run_sync(
        pack,
        "things",
        Replay([feed("a", {"up": {"1": 1}}), feed("b", {"up": {"1": 1}})]),
        metadata={"feeds": ["a", "b"]},
    )
    second = await run_sync(
        pack, "things", Replay([feed("b", {})]), metadata={"feeds": ["b"]}, table=first.table
    )
    assert set(second.table.live()) == {"b1"}


async def test_a_killed_run_sweeps_nothing_and_keeps_its_checkpoint():
    send = Replay([feed("a", {"up": {"1": 1}}, {"up": {"2": 1}})])
    ran = await run_sync(pack, "things", send, metadata={"feeds": ["a"]}, stop_after=1)
    assert not ran.is_finished
    assert set(ran.table.live()) == {"a1"}
    assert ran.checkpoint == b'{"count":1}'


async def test_metadata_that_does_not_suit_is_the_callers():
    with pytest.raises(InvalidInput, match=r"feeds: Field required; set it with") as told:
        await run_sync(pack, "things", Replay([]))
    assert told.value.code == "invalid_metadata"


@pytest.mark.parametrize("checkpoint", [b'{"count":"many"}', b"no json", b"[]"])
async def test_a_checkpoint_that_is_not_understood_counts_as_none(checkpoint):
    ran = await run_sync(
        pack, "things", Replay([feed("a", {})]), metadata={"feeds": ["a"]}, checkpoint=checkpoint
    )
    assert ran.checkpoint == b'{"count":1}'


async def test_unknown_sync_is_told():
    with pytest.raises(AuthorError, match="no sync nothing"):
        await run_sync(pack, "nothing", Replay([]))


async def test_replay_refuses_what_it_does_not_know():
    send = Replay([Exchange(url="https://vendor.example/a?x=1"), Exchange(url="/b", method="POST")])
    with pytest.raises(AssertionError, match=r"unexpected request: GET https://vendor\.example/b"):
        await send(Request(url="https://vendor.example/b"))
    with pytest.raises(AssertionError, match="never asked for"):
        send.assert_all_used()


async def test_replay_notices_responses_left_open():
    send = Replay([Exchange(url="/a", headers={"Content-Type": "text/plain"}, body=b"abc")])
    response = await send(Request(url="https://vendor.example/a"))
    assert response.headers["content-type"] == "text/plain"
    assert b"".join([piece async for piece in response.stream()]) == await response.read() == b"abc"
    with pytest.raises(AssertionError, match="left open"):
        send.assert_all_used()
    await response.close()
    send.assert_all_used()
