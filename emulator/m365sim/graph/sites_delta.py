"""The delta of the sites of a tenant, for apps.

https://learn.microsoft.com/graph/api/site-delta
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from m365sim.files import Site
from m365sim.files.problems import BadToken, TokenExpired
from m365sim.files.site_log import SiteToken
from m365sim.graph.access import check_sites
from m365sim.graph.call import Call
from m365sim.graph.known_properties import check_selected
from m365sim.graph.reply import GraphError, Reply, denied, invalid, json_reply
from m365sim.graph.shapes import CONTEXT, narrowed, site_shape


async def sites_delta(call: Call) -> Reply:
    """Return a page of a delta round: all sites at first, then those that changed."""
    check_sites(call.principal)
    if call.principal.user is not None:
        raise denied("This operation is only supported with application permissions.")
    selected = call.selected()
    check_selected("site", selected)
    log = call.world.content.site_log
    text = call.address.arguments.get("token") or call.query.get("token") or None
    try:
        token = log.open(text, call.world.clock.now(), call.world.quirks.delta_retention)
    except TokenExpired as expired:
        raise _resync(call, str(expired)) from expired
    except BadToken as bad:
        raise invalid(str(bad)) from bad
    if token.since is None:
        sites = [site for site in call.world.content.all_sites() if not log.is_gone(site)]
    else:
        sites = log.changed(token.since, token.until)
    stop = token.position + call.top()
    value: dict[str, Any] = {"@odata.context": f"{CONTEXT}#Collection(site)"}
    if stop < len(sites):
        ahead = replace(token, position=stop)
        value["@odata.nextLink"] = call.link("token", ahead.write())
    else:
        end = SiteToken(token.at, token.until, None, is_end=True)
        value["@odata.deltaLink"] = call.link("token", end.write())
    page = sites[token.position : stop]
    value["value"] = [_shape(site, gone=log.is_gone(site), selected=selected) for site in page]
    return json_reply(value)


def _shape(site: Site, *, gone: bool, selected: list[str] | None) -> dict[str, Any]:
    if gone:
        return {"id": site.id, "name": site.name, "deleted": {"state": "deleted"}}
    return narrowed(site_shape(site), selected)


def _resync(call: Call, message: str) -> GraphError:
    headers = []
    if call.world.quirks.resync_location:
        log = call.world.content.site_log
        fresh = log.open(None, call.world.clock.now())
        headers.append((b"location", call.link("token", fresh.write()).encode()))
    code = call.world.quirks.resync_code
    return GraphError(410, "resyncRequired", message, inner_code=code, headers=headers)
