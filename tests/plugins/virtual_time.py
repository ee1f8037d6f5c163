"""Time that goes on when everybody sleeps: minutes of waiting in a moment, the same every time."""

import asyncio
import heapq
from collections.abc import Coroutine
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from fairlead.model.clock import ManualClock


class VirtualTime:
    """A clock, and a sleep that only this moves."""

    def __init__(self, start: datetime) -> None:
        self.clock = ManualClock(start)
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None], Any]] = []
        self._numbers = count()
        self._awake: set[Any] = set()
        self._all_asleep = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        """Sleep until everybody else does, and it is time."""
        task, woken = asyncio.current_task(), asyncio.get_running_loop().create_future()
        until = self.clock.now() + timedelta(seconds=seconds)
        heapq.heappush(self._sleepers, (until, next(self._numbers), woken, task))
        self._rest(task)
        await woken

    async def run(self, *work: Coroutine[Any, Any, None]) -> None:
        """Do all the work."""
        tasks = [asyncio.create_task(one) for one in work]
        self._awake |= set(tasks)
        for task in tasks:
            task.add_done_callback(self._rest)
        while not all(task.done() for task in tasks):
            await self._all_asleep.wait()
            self._all_asleep.clear()
            if self._sleepers and not self._awake:
                until, _, woken, task = heapq.heappop(self._sleepers)
                if woken.done():
                    self._all_asleep.set()
                    continue
                self.clock.instant = max(until, self.clock.instant)
                self._awake.add(task)
                woken.set_result(None)
                if not task.done():
                    task.add_done_callback(self._rest)
        for task in tasks:
            task.result()

    def _rest(self, task: Any) -> None:
        self._awake.discard(task)
        if not self._awake:
            self._all_asleep.set()
