"""The sync `webs` of SharePoint's own API: a site collection with all its subsites.

https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn499819(v=office.15).
A web tells what is directly below it in one call, which is no more than its change log would cost;
so they are read whole, and one that is listed no more leaves only if it is not there.
"""

from collections.abc import AsyncIterator

from fairlead.sdk import Batch, SyncCtx
from fairlead_microsoft.rest import Rest
from fairlead_microsoft.sharepoint.syncs.sites import Site
from fairlead_microsoft.sharepoint.tour import Tour
from fairlead_microsoft.sharepoint_v1.choice import Positions, Sites, chosen_webs
from fairlead_microsoft.sharepoint_v1.pack import sharepoint_v1
from fairlead_microsoft.sharepoint_v1.shapes.sites import site_of

#: records of one batch
_MANY = 200


@sharepoint_v1.sync(
    every="1h",
    scopes=["Sites.Read.All"],
    source="https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn499819(v=office.15)",
)
async def webs(ctx: SyncCtx[Rest, Sites, Positions]) -> AsyncIterator[Batch[Site]]:
    """Mirror the chosen site collections with all their subsites; those that are gone leave.

    A site's time of change is that of the newest item in it; Graph's is another.
    """
    tour = Tour(ctx)
    found = await chosen_webs(ctx, tour, ctx.metadata.sites)
    for _ in found.webs:
        tour.note_read()
    tour.end()
    for start in range(0, max(len(found.webs), 1), _MANY):
        yield Batch(
            upsert=[
                site_of(one.entity, one.ref, is_top=one.is_top)
                for one in found.webs[start : start + _MANY]
            ],
            checkpoint=ctx.checkpoint,
            restart=start == 0,
            # what could not be looked at stays as it is
            settled=start + _MANY >= len(found.webs) and not ctx.skipped,
        )
