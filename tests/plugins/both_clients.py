"""Both clients behind one face, so that one scenario is run with either."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from fairlead.client import AsyncFairlead, AsyncPaged, Export, Fairlead, Retries
from fairlead.client.blocking import ProxyReply

#: no test waits for chance or for long
AT_ONCE = Retries(most=2, first_wait_seconds=0.0, chance=lambda: 0.0)


class InThread:
    """A blocking object whose methods are awaited: they run in a thread."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return found if isinstance(found, str | int | dict) else InThread(found)

        async def call(*args: Any, **kwargs: Any) -> Any:
            made = await asyncio.to_thread(found, *args, **kwargs)
            return InThread(made) if isinstance(made, ProxyReply | Export) else made

        return call


async def all_of(paged: Any) -> list[Any]:
    """Read a list to its end, whichever client it is of."""
    if isinstance(paged, AsyncPaged):
        return [item async for item in paged]
    made = await paged
    return await asyncio.to_thread(list, made)


async def pieces_of(reply: Any) -> list[bytes]:
    """Read a proxied answer piece by piece, whichever client it is of."""
    if isinstance(reply, InThread):
        return await asyncio.to_thread(lambda: list(reply._inner.iter_bytes()))
    return [piece async for piece in reply.iter_bytes()]


Make = Callable[..., Any]


@pytest.fixture(params=["Fairlead", "AsyncFairlead"])
async def make_client(request: pytest.FixtureRequest) -> AsyncIterator[Make]:
    """A function that makes a client of either class; all are closed at the end."""
    blocking: list[Fairlead] = []
    others: list[AsyncFairlead] = []

    def make(host: str, **options: Any) -> Any:
        options = {"secret_key": "s3cr3t", "retries": AT_ONCE} | options
        if request.param == "Fairlead":
            blocking.append(Fairlead(host=host, **options))
            return InThread(blocking[-1])
        others.append(AsyncFairlead(host=host, **options))
        return others[-1]

    yield make
    for one in blocking:
        one.close()
    for other in others:
        await other.close()
