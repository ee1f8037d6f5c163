"""Access to selected sites: granted to an app site by site, by someone with full control.

https://learn.microsoft.com/graph/permissions-selected-overview, https://learn.microsoft.com/graph/api/site-post-permissions
"""

from __future__ import annotations

from typing import Any

from m365sim.files import Site
from m365sim.graph.access import check_full_control
from m365sim.graph.call import Call
from m365sim.graph.reply import Reply, invalid, json_reply, not_found
from m365sim.graph.shapes import CONTEXT
from m365sim.sharing.grantees import app_grantee

_ROLES = frozenset({"read", "write", "owner", "fullcontrol"})


async def grant_site(call: Call) -> Reply:
    """Grant apps access to a site, in place of what they were granted before."""
    check_full_control(call.principal)
    site = call.site()
    body = await call.json()
    roles = _roles(body)
    app_ids = _app_ids(body.get("grantedToIdentities") or body.get("grantedToIdentitiesV2"))
    for app_id in app_ids:
        call.world.content.grant_site(app_id, site, roles)
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


async def get_site_grant(call: Call) -> Reply:
    """Return what one app was granted on a site."""
    site, app_id = _addressed(call)
    context = f"{CONTEXT}#sites('{site.id}')/permissions/$entity"
    return json_reply({"@odata.context": context, **_shape(call, site, app_id)})


async def update_site_grant(call: Call) -> Reply:
    """Grant an app something else on a site."""
    site, app_id = _addressed(call)
    roles = _roles(await call.json())
    call.world.content.grant_site(app_id, site, roles)
    context = f"{CONTEXT}#sites('{site.id}')/permissions/$entity"
    return json_reply({"@odata.context": context, **_shape(call, site, app_id)})


async def delete_site_grant(call: Call) -> Reply:
    """Take back what an app was granted on a site."""
    site, app_id = _addressed(call)
    call.world.content.grant_site(app_id, site, None)
    return Reply(204)


def _addressed(call: Call) -> tuple[Site, str]:
    check_full_control(call.principal)
    site = call.site()
    for app_id, where in call.world.content.site_grants:
        if where == site.collection and _id(call, app_id) == call.address.keys[0]:
            return site, app_id
    raise not_found()


def _roles(body: dict[str, Any]) -> frozenset[str]:
    roles = body.get("roles")
    if not isinstance(roles, list) or not roles or not set(roles) <= _ROLES:
        raise invalid("Roles must be among read, write, owner and fullcontrol.")
    return frozenset(roles)


def _app_ids(identities: Any) -> list[str]:
    if isinstance(identities, list) and identities:
        apps = [i.get("application") for i in identities if isinstance(i, dict)]
        found = [app["id"] for app in apps if isinstance(app, dict) and "id" in app]
        if len(found) == len(identities):
            return found
    raise invalid("grantedToIdentities must name applications by their id.")


def _shape(call: Call, site: Site, app_id: str) -> dict[str, Any]:
    world = call.world
    app = world.directory.apps.get(app_id)
    identity = {"application": {"displayName": app.display_name if app else "", "id": app_id}}
    return {
        "id": _id(call, app_id),
        "roles": sorted(world.content.site_grants[app_id, site.collection]),
        "grantedToIdentitiesV2": [identity],
        "grantedToIdentities": [identity],
    }


def _id(call: Call, app_id: str) -> str:
    return app_grantee(app_id, "", call.world.tenant.id).permission_id
