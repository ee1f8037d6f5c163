"""Actions on sites."""

from typing import Annotated

from pydantic import Field

from fairlead.sdk import Ctx, Record
from fairlead_microsoft.graph import Graph
from fairlead_microsoft.sharepoint.pack import sharepoint

Cursor = Annotated[
    str, Field(min_length=1, description="`nextCursor` of the page before, as it came.")
]


class Site(Record):
    """A site the connected user can see."""

    id: str
    #: last part of its address; empty for the tenant's root site
    name: str | None = None
    display_name: str | None = None
    description: str | None = None
    web_url: str | None = None
    created_date_time: str | None = None
    last_modified_date_time: str | None = None


class Sites(Record):
    """A page of sites."""

    sites: list[Site]
    #: where the next page begins; left out on the last one
    next_cursor: str | None = None


@sharepoint.action(
    scopes=["Sites.Read.All"],
    source="https://learn.microsoft.com/graph/api/site-search",
    version="4.0.1",
)
async def list_shared_sites(ctx: Ctx[Graph], cursor: Cursor | None = None) -> Sites:
    """List the sites that the connected user can see, a page at a time.

    Graph answers from its search index: a new site may take a while to appear.
    """
    path = ctx.api.path("sites")
    # without a search, Graph lists no sites at all to a user
    page = await ctx.api.page(Site, path, cursor=cursor, search="*")
    return Sites(sites=page.items, next_cursor=page.next_link)
