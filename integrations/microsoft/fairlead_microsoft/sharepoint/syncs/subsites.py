"""The sync `subsites`: the sites below the top sites, at any depth."""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, Self

from pydantic import Field

from fairlead.errors import FairleadError
from fairlead.sdk import Batch, Metadata, Record, SyncCtx
from fairlead_microsoft.graph import Graph
from fairlead_microsoft.graph.batch import MOST_CALLS
from fairlead_microsoft.sharepoint.choice import GraphSite, SitePositions, chosen_sites
from fairlead_microsoft.sharepoint.pack import sharepoint
from fairlead_microsoft.sharepoint.tour import Tour

_SELECT = "id,name,displayName,description,webUrl,createdDateTime,lastModifiedDateTime"
_PAGE = 100


class Subsite(Record):
    """A site that lies in another one."""

    id: str
    name: str | None = None
    display_name: str | None = None
    description: str | None = None
    web_url: str | None = None
    created_date_time: str | None = None
    last_modified_date_time: str | None = None
    #: the site it lies in
    parent_site_id: str | None = None

    @classmethod
    def of(cls, parent_id: str, site: GraphSite) -> Self:
        """Make the record of a site."""
        return cls(
            id=site.id,
            name=site.name,
            display_name=site.display_name,
            description=site.description,
            web_url=site.web_url,
            created_date_time=site.created_date_time,
            last_modified_date_time=site.last_modified_date_time,
            parent_site_id=parent_id,
        )


class TopSites(Metadata):
    """Below which sites to look."""

    #: ids or addresses; empty: all that the connection may list
    sites: list[str] = Field(default_factory=list)


@sharepoint.sync(
    every="1h",
    scopes=["Sites.Read.All"],
    source="https://learn.microsoft.com/graph/api/site-list-subsites",
)
async def subsites(ctx: SyncCtx[Graph, TopSites, SitePositions]) -> AsyncIterator[Batch[Subsite]]:
    """Mirror the sites below the top sites, at any depth; those that are gone leave."""
    tour = Tour(ctx)
    tops = await chosen_sites(ctx, tour, ctx.metadata.sites)
    for start in range(0, len(tops), MOST_CALLS):
        some = tops[start : start + MOST_CALLS]
        for top, reply in zip(some, await _below(ctx.api, some), strict=True):
            async for batch in tour.visit(top, [top], _tree(ctx, tour, top, reply)):
                yield batch
    tour.end()


async def _below(api: Graph, parents: list[str]) -> list[Any]:
    paths = [api.path("sites", parent, "sites") for parent in parents]
    return await api.read_many(paths, select=_SELECT, top=_PAGE)


async def _tree(
    ctx: SyncCtx[Graph, TopSites, SitePositions], tour: Tour, top: str, reply: Any
) -> AsyncGenerator[Batch[Subsite], None]:
    """Yield a level of the tree after the other; a closed branch keeps what is known of it."""
    if isinstance(reply, FairleadError):
        raise reply
    level = {top: reply}
    seen = {top}
    is_first = is_whole = True
    while level:
        found: list[Subsite] = []
        for parent, answer in level.items():
            if isinstance(answer, FairleadError):
                tour.leave_out(parent, answer)
                is_whole = False
                continue
            async for page in ctx.api.pages_from(GraphSite, answer):
                found += [Subsite.of(parent, site) for site in page.items]
        below = [one.id for one in found if one.id not in seen]
        seen |= set(below)
        yield Batch(
            upsert=found,
            checkpoint=ctx.checkpoint,
            partition=top,
            restart=is_first,
            settled=is_whole and not below,
        )
        is_first = False
        level = dict(zip(below, await _below(ctx.api, below), strict=True))
