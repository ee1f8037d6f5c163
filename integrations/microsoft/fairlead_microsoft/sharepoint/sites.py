"""Actions on sites."""

import re
from typing import Annotated

from pydantic import Field

from fairlead.sdk import Ctx, Record
from fairlead_microsoft.graph import Graph
from fairlead_microsoft.graph.urls import site_at
from fairlead_microsoft.sharepoint.either import Prefer, either
from fairlead_microsoft.sharepoint.models import SiteId
from fairlead_microsoft.sharepoint.pack import sharepoint
from fairlead_microsoft.sharepoint.wire import Cursor, Open, SnakeCursor, invalid

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")

Hostname = Annotated[
    str,
    Field(
        min_length=1,
        description="Host name of the site's address.",
        examples=["contoso.sharepoint.com"],
    ),
]
SitePath = Annotated[
    str,
    Field(description="Path of the site's address, decoded.", examples=["/sites/marketing"]),
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


class SiteCollection(Open):
    """What a site belongs to, if it is the topmost one there."""

    hostname: str | None = None


class SiteDetails(Site, Open):
    """A site with all that Graph tells of it."""

    site_collection: SiteCollection | None = None


class Sites(Record):
    """A page of sites."""

    sites: list[Site]
    #: where the next page begins; left out on the last one
    next_cursor: str | None = None


class SitesFound(Record):
    """A page of sites that were searched for."""

    items: list[Site]
    #: where the next page begins; left out on the last one
    next_cursor: str | None = None
    next_cursor_: SnakeCursor = None


@sharepoint.action(
    scopes=["Sites.Read.All"],
    source="https://learn.microsoft.com/graph/api/site-get",
    version="1.0.1",
)
async def get_site(
    ctx: Ctx[Graph],
    site_id: SiteId | None = None,
    hostname: Hostname | None = None,
    path: SitePath | None = None,
    *,
    prefer: Prefer | None = None,
) -> SiteDetails:
    """Read one site, by its id or by its address (`hostname` and `path`).

    Without a path it is the topmost site of the host.
    """
    if site_id is not None:
        place = ctx.api.path("sites", site_id)
    elif hostname is None:
        raise invalid("Give siteId, or hostname and path.")
    elif not _HOST.fullmatch(hostname):
        raise invalid("hostname must be a host's name alone, such as contoso.sharepoint.com.")
    else:
        place = site_at(hostname, path or "")
    return await either(
        ctx,
        "get-site",
        prefer,
        lambda: ctx.api.get(SiteDetails, place),
        site_id=site_id,
        hostname=hostname,
        path=path,
    )


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


@sharepoint.action(
    scopes=["Sites.Read.All"],
    source="https://learn.microsoft.com/graph/api/site-search",
    version="1.0.1",
)
async def search_sites(
    ctx: Ctx[Graph],
    query: Annotated[str, Field(min_length=1, description="Words to look for; `*` finds all.")],
    cursor: Cursor | None = None,
) -> SitesFound:
    """Find sites by words in their names and descriptions, a page at a time.

    Graph answers from its search index: a new site may take a while to appear.
    """
    page = await ctx.api.page(Site, ctx.api.path("sites"), cursor=cursor, search=query)
    return SitesFound(items=page.items, next_cursor=page.next_link, next_cursor_=page.next_link)
