"""The sync `sites`: the sites that are named, found by a term, or all there are."""

from collections.abc import AsyncIterator, Mapping
from typing import Self

from pydantic import Field

from fairlead.errors import FairleadError, Rejected
from fairlead.sdk import Batch, Metadata, Record, SyncCtx
from fairlead_microsoft.graph import DeltaPage, Graph
from fairlead_microsoft.graph.paging import read_as
from fairlead_microsoft.sharepoint.choice import (
    GraphSite,
    SitePositions,
    all_sites,
    site_path,
    still_there,
)
from fairlead_microsoft.sharepoint.pack import sharepoint
from fairlead_microsoft.sharepoint.tour import Tour

#: records of one batch
_MANY = 200


class Site(Record):
    """A site."""

    id: str
    display_name: str | None = None
    #: last part of its address; empty for the tenant's root site
    name: str | None = None
    web_url: str | None = None
    description: str | None = None
    created_date_time: str | None = None
    last_modified_date_time: str | None = None
    site_collection_hostname: str | None = None

    @classmethod
    def of(cls, site: GraphSite) -> Self:
        """Make the record of a site."""
        collection = site.site_collection
        return cls(
            id=site.id,
            display_name=site.display_name,
            name=site.name,
            web_url=site.web_url,
            description=site.description,
            created_date_time=site.created_date_time,
            last_modified_date_time=site.last_modified_date_time,
            site_collection_hostname=collection.hostname if collection else None,
        )


class Wanted(Metadata):
    """Which sites to mirror; nothing named: all that the connection may list."""

    site_ids: list[str] = Field(default_factory=list)
    #: `contoso.sharepoint.com:/sites/marketing`, or the whole address
    site_paths: list[str] = Field(default_factory=list)
    #: words of a site's name
    search_terms: list[str] = Field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Say whether nothing is named."""
        return not (self.site_ids or self.site_paths or self.search_terms)


class Feed(SitePositions):
    """Which sites are known, and where the tenant's feed of sites goes on."""

    link: str | None = None


@sharepoint.sync(
    every="1h",
    scopes=["Sites.Read.All"],
    source="https://learn.microsoft.com/graph/api/site-delta",
    auto_start=False,
)
async def sites(ctx: SyncCtx[Graph, Wanted, Feed]) -> AsyncIterator[Batch[Site]]:
    """Mirror the sites that are named or found, or all; those that are gone leave.

    An app follows the tenant's changes; a user's sites are looked for.
    """
    checkpoint = ctx.checkpoint
    if ctx.metadata.is_empty:
        feed = _feed(ctx)
        first = await anext(feed, None)
        if first is not None:
            yield _batch(ctx, first)
            async for page in feed:
                yield _batch(ctx, page)
            return
    checkpoint.link = None
    tour = Tour(ctx)
    found, closed = await _found(ctx, tour)
    tour.end()
    gone = set(checkpoint.sites) - found.keys() - closed
    if ctx.metadata.is_empty or ctx.metadata.search_terms:
        # a search forgets at times what is there: only what is not is gone
        left = await still_there(ctx.api, sorted(gone)) if gone else []
        closed |= set(left)
        gone -= closed
    checkpoint.sites = [*found, *closed]
    ids = list(found)
    for start in range(0, max(len(ids), 1), _MANY):
        is_last = start + _MANY >= len(ids)
        yield Batch(
            upsert=[Site.of(found[one]) for one in ids[start : start + _MANY]],
            delete=sorted(gone) if is_last else [],
            checkpoint=checkpoint,
            restart=start == 0,
            settled=is_last and not closed,
        )


def _batch(ctx: SyncCtx[Graph, Wanted, Feed], page: DeltaPage[GraphSite]) -> Batch[Site]:
    ctx.checkpoint.link = page.link
    live = [site for site in page.live if not site.is_personal]
    return Batch(
        upsert=[Site.of(site) for site in live],
        delete=[site.id for site in page.gone],
        checkpoint=ctx.checkpoint,
        restart=page.restarted,
        settled=page.settled,
    )


async def _feed(ctx: SyncCtx[Graph, Wanted, Feed]) -> AsyncIterator[DeltaPage[GraphSite]]:
    """Yield what changed of the tenant's sites; nothing to whoever is no app that may know."""
    path = ctx.api.path("sites", "delta")
    is_first = True
    try:
        async for page in ctx.api.delta(GraphSite, path, since=ctx.checkpoint.link):
            yield page
            is_first = False
    except Rejected:
        if not is_first or ctx.checkpoint.link is not None:
            raise


async def _found(
    ctx: SyncCtx[Graph, Wanted, Feed], tour: Tour
) -> tuple[Mapping[str, GraphSite], set[str]]:
    """Return the sites that are wanted, and the ids of known ones that are closed."""
    wanted, addresses = ctx.metadata, ctx.checkpoint.addresses
    found: dict[str, GraphSite] = {}
    closed: set[str] = set()
    for term in wanted.search_terms or (["*"] if wanted.is_empty else []):
        for site in await all_sites(ctx.api, term):
            found[site.id] = site
    names = [one for one in (*wanted.site_ids, *wanted.site_paths) if one not in found]
    names = list(dict.fromkeys(names))
    replies = await ctx.api.read_many([site_path(ctx.api, one) for one in names])
    for name, reply in zip(names, replies, strict=True):
        if isinstance(reply, FairleadError):
            tour.leave_out(name, reply)
            closed.add(addresses.get(name, name))
        else:
            site = read_as(GraphSite, reply)
            found[site.id] = site
            addresses[name] = site.id
            tour.note_read()
    if not names:
        tour.note_read()
    return found, closed & set(ctx.checkpoint.sites)
