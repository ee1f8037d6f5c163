"""Read the lists of the chosen sites abreast, each a partition of its own."""

from collections.abc import AsyncGenerator, Callable
from functools import partial
from typing import Any, TypeVar

from fairlead.sdk import Batch, Record, SyncCtx
from fairlead_microsoft.rest import Rest
from fairlead_microsoft.sharepoint.abreast import visit_all
from fairlead_microsoft.sharepoint.tour import Tour, kept
from fairlead_microsoft.sharepoint_v1.choice import FoundList, chosen_webs, lists_of

R = TypeVar("R", bound=Record)
#: what reads one list
ListReader = Callable[[FoundList, SyncCtx[Rest, Any, Any]], AsyncGenerator[Batch[R], None]]


async def of_libraries(
    ctx: SyncCtx[Rest, Any, Any], read: ListReader[R]
) -> AsyncGenerator[Batch[R], None]:
    """Yield what is read of every library, under the id of its drive at Graph."""
    tour = Tour(ctx)
    found, in_doubt = await lists_of(ctx, tour, await chosen_webs(ctx, tour, ctx.metadata.sites))
    libraries = {one.drive_id: one for one in found if one.entity.is_library}
    async for batch in _each(ctx, tour, libraries, in_doubt, read):
        yield batch


async def of_lists(
    ctx: SyncCtx[Rest, Any, Any], read: ListReader[R]
) -> AsyncGenerator[Batch[R], None]:
    """Yield what is read of every list, which comes with its fields."""
    tour = Tour(ctx)
    webs = await chosen_webs(ctx, tour, ctx.metadata.sites)
    found, in_doubt = await lists_of(ctx, tour, webs, with_fields=True)
    lists = {one.partition: one for one in found}
    async for batch in _each(ctx, tour, lists, in_doubt, read):
        yield batch


async def _each(
    ctx: SyncCtx[Rest, Any, Any],
    tour: Tour,
    lists: dict[str, FoundList],
    in_doubt: list[str],
    read: ListReader[R],
) -> AsyncGenerator[Batch[R], None]:
    ctx.checkpoint.keep_only([*lists, *in_doubt])
    for batch in kept(in_doubt):
        yield batch
    readers = {place: partial(read, one) for place, one in lists.items()}
    async for batch in visit_all(ctx, tour, readers):
        yield batch
    tour.end()
