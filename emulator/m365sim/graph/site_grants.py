"""Access to selected sites: granted to an app site by site, by someone with full control.

https://learn.microsoft.com/graph/permissions-selected-overview, https://learn.microsoft.com/graph/api/site-post-permissions
"""

from __future__ import annotations

import base64
from typing import Any

from m365sim.files import Site
from m365sim.graph.access import check_full_control
from m365sim.graph.call import Call
from m365sim.graph.reply import Reply, invalid, json_reply
from m365sim.graph.shapes import CONTEXT

_ROLES = frozenset({"read", "write", "owner", "fullcontrol"})


async def grant_site(call: Call) -> Reply:
    """Grant apps access to a site, in place of what they were granted before."""
    check_full_control(call.principal)
    site = call.site()
    body = await call.json()
    roles = body.get("roles")
    if not isinstance(roles, list) or not roles or not set(roles) <= _ROLES:
        raise invalid("Roles must be among read, write, owner and fullcontrol.")
    app_ids = _app_ids(body.get("grantedToIdentities") or body.get("grantedToIdentitiesV2"))
    for app_id in app_ids:
        call.world.content.site_grants[app_id, site.collection] = frozenset(roles)
    return json_reply(_shape(call, site, app_ids[0]), 201)


async def list_site_grants(call: Call) -> Reply:
    """List what apps were granted on a site."""
    check_full_control(call.principal)
    site = call.site()
    granted = [app for app, where in call.world.content.site_grants if where == site.collection]
    return json_reply(
        {
            "@odata.context": f"{CONTEXT}#sites('{site.id}')/permissions",
            "value": [_shape(call, site, app_id) for app_id in granted],
        }
    )


def _app_ids(identities: Any) -> list[str]:
    if isinstance(identities, list) and identities:
        apps = [i.get("application") for i in identities if isinstance(i, dict)]
        found = [app["id"] for app in apps if isinstance(app, dict) and "id" in app]
        if len(found) == len(identities):
            return found
    raise invalid("grantedToIdentities must name applications by their id.")


def _shape(call: Call, site: Site, app_id: str) -> dict[str, Any]:
    world = call.world
    login = f"i:0i.t|ms.sp.ext|{app_id}@{world.tenant.id}"
    app = world.directory.apps.get(app_id)
    identity = {"application": {"displayName": app.display_name if app else "", "id": app_id}}
    return {
        "id": base64.urlsafe_b64encode(login.encode()).decode().rstrip("="),
        "roles": sorted(world.content.site_grants[app_id, site.collection]),
        "grantedToIdentitiesV2": [identity],
        "grantedToIdentities": [identity],
    }
