"""Stop what is done for a caller who has gone away: waits, and the vendor's work for nothing.

ASGI tells of it by `http.disconnect`
(https://asgi.readthedocs.io/en/latest/specs/www.html#disconnect-receive-event), but only to whoever
asks; asking costs a task, so it begins only when an answer takes long.
"""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from typing import TypeVar

from starlette.types import Receive

T = TypeVar("T")

#: most answers are there sooner
_AFTER_SECONDS = 0.25


class CallerGone(Exception):
    """The caller went away; there is nobody to be answered."""


async def disconnected(receive: Receive) -> None:
    """Return when the caller has gone away; the rest of what they send is dropped."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def unless_left(receive: Receive, work: Awaitable[T]) -> T:
    """Return what `work` comes to; CallerGone if the caller goes away first, and it is cancelled.

    The request's body must have been read: from here on, nothing else may ask `receive`.
    """
    watch = _Watch(receive)
    try:
        return await work
    except asyncio.CancelledError:
        if watch.has_left:
            raise CallerGone from None
        raise
    finally:
        await watch.end()


class _Watch:
    """Cancels the task that made it when the caller goes away."""

    __slots__ = ("_begin", "_looking", "_task", "has_left")

    def __init__(self, receive: Receive) -> None:
        self.has_left = False
        self._task = asyncio.current_task()
        self._looking: asyncio.Task[None] | None = None
        loop = asyncio.get_running_loop()
        self._begin = loop.call_later(_AFTER_SECONDS, self._look, receive)

    def _look(self, receive: Receive) -> None:
        self._looking = asyncio.create_task(self._cancel_when_gone(receive), name="caller watch")

    async def _cancel_when_gone(self, receive: Receive) -> None:
        await disconnected(receive)
        self.has_left = True
        assert self._task is not None
        self._task.cancel()

    async def end(self) -> None:
        """Stop looking, so that somebody else may."""
        self._begin.cancel()
        if self._looking is not None and not self._looking.done():
            self._looking.cancel()
            with suppress(asyncio.CancelledError):
                await self._looking
