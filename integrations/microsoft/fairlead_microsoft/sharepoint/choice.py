"""Which sites a sync goes to: those that are named, or all that the connection may list.

https://learn.microsoft.com/graph/api/site-getallsites (apps alone),
https://learn.microsoft.com/graph/api/site-search (users, and apps that may not enumerate),
https://learn.microsoft.com/graph/permissions-selected-overview: an app with `Sites.Selected` can
list none, so the product names those that were granted to it.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from pydantic import Field

from fairlead.errors import FairleadError, OperatorError, Rejected
from fairlead.sdk import Checkpoint, Shape, SyncCtx
from fairlead_microsoft.graph import Graph
from fairlead_microsoft.sharepoint.tour import Tour, is_local, is_not_there

#: metadata by which the syncs of this pack name sites
_KEYS = ("siteIds", "site_ids", "sitePaths", "sites", "selectedSites", "sharedSites")
_COMMAS = 2
_PAGE = 200


class SiteCollection(Shape):
    """What a site that is the first of its collection tells of it."""

    hostname: str | None = None


class GraphSite(Shape):
    """A site."""

    id: str
    name: str | None = None
    display_name: str | None = None
    description: str | None = None
    web_url: str | None = None
    created_date_time: str | None = None
    last_modified_date_time: str | None = None
    site_collection: SiteCollection | None = None
    is_personal_site: bool | None = None

    @property
    def is_personal(self) -> bool:
        """Say whether it is somebody's OneDrive; not every answer says so."""
        host = self.id.partition(",")[0].partition(".")[0]
        return bool(self.is_personal_site) or host.endswith("-my")


class SitePositions(Checkpoint):
    """Which sites are known, and how far what is in them was read."""

    #: sites that were listed
    sites: list[str] = Field(default_factory=list)
    #: address as the product names it -> site id
    addresses: dict[str, str] = Field(default_factory=dict)
    #: partition -> link to go on from
    links: dict[str, str | None] = Field(default_factory=dict)

    def of_site(self, site_id: str) -> list[str]:
        """Return the partitions of a site that are known."""
        return [name for name in self.links if name.startswith(f"{site_id}/")]

    def keep_only(self, partitions: Sequence[str]) -> None:
        """Forget partitions that are not there any more; their records are swept."""
        for name in self.links.keys() - set(partitions):
            del self.links[name]


async def chosen_sites(
    ctx: SyncCtx[Graph, Any, Any], tour: Tour, named: Sequence[str]
) -> list[str]:
    """Return the ids of the sites to go to.

    A site that is listed no more is asked for by itself: it leaves only if it is not there. One
    that is listed no more, yet answers or is closed, stays on the tour.
    """
    if named:
        return await named_sites(ctx, tour, named)
    found: list[GraphSite] = []
    refused: Rejected | None = None
    try:
        found = await all_sites(ctx.api)
    except Rejected as error:
        if error.provider_status != 403:
            raise
        refused = error
    if not found and (granted := _named_anywhere(ctx.connection.metadata)):
        return await named_sites(ctx, tour, granted)
    if refused is not None:
        raise OperatorError(
            "This connection may not list sites; name them in its metadata (`siteIds`), or grant "
            "the app Sites.Read.All.",
            code="sites_not_named",
            detail=refused.detail,
        ) from refused
    ids = [site.id for site in found]
    known: SitePositions = ctx.checkpoint
    ids += await still_there(ctx.api, [one for one in known.sites if one not in set(ids)])
    known.sites = ids
    return ids


async def all_sites(api: Graph, term: str = "*") -> list[GraphSite]:
    """Return all sites that the connection may list, or that a term finds; nobody's OneDrive."""
    listed = await _enumerated(api) if term == "*" else None
    if listed is None:
        path = api.path("sites")
        listed = [one async for one in api.items(GraphSite, path, search=term, top=_PAGE)]
    return [one for one in {site.id: site for site in listed}.values() if not one.is_personal]


async def _enumerated(api: Graph) -> list[GraphSite] | None:
    """Return all sites of the tenant; None to whoever is no app, or may not have them."""
    try:
        path = api.path("sites", "getAllSites")
        return [one async for one in api.items(GraphSite, path, top=_PAGE)]
    except Rejected:
        return None


async def still_there(api: Graph, site_ids: Sequence[str]) -> list[str]:
    """Return those of the sites that are not gone for certain."""
    replies = await api.read_many([api.path("sites", one) for one in site_ids], select="id")
    for reply in replies:
        if isinstance(reply, FairleadError) and not is_local(reply):
            raise reply
    return [
        site_id for site_id, reply in zip(site_ids, replies, strict=True) if not is_not_there(reply)
    ]


async def named_sites(ctx: SyncCtx[Graph, Any, Any], tour: Tour, named: Sequence[str]) -> list[str]:
    """Return the ids of sites that are named by id, by address, or as `root`."""
    addresses: dict[str, str] = ctx.checkpoint.addresses
    asked = [one for one in dict.fromkeys(named) if not _is_id(one)]
    replies = await ctx.api.read_many([site_path(ctx.api, one) for one in asked], select="id")
    for name, reply in zip(asked, replies, strict=True):
        if not isinstance(reply, FairleadError):
            addresses[name] = GraphSite.model_validate(reply).id
        elif name not in addresses:
            tour.leave_out(name, reply)
        elif not is_local(reply):
            raise reply
    for name in addresses.keys() - set(asked):
        del addresses[name]
    ids = [addresses.get(one, one if _is_id(one) else "") for one in named]
    return list(dict.fromkeys(filter(None, ids)))


def site_path(api: Graph, name: str) -> str:
    """Return the path of a site by its id, `root`, URL, or `host:/sites/x`.

    https://learn.microsoft.com/graph/api/site-getbypath
    """
    host, place = "", ""
    if "://" in name:
        parts = urlsplit(name)
        host, place = parts.netloc, parts.path
    elif ":/" in name:
        host, _, place = name.partition(":")
    if not host:
        return api.path("sites", name)
    path = api.path("sites", host)
    steps = "/".join(quote(step, safe="") for step in place.split("/") if step)
    return f"{path}:/{steps}" if steps else path


def _is_id(name: str) -> bool:
    return name.count(",") == _COMMAS


def _named_anywhere(metadata: Mapping[str, Any]) -> list[str]:
    named: list[str] = []
    for key in _KEYS:
        value = metadata.get(key)
        named += [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
    drives = metadata.get("drives")
    for drive in drives if isinstance(drives, list) else []:
        if isinstance(drive, dict) and isinstance(drive.get("siteId"), str):
            named.append(drive["siteId"])
    return named
