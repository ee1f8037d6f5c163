"""The sync `lists`: the lists and libraries of sites."""

from collections.abc import AsyncIterator
from typing import Any, Self

from pydantic import Field

from fairlead.sdk import Batch, Metadata, Record, Shape, SyncCtx
from fairlead_microsoft.graph import Graph
from fairlead_microsoft.sharepoint.choice import SitePositions, chosen_sites
from fairlead_microsoft.sharepoint.mirror import mirror
from fairlead_microsoft.sharepoint.pack import sharepoint
from fairlead_microsoft.sharepoint.tour import Tour

_PAGE = 100


class ListInfo(Shape):
    """What kind of list it is."""

    content_types_enabled: bool | None = None
    hidden: bool | None = None
    template: str | None = None


class GraphList(Shape):
    """A list, as Graph tells it."""

    id: str
    name: str | None = None
    display_name: str | None = None
    description: str | None = None
    web_url: str | None = None
    created_date_time: str | None = None
    last_modified_date_time: str | None = None
    list: ListInfo | None = None


class List(Record):
    """A list or a document library."""

    #: unique over all sites: `{siteId}|{listId}`
    id: str
    site_id: str = Field(alias="site_id")
    #: id within its site
    list_id: str
    name: str | None = None
    display_name: str | None = None
    description: str | None = None
    web_url: str | None = None
    created_date_time: str | None = None
    last_modified_date_time: str | None = None
    list_template: str | None = Field(None, alias="list_template")
    content_types_enabled: bool | None = None
    hidden: bool | None = None

    @classmethod
    def of(cls, site_id: str, found: GraphList) -> Self:
        """Make the record of a list."""
        info = found.list or ListInfo()
        values: dict[str, Any] = dict(found) | {"id": f"{site_id}|{found.id}"}
        del values["list"]
        return cls(
            **values,
            site_id=site_id,
            list_id=found.id,
            list_template=info.template,
            content_types_enabled=info.content_types_enabled,
            hidden=info.hidden,
        )


class Sites(Metadata):
    """Of which sites."""

    #: empty: all that the connection may list
    site_ids: list[str] = Field(default_factory=list)


@sharepoint.sync(
    every="1h",
    scopes=["Sites.Read.All"],
    source="https://learn.microsoft.com/graph/api/list-list",
)
async def lists(ctx: SyncCtx[Graph, Sites, SitePositions]) -> AsyncIterator[Batch[List]]:
    """Mirror the lists and libraries of the chosen sites; those that are gone leave."""
    tour = Tour(ctx)
    async for batch in mirror(
        ctx,
        tour,
        await chosen_sites(ctx, tour, ctx.metadata.site_ids),
        GraphList,
        path=lambda site: ctx.api.path("sites", site, "lists"),
        records=lambda site, found: [List.of(site, found)],
        top=_PAGE,
    ):
        yield batch
    tour.end()
