"""Fetch one page ahead: the vendor works while the last page is being stored."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import TracebackType
from typing import Generic, Self, TypeVar

T = TypeVar("T")


class Ahead(Generic[T]):
    """Fetches pages by their URLs, at most one before it is asked for.

    Whatever a fetch ends with, its page or its error, is what `get` ends with. Leaving the block
    gives up a page that nobody asked for.
    """

    def __init__(self, fetch: Callable[[str], Awaitable[T]]) -> None:
        self._fetch = fetch
        self._url = ""
        self._task: asyncio.Task[T] | None = None

    def begin(self, url: str) -> None:
        """Begin to fetch a page that will be asked for next."""
        self._url, self._task = url, asyncio.create_task(self._run(url))

    async def get(self, url: str) -> T:
        """Return a page: the one that was begun, or else a fresh one."""
        task, self._task = self._task, None
        if task is None:
            return await self._fetch(url)
        if self._url == url:
            return await _finished(task)
        await _given_up(task)
        return await self._fetch(url)

    async def _run(self, url: str) -> T:
        return await self._fetch(url)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._task is not None:
            await _given_up(self._task)


async def _finished(task: asyncio.Task[T]) -> T:
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await _given_up(task)
        raise


async def _given_up(task: asyncio.Task[T]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await asyncio.wait({task})
    if not task.cancelled() and task.done():
        # seen, so that the loop does not report it: nobody wants it any more
        task.exception()
