"""The drives of sites, each a place of its own, and the feed of what is in one."""

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from fairlead.errors import FairleadError
from fairlead.sdk import Batch, Record, SyncCtx
from fairlead_microsoft.graph import DeltaPage, Graph
from fairlead_microsoft.graph.paging import M
from fairlead_microsoft.sharepoint.choice import SitePositions
from fairlead_microsoft.sharepoint.models import GraphDrive
from fairlead_microsoft.sharepoint.tour import Tour

R = TypeVar("R", bound=Record)
_PAGE = 100


@dataclass(frozen=True, slots=True)
class Library:
    """A drive and its site."""

    site_id: str
    drive_id: str

    @property
    def partition(self) -> str:
        """What the sync's positions and records are kept under."""
        return f"{self.site_id}/{self.drive_id}"


@dataclass(slots=True)
class Libraries:
    """The drives of sites."""

    open: list[Library] = field(default_factory=list)
    #: partitions of sites that did not say which drives they have
    in_doubt: list[str] = field(default_factory=list)


async def libraries_of(
    ctx: SyncCtx[Graph, Any, Any], tour: Tour, sites: Sequence[str]
) -> Libraries:
    """Return the drives of sites; those of a site that is closed are in doubt."""
    known: SitePositions = ctx.checkpoint
    found = Libraries()
    paths = [ctx.api.path("sites", site, "drives") for site in sites]
    replies = await ctx.api.read_many(paths, select="id,name", top=_PAGE)
    for site, reply in zip(sites, replies, strict=True):
        if isinstance(reply, FairleadError):
            tour.leave_out(site, reply)
            found.in_doubt += known.of_site(site)
            continue
        tour.note_read()
        async for page in ctx.api.pages_from(GraphDrive, reply):
            found.open += [Library(site, drive.id) for drive in page.items]
    known.keep_only([*(one.partition for one in found.open), *found.in_doubt])
    return found


async def feed_of(
    drive_id: str,
    partition: str,
    model: type[M],
    batch: Callable[[SyncCtx[Graph, Any, Any], DeltaPage[M]], Batch[R]],
    ctx: SyncCtx[Graph, Any, Any],
    *,
    cascades: bool = False,
) -> AsyncGenerator[Batch[R], None]:
    """Yield a drive's changes since its position, or all of it."""
    links: dict[str, str | None] = ctx.checkpoint.links
    feed = ctx.api.path("drives", drive_id, "root", "delta")
    since = links.get(partition)
    async for page in ctx.api.delta(model, feed, since=since, cascades=cascades):
        links[partition] = page.link
        yield batch(ctx, page)
