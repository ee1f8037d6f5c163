"""The contract suite notices what it is there for."""

from collections.abc import AsyncIterator

import pytest

from fairlead.sdk import Batch, Checkpoint, Ctx, Metadata, Pack, Record, Request, Send, SyncCtx
from fairlead.sdk.testing import Case, Contract, Exchange, Replay

SOURCE = "https://vendor.example/docs"


class Thing(Record):
    id: str


class Place(Checkpoint):
    page: int = 0


pack: Pack[Send] = Pack("vendor", api=lambda send, config: send)


@pack.sync(every="1h", scopes=[], source=SOURCE)
async def good(ctx: SyncCtx[Send, Metadata, Place]) -> AsyncIterator[Batch[Thing]]:
    """Mirror."""
    async for batch in pages(ctx, is_right=True):
        yield batch


@pack.sync(every="1h", scopes=[], source=SOURCE)
async def forgetful(ctx: SyncCtx[Send, Metadata, Place]) -> AsyncIterator[Batch[Thing]]:
    """Skip a page when it goes on."""
    async for batch in pages(ctx, is_right=False):
        yield batch


@pack.sync(every="1h", scopes=["a", "a"], source=SOURCE)
async def sloppy(ctx: SyncCtx[Send, Metadata, Place]) -> AsyncIterator[Batch[Thing]]:
    """mirror without a full stop"""
    for batch in ():
        yield batch


@pack.action(scopes=[], source=SOURCE)
async def leaks(ctx: Ctx[Send]) -> Thing:
    """Leave a response open."""
    await ctx.api(Request(url="https://vendor.example/0"))
    return Thing(id="1")


async def pages(ctx, *, is_right):
    page = ctx.checkpoint.page
    while page < 3:
        async with await ctx.api(Request(url=f"https://vendor.example/{page}")) as answer:
            ids = await answer.json()
        page += 1
        ctx.checkpoint.page = page if is_right else page + 1
        yield Batch(upsert=[Thing(id=one) for one in ids], checkpoint=ctx.checkpoint)


def replay() -> Replay:
    return Replay([Exchange(url=f"/{page}", body=[f"{page}a", f"{page}b"]) for page in range(3)])


def checks(*cases: Case, **options) -> dict:
    return {str(check): check for check in Contract(pack, cases, **options).checks()}


def test_what_is_right_passes():
    found = checks(Case(function="good", send=replay))
    for name in ("declaration", "schemas", "output", "resume at every cut"):
        found[f"good: {name}"]()


def test_a_sync_that_skips_a_page_after_a_cut_fails():
    found = checks(Case(function="forgetful", send=replay, name="pages"))
    found["forgetful: pages: output"]()
    with pytest.raises(AssertionError, match=r"cut after batch 1 of 3 .* missing \['1a', '1b'\]"):
        found["forgetful: pages: resume at every cut"]()


def test_a_response_left_open_fails():
    with pytest.raises(AssertionError, match="leaks leaves responses open"):
        checks(Case(function="leaks", send=replay))["leaks: output"]()


def test_a_sloppy_declaration_fails():
    with pytest.raises(AssertionError, match="docstring must begin with a sentence"):
        checks()["sloppy: declaration"]()


def test_a_function_without_a_case_fails_unless_it_is_named():
    found = checks(without_case=["good", "sloppy", "leaks"])
    assert [name for name in found if name.endswith("has a case")] == ["forgetful: has a case"]
    with pytest.raises(AssertionError, match=r"fairlead run forgetful --connection"):
        found["forgetful: has a case"]()


def test_a_case_of_no_function_fails():
    with pytest.raises(AssertionError, match="which the pack has not"):
        checks(Case(function="gone", send=replay, name="old"))["gone: exists"]()
