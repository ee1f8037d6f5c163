"""A process that may die, or fall asleep, at any moment: simulated inside one process.

Whatever a process does to the world goes through `Fate.passes`: a request, its answer, a write's
beginning, the moment before its commit and the one after. At one of these moments it ends: nothing
that it does afterwards, clean-up included, reaches database or network. Its lease stays.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from fairlead.store.database import Database, Tx

T = TypeVar("T")


class Died(BaseException):
    """The process is no more. No `except Exception` must stop it."""


class Fate:
    """When a process ends: at the nth of its moments, or never."""

    def __init__(self, at: int | None = None, *, sleeps: bool = False) -> None:
        self._left = at
        self._sleeps = sleeps
        self.is_dead = False
        self.asleep = asyncio.Event()
        #: batches that were committed after it slept
        self.late_commits = 0
        self._woken = asyncio.Event()
        self.moments = 0

    @property
    def has_struck(self) -> bool:
        return self.is_dead or self.asleep.is_set()

    def passes(self) -> None:
        """Live through one moment, or not."""
        if self._is_now() and not self._sleeps:
            self.is_dead = True
        if self.is_dead:
            raise Died

    async def waits(self) -> None:
        """Live through a moment at which a process may be put to sleep, too."""
        if self._is_now():
            if self._sleeps:
                self.asleep.set()
            else:
                self.is_dead = True
        if self.asleep.is_set():
            # all of it sleeps, whatever else it was at
            await self._woken.wait()
        if self.is_dead:
            raise Died

    @property
    def is_woken(self) -> bool:
        return self._woken.is_set()

    def wake(self) -> None:
        """Let it go on as if nothing had happened."""
        self._woken.set()

    def _is_now(self) -> bool:
        self.moments += 1
        if self._left is None:
            return False
        self._left -= 1
        return self._left == 0


class MortalDatabase(Database):
    """A database as one process sees it; `committed` is awaited after each of its commits."""

    def __init__(
        self, real: Database, fate: Fate, committed: Callable[[], Awaitable[None]]
    ) -> None:
        # Nothing of its own: every connection is the real one's.
        self._real = real
        self._fate = fate
        self._committed = committed
        self.url = real.url
        self.dialect = real.dialect

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Tx]:
        await self._fate.waits()
        async with self._real.write() as tx:
            yield tx
            self._fate.passes()
        await self._committed()
        await self._fate.waits()

    async def transact(self, work: Callable[[Tx], Coroutine[Any, Any, T]]) -> T:
        async def doomed(tx: Tx) -> T:
            result = await work(tx)
            self._fate.passes()
            return result

        await self._fate.waits()
        is_late = self._fate.is_woken
        result = await self._real.transact(doomed)
        self._fate.late_commits += is_late
        await self._committed()
        await self._fate.waits()
        return result

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Tx]:
        await self._fate.waits()
        async with self._real.read() as tx:
            yield tx

    @asynccontextmanager
    async def glance(self) -> AsyncIterator[Tx]:
        async with self._real.glance() as tx:
            yield tx
