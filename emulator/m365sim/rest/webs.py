"""Sites, as `_api` calls the collection, and webs, as it calls what is in it.

https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn499819(v=office.15)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from m365sim.files import Site
from m365sim.files.ids import guid_of
from m365sim.rest.access import READ
from m365sim.rest.address import Segment
from m365sim.rest.call import Call
from m365sim.rest.digests import LIFETIME, new_digest
from m365sim.rest.rights import EXTRAS
from m365sim.rest.tables import WEBS, Action, Kind, Node, Step
from m365sim.rest.tokens import SITE, WEB, present_token
from m365sim.rest.values import Complex, Guid, Moment, Result, Several


def _web_values(call: Call, node: Node) -> dict[str, Any]:
    site: Site = node.of
    made = site.created_at.timestamp()
    times = [made, *(known.modified_at for known in call.world.lists.of(site))]
    return {
        "AllowRssFeeds": True,
        "AppInstanceId": Guid("00000000-0000-0000-0000-000000000000"),
        "Configuration": 0,
        "Created": Moment.of(made),
        "CurrentChangeToken": Complex(
            "SP.ChangeToken", {"StringValue": present_token(call, site, WEB)}
        ),
        "CustomMasterUrl": f"{site.path}/_catalogs/masterpage/seattle.master",
        "Description": site.description,
        "DocumentLibraryCalloutOfficeWebAppPreviewersDisabled": False,
        "EnableMinimalDownload": False,
        "Id": Guid(guid_of(site.web)),
        "IsMultilingual": True,
        "Language": 1033,
        "LastItemModifiedDate": Moment.of(max(times)),
        "LastItemUserModifiedDate": Moment.of(max(times)),
        "MasterUrl": f"{site.path}/_catalogs/masterpage/seattle.master",
        "QuickLaunchEnabled": True,
        "RecycleBinEnabled": True,
        "ServerRelativeUrl": site.path or "/",
        "SiteLogoUrl": None,
        "SyndicationEnabled": True,
        "Title": site.display_name,
        "TreeViewEnabled": False,
        "UIVersion": 15,
        "Url": site.web_url,
        "WebTemplate": template_of(site),
    }


def template_of(site: Site) -> str:
    """Return the template that a site was made from."""
    if site.is_personal:
        return "SPSPERS"
    return "GROUP" if site.in_group else "SITEPAGEPUBLISHING"


def _site_values(call: Call, node: Node) -> dict[str, Any]:
    site: Site = node.of
    return {
        "AllowCreateDeclarativeWorkflow": False,
        "CurrentChangeToken": Complex(
            "SP.ChangeToken", {"StringValue": present_token(call, site, SITE)}
        ),
        "CompatibilityLevel": 15,
        "GroupId": Guid("00000000-0000-0000-0000-000000000000"),
        "Id": Guid(guid_of(site.collection)),
        "PrimaryUri": site.web_url,
        "ReadOnly": False,
        "ServerRelativeUrl": site.path or "/",
        "Url": site.web_url,
        "WriteLocked": False,
    }


def subwebs_of(call: Call, site: Site) -> list[Site]:
    """List the subsites that the caller sees."""
    return [one for one in site.subsites if call.world.sharing.sees_site(call.principal, one)]


def _subwebs(call: Call, node: Node) -> Iterator[Node]:
    return (web_node(call, one) for one in subwebs_of(call, node.of))


def web_node(call: Call, site: Site) -> Node:
    """Return the node of a subsite, whose address is its own."""
    origin = call.base.removesuffix(f"{call.site.path}/_api")
    return Node("web", f"{origin}{site.path}/_api/Web", site)


def top_of(site: Site) -> Site:
    """Return the site collection's own site."""
    while site.parent is not None:
        site = site.parent
    return site


def _web(call: Call, _: Node, __: Segment) -> Node:
    return Node("web", "Web", call.site)


async def _context(call: Call, _: Node, __: Segment) -> Result:
    base = call.base.removesuffix("/_api")
    top = base.removesuffix(call.site.path) + top_of(call.site).path
    return Result(
        Complex(
            "SP.ContextWebInformation",
            {
                "FormDigestTimeoutSeconds": int(LIFETIME.total_seconds()),
                "FormDigestValue": new_digest(call),
                "LibraryVersion": "16.0.26000.12000",
                "SiteFullUrl": top,
                "SupportedSchemaVersions": Several("Edm.String", ["14.0.0.0", "15.0.0.0"]),
                "WebFullUrl": base,
            },
        ),
        "GetContextWebInformation",
    )


KINDS = (
    Kind("root"),
    Kind("web", "SP.Web", values=_web_values, extras=EXTRAS),
    Kind("webs", members=_subwebs),
    Kind("site", "SP.Site", values=_site_values),
)


def _site(call: Call, _: Node, __: Segment) -> Node:
    call.check(READ)
    return Node("site", "Site", top_of(call.site))


STEPS = (
    Step("root", "Web", _web, "web", "properties of the site", source=WEBS),
    Step("root", "Site", _site, "site", "properties of the site collection", source=WEBS),
    Step("site", "RootWeb", lambda _c, n, _s: Node("web", "Site/RootWeb", n.of), "web"),
    Step(
        "web",
        "Webs",
        lambda _c, n, _s: Node("webs", "Web/Webs", n.of),
        "webs",
        "subsites that the caller sees",
        source=WEBS,
    ),
)
ACTIONS = (
    Action(
        "root",
        "ContextInfo",
        "POST",
        _context,
        "a digest of 30 minutes; accepted, not needed with a bearer token",
        WEBS,
    ),
)
