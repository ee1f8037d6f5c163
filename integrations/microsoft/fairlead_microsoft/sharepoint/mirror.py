"""Mirror what lies in sites: a collection of each, read whole, twenty sites an exchange."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from typing import Any, TypeVar

from fairlead.errors import FairleadError
from fairlead.sdk import Batch, Record, SyncCtx
from fairlead_microsoft.graph import Graph
from fairlead_microsoft.graph.batch import MOST_CALLS
from fairlead_microsoft.graph.paging import M
from fairlead_microsoft.sharepoint.tour import Tour

R = TypeVar("R", bound=Record)


async def mirror(
    ctx: SyncCtx[Graph, Any, Any],
    tour: Tour,
    sites: Sequence[str],
    model: type[M],
    *,
    path: Callable[[str], str],
    records: Callable[[str, M], Iterable[R]],
    **params: str | int | None,
) -> AsyncIterator[Batch[R]]:
    """Yield a full read of the collection at `path(site)` of every site, a partition each."""
    for start in range(0, len(sites), MOST_CALLS):
        some = sites[start : start + MOST_CALLS]
        replies = await ctx.api.read_many([path(site) for site in some], **params)
        for site, reply in zip(some, replies, strict=True):
            batches = _whole(ctx, site, reply, model, records)
            async for batch in tour.visit(site, [site], batches):
                yield batch


async def _whole(
    ctx: SyncCtx[Graph, Any, Any],
    site: str,
    reply: Any,
    model: type[M],
    records: Callable[[str, M], Iterable[R]],
) -> AsyncGenerator[Batch[R], None]:
    if isinstance(reply, FairleadError):
        raise reply
    is_first = True
    async for page in ctx.api.pages_from(model, reply):
        yield Batch(
            upsert=[record for item in page.items for record in records(site, item)],
            checkpoint=ctx.checkpoint,
            partition=site,
            restart=is_first,
            settled=page.next_link is None,
        )
        is_first = False
