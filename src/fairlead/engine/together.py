"""Together: do in one go what many ask for, instead of one after the other."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

A = TypeVar("A")
R = TypeVar("R")


class Together(Generic[A, R]):
    """Everything asked for while one go is under way is the next one.

    `work` returns a result for each of what it was asked; if it fails, it failed for all of them.
    One go takes `most` of what waits, None = all.
    """

    def __init__(
        self, work: Callable[[Sequence[A]], Awaitable[Sequence[R]]], *, most: int | None = None
    ) -> None:
        self._work = work
        self._most = most
        self._waiting: list[tuple[A, asyncio.Future[R]]] = []
        self._task: asyncio.Task[None] | None = None

    def ask(self, wanted: A) -> "asyncio.Future[R]":
        """Return what will be the result; it is done even if nobody waits for it any more."""
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((wanted, answer))
        if self._task is None:
            # begins in the loop's next turn: whoever comes in this one is in it
            self._task = asyncio.create_task(self._go_on())
        return answer

    async def idle(self) -> None:
        """Return when all that was asked for is done."""
        while self._task is not None:
            await asyncio.wait({self._task})

    async def _go_on(self) -> None:
        try:
            while self._waiting:
                most = self._most or len(self._waiting)
                going, self._waiting = self._waiting[:most], self._waiting[most:]
                await self._go(going)
        finally:
            self._task = None

    async def _go(self, going: "Sequence[tuple[A, asyncio.Future[R]]]") -> None:
        wanted = [wanted for wanted, _ in going]
        (outcome,) = await asyncio.gather(self._work(wanted), return_exceptions=True)
        for place, (_, answer) in enumerate(going):
            # who was cancelled does not wait any more
            if answer.done():
                continue
            if isinstance(outcome, BaseException):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome[place])
