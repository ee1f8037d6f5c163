"""What many ask for at once is done in one go."""

import asyncio
from collections.abc import Sequence

import pytest

from fairlead.engine.together import Together


class Doubling:
    """Doubles numbers, once it may; notes what was asked in one go."""

    def __init__(self) -> None:
        self.goes: list[list[int]] = []
        self.gate = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self, wanted: Sequence[int]) -> list[int]:
        self.goes.append(list(wanted))
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return [2 * each for each in wanted]


async def test_those_that_come_meanwhile_are_the_next_go() -> None:
    work = Doubling()
    together = Together(work)
    first = [together.ask(1), together.ask(2)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    later = [together.ask(3), together.ask(4)]
    work.gate.set()
    assert await asyncio.gather(*first, *later) == [2, 4, 6, 8]
    assert work.goes == [[1, 2], [3, 4]]
    # and it begins anew
    assert await together.ask(5) == 10


async def test_a_failure_is_told_to_all_of_its_go_and_ends_there() -> None:
    work = Doubling()
    work.gate.set()
    work.error = LookupError("away")
    together = Together(work)
    outcomes = await asyncio.gather(together.ask(1), together.ask(2), return_exceptions=True)
    assert outcomes == [work.error, work.error]
    work.error = None
    assert await together.ask(3) == 6


async def test_who_leaves_takes_nothing_from_the_others_and_it_is_done_all_the_same() -> None:
    work = Doubling()
    together = Together(work)
    left, stays = together.ask(1), together.ask(2)
    await asyncio.sleep(0)
    left.cancel()
    idle = asyncio.create_task(together.idle())
    await asyncio.sleep(0)
    assert not idle.done()
    work.gate.set()
    assert await stays == 4
    await idle
    assert work.goes == [[1, 2]]
    with pytest.raises(asyncio.CancelledError):
        await left


async def test_a_go_takes_no_more_than_it_may() -> None:
    gone: list[list[int]] = []

    async def work(wanted: Sequence[int]) -> list[int]:
        gone.append(list(wanted))
        return list(wanted)

    together: Together[int, int] = Together(work, most=2)
    answers = await asyncio.gather(*(together.ask(number) for number in range(5)))
    assert answers == [0, 1, 2, 3, 4]
    assert gone == [[0, 1], [2, 3], [4]]
