"""Commits a cloud that is kept in a file: before the answers of requests that change something.

What a reading request changes on the side (the number by which a site knows somebody, say), and
what happens without any request, is committed within half a second.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from m365sim.faults import ASGIApp, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from m365sim.world import World

INTERVAL = 0.5  # seconds
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


def with_commits(app: ASGIApp, world: World, *, reads_change: bool = False) -> ASGIApp:
    """Wrap a surface; `reads_change` says that a GET may change what matters, as at sign-in."""
    state = world.state
    if state is None:
        return app

    async def kept(scope: Scope, receive: Receive, send: Send) -> None:
        changes = scope["type"] == "http" and (reads_change or scope["method"] not in _READING)
        state.is_touched = True

        async def committed(message: Message) -> None:
            if changes and message["type"] == "http.response.start":
                state.commit()
            await send(message)

        await app(scope, receive, committed)

    return kept


@asynccontextmanager
async def keeping(world: World) -> AsyncIterator[None]:
    """Commit now and then, and at the end."""
    state = world.state
    if state is None:
        yield
        return

    async def commit_now_and_then() -> None:
        while True:
            await asyncio.sleep(INTERVAL)
            if state.is_touched or any(one.is_busy for one in world.tenants.values()):
                state.commit()

    committing = asyncio.create_task(commit_now_and_then())
    try:
        yield
    finally:
        committing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await committing
        state.commit()
