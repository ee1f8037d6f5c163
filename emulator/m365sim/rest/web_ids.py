"""Sites and webs, found by their ids.

`SP.Site.GetUrlById` is what CSOM's Site.GetUrlById calls
(https://learn.microsoft.com/dotnet/api/microsoft.sharepoint.client.site.geturlbyid), `OpenWebById`
is CSOM's Site.OpenWebById
(https://learn.microsoft.com/dotnet/api/microsoft.sharepoint.client.site.openwebbyid); PnPjs and
Office365-REST-Python-Client call both by these addresses.
"""

from __future__ import annotations

from m365sim.files import Site
from m365sim.files.ids import uid_of
from m365sim.rest.access import READ, check_token
from m365sim.rest.address import Segment
from m365sim.rest.call import Call, pairs
from m365sim.rest.errors import RestError, bad_query, denied
from m365sim.rest.tables import WEBS, Action, Kind, Node, Step
from m365sim.rest.values import Result
from m365sim.rest.webs import web_node


async def _url(call: Call, _: Node, at: Segment) -> Result:
    given = at.argument("id", "siteid") or dict(pairs(await call.json())).get("id")
    wanted = uid_of(str(given))
    if wanted is None:
        raise bad_query("The parameter 'id' is missing or no GUID.")
    for site in call.world.content.all_sites():
        if site.collection == wanted and site.parent is None and _is_seen(call, site):
            return Result(site.web_url, "GetUrlById")
    raise RestError(404, "-2147024894, System.IO.FileNotFoundException", "File Not Found.")


def _web(call: Call, node: Node, at: Segment) -> Node:
    top: Site = node.of
    wanted = uid_of(str(at.argument("gwebid", "webid")))
    for site in call.world.content.all_sites():
        if site.collection == top.collection and site.web == wanted and _is_seen(call, site):
            check_token(call.world, call.principal, site, READ)
            return web_node(call, site)
    raise RestError(404, "-2147024894, System.IO.FileNotFoundException", "File Not Found.")


def _is_seen(call: Call, site: Site) -> bool:
    try:
        check_token(call.world, call.principal, site, READ)
    except RestError as refused:
        if refused.code != denied().code:
            raise
        return False
    return call.world.sharing.sees_site(call.principal, site)


KINDS: tuple[Kind, ...] = ()
STEPS = (
    Step(
        "site",
        "OpenWebById",
        _web,
        "web",
        "of the site collection; by POST, too",
        is_function=True,
        source=WEBS,
    ),
)
ACTIONS = (Action("root", "SP.Site.GetUrlById", "POST", _url, "id: of a site collection", WEBS),)
