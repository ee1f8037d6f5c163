"""What a failure says: one line, no secret, and who must act."""

import asyncio

import pytest

from fairlead.engine.failure import authors, failure_of, one_line
from fairlead.errors import BadClientSecret, FunctionCrashed, InternalError, Rejected, Throttled


def test_a_failure_says_code_sentence_and_who() -> None:
    failure = failure_of(BadClientSecret())
    assert (failure.code, failure.who, failure.request_id) == (
        "bad_client_secret",
        "operator",
        None,
    )
    assert failure.message.startswith("The vendor refuses the app's client id or secret")


def test_a_failure_carries_the_vendors_request_id() -> None:
    assert failure_of(Throttled(request_id="r-1")).request_id == "r-1"


def test_a_failure_holds_no_secret_and_nothing_unstorable() -> None:
    failure = failure_of(Rejected('no: {"access_token": "abc123"} \0 \ud83d'))
    assert "abc123" not in failure.message
    assert "\0" not in failure.message
    failure.message.encode()


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("bad"), "ValueError: bad"),
        (ValueError(), "ValueError"),
        (ValueError("  \n"), "ValueError"),
        (ValueError("first\nsecond"), "ValueError: first"),
        (KeyError("x"), "KeyError: 'x'"),
        (OSError("https://a/?client_secret=hush"), "OSError: https://a/?client_secret=[redacted]"),
    ],
)
def test_an_exception_is_one_line(error: Exception, line: str) -> None:
    assert one_line(error) == line


def test_a_long_reason_is_cut() -> None:
    assert len(one_line(ValueError("x" * 5000))) < 400


async def test_an_authors_exception_becomes_ours_and_keeps_its_cause() -> None:
    async def step() -> None:
        raise LookupError("shelf")

    with pytest.raises(FunctionCrashed, match="books raised LookupError: shelf") as caught:
        await authors("books", step())
    assert isinstance(caught.value.__cause__, LookupError)


async def test_our_own_errors_pass() -> None:
    async def step() -> None:
        raise InternalError("ours")

    with pytest.raises(InternalError, match="ours"):
        await authors("books", step())


async def test_a_real_cancellation_passes_and_a_made_up_one_does_not() -> None:
    async def made_up() -> None:
        raise asyncio.CancelledError

    with pytest.raises(FunctionCrashed, match="books cancelled itself"):
        await authors("books", made_up())

    task = asyncio.ensure_future(authors("books", asyncio.Event().wait()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_a_step_returns_passes() -> None:
    async def step() -> int:
        return 3

    assert await authors("books", step()) == 3
