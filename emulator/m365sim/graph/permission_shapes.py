"""How permissions look in Graph's JSON.

https://learn.microsoft.com/graph/api/resources/permission. Recordings mark an inherited permission
by an empty `inheritedFrom`, though the documents say that SharePoint never gives the property.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from m365sim.files import Drive
from m365sim.graph.shapes import iso
from m365sim.sharing import Grantee, Link, Permission
from m365sim.sharing.grantees import user_grantee

if TYPE_CHECKING:
    from m365sim.world import World

_IDENTITY = "#microsoft.graph.sharePointIdentity"


def permission_shape(
    world: World,
    drive: Drive,
    permission: Permission,
    *,
    inherited: bool = False,
    secrets: bool = True,
    site_users: bool = True,
) -> dict[str, Any]:
    """Show a permission; `secrets` let whoever has them in."""
    shape: dict[str, Any] = {"id": permission.id, "roles": list(permission.roles)}
    if secrets:
        shape["shareId"] = permission.share_id
    if permission.expires_at is not None:
        shape["expirationDateTime"] = iso(permission.expires_at)
    link, grantee = permission.link, permission.grantee
    if link is not None:
        shape |= _link(world, drive, link, secrets=secrets, site_users=site_users)
    elif grantee is not None:
        shape["grantedToV2"] = _identity_set(world, drive, grantee, site_users=site_users)
        shape["grantedTo"] = _old_identity_set(grantee)
    if permission.invited is not None:
        shape["invitation"] = {"email": permission.invited, "signInRequired": True}
    if inherited:
        shape["inheritedFrom"] = {}
    return shape


def _link(
    world: World, drive: Drive, link: Link, *, secrets: bool, site_users: bool
) -> dict[str, Any]:
    facet: dict[str, Any] = {"scope": link.scope, "type": link.type}
    if secrets:
        facet["webUrl"] = link.web_url
    facet["preventsDownload"] = link.prevents_download
    people = (world.directory.users.get(one) for one in sorted(link.redeemed))
    holders = dict.fromkeys([*link.members, *(user_grantee(u) for u in people if u is not None)])
    return {
        "hasPassword": False,
        "link": facet,
        "grantedToIdentitiesV2": [
            _identity_set(world, drive, one, site_users=site_users) for one in holders
        ],
        "grantedToIdentities": [_old_identity_set(one) for one in holders],
    }


def _identity_set(
    world: World, drive: Drive, grantee: Grantee, *, site_users: bool
) -> dict[str, Any]:
    shape: dict[str, Any] = {}
    if grantee.kind in ("user", "group"):
        identity = {"@odata.type": _IDENTITY, "displayName": grantee.name, "id": grantee.id}
        if grantee.email:
            identity["email"] = grantee.email
        shape[grantee.kind] = identity
    elif grantee.kind == "application":
        return {"application": {"displayName": grantee.name, "id": grantee.id}}
    elif grantee.kind == "siteGroup":
        group = {"displayName": grantee.name, "id": grantee.id, "loginName": grantee.login}
        return {"siteGroup": group}
    if site_users or not shape:
        number = world.sharing.site_user_number(drive.site, grantee.login)
        user = {"displayName": grantee.name, "id": str(number), "loginName": grantee.login}
        if grantee.email:
            user["email"] = grantee.email
        shape["siteUser"] = user
    return shape


def _old_identity_set(grantee: Grantee) -> dict[str, Any]:
    identity = {"displayName": grantee.name}
    if grantee.email:
        identity["email"] = grantee.email
    if grantee.kind in ("user", "group", "application"):
        identity["id"] = grantee.id
    # The deprecated form knows groups of sites and claims as users.
    return {"application" if grantee.kind == "application" else "user": identity}
