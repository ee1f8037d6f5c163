"""Actions on sites, which SharePoint's own API calls webs."""

from typing import Any
from urllib.parse import urlsplit

from fairlead.sdk import Ctx, Record
from fairlead_microsoft.rest import Rest, Web
from fairlead_microsoft.sharepoint.sites import Hostname, Site, SiteDetails, SitePath
from fairlead_microsoft.sharepoint.wire import Cursor, invalid
from fairlead_microsoft.sharepoint_v1.inputs import SiteRef
from fairlead_microsoft.sharepoint_v1.pack import sharepoint_v1

SOURCE = "https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn499819(v=office.15)"
WANTED = "Id,Title,Description,Url,ServerRelativeUrl,Created,LastItemModifiedDate"


class Subsites(Record):
    """A page of sites right below another."""

    items: list[Site]
    #: where the next page begins; left out on the last one
    next_cursor: str | None = None


@sharepoint_v1.action(scopes=["Sites.Read.All"], source=SOURCE)
async def get_site(
    ctx: Ctx[Rest],
    site_id: SiteRef | None = None,
    hostname: Hostname | None = None,
    path: SitePath | None = None,
) -> SiteDetails:
    """Read one site, by its id or address, or by `hostname` and `path`.

    Its `id` is the one that Graph gives it. Without a path it is the topmost site of the host.
    """
    if site_id is None and hostname is None:
        raise invalid("Give siteId, or hostname and path.")
    place = site_id or f"{hostname}:/{(path or '').strip('/')}"
    web = await ctx.api.web(place)
    collection = await ctx.api.get_json(f"{web.api}/site", select="Id,ServerRelativeUrl")
    told = await ctx.api.get_json(web.path(), select=WANTED)
    is_top = collection.get("ServerRelativeUrl") == told.get("ServerRelativeUrl")
    owner = {"hostname": _host(told)} if is_top else None
    return SiteDetails.model_validate({**shown(told, collection["Id"]), "siteCollection": owner})


@sharepoint_v1.action(scopes=["Sites.Read.All"], source=SOURCE)
async def list_subsites(ctx: Ctx[Rest], site_id: SiteRef, cursor: Cursor | None = None) -> Subsites:
    """List the sites right below a site, those that the connection may see, a page at a time."""
    web = await ctx.api.web(site_id)
    collection = await ctx.api.get_json(f"{web.api}/site", select="Id")
    page = await ctx.api.json_page(web.path("webs"), cursor=cursor, select=WANTED)
    found = [Site.model_validate(shown(one, collection["Id"])) for one in page.items]
    return Subsites(items=found, next_cursor=page.next_link)


async def site_ids(api: Rest, web: Web) -> tuple[str, str]:
    """Return the ids of a web's site collection and of itself."""
    collection = await api.get_json(f"{web.api}/site", select="Id")
    told = await api.get_json(web.path(), select="Id")
    return str(collection["Id"]), str(told["Id"])


def shown(web: dict[str, Any], collection: str) -> dict[str, Any]:
    """Return a site as Graph shows it, of a web as this API does."""
    path = str(web.get("ServerRelativeUrl") or "/")
    return {
        "id": f"{_host(web)},{collection},{web['Id']}",
        "name": path.rpartition("/")[2],
        "displayName": web.get("Title"),
        "description": web.get("Description"),
        "webUrl": web.get("Url"),
        "createdDateTime": web.get("Created"),
        "lastModifiedDateTime": web.get("LastItemModifiedDate"),
    }


def _host(web: dict[str, Any]) -> str:
    return urlsplit(str(web.get("Url") or "")).hostname or ""
