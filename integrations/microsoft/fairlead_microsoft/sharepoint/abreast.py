"""Abreast: several places are read at once, and what is read of them comes one after the other.

Each place goes on only when its batch is committed, so it is never more than a page ahead of what
is stored, and a run that is cut goes on in every place where it left off.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, aclosing, suppress
from dataclasses import replace
from typing import Any, TypeVar

from fairlead.sdk import Batch, Checkpoint, Record, SyncCtx
from fairlead_microsoft.sharepoint.tour import Tour

T = TypeVar("T")
R = TypeVar("R", bound=Record)

#: places that are read at once: two pages of each are in memory at most
MOST_AT_ONCE = 16

_END = object()


#: what reads one place, given a context whose checkpoint holds that place's positions only
Reader = Callable[[SyncCtx[Any, Any, Any]], AsyncGenerator[Batch[R], None]]


async def visit_all(
    ctx: SyncCtx[Any, Any, Any], tour: Tour, readers: Mapping[str, Reader[R]]
) -> AsyncGenerator[Batch[R], None]:
    """Yield the batches of several places, each a partition of its own, read abreast.

    A checkpoint keeps a place's positions in dicts, under the partition's name. What a reader
    writes there counts when its batch is yielded, not before.
    """
    visits = [
        tour.visit(place, [place], read(replace(ctx, checkpoint=_own(ctx.checkpoint, place))))
        for place, read in readers.items()
    ]
    async with aclosing(abreast(visits)) as batches:
        async for batch in batches:
            if batch.checkpoint is None:
                yield batch
                continue
            _take_over(ctx.checkpoint, batch.checkpoint, batch.partition)
            yield replace(batch, checkpoint=ctx.checkpoint)


def _own(checkpoint: Checkpoint, place: str) -> Checkpoint:
    """Return a checkpoint of one place alone."""
    own = {
        name: {place: positions[place]} if place in positions else {}
        for name, positions in _positions(checkpoint).items()
    }
    return checkpoint.model_copy(update=own)


def _take_over(checkpoint: Checkpoint, own: Any, place: str) -> None:
    """Write one place's positions into the checkpoint of all."""
    for name, positions in _positions(own).items():
        if place in positions:
            getattr(checkpoint, name)[place] = positions[place]
        else:
            getattr(checkpoint, name).pop(place, None)


def _positions(checkpoint: Checkpoint) -> dict[str, dict[str, Any]]:
    return {name: value for name, value in checkpoint if isinstance(value, dict)}


async def abreast(
    places: Iterable[AsyncGenerator[T, None]], most: int = MOST_AT_ONCE
) -> AsyncGenerator[T, None]:
    """Yield what the places yield, up to so many at once, as it comes; of each in its order.

    An error of one is raised when it comes; the others are given up then, as they are when whoever
    reads stops.
    """
    async with AsyncExitStack() as stack:
        waiting = [await stack.enter_async_context(aclosing(place)) for place in places]
        waiting.reverse()
        under_way: dict[asyncio.Task[Any], AsyncGenerator[T, None]] = {}
        stack.push_async_callback(_given_up, under_way)
        while waiting or under_way:
            while waiting and len(under_way) < most:
                place = waiting.pop()
                under_way[_next(place)] = place
            await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            # in the order in which they were begun, so that a run is the same every time
            for task in [task for task in under_way if task.done()]:
                place = under_way.pop(task)
                batch = task.result()
                if batch is not _END:
                    yield batch
                    under_way[_next(place)] = place


def _next(place: AsyncGenerator[T, None]) -> "asyncio.Task[Any]":
    async def step() -> object:
        return await anext(place, _END)

    return asyncio.create_task(step(), name="place")


async def _given_up(under_way: "dict[asyncio.Task[Any], Any]") -> None:
    for task in under_way:
        task.cancel()
    for task in under_way:
        with suppress(asyncio.CancelledError):
            await asyncio.wait({task})
        if not task.cancelled():
            # seen, so that the loop does not report it: nobody wants it any more
            task.exception()
