"""The sync `lists` of SharePoint's own API: the lists and libraries of all webs.

https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn531433(v=office.15).
A web tells all its lists in one call, which is no more than its change log would cost; so they are
read whole.
"""

from collections import defaultdict
from collections.abc import AsyncIterator

from fairlead.sdk import Batch, SyncCtx
from fairlead_microsoft.rest import Rest
from fairlead_microsoft.sharepoint.syncs.lists import List
from fairlead_microsoft.sharepoint.tour import Tour, kept
from fairlead_microsoft.sharepoint_v1.choice import Positions, Sites, chosen_webs, lists_of
from fairlead_microsoft.sharepoint_v1.pack import sharepoint_v1
from fairlead_microsoft.sharepoint_v1.shapes.lists import list_of


@sharepoint_v1.sync(
    every="1h",
    scopes=["Sites.Read.All"],
    source="https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn531433(v=office.15)",
)
async def lists(ctx: SyncCtx[Rest, Sites, Positions]) -> AsyncIterator[Batch[List]]:
    """Mirror the lists and libraries of the chosen sites; those that are gone leave."""
    tour = Tour(ctx)
    webs = await chosen_webs(ctx, tour, ctx.metadata.sites)
    found, in_doubt = await lists_of(ctx, tour, webs)
    tour.end()
    by_web: dict[str, list[List]] = defaultdict(list)
    for one in found:
        record = list_of(one.entity, site_id=one.web.id, web_url=one.web.entity.url)
        by_web[one.web.id].append(record)
    open_webs = [one.id for one in webs.webs if one.id not in in_doubt]
    ctx.checkpoint.keep_only([*open_webs, *in_doubt])
    for batch in kept(in_doubt):
        yield batch
    for site_id in open_webs:
        ctx.checkpoint.links[site_id] = None  # known, should it be closed next time
        yield Batch(
            upsert=by_web[site_id],
            checkpoint=ctx.checkpoint,
            partition=site_id,
            restart=True,
            settled=True,
        )
