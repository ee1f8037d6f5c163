"""A failed run keeps what it asked and was answered: sealed, without secrets, and it replays."""

from datetime import timedelta
from typing import Any

import pytest
from engine_world import Book, Door, Place, World

from fairlead.cli.replay_run import failure_again, is_same_failure
from fairlead.engine.recorded import opened_recording
from fairlead.errors import Rejected, Throttled, VaultError
from fairlead.model.exchange import Request
from fairlead.model.run import Run, RunState
from fairlead.sdk import Batch
from fairlead.sdk.recording import Recording
from fairlead.sdk.testing import Exchange, Replay
from fairlead.store import recordings, runs
from fairlead.store.tables import run_recordings

HOST = "https://vendor.example"
JWT = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln"
#: what the vendor gives away in these tests, and nobody may find again
SECRETS = ("s3cret-link", "s3cret-token", "s3cret-body", "s3cret-cookie", JWT)


async def broken(ctx: Any) -> Any:
    """Read two pages; the second holds what the function does not expect."""
    at = ctx.checkpoint.page
    while at < 3:
        async with await ctx.api.send(Request(url=f"{HOST}/books?page={at}")) as answer:
            page = await answer.json()
        async with await ctx.api.send(Request(url=page["link"])) as answer:
            titles = (await answer.json())["titles"]
        at += 1
        yield Batch(
            upsert=[Book(id=f"{at}{title}", title=title) for title in titles],
            checkpoint=Place(page=at),
        )


def vendor() -> Replay:
    def page(number: int) -> list[Exchange]:
        link = f"{HOST}/titles/{number}?token=s3cret-link"
        body = {"link": link, "access_token": "s3cret-token", "note": f"Bearer {JWT}"}
        return [
            Exchange(
                url=f"/books?page={number}",
                body=body,
                headers={"Set-Cookie": "s3cret-cookie", "ETag": "1"},
            ),
            Exchange(url=link, body={"titles": ["a"], "password": "s3cret-body"}),
        ]

    first, second = page(0), page(1)
    second[1] = Exchange(url=second[1].url, body={"client_secret": "s3cret-body"})
    return Replay([*first, *second])


async def kept(world: World, run: Run) -> Recording | None:
    async with world.db.read() as tx:
        envelope = await recordings.find(tx, run.id)
    return None if envelope is None else opened_recording(world.vault, envelope, run.id)


async def failed(world: World) -> Run:
    door = world.setup.gateway
    assert isinstance(door, Door)
    door.send = vendor()
    run = await world.run(broken)
    assert run.state is RunState.FAILED
    return run


async def test_a_failed_sync_is_reproduced_from_its_last_batch(world: World) -> None:
    run = await failed(world)
    assert run.failure is not None
    assert run.failure.message == "books raised KeyError: 'titles'"
    recording = await kept(world, run)
    assert recording is not None
    # the first page was committed: it is no part of what must be answered again
    assert [one.url for one in recording.exchanges] == [
        f"{HOST}/books?page=1",
        f"{HOST}/titles/1?token=[redacted]",
    ]
    assert recording.checkpoint == {"page": 1}
    again = await failure_again(world.registry, recording)
    assert again == run.failure
    assert is_same_failure(again, recording.failure)


async def test_a_function_that_was_mended_ends_otherwise(world: World) -> None:
    recording = await kept(world, await failed(world))
    assert recording is not None

    async def mended(ctx: Any) -> Any:
        async with await ctx.api.send(Request(url=f"{HOST}/books?page=1")):
            yield Batch[Book]()

    world.library.sync = mended
    assert await failure_again(world.registry, recording) is None
    assert not is_same_failure(None, recording.failure)

    async def wandering(ctx: Any) -> Any:
        await ctx.api.send(Request(url=f"{HOST}/elsewhere"))
        yield Batch[Book]()

    world.library.sync = wandering
    other = await failure_again(world.registry, recording)
    assert other is not None
    assert "unexpected request: GET https://vendor.example/elsewhere" in other.message


async def test_no_secret_is_kept_neither_sealed_nor_opened(world: World) -> None:
    run = await failed(world)
    recording = await kept(world, run)
    assert recording is not None
    async with world.db.read() as tx:
        rows = await tx.all(run_recordings.select())
    envelope = bytes(rows[0].envelope)
    for secret in SECRETS:
        assert secret not in recording.dumped().decode()
        assert secret.encode() not in envelope
    # and what is no secret is in the envelope only
    assert b"vendor.example" not in envelope
    with pytest.raises(VaultError):
        opened_recording(world.vault, envelope, "another run")


async def test_an_actions_failure_is_kept_with_its_input(world: World) -> None:
    async def lend(ctx: Any, days: int) -> Book:
        async with await ctx.api.send(Request(url=f"{HOST}/lend", method="POST")) as answer:
            raise Rejected("No.", provider_status=answer.status)

    async def refused(request: Request) -> Any:
        raise Throttled("Later.", retry_after=3.0)

    door = world.setup.gateway
    assert isinstance(door, Door)
    world.library.action = lend
    for send, kind in (
        (Replay([Exchange(url="/lend", method="POST", status=403)]), Rejected),
        (refused, Throttled),
    ):
        door.send = send
        with pytest.raises(kind):
            await world.engine().run_action(world.connection, "lend", {"days": 3})
        run = await world.latest("lend")
        recording = await kept(world, run)
        assert recording is not None
        assert (recording.kind, recording.input) == ("action", {"days": 3})
        assert await failure_again(world.registry, recording) == run.failure
        world.clock.advance(timedelta(seconds=1))  # type: ignore[attr-defined]  # a ManualClock


async def test_what_ends_well_keeps_nothing(world: World) -> None:
    async def fine(ctx: Any) -> Any:
        async with await ctx.api.send(Request(url=f"{HOST}/x")):
            yield Batch[Book]()

    run = await world.run(fine)
    assert run.state is RunState.SUCCEEDED
    assert await kept(world, run) is None


async def test_only_the_newest_are_kept_and_they_go_with_the_connection(world: World) -> None:
    made = []
    for _ in range(recordings.KEPT + 2):
        made.append(await failed(world))
        world.clock.advance(timedelta(seconds=1))  # type: ignore[attr-defined]  # a ManualClock
    found = [await kept(world, run) is not None for run in made]
    assert found == [False, False] + [True] * recordings.KEPT
    async with world.db.write() as tx:
        await tx.execute(runs.runs.delete())
        assert await tx.all(run_recordings.select()) == []
